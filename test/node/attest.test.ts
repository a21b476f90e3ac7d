import { beforeEach, describe, expect, test } from 'vitest';
import type { Custody } from '../../ledger/custody.ts';
import type { Fetch } from '../../ledger/fetch.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Wanted } from '../../ledger/wanted.ts';
import { attestStage } from '../../node/attest.ts';
import { refuseStage } from '../../node/refuse.ts';
import type { Chain } from '../../platform/chain/chain.ts';
import { silentLog } from '../../platform/log.ts';
import type { Network } from '../../platform/network/network.ts';
import type { JournalEntry } from '../../platform/store/entry.ts';
import { decodeAttestation } from '../../protocol/attestation.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { Observation } from '../../protocol/observation.ts';
import { decodeRefusal, digestOfRefusal } from '../../protocol/refusal.ts';
import { computeReport } from '../../protocol/report.ts';
import { GENESIS_STATE } from '../../protocol/state.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { draw } from '../support/simnet/random.ts';
import { secretKeyOf } from '../support/simnet/simnet.ts';

const EPOCH = 0;
/** The seat that judges. */
const OWN = 3;
const ANCHOR = { number: 7, hash: draw(1, 'block 7') };

let bench: Bench;
let published: { topic: string; data: Uint8Array }[];
let signed: JournalEntry[];
let wanted: Observation[];
let finalNumber: number;
let held: Parameters<Custody['hold']>[];
let heldAtSigning = 0;
let chainFails: boolean;
let attest: ReturnType<typeof attestStage>;
let refuse: ReturnType<typeof refuseStage>;

beforeEach(async () => {
  bench = createBench(EPOCH);
  published = [];
  signed = [];
  wanted = [];
  finalNumber = 8;
  chainFails = false;
  const chain = {
    facts: bench.facts,
    finalized: async () => {
      if (chainFails) throw new Error('no answer');
      return { number: finalNumber, hash: draw(1, 'final') };
    },
    blockHash: async (number: number) => (number === ANCHOR.number ? ANCHOR.hash : undefined),
  } as unknown as Chain;
  const network = {
    publish: async (topic: string, data: Uint8Array) => void published.push({ topic, data }),
  } as unknown as Network;
  const { facts, clock, pool, epochFacts, set } = bench;
  const ledger = new Ledger({
    chain,
    epochFacts,
    pool,
    custody: {} as Custody,
    fetch: {} as Fetch,
    log: silentLog,
  });
  held = [];
  const signer = {
    sign: async (entry: JournalEntry) => {
      heldAtSigning = held.length;
      signed.push(entry);
      return bench.bls.sign(secretKeyOf(1, OWN), entry.digest);
    },
    prove: () => new Uint8Array(48),
    maySign: () => true,
  };
  const deps = {
    facts,
    chain,
    clock,
    network,
    pool,
    ledger,
    custody: { hold: async (...of: Parameters<Custody['hold']>) => void held.push(of) },
    wanted: { ask: (_epoch: number, observation: Observation) => void wanted.push(observation) } as unknown as Wanted,
    epochFacts,
    signer,
    watcher: set.seats[OWN]!.watcher,
    log: silentLog,
  };
  attest = attestStage(deps);
  refuse = refuseStage(deps);
  await bench.at(1_700);
});

/** Moments after the epoch's end at which a seat's commit and reveal were heard. */
function hear(seat: number, commitAt = 100, revealAt: number | 'never' = 1_000): Observation {
  const { commit, observation, batch, reveal } = bench.sealed(seat);
  const end = bench.clock.now() - 1_700;
  bench.pool.addCommit({ commit, seat, heardAt: end + commitAt });
  if (revealAt !== 'never') bench.pool.addReveal({ observation, batch, bytes: reveal, heardAt: end + revealAt });
  return observation;
}

function propose(
  seats: readonly number[],
  options: { anchor?: typeof ANCHOR; view?: number; previous?: Uint8Array } = {},
) {
  const { anchor = ANCHOR, view = 0 } = options;
  const { set, services, facts } = bench;
  const counted = seats.map((seat) => {
    const { observation, batch } = bench.sealed(seat);
    return { observation, batch };
  });
  const context = { epoch: EPOCH, set, services, parameters: facts.parameters, anchor };
  const state = { ...GENESIS_STATE, reportHash: options.previous ?? GENESIS_STATE.reportHash };
  const { header, hash } = computeReport(state, context, counted);
  const observations = counted.map(({ observation }) => observation);
  const proposal = bench.leader(view).proposal(header, view, observations);
  bench.pool.addProposal({ proposal, reportHash: hash });
  return hash;
}
const code = async () => (await attest())?.objection.code;

describe('a proposal is attested', () => {
  test('when it counts every timely batch and gives the report that we compute', async () => {
    for (const seat of [0, 1, 2]) hear(seat);
    const report = propose([0, 1, 2]);
    expect(await attest()).toBeUndefined();
    expect(published.map(({ topic }) => topic)).toEqual(['attestation']);
    expect(decodeAttestation(published[0]!.data)).toMatchObject({ epoch: EPOCH, view: 0, report, seat: OWN });
    expect(signed.map(({ kind, epoch, view }) => ({ kind, epoch, view }))).toEqual([
      { kind: 'attestation', epoch: EPOCH, view: 0 },
    ]);
    expect(bench.pool.attestations(EPOCH).flat()).toHaveLength(1);
  });

  test('and what it was computed from is held before the signature', async () => {
    const observations = [0, 1, 2].map((seat) => hear(seat));
    const report = propose([0, 1, 2]);
    await attest();
    expect(held).toEqual([[EPOCH, report, observations, [0, 1, 2].map((seat) => bench.sealed(seat).reveal)]]);
    expect(heldAtSigning).toBe(1);
  });

  test('when it leaves out a watcher who committed to two batches', async () => {
    for (const seat of [0, 1, 2]) hear(seat);
    bench.pool.addCommit({ commit: bench.by(1).commit(EPOCH, ANCHOR.hash), seat: 1, heardAt: 0 });
    propose([0, 2]);
    expect(await attest()).toBeUndefined();
    expect(signed).toHaveLength(1);
  });

  test('not when it counts a watcher who committed to two batches', async () => {
    for (const seat of [0, 1, 2]) hear(seat);
    bench.pool.addCommit({ commit: bench.by(1).commit(EPOCH, ANCHOR.hash), seat: 1, heardAt: 0 });
    propose([0, 1, 2]);
    expect(await code()).toBe('counts-a-contested-batch');
    expect(signed).toEqual([]);
  });

  test('once, however often it is looked at', async () => {
    hear(0);
    propose([0]);
    for (let i = 0; i < 5; i++) await attest();
    expect(signed).toHaveLength(1);
  });

  test('when it counts a batch beyond the deadline that was committed before anybody revealed', async () => {
    hear(0);
    hear(1, 890, 1_600);
    propose([0, 1]);
    expect(await attest()).toBeUndefined();
    expect(signed).toHaveLength(1);
  });

  test('and the empty one too, when there was nothing to count', async () => {
    propose([]);
    expect(await attest()).toBeUndefined();
    expect(signed).toHaveLength(1);
  });
});

describe('a proposal is refused', () => {
  test('for good when it omits a batch that we held in time; the refusal says which', async () => {
    for (const seat of [0, 1, 2]) hear(seat);
    const report = propose([0, 2]);
    const refused = (await attest())!;
    expect(refused.objection).toMatchObject({ code: 'omits-timely-batches', passing: false });
    await refuse(refused);
    const refusal = decodeRefusal(published[0]!.data);
    expect(refusal).toMatchObject({ epoch: EPOCH, view: 0, report, seat: OWN });
    expect(refusal.missing).toEqual([bench.sealed(1).observation]);
    expect(toHex(signed[0]!.digest)).toBe(toHex(digestOfRefusal(bench.facts.domain, refusal)));
    expect(bench.pool.refusals(EPOCH)).toHaveLength(1);
    expect(await attest()).toBeUndefined();
    expect(signed.map(({ kind }) => kind)).toEqual(['refusal']);
  });

  test('without a refusal for everybody when nothing is missing', async () => {
    hear(0, 950);
    propose([0]);
    await refuse((await attest())!);
    expect(published).toEqual([]);
  });

  test('when it counts a batch that was committed when reveals were under way', async () => {
    hear(0, 901);
    propose([0]);
    expect(await code()).toBe('counts-a-late-batch');
  });

  test('when it counts a batch whose commit we never heard, without asking anybody for it', async () => {
    propose([0]);
    expect(await code()).toBe('counts-a-late-batch');
    expect(wanted).toEqual([]);
  });

  test('when it stands on another head', async () => {
    hear(0);
    propose([0], { previous: draw(1, 'other head') });
    expect(await code()).toBe('not-on-our-head');
  });

  test('when its report is another than ours', async () => {
    hear(0);
    const { report, observations } = bench.report([0]);
    const header = {
      ...report.header,
      resultsRoot: draw(1, 'lie'),
      anchorNumber: ANCHOR.number,
      anchorHash: ANCHOR.hash,
    };
    bench.pool.addProposal({ proposal: bench.leader(0).proposal(header, 0, observations), reportHash: draw(1, 'r') });
    expect(await code()).toBe('another-report');
    expect(signed).toEqual([]);
  });

  test('when it names a batch under the commitment of another', async () => {
    hear(0, 600);
    const { report } = bench.report([0]);
    const observations = [{ ...bench.sealed(0).observation, batchHash: draw(1, 'other batch') }];
    bench.pool.addProposal({
      proposal: bench.leader(0).proposal(report.header, 0, observations),
      reportHash: draw(1, 'r'),
    });
    expect(await code()).toBe('names-another-batch');
    expect(wanted).toEqual([]);
  });
});

describe('a proposal is looked at again', () => {
  test('when a batch is missing here: it is asked for, and attested once it came', async () => {
    hear(0);
    const lacking = hear(1, 100, 'never');
    propose([0, 1]);
    expect((await attest())?.objection).toMatchObject({ code: 'batch-not-available', passing: true });
    expect(wanted).toEqual([lacking]);
    const { observation, batch, reveal } = bench.sealed(1);
    bench.pool.addReveal({ observation, batch, bytes: reveal, heardAt: bench.clock.now() });
    expect(await attest()).toBeUndefined();
    expect(signed).toHaveLength(1);
  });

  test('every missing batch is asked for, not only the first', async () => {
    for (const seat of [0, 1, 2]) hear(seat, 100, 'never');
    propose([0, 1, 2]);
    await attest();
    expect(wanted.map(({ seat }) => seat)).toEqual([0, 1, 2]);
  });

  test('when its anchor is not final here yet', async () => {
    hear(0);
    finalNumber = ANCHOR.number - 1;
    propose([0]);
    expect((await attest())?.objection).toMatchObject({ code: 'anchor-not-final', passing: true });
    finalNumber = ANCHOR.number;
    expect(await attest()).toBeUndefined();
    expect(signed).toHaveLength(1);
  });

  test('when its anchor is not the block that we see', async () => {
    hear(0);
    propose([0], { anchor: { number: ANCHOR.number, hash: draw(1, 'branch') } });
    expect((await attest())?.objection).toMatchObject({ code: 'anchor-unknown', passing: true });
    expect(signed).toEqual([]);
  });

  test('when the chain did not answer', async () => {
    hear(0);
    propose([0]);
    chainFails = true;
    await expect(attest()).rejects.toThrow('no answer');
    chainFails = false;
    await attest();
    expect(signed).toHaveLength(1);
  });
});

describe('nothing is judged', () => {
  test('before the first view, and of a view that is not running', async () => {
    hear(0);
    propose([0], { view: 1 });
    expect(await attest()).toBeUndefined();
    await bench.at(1_600 + 1_200);
    await attest();
    expect(signed.map(({ view }) => view)).toEqual([1]);
  });

  test('of an epoch whose deadline has passed', async () => {
    hear(0);
    propose([0], { view: 8 });
    await bench.at(12_000);
    expect(await attest()).toBeUndefined();
    expect(signed).toEqual([]);
  });
});
