import { beforeEach, describe, expect, test } from 'vitest';
import { Custody } from '../../ledger/custody.ts';
import { archiveStage, PRUNE_FILES_MAX, pruneArchiveStage } from '../../node/archive.ts';
import { SALT_BYTES, sealedFrom, sealedPayload } from '../../node/artefacts.ts';
import { commitStage } from '../../node/commit.ts';
import { measureStage } from '../../node/measure.ts';
import type { Prober } from '../../node/probe/engine.ts';
import { revealStage } from '../../node/reveal.ts';
import { sealStage } from '../../node/seal.ts';
import type { Folder } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import type { Network } from '../../platform/network/network.ts';
import { createSigner } from '../../platform/signer.ts';
import type { JournalEntry } from '../../platform/store/entry.ts';
import { memoryStore } from '../../platform/store/memory.ts';
import { slotsOf } from '../../protocol/assignment.ts';
import { checkBatch, decodeBatch } from '../../protocol/batch.ts';
import { scheduleOf } from '../../protocol/burst.ts';
import { commitmentOf, decodeCommit, digestOfCommit } from '../../protocol/commit.ts';
import { evidenceName } from '../../protocol/evidence.ts';
import { REASON } from '../../protocol/reason.ts';
import { decodeRecord, recordName } from '../../protocol/record.ts';
import { decodeReveal, opensCommit } from '../../protocol/reveal.ts';
import { emptySample, OUTCOME } from '../../protocol/sample.ts';
import { epochStart } from '../../protocol/time.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { memoryFolder } from '../support/simnet/folder.ts';
import { openGuard } from '../support/simnet/guard.ts';
import { past } from '../support/simnet/past.ts';
import { fakeProber, openConsent } from '../support/simnet/prober.ts';
import { draw } from '../support/simnet/random.ts';
import { secretKeyOf } from '../support/simnet/simnet.ts';

const EPOCH = 4;
const SEAT = 2;
let bench: Bench;
let happened: string[];
let entries: JournalEntry[];
let published: { topic: string; data: Uint8Array }[];
let watcher: Uint8Array;
let signer: ReturnType<typeof createSigner>;
let network: Network;

beforeEach(() => {
  bench = createBench(EPOCH);
  happened = [];
  entries = [];
  published = [];
  watcher = bench.set.seats[SEAT]!.watcher;
  const journal = {
    record: async (entry: JournalEntry) => {
      happened.push(`journal ${entry.kind}`);
      entries.push(entry);
      return 'new' as const;
    },
  };
  signer = createSigner({
    bls: bench.bls,
    secretKey: secretKeyOf(1, SEAT),
    journal,
    guard: openGuard,
    domain: bench.facts.domain,
  });
  network = {
    publish: async (topic: string, data: Uint8Array) => {
      happened.push(`publish ${topic}`);
      published.push({ topic, data });
    },
  } as unknown as Network;
});

const measurement = () => {
  const { batch } = bench.sealed(SEAT);
  return {
    facts: { epoch: EPOCH, set: bench.set, services: bench.services, seed: bench.seed, assignment: bench.assignment },
    vrfProof: batch.vrfProof,
    samples: batch.samples.map((sample, i) => ({ ...sample, stallMicros: 10 * i })),
  };
};
const seal = () =>
  sealStage({
    facts: bench.facts,
    watcher,
    random: (length) => draw(1, 'salt').slice(0, length),
    clockErrorMicros: () => 7,
  });

describe('sealing', () => {
  test('makes a batch that every other node accepts', () => {
    const sealed = seal()(measurement());
    const frame = { ...sealed.batch };
    const { batch } = sealed;
    checkBatch(
      decodeBatch(sealed.bytes),
      frame,
      slotsOf(bench.services, batch.vrfProof, bench.facts.calendar.epochSeconds),
    );
    expect(batch).toMatchObject({ epoch: EPOCH, setId: 1, chainId: 31_337, watcher });
    // Probes that ran at once saw one stall: their sum would count it many times.
    expect(batch).toMatchObject({ stallMaxMicros: 110, stallTotalMicros: 110, clockErrorMicros: 7 });
  });

  test('says of the prober what it said of itself', () => {
    const vitals = {
      stallMaxMicros: 5_000,
      stallTotalMicros: 9_000,
      selfTestP99Micros: 180,
      controlsGood: 36,
      controlsBad: 2,
    };
    expect(seal()({ ...measurement(), vitals }).batch).toMatchObject(vitals);
  });

  test('an epoch without slots has no stall', () => {
    const { batch } = seal()({ ...measurement(), samples: [] });
    expect(batch).toMatchObject({ samples: [], stallMaxMicros: 0, stallTotalMicros: 0 });
  });

  test('the journal’s payload gives back the very same batch and salt', () => {
    const sealed = seal()(measurement());
    expect(sealed.salt).toHaveLength(SALT_BYTES);
    expect(sealedFrom(sealedPayload(sealed))).toEqual(sealed);
  });
});

describe('committing', () => {
  const commit = () => {
    const { facts, clock, pool } = bench;
    return commitStage({ facts, clock, network, pool, signer, watcher });
  };

  test('journals batch and salt before the signature leaves', async () => {
    const sealed = seal()(measurement());
    await commit()(sealed, SEAT);
    expect(happened).toEqual(['journal commit', 'publish commit']);
    expect(entries[0]).toMatchObject({ kind: 'commit', epoch: EPOCH, view: 0, payload: sealedPayload(sealed) });
  });

  test('sends what hides the batch and binds it to epoch and watcher, signed', async () => {
    const sealed = seal()(measurement());
    const { commit: made } = await commit()(sealed, SEAT);
    const sent = decodeCommit(published[0]!.data);
    expect(sent).toEqual(made);
    expect(sent.commitment).toEqual(commitmentOf(EPOCH, watcher, sealed.hash, sealed.salt));
    const { publicKey } = bench.set.seats[SEAT]!;
    expect(bench.bls.verify(publicKey, digestOfCommit(bench.facts.domain, sent), sent.signature)).toBe(true);
    expect(bench.pool.commit(EPOCH, SEAT)?.commit).toEqual(made);
  });

  test('sends nothing when the journal cannot write', async () => {
    const journal = { record: () => Promise.reject(new Error('disk full')) };
    const { facts, clock, pool, bls } = bench;
    const broken = createSigner({
      bls,
      secretKey: secretKeyOf(1, SEAT),
      journal,
      guard: openGuard,
      domain: facts.domain,
    });
    const stage = commitStage({ facts, clock, network, pool, signer: broken, watcher });
    await expect(stage(seal()(measurement()), SEAT)).rejects.toThrow('disk full');
    expect(published).toEqual([]);
    expect(pool.commit(EPOCH, SEAT)).toBeUndefined();
  });

  test('the same batch again is the same commit', async () => {
    const sealed = seal()(measurement());
    await commit()(sealed, SEAT);
    await commit()(sealedFrom(entries[0]!.payload), SEAT);
    expect(published[1]!.data).toEqual(published[0]!.data);
  });
});

test('revealing keeps the batch for others, counts it here, and sends what opens the commit', async () => {
  const { facts, clock, pool } = bench;
  const custody = new Custody(memoryStore(), 16);
  const committed = await commitStage({ facts, clock, network, pool, signer, watcher })(seal()(measurement()), SEAT);
  await revealStage({ clock, network, pool, custody })(committed);
  const { data } = published[1]!;
  expect(opensCommit(decodeReveal(data))).toBe(true);
  expect(await custody.reveal(EPOCH, committed.sealed.hash)).toEqual(data);
  expect(pool.reveal(EPOCH, SEAT)?.bytes).toEqual(data);
});

describe('archiving', () => {
  test('writes a record with which the report can be computed again', async () => {
    const [first] = past(bench, [EPOCH]);
    const written = new Map<string, Uint8Array>();
    const archive = { write: async (name: string, bytes: Uint8Array) => void written.set(name, bytes) };
    await archiveStage({ archive })(first!);
    const record = decodeRecord(written.get(recordName(EPOCH))!);
    expect(record.header).toEqual(first!.report.header);
    expect(record.signersLow).toBe(0b111n);
    expect(record.reveals).toEqual(first!.reveals);
    expect(record.leaves).toHaveLength(first!.report.leaves.length);
  });

  test('writes nothing when it is switched off', async () => {
    await archiveStage({ archive: undefined })(past(bench, [EPOCH])[0]!);
    await pruneArchiveStage({ archive: undefined, archiveEpochs: 16 })(1_000);
  });

  describe('removes what is older than its retention', () => {
    let files: Map<string, Uint8Array>;
    let listings: number;
    let folder: Folder;
    const epochsLeft = () =>
      [...files.keys()].filter((name) => /^epoch-\d{9}\.ssz$/.test(name)).map((name) => +name.slice(6, 15));
    const add = (...epochs: number[]) => {
      for (const epoch of epochs) files.set(recordName(epoch), new Uint8Array());
    };
    beforeEach(() => {
      files = new Map();
      listings = 0;
      const inner = memoryFolder(files);
      const names = async () => {
        listings++;
        return inner.names();
      };
      folder = { ...inner, names };
    });

    test('at the start from what lies there, and then epoch by epoch without looking again', async () => {
      const prune = pruneArchiveStage({ archive: folder, archiveEpochs: 16 });
      add(0, 1, 3, 4, 5, 20);
      for (const name of [evidenceName(3), evidenceName(4), 'notes.txt', 'epoch-1.ssz', 'epoch-000000001.ssz.x.tmp']) {
        files.set(name, new Uint8Array());
      }
      await prune(20);
      expect([...files.keys()].sort()).toEqual(
        [
          ...[4, 5, 20].map(recordName),
          evidenceName(4),
          'notes.txt',
          'epoch-1.ssz',
          'epoch-000000001.ssz.x.tmp',
        ].sort(),
      );
      await prune(21);
      await prune(21);
      await prune(30);
      expect(epochsLeft()).toEqual([20]);
      expect(files.has(evidenceName(4))).toBe(false);
      expect(listings).toBe(1);
    });

    test('a long gap is worked off in pieces', async () => {
      const prune = pruneArchiveStage({ archive: folder, archiveEpochs: 16 });
      add(...Array.from({ length: PRUNE_FILES_MAX + 100 }, (_, epoch) => epoch));
      await prune(10_000);
      expect(files.size).toBe(100);
      await prune(10_001);
      expect(files.size).toBe(0);
    });

    test('and with 0 nothing', async () => {
      add(0);
      await pruneArchiveStage({ archive: folder, archiveEpochs: 0 })(1_000_000);
      expect(epochsLeft()).toEqual([0]);
    });
  });
});

describe('measuring', () => {
  const stageWith = (prober: Prober, epochFacts = bench.epochFacts) =>
    measureStage({
      facts: bench.facts,
      epochFacts,
      prober,
      consent: openConsent,
      signer,
      watcher: bench.by(SEAT).watcher,
      log: silentLog,
    });

  test('gives the prober every slot that the VRF draws, at its time, within the epoch', async () => {
    let asked: Parameters<Prober['run']> | undefined;
    const prober: Prober = {
      run: async (...given) => {
        asked = given;
        return [];
      },
    };
    const { vrfProof } = await stageWith(prober).measure(EPOCH);
    const [slots, epoch] = asked!;
    const start = epochStart(bench.facts.calendar, EPOCH);
    const drawn = slotsOf(bench.services, vrfProof, bench.facts.calendar.epochSeconds);
    expect(slots.map(({ service, slot, atUnixMillis }) => [service, slot, atUnixMillis])).toEqual(
      drawn.map(({ service, slot, offsetMicros }) => [service, slot, start + offsetMicros / 1000]),
    );
    expect(epoch).toMatchObject({ startUnixMillis: start, endUnixMillis: start + 4_000 });
    expect(slots.every(({ target }, i) => target.url === `https://service-${drawn[i]!.service}.example`)).toBe(true);
  });

  test('says of a slot that is a burst which rate it has, and of no other', async () => {
    const extra = new Uint8Array(32);
    extra[31] = 100;
    const services = bench.services.map((one, i) => (i === 0 ? { ...one, timeoutMillis: 500, extra } : one));
    const facts = { ...(await bench.epochFacts(EPOCH)), services };
    let rates: (number | undefined)[] = [];
    const prober: Prober = {
      run: async (slots) => {
        rates = slots.map(({ target }) => target.burstRate);
        return [];
      },
    };
    let bursts = 0;
    for (let epoch = EPOCH; epoch < EPOCH + facts.set.seats.length; epoch++) {
      const { vrfProof } = await stageWith(prober, async () => ({ ...facts, epoch })).measure(epoch);
      const due = scheduleOf({ ...facts, epoch }, watcher, vrfProof, bench.facts.calendar.epochSeconds);
      expect(rates).toEqual(due.map(({ burstRate }) => burstRate));
      bursts += rates.filter((rate) => rate !== undefined).length;
    }
    expect(bursts).toBe(1);
  });

  test('a start that the millisecond clock shows too early is moved onto its slot, an absent one is not', async () => {
    const { vrfProof } = bench.sealed(SEAT).batch;
    const drawn = slotsOf(bench.services, vrfProof, bench.facts.calendar.epochSeconds);
    const prober: Prober = {
      run: async (slots) =>
        slots.map(({ service, slot }, i) => {
          if (i === 0) return emptySample(service, slot, OUTCOME.watcherFault, REASON.startedLate);
          const sample = emptySample(service, slot, OUTCOME.good, REASON.ok);
          return { ...sample, totalMicros: 5, startMicros: Math.max(0, drawn[i]!.offsetMicros - 900) };
        }),
    };
    const { samples } = await stageWith(prober).measure(EPOCH);
    expect(samples[0]!.startMicros).toBe(0);
    expect(samples.slice(1).map(({ startMicros }) => startMicros)).toEqual(
      drawn.slice(1).map((slot) => slot.offsetMicros),
    );
  });

  test('a stop ends it at once', async () => {
    const clock = createBench(EPOCH - 1).clock;
    const stage = stageWith(fakeProber(clock, () => () => 5));
    const measuring = stage.measure(EPOCH);
    await clock.advance(0);
    stage.stop();
    expect((await measuring).samples).toHaveLength(12);
  });

  test('preparing never fails, and measuring says when the chain cannot tell what to measure', async () => {
    const stage = stageWith({ run: async () => [] }, async () => {
      throw new Error('no answer');
    });
    await stage.prepare(EPOCH);
    await expect(stage.measure(EPOCH)).rejects.toThrow('no answer');
  });
});
