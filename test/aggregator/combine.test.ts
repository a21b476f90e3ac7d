import { beforeEach, expect, test } from 'vitest';
import { combineStage } from '../../aggregator/combine.ts';
import { attestationDigest } from '../../protocol/digest.ts';
import type { Header } from '../../protocol/header.ts';
import { reportHash } from '../../protocol/header.ts';
import { seatAt } from '../../protocol/set.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { type Line, recordingLog } from '../support/simnet/log.ts';
import { draw } from '../support/simnet/random.ts';

const EPOCH = 3;
let bench: Bench;
let lines: Line[];
let combine: ReturnType<typeof combineStage>;

beforeEach(() => setUp([100n, 100n, 100n, 100n]));

function setUp(stakes: readonly bigint[]): void {
  bench = createBench(EPOCH, stakes);
  lines = [];
  const { facts, bls, pool, epochFacts } = bench;
  combine = combineStage({ facts, bls, pool, epochFacts, log: recordingLog(lines) });
}

const headerOf = (seats: readonly number[]): Header => bench.report(seats).report.header;
function propose(view: number, seats: readonly number[] = [0]): Uint8Array {
  const { report, observations } = bench.report(seats);
  bench.pool.addProposal({
    proposal: bench.leader(view).proposal(report.header, view, observations),
    reportHash: report.hash,
  });
  return report.hash;
}
const attest = (seat: number, view: number, report: Uint8Array) =>
  bench.pool.addAttestation(bench.by(seat).attestation(EPOCH, view, report));

test('nothing is combined from nothing, nor from two thirds', async () => {
  expect(await combine(EPOCH)).toBeUndefined();
  setUp([100n, 100n, 100n]);
  const report = propose(0);
  attest(0, 0, report);
  attest(1, 0, report);
  expect(await combine(EPOCH)).toBeUndefined();
  attest(2, 0, report);
  expect(await combine(EPOCH)).toBeDefined();
});

test('the certificate names its signers in order and carries the sum that verifies', async () => {
  const report = propose(0);
  for (const seat of [3, 0, 2]) attest(seat, 0, report);
  const certificate = (await combine(EPOCH))!;
  expect(certificate).toMatchObject({ view: 0, signers: [0, 2, 3] });
  expect(reportHash(certificate.header)).toEqual(report);
  const keys = certificate.signers.map((seat) => seatAt(bench.set, seat)!.publicKey);
  const digest = attestationDigest(bench.facts.domain, EPOCH, 0, report);
  expect(bench.bls.verifyAggregate(keys, digest, certificate.signature)).toBe(true);
});

test('stake decides and not the number of seats', async () => {
  setUp([67n, 11n, 11n, 11n]);
  const report = propose(0);
  attest(0, 0, report);
  expect((await combine(EPOCH))?.signers).toEqual([0]);
  setUp([34n, 22n, 22n, 22n]);
  const other = propose(0);
  for (const seat of [1, 2, 3]) attest(seat, 0, other);
  expect(await combine(EPOCH)).toBeUndefined();
});

test('attestations of different views or reports do not add up', async () => {
  const report = propose(0);
  propose(1);
  attest(0, 0, report);
  attest(1, 0, report);
  attest(2, 1, report);
  attest(3, 0, draw(1, 'another report'));
  expect(await combine(EPOCH)).toBeUndefined();
});

test('without the proposal there is no header and so no certificate', async () => {
  for (const seat of [0, 1, 2]) attest(seat, 0, reportHash(headerOf([0])));
  expect(await combine(EPOCH)).toBeUndefined();
  propose(0);
  expect(await combine(EPOCH)).toBeDefined();
});

test('of two certificates the newer view’s is taken: the older may name a head that is gone', async () => {
  const old = propose(0, [0]);
  const young = propose(1, [0, 1]);
  for (const seat of [0, 1, 2]) attest(seat, 0, old);
  expect((await combine(EPOCH))?.view).toBe(0);
  for (const seat of [0, 1]) attest(seat, 1, young);
  expect((await combine(EPOCH))?.view).toBe(0);
  attest(3, 1, young);
  expect((await combine(EPOCH))?.view).toBe(1);
});

test('a bad partial is left out and named, and the others are enough', async () => {
  const report = propose(0);
  for (const seat of [0, 1, 2]) attest(seat, 0, report);
  bench.pool.addAttestation({ ...bench.by(3).attestation(EPOCH, 0, report), signature: new Uint8Array(48).fill(1) });
  expect((await combine(EPOCH))?.signers).toEqual([0, 1, 2]);
  expect(lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields.seats)).toEqual([[3]]);
});

test('when the bad ones were needed, there is no certificate', async () => {
  const report = propose(0);
  for (const seat of [0, 1]) attest(seat, 0, report);
  for (const seat of [2, 3]) {
    const signature = new Uint8Array(48).fill(seat);
    bench.pool.addAttestation({ ...bench.by(seat).attestation(EPOCH, 0, report), signature });
  }
  expect(await combine(EPOCH)).toBeUndefined();
});

test('a seat that is not in the set adds nothing', async () => {
  const report = propose(0);
  for (const seat of [0, 1]) attest(seat, 0, report);
  bench.pool.addAttestation({ ...bench.stranger.attestation(EPOCH, 0, report) });
  expect(await combine(EPOCH)).toBeUndefined();
  attest(2, 0, report);
  expect((await combine(EPOCH))?.signers).toEqual([0, 1, 2]);
});
