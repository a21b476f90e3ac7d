import { beforeEach, expect, test } from 'vitest';
import { Custody } from '../../ledger/custody.ts';
import type { Fetch } from '../../ledger/fetch.ts';
import { FOLLOW_MAX, type Followed, Ledger, provenState, STATES_CACHED_MAX } from '../../ledger/ledger.ts';
import { appendReport, NO_REPORTS, type ReportsOnChain } from '../../ledger/reports.ts';
import type { Chain } from '../../platform/chain/chain.ts';
import { memoryStore } from '../../platform/store/memory.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { appendHistory, EMPTY_HISTORY } from '../../protocol/history.ts';
import { decodeState, encodeState, GENESIS_STATE, type State } from '../../protocol/state.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { type Line, recordingLog } from '../support/simnet/log.ts';
import { hear, type PastEpoch, past } from '../support/simnet/past.ts';

const EPOCHS = Array.from({ length: 14 }, (_, epoch) => epoch);
let bench: Bench;
let epochs: PastEpoch[];
let custody: Custody;
let lines: Line[];
/** What peers hold. */
let peers: { observations: Set<number>; reveals: Set<number>; states: Uint8Array[]; asked: string[] };

beforeEach(() => {
  bench = createBench(0);
  epochs = past(bench, EPOCHS);
  custody = new Custody(memoryStore(), 16);
  lines = [];
  peers = { observations: new Set(), reveals: new Set(), states: [], asked: [] };
});

function createLedger(facts = bench.epochFacts): Ledger {
  const fetch = {
    observations: async (landed: PastEpoch['landed']) => {
      const { epoch } = landed.header;
      peers.asked.push(`observations ${epoch}`);
      return peers.observations.has(epoch) ? epochs[epoch]!.observations : undefined;
    },
    reveal: async (epoch: number, { seat }: { seat: number }) => {
      const held = bench.pool.reveal(epoch, seat)?.bytes;
      if (held) return held;
      peers.asked.push(`reveal ${epoch}/${seat}`);
      return peers.reveals.has(epoch) ? epochs[epoch]!.reveals[seat] : undefined;
    },
    state: async (_report: Uint8Array, accept: (bytes: Uint8Array) => boolean) => {
      peers.asked.push('state');
      peers.states.some(accept);
    },
  } as unknown as Fetch;
  const chain = { facts: bench.facts } as Chain;
  return new Ledger({ chain, epochFacts: facts, pool: bench.pool, custody, fetch, log: recordingLog(lines) });
}

const historyOf = (...of: readonly PastEpoch[]) => of.map(({ landed }) => landed);
/** As a follower that has read them all tells of them. */
const onChain = (landed: readonly LandedReport[]): ReportsOnChain => landed.reduce(appendReport, NO_REPORTS);
const upTo = (epoch: number) => historyOf(...epochs.slice(0, epoch + 1));

async function advance(ledger: Ledger, history: PastEpoch['landed'][]): Promise<(number | undefined)[]> {
  const moves: (Followed | undefined)[] = [];
  for await (const move of ledger.advance(onChain(history))) moves.push(move);
  return moves.map((move) => move?.landed.header.epoch);
}

test('before the first report the state is that of genesis, and an empty history moves nothing', async () => {
  const ledger = createLedger();
  expect(ledger.state).toBe(GENESIS_STATE);
  expect(await advance(ledger, [])).toEqual([]);
  expect(ledger.state).toBe(GENESIS_STATE);
});

test('a report is followed from what gossip brought, without asking a peer', async () => {
  hear(bench, epochs[0]!);
  const ledger = createLedger();
  expect(await advance(ledger, upTo(0))).toEqual([0]);
  expect(toHex(ledger.state.reportHash)).toBe(toHex(epochs[0]!.report.hash));
  expect(peers.asked).toEqual([]);
});

test('what was followed is kept for others: the state, the observations and every batch', async () => {
  hear(bench, epochs[0]!);
  const ledger = createLedger();
  await advance(ledger, upTo(0));
  expect(await custody.state()).toEqual(encodeState(epochs[0]!.report.next));
  for (const [i, { batchHash }] of epochs[0]!.observations.entries()) {
    expect(await custody.reveal(0, batchHash)).toEqual(epochs[0]!.reveals[i]);
  }
});

test('missing observations and batches come from peers', async () => {
  peers.observations.add(0);
  peers.reveals.add(0);
  const ledger = createLedger();
  expect(await advance(ledger, upTo(0))).toEqual([0]);
  expect(peers.asked).toEqual(['observations 0', 'reveal 0/0', 'reveal 0/1', 'reveal 0/2']);
});

test('several reports that landed meanwhile are followed one by one, in order', async () => {
  for (const epoch of [0, 1, 2]) hear(bench, epochs[epoch]!);
  const ledger = createLedger();
  expect(await advance(ledger, upTo(2))).toEqual([0, 1, 2]);
  expect(await advance(ledger, upTo(2))).toEqual([]);
});

test('when a batch is nowhere to be had, a peer’s proven snapshot takes its place', async () => {
  hear(bench, epochs[0]!, 'proposal');
  peers.states = [encodeState(epochs[1]!.report.next)];
  const ledger = createLedger();
  expect(await advance(ledger, upTo(1))).toEqual([undefined]);
  expect(encodeState(ledger.state)).toEqual(encodeState(epochs[1]!.report.next));
});

test('when there is no snapshot either, it says that it is behind and keeps what it reached', async () => {
  hear(bench, epochs[0]!);
  const ledger = createLedger();
  await expect(advance(ledger, upTo(2))).rejects.toMatchObject({ code: 'behind' });
  expect(ledger.state.epoch).toBe(0);
  peers.states = [encodeState(epochs[2]!.report.next)];
  expect(await advance(ledger, upTo(2))).toEqual([undefined]);
});

test('far behind, it does not walk: it asks for a snapshot at once', async () => {
  for (const epoch of EPOCHS) peers.observations.add(epoch);
  peers.states = [encodeState(epochs[FOLLOW_MAX + 1]!.report.next)];
  const ledger = createLedger();
  expect(await advance(ledger, upTo(FOLLOW_MAX + 1))).toEqual([undefined]);
  expect(peers.asked).toEqual(['state']);
});

test('a report on chain that its batches do not give is told as an error, and not followed', async () => {
  const [first] = epochs;
  hear(bench, first!);
  const lie = { ...first!.landed, header: { ...first!.landed.header }, reportHash: new Uint8Array(32).fill(9) };
  bench.pool.addProposal({
    proposal: bench.by(0).proposal(first!.report.header, 1, first!.observations),
    reportHash: lie.reportHash,
  });
  const ledger = createLedger();
  await expect(advance(ledger, [lie])).rejects.toMatchObject({ code: 'behind' });
  expect(lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'error: the report on chain is not what its batches give',
  ]);
  expect(ledger.state).toBe(GENESIS_STATE);
});

test('a reorg that takes the last report back leads to the state before it, without asking', async () => {
  for (const epoch of [0, 1, 2]) hear(bench, epochs[epoch]!);
  const ledger = createLedger();
  await advance(ledger, upTo(2));
  expect(await advance(ledger, upTo(1))).toEqual([]);
  expect(ledger.state.epoch).toBe(1);
  expect(await advance(ledger, [])).toEqual([]);
  expect(ledger.state).toBe(GENESIS_STATE);
  expect(await advance(ledger, upTo(2))).toEqual([]);
  expect(ledger.state.epoch).toBe(2);
  expect(peers.asked).toEqual([]);
});

test('a reorg to another branch is followed from where the branches part', async () => {
  for (const epoch of [0, 1, 2]) hear(bench, epochs[epoch]!);
  const ledger = createLedger();
  await advance(ledger, upTo(2));
  const branch = past(bench, [1, 2], epochs[0]!.report.next, 1);
  // The same batches, reported over another anchor, in later views.
  for (const { report, observations } of branch) {
    const proposal = bench.by(0).proposal(report.header, 1, observations);
    bench.pool.addProposal({ proposal, reportHash: report.hash });
  }
  expect(await advance(ledger, historyOf(epochs[0]!, ...branch))).toEqual([1, 2]);
  expect(toHex(ledger.state.reportHash)).toBe(toHex(branch[1]!.report.hash));
});

test('only the last few states are kept for a reorg', async () => {
  const ledger = createLedger();
  for (const epoch of EPOCHS.slice(0, STATES_CACHED_MAX + 2)) {
    peers.observations.add(epoch);
    peers.reveals.add(epoch);
    await advance(ledger, upTo(epoch));
  }
  peers.asked.length = 0;
  peers.observations.clear();
  await advance(ledger, upTo(2));
  expect(ledger.state.epoch).toBe(2);
  expect(peers.asked).toEqual([]);
});

test('a restart takes up the stored state, and an unreadable one is left to peers', async () => {
  await custody.keepState(epochs[3]!.report.next);
  const ledger = createLedger();
  await ledger.restore();
  expect(ledger.state.epoch).toBe(3);
  hear(bench, epochs[4]!);
  expect(await advance(ledger, upTo(4))).toEqual([4]);

  const broken = new Custody(memoryStore(), 16);
  broken.state = async () => new Uint8Array(100);
  custody = broken;
  const other = createLedger();
  await other.restore();
  expect(other.state).toBe(GENESIS_STATE);
  expect(lines.at(-1)?.message).toBe('the stored state does not read; it will come from peers');
});

test('a stored state of a chain that was started anew is dropped', async () => {
  await custody.keepState(epochs[3]!.report.next);
  const ledger = createLedger();
  await ledger.restore();
  await advance(ledger, []);
  expect(ledger.state).toBe(GENESIS_STATE);
});

test('a report is computed on the state that its caller saw, whatever lands while the facts are read', async () => {
  for (const epoch of [0, 1]) hear(bench, epochs[epoch]!);
  const slow = Promise.withResolvers<void>();
  let isSlow = false;
  const ledger = createLedger(async (epoch) => {
    if (isSlow) await slow.promise;
    return bench.epochFacts(epoch);
  });
  await advance(ledger, upTo(0));
  const { report, observations } = epochs[1]!;
  const counted = observations.map((observation) => ({
    observation,
    batch: bench.pool.reveal(1, observation.seat)!.batch,
  }));
  const anchor = { number: report.header.anchorNumber, hash: report.header.anchorHash };
  isSlow = true;
  const computing = ledger.compute(ledger.state, 1, anchor, counted);
  isSlow = false;
  await advance(ledger, upTo(1));
  slow.resolve();
  expect(toHex((await computing).hash)).toBe(toHex(report.hash));
});

const keyOf = (w: { serviceId: Uint8Array; windowStart: number; windowEpochs: number }) =>
  `${toHex(w.serviceId)}/${w.windowEpochs}/${w.windowStart}`;
const snapshot = (epoch: number): State => decodeState(encodeState(epochs[epoch]!.report.next), keyOf);
const firstWindow = (state: State) => [...state.windows.values()][0]!;

test('a snapshot of the last report is proven', () => {
  const state = provenState(encodeState(snapshot(4)), onChain(upTo(4)));
  expect(encodeState(state!)).toEqual(encodeState(epochs[4]!.report.next));
});

const changes: Record<string, (state: State) => State | Uint8Array> = {
  'another count of good samples': (state) => {
    firstWindow(state).accumulators[0]!.good += 1;
    return state;
  },
  'another count of epochs': (state) => {
    firstWindow(state).epochsCounted += 1;
    return state;
  },
  'another window': (state) => {
    firstWindow(state).windowStart += 20;
    return state;
  },
  'a watcher left out': (state) => {
    firstWindow(state).accumulators.pop();
    return state;
  },
  'a window left out': (state) => ({ ...state, windows: new Map([...state.windows].slice(1)) }),
  'other closed statistics': (state) => ({ ...state, closedLeaves: [...state.closedLeaves, new Uint8Array(32)] }),
  'no windows at all': (state) => ({ ...state, windows: new Map(), closedLeaves: [] }),
  'half of its bytes': (state) => encodeState(state).slice(0, 1_000),
};

test.each(Object.keys(changes))('a snapshot with %s is not', (what) => {
  const changed = changes[what]!(snapshot(4));
  expect(provenState(changed instanceof Uint8Array ? changed : encodeState(changed), onChain(upTo(4)))).toBeUndefined();
});

test('a snapshot of another epoch is not', () => {
  expect(provenState(encodeState(snapshot(3)), onChain(upTo(4)))).toBeUndefined();
});

test('what the chain knows is not taken from a snapshot', () => {
  const lie = { ...snapshot(4), epoch: 77, reportHash: new Uint8Array(32), history: EMPTY_HISTORY };
  const state = provenState(encodeState(lie), onChain(upTo(4)))!;
  expect(state.epoch).toBe(4);
  expect(toHex(state.reportHash)).toBe(toHex(epochs[4]!.report.hash));
  const history = upTo(4).reduce((sum, { reportHash }) => appendHistory(sum, reportHash), EMPTY_HISTORY);
  expect(state.history).toEqual(history);
});

test('a snapshot is not proven against a history that is not the one of its header', () => {
  const [first, ...rest] = upTo(4);
  expect(provenState(encodeState(snapshot(4)), onChain(rest))).toBeUndefined();
  expect(provenState(encodeState(snapshot(4)), onChain([first!, ...upTo(4)]))).toBeUndefined();
});

/** As a follower tells of them that holds only the last few in full. */
const folded = (epoch: number, held: number): ReportsOnChain => {
  const all = upTo(epoch);
  const before = all.slice(0, -held).reduce((sum, { reportHash }) => appendHistory(sum, reportHash), EMPTY_HISTORY);
  return { before, recent: all.slice(-held) };
};

test('a late joiner proves a snapshot with the newest reports and the history of the others', () => {
  const state = provenState(encodeState(snapshot(9)), folded(9, 2));
  expect(encodeState(state!)).toEqual(encodeState(epochs[9]!.report.next));
  const { before, recent } = folded(9, 2);
  expect(provenState(encodeState(snapshot(9)), { before: EMPTY_HISTORY, recent })).toBeUndefined();
  expect(provenState(encodeState(snapshot(9)), { before, recent: recent.slice(1) })).toBeUndefined();
});

test('the state before the oldest report that is held is built on, and genesis is not taken for it', async () => {
  await custody.keepState(epochs[7]!.report.next);
  for (const epoch of [8, 9]) hear(bench, epochs[epoch]!);
  const ledger = createLedger();
  await ledger.restore();
  const moves: (number | undefined)[] = [];
  for await (const move of ledger.advance(folded(9, 2))) moves.push(move?.landed.header.epoch);
  expect(moves).toEqual([8, 9]);
  const fresh = createLedger();
  peers.states = [encodeState(epochs[9]!.report.next)];
  for await (const move of fresh.advance(folded(9, 2))) moves.push(move?.landed.header.epoch);
  expect(moves.at(-1)).toBeUndefined();
  expect(fresh.state.epoch).toBe(9);
});
