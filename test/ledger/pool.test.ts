import { beforeEach, expect, test } from 'vitest';
import { EPOCHS_KEPT_MAX, OUTCOMES, Pool, VIEWS_KEPT_MAX } from '../../ledger/pool.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { draw } from '../support/simnet/random.ts';

const EPOCH = 3;
let bench: Bench;
let pool: Pool;
let changes: number[];
beforeEach(() => {
  bench = createBench(EPOCH);
  pool = new Pool();
  changes = [];
  pool.onChange((epoch) => changes.push(epoch));
});

const commitOf = (seat: number, commitment: Uint8Array, heardAt = 0) =>
  pool.addCommit({ commit: bench.by(seat).commit(EPOCH, commitment), seat, heardAt });
const revealOf = (seat: number) => {
  const { observation, batch, reveal } = bench.sealed(seat);
  return pool.addReveal({ observation, batch, bytes: reveal, heardAt: 0 });
};
const proposalOf = (view: number, report: Uint8Array) => {
  const { report: made, observations } = bench.report([0]);
  const proposal = bench.by(0).proposal(made.header, view, observations);
  return pool.addProposal({ proposal, reportHash: report });
};

test('the outcomes of an insert are new, known, conflict and full', () => {
  expect(OUTCOMES).toEqual(['new', 'known', 'conflict', 'full']);
});

test('the first commit of a seat is kept, the same again is known, another is a conflict', () => {
  expect(commitOf(1, draw(1, 'a'), 7)).toBe('new');
  expect(commitOf(1, draw(1, 'a'), 9)).toBe('known');
  expect(commitOf(1, draw(1, 'b'))).toBe('conflict');
  expect(commitOf(2, draw(1, 'b'))).toBe('new');
  expect(pool.commit(EPOCH, 1)).toMatchObject({ heardAt: 7, commit: { commitment: draw(1, 'a') } });
  expect([pool.isContested(EPOCH, 'commit/1'), pool.isContested(EPOCH, 'commit/2')]).toEqual([true, false]);
});

test('reveals come back by seat, by hash and in order of seats', () => {
  for (const seat of [2, 0, 1]) expect(revealOf(seat)).toBe('new');
  expect(revealOf(1)).toBe('known');
  expect(pool.reveals(EPOCH).map(({ observation }) => observation.seat)).toEqual([0, 1, 2]);
  const { observation } = bench.sealed(2);
  expect(pool.reveal(EPOCH, 2)?.observation).toEqual(observation);
  expect(pool.revealOf(EPOCH, observation.batchHash)?.observation.seat).toBe(2);
  expect(pool.revealOf(EPOCH, draw(1, 'none'))).toBeUndefined();
  expect(pool.revealOf(99, observation.batchHash)).toBeUndefined();
});

test('one proposal a view is kept, and is found by its report whatever its view', () => {
  expect(proposalOf(0, draw(1, 'a'))).toBe('new');
  expect(proposalOf(0, draw(1, 'a'))).toBe('known');
  expect(proposalOf(0, draw(1, 'b'))).toBe('conflict');
  expect(proposalOf(1, draw(1, 'b'))).toBe('new');
  expect(pool.isContested(EPOCH, 'proposal/0')).toBe(true);
  expect(pool.proposalOf(EPOCH, draw(1, 'b'))?.proposal.view).toBe(1);
  expect(pool.proposalOf(EPOCH, draw(1, 'c'))).toBeUndefined();
});

test('proposals are kept up to a bound', () => {
  for (let view = 0; view < VIEWS_KEPT_MAX; view++) expect(proposalOf(view, draw(view, 'r'))).toBe('new');
  expect(proposalOf(VIEWS_KEPT_MAX, draw(1, 'last'))).toBe('full');
  expect(proposalOf(0, draw(0, 'r'))).toBe('known');
});

test('one attestation a seat and view is kept, grouped by report', () => {
  const [a, b] = [draw(1, 'a'), draw(1, 'b')];
  expect(pool.addAttestation(bench.by(0).attestation(EPOCH, 0, a))).toBe('new');
  expect(pool.addAttestation(bench.by(0).attestation(EPOCH, 0, a))).toBe('known');
  expect(pool.addAttestation(bench.by(0).attestation(EPOCH, 0, b))).toBe('conflict');
  expect(pool.addAttestation(bench.by(1).attestation(EPOCH, 0, b))).toBe('new');
  expect(pool.addAttestation(bench.by(0).attestation(EPOCH, 1, b))).toBe('new');
  // View 1 is not a prefix of view 10.
  expect(pool.addAttestation(bench.by(0).attestation(EPOCH, 10, a))).toBe('new');
  expect(pool.attestations(EPOCH).map((group) => group.map(({ seat, view }) => `${seat}/${view}`))).toEqual([
    ['0/0'],
    ['1/0'],
    ['0/1'],
    ['0/10'],
  ]);
  expect(pool.isContested(EPOCH, 'attestation/0/0')).toBe(true);
});

test('the seats bound what a view can hold, whatever its members sign', () => {
  for (let i = 0; i < 300; i++) pool.addAttestation(bench.by(i % 4).attestation(EPOCH, 0, draw(i, 'report')));
  expect(pool.attestations(EPOCH).flat()).toHaveLength(4);
});

test('one refusal a seat and view is kept, and its listeners hear of it', () => {
  const refused: number[] = [];
  pool.onRefusal((epoch) => refused.push(epoch));
  const refusal = bench.by(1).refusal(EPOCH, 0, draw(1, 'r'), []);
  expect(pool.hasRefusal(refusal)).toBe(false);
  expect(pool.addRefusal(refusal)).toBe('new');
  expect(pool.addRefusal(bench.by(1).refusal(EPOCH, 0, draw(2, 'r'), []))).toBe('known');
  expect(pool.addRefusal(bench.by(1).refusal(EPOCH, 1, draw(2, 'r'), []))).toBe('new');
  expect(pool.hasRefusal(refusal)).toBe(true);
  expect(pool.refusals(EPOCH)).toHaveLength(2);
  expect(refused).toEqual([EPOCH, EPOCH]);
});

test('listeners hear of what is new and of a conflict, and of nothing else', () => {
  commitOf(1, draw(1, 'a'));
  commitOf(1, draw(1, 'a'));
  commitOf(1, draw(1, 'b'));
  revealOf(1);
  revealOf(1);
  expect(changes).toEqual([EPOCH, EPOCH, EPOCH]);
});

test('only the newest epochs are kept, whatever order they come in', () => {
  for (let epoch = 10 + EPOCHS_KEPT_MAX; epoch >= 9; epoch--) {
    pool.addAttestation(bench.by(0).attestation(epoch, 0, draw(1, 'r')));
  }
  const kept = Array.from({ length: 40 }, (_, epoch) => epoch).filter((epoch) => pool.attestations(epoch).length > 0);
  expect(kept).toEqual([11, 12, 13, 14, 15, 16, 17, 18]);
});

test('dropping leaves the epochs from there on', () => {
  for (const epoch of [1, 2, 3]) pool.addAttestation(bench.by(0).attestation(epoch, 0, draw(1, 'r')));
  pool.dropBefore(3);
  expect([1, 2, 3].map((epoch) => pool.attestations(epoch).length)).toEqual([0, 0, 1]);
});

test('an epoch that nobody spoke of is empty', () => {
  expect(pool.reveals(9)).toEqual([]);
  expect(pool.attestations(9)).toEqual([]);
  expect(pool.refusals(9)).toEqual([]);
  expect(pool.proposal(9, 0)).toBeUndefined();
  expect(pool.proposalOf(9, draw(1, 'r'))).toBeUndefined();
});
