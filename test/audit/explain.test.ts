import { beforeAll, describe, expect, it } from 'vitest';
import { explain, seenOf } from '../../audit/explain.ts';
import { explanationJson, renderExplanation } from '../../audit/explain-table.ts';
import { createBls } from '../../platform/bls/create.ts';
import { decodeBatch } from '../../protocol/batch.ts';
import { keccakTwice, toHex } from '../../protocol/bytes.ts';
import { leafHash, STAT } from '../../protocol/leaf.ts';
import { kmMaxOf } from '../../protocol/locality.ts';
import { METRIC } from '../../protocol/metric.ts';
import { REASON } from '../../protocol/reason.ts';
import { decodeRecord } from '../../protocol/record.ts';
import { decodeReveal } from '../../protocol/reveal.ts';
import { OUTCOME } from '../../protocol/sample.ts';
import { memoryArchive } from '../support/archives.ts';
import { createWorld, type World } from '../support/world.ts';

const TARGET = 5;
let world: World;
beforeAll(async () => {
  const countedOf = (epoch: number, seats: readonly number[]) => (epoch === TARGET ? seats.slice(0, 3) : [...seats]);
  world = createWorld({ bls: await createBls(() => undefined), missed: [2], countedOf });
});

const run = (epoch = TARGET, serviceId?: string, archives = [memoryArchive('watchers/0/archive', world.records)]) =>
  explain({ chain: world.chain, bls: world.bls, archives }, epoch, serviceId);

describe('explain', () => {
  it('says of every assigned watcher what it saw of every service, sample by sample', async () => {
    const found = await run();
    const { reveals } = decodeRecord(world.records.get(TARGET)!);
    const batches = reveals.map((bytes) => decodeBatch(decodeReveal(bytes).batch));
    expect(batches).toHaveLength(3);
    expect(found.services.length).toBeGreaterThan(1);
    found.services.forEach(({ sights }, index) => {
      expect(sights.map(({ seat }) => seat)).toEqual([0, 1, 2, 3]);
      for (const sight of sights) {
        const batch = batches.find(({ watcher }) => toHex(watcher) === sight.watcher);
        expect(sight.counted).toBe(batch !== undefined);
        const own = batch?.samples.filter(({ service }) => service === index) ?? [];
        const count = (outcome: number) => own.filter((sample) => sample.outcome === outcome).length;
        if (batch) {
          expect(sight.statistics!.samples).toEqual({
            good: count(OUTCOME.good),
            bad: count(OUTCOME.bad),
            unknown: count(OUTCOME.unknown),
            fault: count(OUTCOME.watcherFault),
            stalled: own.filter(({ outcome, stallMicros }) => outcome <= OUTCOME.bad && stallMicros >= 10_000).length,
          });
        }
        expect(sight.reasons.reduce((sum, { count: n }) => sum + n, 0)).toBe(own.length);
      }
    });
  });

  it('computes the very leaf that the report has of the epoch', async () => {
    const found = await run();
    const hashes = decodeRecord(world.records.get(TARGET)!).leaves.map((bytes) => toHex(keccakTwice(bytes)));
    for (const { leaf } of found.services) {
      expect(leaf).toMatchObject({ windowStart: TARGET, windowEpochs: 1, vantage: 0 });
      expect(hashes).toContain(toHex(leafHash(leaf)));
    }
  });

  it('says why a word is not taken', async () => {
    const { services } = await run();
    const { minSamples } = world.chain.facts.parameters;
    for (const { sights } of services) {
      for (const { notValid, counted, statistics } of sights) {
        if (!counted) expect(notValid).toBe('no batch');
        else if (statistics!.valid) expect(notValid).toBeUndefined();
        else
          expect(notValid).toMatch(
            new RegExp(`good or bad, at least ${minSamples}$|its own faults, at most|stalled, at most 20 %$`),
          );
      }
    }
  });

  it('says what a watcher noted that signed nothing, and only of one without a batch', async () => {
    const seats = (await world.chain.setAt(TARGET)).seats;
    const noteOf = (seat: number, code: string, epoch = TARGET) => ({
      read: async () => ({
        epoch,
        watcher: seats[seat]!.watcher,
        code,
        clockErrorMicros: 1_300_000,
        reasons: [
          { reason: REASON.ok, count: 12 },
          { reason: REASON.startedLate, count: 8 },
        ],
      }),
    });
    const broken = { read: () => Promise.reject(new Error('damaged')) };
    const archives = [memoryArchive('watchers/0/archive', world.records)];
    const notes = [noteOf(3, 'clock-off'), noteOf(0, 'late'), noteOf(1, 'late', TARGET + 1), broken];
    const found = await explain({ chain: world.chain, bls: world.bls, archives, notes }, TARGET);
    for (const { sights } of found.services) {
      expect(sights.map(({ note }) => note?.code)).toEqual([undefined, undefined, undefined, 'clock-off']);
      expect(sights.map(({ health }) => health !== undefined)).toEqual([true, true, true, false]);
    }
    const line = renderExplanation(found).find((text) => text.startsWith('  seat 3:'));
    expect(line).toBe(
      '  seat 3: not valid: no batch; by its own note, unsigned, it did not sign: clock-off; 12 of 20 of its samples were ok; its clock was 1300 ms off',
    );
  });

  it('says what a batch tells of the health of its watcher', async () => {
    const found = await run();
    const [service] = found.services;
    const health = { clockErrorMicros: 70_000, controlsGood: 30, controlsBad: 4 };
    const sights = service!.sights.map((sight) => (sight.seat === 1 ? { ...sight, health, reasons: [] } : sight));
    const lines = renderExplanation({ ...found, services: [{ ...service!, sights }] });
    expect(lines.find((text) => text.startsWith('  seat 1:'))).toMatch(
      /4 of 34 answers of its controls were missing; its clock was 70 ms off$/,
    );
  });

  it('renders a table for people, and the same for programs', async () => {
    const found = await run();
    const lines = renderExplanation(found);
    expect(lines[0]).toBe(`epoch 5: report ${found.reportHash} of view ${found.view}, watcher set ${found.setId}`);
    for (const { service } of found.services) expect(lines.join('\n')).toContain(toHex(service.id));
    const json = JSON.parse(JSON.stringify(explanationJson(found)));
    expect(json.services[0].watchers).toHaveLength(4);
    expect(json.services[0].watchers[0]).toMatchObject({ seat: 0, signed: true, samples: expect.any(Object) });
    found.services.forEach(({ leaf, sights }, i) => {
      const { metrics, watchers } = json.services[i];
      expect(Object.keys(metrics)).toEqual(Object.keys(METRIC));
      const [status, value] = [
        leaf.stats[METRIC.latencyP50Micros]!.status,
        leaf.stats[METRIC.latencyP50Micros]!.median.value,
      ];
      expect(metrics.latencyP50Micros).toBe(status === STAT.present ? value : null);
      sights.forEach(({ statistics }, k) => {
        const rtt = statistics && seenOf(statistics, METRIC.minRttMicros);
        expect(watchers[k].metrics.minRttMicros).toBe(rtt ?? null);
        expect(watchers[k].withinKm).toBe(rtt === undefined ? null : kmMaxOf(rtt));
        if (rtt !== undefined) expect(lines.join('\n')).toContain(`${kmMaxOf(rtt)} km`);
      });
    });
    expect(
      found.services.some(({ sights }) =>
        sights.some(({ statistics }) => statistics && seenOf(statistics, METRIC.minRttMicros)),
      ),
    ).toBe(true);
  });

  it('finds one service by its URL, or by the beginning of its id', async () => {
    const all = await run();
    const { id: bytes, url } = all.services[1]!.service;
    const id = toHex(bytes);
    expect((await run(TARGET, url)).services.map(({ service }) => toHex(service.id))).toEqual([id]);
    expect((await run(TARGET, id.slice(0, 12).toUpperCase().replace('0X', '0x'))).services).toHaveLength(1);
    await expect(run(TARGET, '0xffffffffffff')).rejects.toMatchObject({ code: 'usage' });
  });

  it('says what is missing: a report of the epoch, or a record with its batches', async () => {
    await expect(run(2)).rejects.toThrow('the chain has no report of epoch 2; the last one before it is of epoch 1');
    await expect(run(TARGET, undefined, [])).rejects.toMatchObject({ code: 'archive' });
  });
});
