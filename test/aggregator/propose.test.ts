import { beforeEach, expect, test } from 'vitest';
import { collectStage } from '../../aggregator/collect.ts';
import { gatherStage } from '../../aggregator/gather.ts';
import { proposeStage } from '../../aggregator/propose.ts';
import type { Custody } from '../../ledger/custody.ts';
import type { Fetch } from '../../ledger/fetch.ts';
import { proposalIntake } from '../../ledger/intake/proposal.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Wanted } from '../../ledger/wanted.ts';
import type { Chain } from '../../platform/chain/chain.ts';
import { silentLog } from '../../platform/log.ts';
import type { Network } from '../../platform/network/network.ts';
import { createSigner } from '../../platform/signer.ts';
import type { JournalEntry } from '../../platform/store/entry.ts';
import { openJournal } from '../../platform/store/journal.ts';
import { memoryStore } from '../../platform/store/memory.ts';
import type { Observation } from '../../protocol/observation.ts';
import { decodeProposal } from '../../protocol/proposal.ts';
import { GENESIS_STATE } from '../../protocol/state.ts';
import { type Bench, createBench, said } from '../support/simnet/bench.ts';
import { openGuard } from '../support/simnet/guard.ts';
import { draw } from '../support/simnet/random.ts';
import { secretKeyOf } from '../support/simnet/simnet.ts';

const EPOCH = 0;
let bench: Bench;
let published: Uint8Array[];
let signed: JournalEntry[];
let headHash: Uint8Array;
let finalNumber: number;
let proposeAs: (seat: number) => Promise<() => Promise<void>>;

beforeEach(() => setUp(1_700));

/** @param millis after the epoch's end */
async function setUp(millis: number): Promise<void> {
  bench = createBench(EPOCH);
  published = [];
  signed = [];
  headHash = GENESIS_STATE.reportHash;
  finalNumber = 7;
  const chain = {
    facts: bench.facts,
    head: async () => ({ nextEpoch: 0, reportHash: headHash }),
    finalized: async () => ({ number: finalNumber, hash: draw(1, 'block', finalNumber) }),
  } as unknown as Chain;
  const network = {
    publish: async (_topic: string, data: Uint8Array) => void published.push(data),
  } as unknown as Network;
  const { facts, clock, pool, epochFacts, set, bls } = bench;
  const ledger = new Ledger({ chain, epochFacts, pool, custody: {} as Custody, fetch: {} as Fetch, log: silentLog });
  const stores = new Map([0, 1, 2, 3].map((seat) => [seat, memoryStore()]));
  proposeAs = async (seat) => {
    const { watcher } = set.seats[seat]!;
    const journal = await openJournal(stores.get(seat)!, { watcher });
    const record = async (entry: JournalEntry) => {
      signed.push(entry);
      return journal.record(entry);
    };
    const signer = createSigner({
      bls,
      secretKey: secretKeyOf(1, seat),
      journal: { record },
      guard: openGuard,
      domain: facts.domain,
    });
    const propose = proposeStage({ chain, clock, network, pool, ledger, epochFacts, signer, watcher, log: silentLog });
    return () => propose(collectStage({ facts, pool }));
  };
  for (const seat of [0, 1, 2]) {
    const { commit, observation, batch, reveal } = bench.sealed(seat);
    pool.addCommit({ commit, seat, heardAt: clock.now() });
    pool.addReveal({ observation, batch, bytes: reveal, heardAt: clock.now() });
  }
  await bench.at(millis);
}

const leader = (view: number) => bench.leader(view).seat;

test('the leader of the view proposes every batch that may count, and others accept the proposal', async () => {
  const propose = await proposeAs(leader(0));
  await propose();
  const proposal = decodeProposal(published[0]!);
  expect(proposal).toMatchObject({ view: 0, seat: leader(0) });
  expect(proposal.header).toMatchObject({ epoch: EPOCH, anchorNumber: 7, countedLow: 0b111n });
  expect(proposal.observations.map(({ seat }) => seat)).toEqual([0, 1, 2]);
  const other = createBench(EPOCH);
  await other.at(1_700);
  expect(said(await proposalIntake(other.deps)('peer', published[0]!))).toBe('accept');
});

test('once a view', async () => {
  const propose = await proposeAs(leader(0));
  for (let i = 0; i < 3; i++) await propose();
  expect(published).toHaveLength(1);
});

test('nobody else does', async () => {
  const other = [0, 1, 2, 3].find((seat) => seat !== leader(0))!;
  await (await proposeAs(other))();
  expect(published).toEqual([]);
  await bench.at(1_600 + 1_200 * [0, 1, 2, 3].findIndex((view) => leader(view) === other));
  await (await proposeAs(other))();
  expect(published).toHaveLength(1);
});

test('nobody does before the first view or after the deadline', async () => {
  await setUp(1_599);
  for (const seat of [0, 1, 2, 3]) await (await proposeAs(seat))();
  expect(signed).toEqual([]);
  // From here on epoch 1 is the one that is due.
  await bench.at(12_000);
  for (const seat of [0, 1, 2, 3]) await (await proposeAs(seat))();
  expect(signed.filter(({ epoch }) => epoch === EPOCH)).toEqual([]);
});

test('while the chain’s head is not ours, nothing is proposed', async () => {
  headHash = draw(1, 'other');
  const propose = await proposeAs(leader(0));
  await propose();
  expect(signed).toEqual([]);
  headHash = GENESIS_STATE.reportHash;
  await propose();
  expect(published).toHaveLength(1);
});

test('after a restart in the same view another report is never proposed', async () => {
  await (await proposeAs(leader(0)))();
  // The pool is gone with the process, and another block is final.
  finalNumber = 8;
  bench.pool.dropBefore(EPOCH + 1);
  await expect((await proposeAs(leader(0)))()).rejects.toMatchObject({ code: 'journal-conflict' });
  expect(published).toHaveLength(1);
});

test('what refusals demand is asked for, if it was committed in time and is not here', () => {
  const asked: number[] = [];
  const wanted = { ask: (_epoch: number, { seat }: Observation) => void asked.push(seat) } as unknown as Wanted;
  const { facts, pool } = bench;
  const gather = gatherStage({ facts, pool, wanted });
  const { commit, observation } = bench.sealed(3);
  pool.addRefusal(bench.by(1).refusal(EPOCH, 0, draw(1, 'r'), [bench.sealed(0).observation, observation]));
  gather(EPOCH);
  expect(asked).toEqual([]);
  pool.addCommit({ commit, seat: 3, heardAt: bench.clock.now() - 1_700 });
  gather(EPOCH);
  expect(asked).toEqual([3]);
});
