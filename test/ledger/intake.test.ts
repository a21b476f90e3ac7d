import { beforeEach, describe, expect, test } from 'vitest';
import { attestationIntake } from '../../ledger/intake/attestation.ts';
import { commitIntake } from '../../ledger/intake/commit.ts';
import { proposalIntake } from '../../ledger/intake/proposal.ts';
import { refusalIntake } from '../../ledger/intake/refusal.ts';
import { revealIntake } from '../../ledger/intake/reveal.ts';
import type { IntakeDeps } from '../../ledger/intake/rules.ts';
import { subscribeAll } from '../../ledger/intake/subscribe.ts';
import type { MessageHandler } from '../../platform/network/network.ts';
import { encodeAttestation } from '../../protocol/attestation.ts';
import { encodeBatch } from '../../protocol/batch.ts';
import { encodeCommit } from '../../protocol/commit.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { Observation } from '../../protocol/observation.ts';
import { encodeProposal } from '../../protocol/proposal.ts';
import { encodeRefusal } from '../../protocol/refusal.ts';
import { decodeReveal, encodeReveal } from '../../protocol/reveal.ts';
import { OUTCOME } from '../../protocol/sample.ts';
import { type Bench, createBench, said } from '../support/simnet/bench.ts';
import { type Line, recordingLog } from '../support/simnet/log.ts';
import { draw } from '../support/simnet/random.ts';

const EPOCH = 5;
let bench: Bench;
beforeEach(() => {
  bench = createBench(EPOCH);
});

const give = async (intake: (deps: IntakeDeps) => MessageHandler, bytes: Uint8Array, deps = bench.deps) =>
  said(await intake(deps)('peer', bytes));
/** A signature over something else. */
const forged = () => bench.by(0).attestation(0, 0, draw(0, 'x')).signature;
const withoutChain = (): IntakeDeps => ({
  ...bench.deps,
  epochFacts: async () => {
    throw new PlumblineError('chain-unreachable', 'no answer');
  },
});

describe('every intake', () => {
  const good = {
    commit: () => [commitIntake, bench.sealed(1).commitBytes],
    reveal: () => [revealIntake, bench.sealed(1).reveal],
    attestation: () => [attestationIntake, bench.by(1).attestationBytes(EPOCH, 0, draw(1, 'report'))],
    refusal: () => [refusalIntake, bench.by(1).refusalBytes(EPOCH, 0, draw(1, 'report'), [])],
    proposal: () => [
      proposalIntake,
      bench.leader(0).proposalBytes(bench.report([0, 1]).report.header, 0, bench.report([0, 1]).observations),
    ],
  } as const satisfies Record<string, () => readonly [(deps: IntakeDeps) => MessageHandler, Uint8Array]>;
  const names = Object.keys(good) as (keyof typeof good)[];

  test.each(names)('%s: accepts a good one, and knows it the second time', async (name) => {
    await bench.at(1_700);
    const [intake, bytes] = good[name]();
    expect(await give(intake, bytes)).toBe('accept');
    expect(await give(intake, bytes)).toBe('ignore known');
  });

  test.each(names)('%s: rejects what is not canonical', async (name) => {
    const [intake, bytes] = good[name]();
    expect(await give(intake, bytes.slice(0, 50))).toBe('reject not-canonical');
    expect(await give(intake, new Uint8Array())).toBe('reject not-canonical');
    expect(await give(intake, draw(1, 'junk'))).toBe('reject not-canonical');
  });

  test.each(names)('%s: ignores an epoch that is not over, with Δ for the clocks', async (name) => {
    const [intake, bytes] = good[name]();
    const early = createBench(EPOCH - 1);
    await early.at(4_000 - 201);
    expect(await give(intake, bytes, early.deps)).toBe('ignore epoch-not-over');
    await early.at(4_000 - 200);
    expect(await give(intake, bytes, early.deps)).not.toBe('ignore epoch-not-over');
  });

  test.each(names)('%s: ignores an epoch whose report can no longer land, with Δ for the clocks', async (name) => {
    const [intake, bytes] = good[name]();
    await bench.at(12_200);
    expect(await give(intake, bytes)).toBe('accept');
    bench = createBench(EPOCH);
    await bench.at(12_201);
    expect(await give(intake, bytes)).toBe('ignore epoch-expired');
  });

  test.each(names)('%s: ignores what it cannot judge because the chain does not answer', async (name) => {
    await bench.at(1_700);
    const [intake, bytes] = good[name]();
    expect(await give(intake, bytes, withoutChain())).toBe('ignore no-facts-chain-unreachable');
  });
});

describe('a commit', () => {
  test('is rejected from a watcher without a seat, before its signature is checked', async () => {
    const stranger = bench.stranger.commit(EPOCH, draw(1, 'c'));
    expect(await give(commitIntake, encodeCommit(stranger))).toBe('reject not-in-set');
    expect(bench.counts.verify).toBe(0);
  });

  test('is rejected with a signature that is not its watcher’s, and keeps no place', async () => {
    const { commit, commitBytes } = bench.sealed(1);
    expect(await give(commitIntake, encodeCommit({ ...commit, signature: forged() }))).toBe('reject bad-signature');
    expect(await give(commitIntake, commitBytes)).toBe('accept');
  });

  test('that differs from the first is passed on as the proof of a fault, and changes nothing', async () => {
    const first = bench.sealed(1);
    await give(commitIntake, first.commitBytes);
    expect(await give(commitIntake, encodeCommit(bench.by(1).commit(EPOCH, draw(1, 'other'))))).toBe('accept');
    expect(bench.pool.commit(EPOCH, 1)?.commit.commitment).toEqual(first.commit.commitment);
    expect(bench.pool.isContested(EPOCH, 'commit/1')).toBe(true);
    expect(await give(commitIntake, encodeCommit(bench.by(1).commit(EPOCH, draw(2, 'other'))))).toBe('ignore conflict');
  });

  test('a forged conflict is rejected, until a true one was seen', async () => {
    await give(commitIntake, bench.sealed(1).commitBytes);
    const fake = { ...bench.by(1).commit(EPOCH, draw(1, 'other')), signature: forged() };
    expect(await give(commitIntake, encodeCommit(fake))).toBe('reject bad-signature');
    await give(commitIntake, encodeCommit(bench.by(1).commit(EPOCH, draw(2, 'other'))));
    const checks = bench.counts.verify;
    expect(await give(commitIntake, encodeCommit(fake))).toBe('ignore conflict');
    expect(bench.counts.verify).toBe(checks);
  });

  test('is heard when it arrives, however long its facts take', async () => {
    const facts = Promise.withResolvers<Awaited<ReturnType<Bench['epochFacts']>>>();
    await bench.at(100);
    const verdict = give(commitIntake, bench.sealed(1).commitBytes, { ...bench.deps, epochFacts: () => facts.promise });
    await bench.at(800);
    facts.resolve(await bench.epochFacts(EPOCH));
    expect(await verdict).toBe('accept');
    expect(bench.pool.commit(EPOCH, 1)!.heardAt).toBe(bench.clock.now() - 700);
  });
});

describe('a reveal', () => {
  test('brings its commit along, as late as it comes', async () => {
    await bench.at(1_000);
    expect(await give(revealIntake, bench.sealed(1).reveal)).toBe('accept');
    expect(bench.pool.commit(EPOCH, 1)!.heardAt).toBe(bench.clock.now());
    expect(bench.pool.reveal(EPOCH, 1)!.bytes).toEqual(bench.sealed(1).reveal);
  });

  test('does not make an early commit late', async () => {
    await give(commitIntake, bench.sealed(1).commitBytes);
    const heardAt = bench.clock.now();
    await bench.at(1_000);
    await give(revealIntake, bench.sealed(1).reveal);
    expect(bench.pool.commit(EPOCH, 1)!.heardAt).toBe(heardAt);
  });

  test('is rejected from a watcher without a seat', async () => {
    const { batch } = bench.sealed(1);
    const sealed = bench.stranger.sealed({ ...batch, watcher: bench.stranger.watcher });
    expect(await give(revealIntake, sealed.reveal)).toBe('reject not-in-set');
    expect(bench.counts.verify).toBe(0);
  });

  test('is rejected when salt or batch are not what was committed to, before any signature is checked', async () => {
    const reveal = decodeReveal(bench.sealed(1).reveal);
    const other = encodeBatch({ ...bench.sealed(1).batch, stallMaxMicros: 7 });
    expect(await give(revealIntake, encodeReveal({ ...reveal, salt: draw(3, 'salt') }))).toBe('reject does-not-open');
    expect(await give(revealIntake, encodeReveal({ ...reveal, batch: other }))).toBe('reject does-not-open');
    expect(bench.counts.verify).toBe(0);
  });

  test('is ignored when it opens another commit than the one that was heard', async () => {
    await give(commitIntake, bench.sealed(1).commitBytes);
    const second = bench.by(1).sealed(bench.sealed(1).batch, draw(3, 'salt'));
    expect(await give(revealIntake, second.reveal)).toBe('ignore conflict');
    expect(bench.pool.reveal(EPOCH, 1)).toBeUndefined();
  });

  test('is rejected with a forged commit', async () => {
    const reveal = decodeReveal(bench.sealed(1).reveal);
    const bytes = encodeReveal({ ...reveal, commit: { ...reveal.commit, signature: forged() } });
    expect(await give(revealIntake, bytes)).toBe('reject bad-signature');
    expect(bench.pool.commit(EPOCH, 1)).toBeUndefined();
  });

  test.each([
    ['another oracle', { chainId: 1 }],
    ['another set', { setId: 9 }],
    ['other parameters', { parametersId: new Uint8Array(32) }],
    ['another watcher', { watcher: new Uint8Array(32) }],
    ['a missing sample', { samples: [] }],
  ])('is rejected when its batch is of %s', async (_what, change) => {
    const sealed = bench.by(1).sealed({ ...bench.sealed(1).batch, ...change });
    expect(await give(revealIntake, sealed.reveal)).toBe('reject bad-batch');
    expect(bench.pool.reveal(EPOCH, 1)).toBeUndefined();
  });

  test('is rejected when its VRF proof is not of this watcher, epoch and seed', async () => {
    const other = bench.sealed(2).batch;
    const sealed = bench.by(1).sealed({ ...other, watcher: bench.set.seats[1]!.watcher });
    expect(await give(revealIntake, sealed.reveal)).toBe('reject bad-vrf');
  });

  test('is rejected when a judged sample did not start when the VRF said', async () => {
    const { batch } = bench.sealed(1);
    const samples = batch.samples.map((sample, i) => (i === 0 ? { ...sample, startMicros: 0 } : sample));
    const moved = bench.by(1).sealed({ ...batch, samples });
    expect(await give(revealIntake, moved.reveal)).toBe('reject bad-batch');
    bench = createBench(EPOCH);
    const fault = samples.map((sample, i) => (i === 0 ? { ...sample, outcome: OUTCOME.watcherFault } : sample));
    expect(await give(revealIntake, bench.by(1).sealed({ ...batch, samples: fault }).reveal)).toBe('accept');
  });
});

describe('a proposal', () => {
  const proposed = (view = 0) => {
    const { report, observations } = bench.report([0, 1, 2]);
    return bench.leader(view).proposal(report.header, view, observations);
  };
  beforeEach(() => bench.at(1_700));

  test('is rejected from a seat that was not drawn for the view, before its signature is checked', async () => {
    const other = [0, 1, 2, 3].find((seat) => seat !== bench.leader(0).seat)!;
    const { report, observations } = bench.report([0]);
    const bytes = bench.by(other).proposalBytes(report.header, 0, observations);
    expect(await give(proposalIntake, bytes)).toBe('reject not-the-leader');
    expect(bench.counts.verify).toBe(0);
  });

  test('is rejected with another signature than the leader’s', async () => {
    expect(await give(proposalIntake, encodeProposal({ ...proposed(), signature: forged() }))).toBe(
      'reject bad-signature',
    );
  });

  test('is rejected when its batches are not those of its header: the signature covers only that', async () => {
    const proposal = proposed();
    const fewer = encodeProposal({ ...proposal, observations: proposal.observations.slice(1) });
    expect(await give(proposalIntake, fewer)).toBe('reject other-batches');
    expect(await give(proposalIntake, encodeProposal(proposal))).toBe('accept');
  });

  test('is rejected when its seats are not in ascending order', async () => {
    const proposal = proposed();
    const turned = encodeProposal({ ...proposal, observations: [...proposal.observations].reverse() });
    expect(await give(proposalIntake, turned)).toBe('reject not-canonical');
  });

  test('of a view that has not begun is ignored, give or take one', async () => {
    const now = proposed(1);
    expect(await give(proposalIntake, encodeProposal(now))).toBe('accept');
    expect(await give(proposalIntake, encodeProposal(proposed(2)))).toBe('ignore view-not-begun');
    await bench.at(1_600 + 1_200);
    expect(await give(proposalIntake, encodeProposal(proposed(2)))).toBe('accept');
  });

  test('a second one for the view is passed on as the proof of a fault, and changes nothing', async () => {
    const first = proposed();
    await give(proposalIntake, encodeProposal(first));
    const { report, observations } = bench.report([0]);
    expect(await give(proposalIntake, bench.leader(0).proposalBytes(report.header, 0, observations))).toBe('accept');
    expect(bench.pool.proposal(EPOCH, 0)?.proposal).toEqual(first);
  });

  test('in an empty set nobody leads', async () => {
    const empty = async () => ({ ...(await bench.epochFacts(EPOCH)), set: { id: 1, seats: [] } });
    const deps = { ...bench.deps, epochFacts: empty };
    expect(await give(proposalIntake, encodeProposal(proposed()), deps)).toBe('reject not-the-leader');
  });
});

describe('an attestation', () => {
  beforeEach(() => bench.at(1_700));

  test('is rejected from a seat that is not in the set', async () => {
    expect(await give(attestationIntake, bench.stranger.attestationBytes(EPOCH, 0, draw(1, 'r')))).toBe(
      'reject not-in-set',
    );
    expect(bench.counts.verify).toBe(0);
  });

  test('is rejected with another seat’s signature, which would take the place of the true one', async () => {
    const true1 = bench.by(1).attestation(EPOCH, 0, draw(1, 'r'));
    const fake = encodeAttestation({ ...bench.by(2).attestation(EPOCH, 0, draw(1, 'r')), seat: 1 });
    expect(await give(attestationIntake, fake)).toBe('reject bad-signature');
    expect(await give(attestationIntake, encodeAttestation(true1))).toBe('accept');
  });

  test('of a view that has not begun is ignored, give or take one', async () => {
    const of = (view: number) => bench.by(1).attestationBytes(EPOCH, view, draw(1, 'r'));
    expect(await give(attestationIntake, of(1))).toBe('accept');
    expect(await give(attestationIntake, of(2))).toBe('ignore view-not-begun');
  });

  test('of the same seat in several views is accepted in each', async () => {
    await bench.at(8_000);
    for (const view of [0, 1, 2, 3]) {
      expect(await give(attestationIntake, bench.by(1).attestationBytes(EPOCH, view, draw(view, 'r')))).toBe('accept');
    }
  });
});

describe('a refusal', () => {
  beforeEach(() => bench.at(1_700));

  test('is rejected from a seat that is not in the set, or with another’s signature', async () => {
    expect(await give(refusalIntake, bench.stranger.refusalBytes(EPOCH, 0, draw(1, 'r'), []))).toBe(
      'reject not-in-set',
    );
    const fake = encodeRefusal({ ...bench.by(2).refusal(EPOCH, 0, draw(1, 'r'), []), seat: 1 });
    expect(await give(refusalIntake, fake)).toBe('reject bad-signature');
  });

  test('is rejected when what it says is missing was changed on the way', async () => {
    const { observation } = bench.sealed(0);
    const refusal = bench.by(1).refusal(EPOCH, 0, draw(1, 'r'), [observation]);
    expect(await give(refusalIntake, encodeRefusal({ ...refusal, missing: [] }))).toBe('reject bad-signature');
    expect(await give(refusalIntake, encodeRefusal(refusal))).toBe('accept');
  });

  test('is rejected when it names a seat that the set does not have, one twice, or seats out of order', async () => {
    const [one, two] = [bench.sealed(1).observation, bench.sealed(2).observation];
    const naming = (...missing: Observation[]) => bench.by(1).refusalBytes(EPOCH, 0, draw(1, 'r'), missing);
    expect(await give(refusalIntake, naming(one, { ...two, seat: 9 }))).toBe('reject not-in-set');
    expect(await give(refusalIntake, naming(one, one))).toBe('reject not-canonical');
    expect(await give(refusalIntake, naming(two, one))).toBe('reject not-canonical');
    expect(await give(refusalIntake, naming(one, two))).toBe('accept');
  });
});

test('every topic is subscribed with its own bound; rejections are logged as warnings, what is ignored is not', async () => {
  const lines: Line[] = [];
  const handlers = new Map<string, { bytesMax: number; handler: MessageHandler }>();
  const network = {
    subscribe: (topic: string, bytesMax: number, handler: MessageHandler) => {
      handlers.set(topic, { bytesMax, handler });
    },
  };
  subscribeAll(network as Parameters<typeof subscribeAll>[0], recordingLog(lines), bench.deps);
  expect([...handlers.keys()].sort()).toEqual(['attestation', 'commit', 'proposal', 'refusal', 'reveal']);
  const { bytesMax, handler } = handlers.get('commit')!;
  expect(bytesMax).toBe(120);
  await handler('peer', new Uint8Array(3));
  await handler('peer', bench.sealed(1).commitBytes);
  await handler('peer', bench.sealed(1).commitBytes);
  expect(lines.map(({ level, fields }) => [level, fields.code])).toEqual([
    ['warn', 'not-canonical'],
    ['debug', 'known'],
  ]);
});
