import { beforeEach, expect, test } from 'vitest';
import { evidenceOf } from '../../ledger/evidence.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import {
  EQUIVOCATIONS_PER_SEAT_MAX,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_REFUSALS_MAX,
  encodeEvidence,
  SLOT_KIND,
} from '../../protocol/evidence.ts';
import { SEATS_MAX } from '../../protocol/limits.ts';
import type { Observation } from '../../protocol/observation.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { draw } from '../support/simnet/random.ts';

let bench: Bench;
beforeEach(() => {
  bench = createBench(0);
});

const found = async (before?: Awaited<ReturnType<typeof collect>>) => (await collect(before))!;
async function collect(before?: ReturnType<typeof evidenceOf>) {
  return evidenceOf(bench.pool, await bench.epochFacts(0), bench.facts.domain, before);
}

/** A proposal of the leader of a view that counts some seats, in the pool. */
function propose(view: number, seats: readonly number[]) {
  const { report, observations } = bench.report(seats);
  const proposal = bench.leader(view).proposal(report.header, view, observations);
  bench.pool.addProposal({ proposal, reportHash: report.hash });
  return report.hash;
}
const named = (seat: number): Observation => bench.sealed(seat).observation;

test('where nothing was refused or contradicted there is none', async () => {
  propose(0, [0, 1, 2, 3]);
  bench.pool.addCommit({ commit: bench.sealed(0).commit, seat: 0, heardAt: 0 });
  expect(await collect()).toBeUndefined();
});

test('a refusal is kept with the signed proposal that it refuses', async () => {
  const report = propose(0, [0, 1]);
  for (const seat of [3, 2]) bench.pool.addRefusal(bench.by(seat).refusal(0, 0, report, [named(2), named(3)]));
  const { proposals, refusals, epoch, setId } = await found();
  expect([epoch, setId]).toEqual([0, bench.set.id]);
  expect(proposals).toEqual([bench.pool.proposal(0, 0)!.proposal]);
  expect(refusals.map(({ seat }) => seat)).toEqual([2, 3]);
});

test('a refusal of a proposal that nobody heard proves nothing, until it is heard', async () => {
  const { report, observations } = bench.report([0, 1]);
  bench.pool.addRefusal(bench.by(2).refusal(0, 0, report.hash, [named(2)]));
  expect(await collect()).toBeUndefined();
  const proposal = bench.leader(0).proposal(report.header, 0, observations);
  bench.pool.addProposal({ proposal, reportHash: report.hash });
  expect((await found()).refusals).toHaveLength(1);
});

test('a refusal that names only what the proposal counts is not kept', async () => {
  const report = propose(0, [0, 1, 2]);
  bench.pool.addRefusal(bench.by(2).refusal(0, 0, report, [named(2)]));
  expect(await collect()).toBeUndefined();
});

test('both sides of each kind of contradiction are kept, with what verifies them', async () => {
  const leader = bench.leader(0);
  const [first, second] = [bench.report([0, 1]), bench.report([0, 1, 2])];
  for (const { report, observations } of [first, second]) {
    const proposal = leader.proposal(report.header, 0, observations);
    bench.pool.addProposal({ proposal, reportHash: report.hash });
    bench.pool.addAttestation(bench.by(2).attestation(0, 0, report.hash));
  }
  for (const salt of ['a', 'b', 'c']) {
    const { commit } = bench.by(1).sealed(bench.sealed(1).batch, draw(1, salt));
    bench.pool.addCommit({ commit, seat: 1, heardAt: 0 });
  }
  const { equivocations } = await found();
  expect(equivocations.map(({ kind, seat }) => [kind, seat])).toEqual([
    [SLOT_KIND.commit, 1],
    [SLOT_KIND.proposal, leader.seat],
    [SLOT_KIND.attestation, 2],
  ]);
  for (const one of equivocations) {
    expect(one).toMatchObject({ epoch: 0, view: 0, setId: bench.set.id, watcher: bench.set.seats[one.seat]!.watcher });
    const { publicKey } = bench.set.seats[one.seat]!;
    expect(Buffer.compare(one.first.value, one.second.value)).toBeLessThan(0);
    for (const { digest, signature } of [one.first, one.second]) {
      expect(bench.bls.verify(publicKey, digest, signature)).toBe(true);
    }
  }
});

test('the refusal of a second, contradicting proposal is kept with that one', async () => {
  propose(0, [0, 1, 2, 3]);
  const second = propose(0, [0, 1]);
  bench.pool.addRefusal(bench.by(2).refusal(0, 0, second, [named(2)]));
  const { proposals, equivocations } = await found();
  expect(proposals.map(({ observations }) => observations.length)).toEqual([2]);
  expect(equivocations).toHaveLength(1);
});

test('what an earlier run kept stays beside what is heard now', async () => {
  const report = propose(0, [0, 1]);
  bench.pool.addRefusal(bench.by(2).refusal(0, 0, report, [named(2)]));
  const before = await found();
  bench = createBench(0);
  expect(await collect(before)).toEqual(before);
  bench.pool.addRefusal(bench.by(3).refusal(0, 0, propose(0, [0, 1]), [named(3)]));
  expect((await found(before)).refusals.map(({ seat }) => seat)).toEqual([2, 3]);
  const ofAnotherSet = { ...before, setId: 9 };
  expect((await found(ofAnotherSet)).refusals.map(({ seat }) => seat)).toEqual([3]);
});

test('of one seat the first contradictions are kept', async () => {
  for (let view = 0; view < EQUIVOCATIONS_PER_SEAT_MAX + 3; view++) {
    for (const what of ['a', 'b']) bench.pool.addAttestation(bench.by(1).attestation(0, view, draw(view, what)));
  }
  const { equivocations } = await found();
  expect(equivocations.map(({ view }) => view)).toEqual([0, 1, 2, 3].slice(0, EQUIVOCATIONS_PER_SEAT_MAX));
});

test('a flood of the largest refusals stays within the bound and keeps no other seat out', async () => {
  const everySeat = Array.from({ length: SEATS_MAX }, (_, seat) => ({ ...named(0), seat, batchHash: draw(seat, 'h') }));
  for (let view = 0; view < 64; view++) {
    const report = propose(view, [0, 1]);
    for (const seat of [1, 2]) bench.pool.addRefusal(bench.by(seat).refusal(0, view, report, everySeat));
  }
  bench.pool.addRefusal(bench.by(3).refusal(0, 63, bench.pool.proposal(0, 63)!.reportHash, everySeat));
  const evidence = await found();
  const bytes = encodeEvidence(evidence);
  expect(bytes.length).toBeLessThanOrEqual(EVIDENCE_BYTES_MAX);
  expect(bytes.length).toBeGreaterThan(EVIDENCE_BYTES_MAX * 0.95);
  expect(evidence.refusals.length).toBeLessThanOrEqual(EVIDENCE_REFUSALS_MAX);
  expect(evidence.refusals.filter(({ seat }) => seat === 3)).toHaveLength(1);
  const reports = new Set(evidence.refusals.map(({ view, report }) => `${view}/${toHex(report)}`));
  expect(evidence.proposals).toHaveLength(reports.size);
});

test('a conflict is told once, and the first that contradicts stays', () => {
  const told: number[] = [];
  bench.pool.onConflict((epoch) => told.push(epoch));
  for (const what of ['a', 'b', 'c']) bench.pool.addAttestation(bench.by(1).attestation(0, 0, draw(1, what)));
  expect(told).toEqual([0]);
  const [conflict] = bench.pool.conflicts(0);
  expect(equalBytes(conflict!.signed[1].value, draw(1, 'b'))).toBe(true);
});
