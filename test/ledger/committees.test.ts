import { afterAll, beforeAll, expect, test } from 'vitest';
import { AUDIT_EXIT } from '../../audit/check.ts';
import { replay } from '../../audit/replay.ts';
import { assignedTo, owedBy } from '../../protocol/assigned.ts';
import { toHex } from '../../protocol/bytes.ts';
import { decodeRecord, recordName } from '../../protocol/record.ts';
import { memoryArchive } from '../support/archives.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

/**
 * 72 equal watchers: 47 of them probe each service, the rest sign all the same. Periods of one epoch, so that the
 * committees change in the middle of a window of two.
 */
const WATCHERS = 72;
const SLOTS = 2;
let net: Simnet;

/** Each host has six peers, as in a mesh of gossip, and not all the others: a message goes 72 · 6 ways and not 72 · 71. */
const isLinked = (a: string, b: string): boolean => {
  const apart = Math.abs(Number(a.slice(1)) - Number(b.slice(1)));
  return [1, 5, 17].some((step) => apart === step || apart === WATCHERS - step);
};

beforeAll(async () => {
  net = await createSimnet({
    stakes: new Array<bigint>(WATCHERS).fill(100n),
    services: 2,
    slotsPerEpoch: SLOTS,
    parameters: { assignmentPeriodEpochs: 1, windowEpochs: [2, 0, 0, 0], minSamples: 2 },
  });
  net.network.isRecording = false;
  net.network.connected = isLinked;
  await net.start();
  await net.runTo(2, 3_500);
}, 120_000);

afterAll(() => net.stop());

const reports = () => net.host(0).followed.map(({ report }) => report);

test('with 72 watchers each service is probed by its committee, and every epoch lands in its first view', async () => {
  expect(net.landed()).toEqual([0, 1]);
  expect(net.chain.landed.every(({ view }) => view === 0)).toBe(true);
  for (const { header, leaves } of reports()) {
    const { assignment } = await net.host(0).core.epochFacts(header.epoch);
    for (const service of net.services) {
      const leaf = leaves.find(({ serviceId, windowEpochs }) => serviceId === service.id && windowEpochs === 1)!;
      expect(assignedTo(assignment, service)).toHaveLength(47);
      expect(leaf).toMatchObject({ watchersAssigned: 47, watchersValid: 47, conclusive: true });
      // What a provider bears, however many watchers there are.
      expect(leaf.samplesGood).toBe(47 * SLOTS);
    }
  }
});

test('each batch has the samples of its watcher’s committees, and all batches count', async () => {
  for (const { landed, reveals } of net.host(0).followed) {
    expect(reveals).toHaveLength(WATCHERS);
    const record = decodeRecord(net.host(0).archived.get(recordName(landed.header.epoch))!);
    expect(record.observations).toHaveLength(WATCHERS);
  }
});

test('the committees change with the period, and with it whom a watcher owes', async () => {
  const namesAt = async (epoch: number) => {
    const { assignment } = await net.host(0).core.epochFacts(epoch);
    return assignedTo(assignment, net.services[0]!).map(({ name }) => name);
  };
  expect(await namesAt(1)).not.toEqual(await namesAt(0));
  const window = reports()
    .find(({ header }) => header.epoch === 1)
    ?.leaves.find(({ windowEpochs, serviceId }) => windowEpochs === 2 && serviceId === net.services[0]!.id);
  const both = new Set([...(await namesAt(0)), ...(await namesAt(1))]);
  expect(window).toMatchObject({ watchersAssigned: both.size, conclusive: true });
  const { assignment } = await net.host(0).core.epochFacts(0);
  const idle = net.set.seats.filter(({ watcher }) => !net.services.some(owedBy(assignment, watcher)));
  expect(idle.length).toBeGreaterThan(0);
});

test('a researcher draws the same committees and computes every report again', async () => {
  const { host } = net;
  const bySeat = memoryArchive(
    'w0',
    new Map(net.landed().map((epoch) => [epoch, host(0).archived.get(recordName(epoch))!])),
  );
  const deps = {
    chain: net.chain.viewOf('audit', host(0).clock),
    transactions: async () => undefined,
    bls: net.bls,
    archives: [bySeat],
  };
  const epoch = 1;
  const verdict = await replay(deps, { epoch, earlierSignatures: false });
  const failed = verdict.sections.flatMap(({ checks }) => checks).filter(({ ok }) => ok === false);
  expect(failed).toEqual([]);
  expect(verdict.exit).toBe(AUDIT_EXIT.follows);
  expect(net.heads()).toHaveLength(1);
  expect(toHex(reports().at(-1)!.hash)).toBe(net.heads()[0]);
});
