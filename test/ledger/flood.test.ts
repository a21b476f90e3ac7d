import { beforeEach, expect, test } from 'vitest';
import { decodeAttestation } from '../../protocol/attestation.ts';
import { encodeCommit } from '../../protocol/commit.ts';
import { type BlsCounts, createIdealBls } from '../support/simnet/bls.ts';
import type { Forger } from '../support/simnet/forge.ts';
import { forger } from '../support/simnet/forge.ts';
import { draw } from '../support/simnet/random.ts';
import { createSimnet, type Simnet, secretKeyOf, setOf } from '../support/simnet/simnet.ts';

const EPOCH = 2;
const VICTIM = 'w0';
let net: Simnet;
let counts: BlsCounts;
let outsider: Forger;

beforeEach(async () => {
  counts = { verify: 0, verifyAggregate: 0 };
  const bls = createIdealBls(counts);
  net = await createSimnet({ bls });
  await net.start();
  const secretKey = secretKeyOf(99, 0);
  const { watcher } = setOf(bls, [secretKey], [1n]).seats[0]!;
  outsider = forger({ bls, facts: net.facts, secretKey, watcher, seat: 77 });
  // A round in which everything is open: commits are heard, the first view runs.
  await net.runTo(EPOCH + 1, 1_600);
});

async function verdicts(topic: Parameters<typeof net.network.inject>[2], messages: readonly Uint8Array[]) {
  const from = net.network.delivered.length;
  for (const data of messages) net.network.inject('stranger', VICTIM, topic, data);
  await net.clock.advance(0);
  return net.network.delivered
    .slice(from)
    .filter((d) => d.from === 'stranger')
    .map(({ verdict }) => verdict);
}

test('junk from outsiders is rejected before any signature is checked', async () => {
  const { core } = net.host(0);
  const facts = await core.epochFacts(EPOCH);
  const sealed = outsider.sealed(outsider.batch(facts));
  const heard = core.pool.proposal(EPOCH, 0) ?? core.pool.proposal(EPOCH - 1, 0)!;
  const { header, observations } = heard.proposal;
  const before = counts.verify;
  expect(await verdicts('commit', [sealed.commitBytes])).toEqual(['not-in-set']);
  expect(await verdicts('reveal', [sealed.reveal])).toEqual(['not-in-set']);
  const report = draw(1, 'report');
  expect(await verdicts('attestation', [outsider.attestationBytes(EPOCH, 0, report)])).toEqual(['not-in-set']);
  expect(await verdicts('refusal', [outsider.refusalBytes(EPOCH, 0, report, [])])).toEqual(['not-in-set']);
  expect(await verdicts('proposal', [outsider.proposalBytes({ ...header, epoch: EPOCH }, 1, observations)])).toEqual([
    'not-the-leader',
  ]);
  for (const topic of ['commit', 'reveal', 'proposal', 'attestation', 'refusal'] as const) {
    expect(await verdicts(topic, [draw(2, topic), new Uint8Array(), new Uint8Array(5_000)])).toEqual(
      expect.arrayContaining(['not-canonical']),
    );
  }
  expect(counts.verify).toBe(before);
});

test('a member that commits to a hundred batches is heard twice and costs two checks', async () => {
  const member = net.forger(3);
  const before = counts.verify;
  const messages = Array.from({ length: 100 }, (_, i) => encodeCommit(member.commit(EPOCH, draw(i, 'commitment'))));
  // Its first commit came before; the second proves the fault and is passed on, and no further one is.
  const [second, ...rest] = await verdicts('commit', messages);
  expect(second).toBe('accept');
  expect(new Set(rest)).toEqual(new Set(['conflict']));
  expect(counts.verify - before).toBe(1);
});

test('a member that attests a hundred reports in one view is heard twice and costs two checks', async () => {
  const member = net.forger(3);
  await net.clock.advance(600);
  const messages = Array.from({ length: 100 }, (_, i) => member.attestationBytes(EPOCH, 1, draw(i, 'report')));
  const before = counts.verify;
  const [first, second, ...rest] = await verdicts('attestation', messages);
  expect([first, second]).toEqual(['accept', 'accept']);
  expect(new Set(rest)).toEqual(new Set(['conflict']));
  expect(counts.verify - before).toBe(2);
  expect(
    net
      .host(0)
      .core.pool.attestations(EPOCH)
      .filter((group) => group[0]!.view === 1),
  ).toHaveLength(1);
});

test('a member that refuses a hundred times in one view is heard once and costs one check', async () => {
  const member = net.forger(3);
  const batch = { seat: 0, watcher: draw(1, 'w'), batchHash: draw(1, 'b'), commitment: draw(1, 'c') };
  const messages = Array.from({ length: 100 }, (_, i) =>
    member.refusalBytes(EPOCH, 0, draw(1, 'report'), [{ ...batch, batchHash: draw(i, 'batch') }]),
  );
  const before = counts.verify;
  expect((await verdicts('refusal', messages)).filter((verdict) => verdict === 'accept')).toHaveLength(1);
  expect(counts.verify - before).toBe(1);
});

test('messages for epochs and views that are not open cost nothing and leave nothing', async () => {
  const member = net.forger(3);
  const before = counts.verify;
  const report = draw(1, 'report');
  const epochs = [EPOCH + 1, EPOCH + 2, EPOCH + 1_000, Number.MAX_SAFE_INTEGER];
  expect(
    new Set(
      await verdicts(
        'attestation',
        epochs.map((epoch) => member.attestationBytes(epoch, 0, report)),
      ),
    ),
  ).toEqual(new Set(['epoch-not-over']));
  const views = [2, 3, 1_000, 2 ** 32 - 1];
  expect(
    new Set(
      await verdicts(
        'attestation',
        views.map((view) => member.attestationBytes(EPOCH, view, report)),
      ),
    ),
  ).toEqual(new Set(['view-not-begun']));
  await net.runTo(8);
  expect(await verdicts('attestation', [member.attestationBytes(EPOCH, 0, report)])).toEqual(['epoch-expired']);
  expect(net.host(0).core.pool.attestations(EPOCH)).toEqual([]);
  // What the honest ones sent meanwhile was checked, and nothing of this.
  const honest = net.network.delivered.filter(
    ({ to, verdict, topic }) => to === VICTIM && verdict === 'accept' && topic !== 'reveal',
  );
  expect(honest.every(({ from }) => from !== 'stranger')).toBe(true);
  expect(counts.verify).toBeGreaterThan(before);
});

test('while one member floods every topic, reports land in their first view', async () => {
  const member = net.forger(3);
  for (let epoch = EPOCH + 1; epoch < EPOCH + 4; epoch++) {
    await net.runTo(epoch + 1, 1_500);
    for (const { name } of net.hosts.slice(0, 3)) {
      for (let i = 0; i < 50; i++) {
        net.network.inject('w3', name, 'attestation', member.attestationBytes(epoch, 0, draw(i, 'report', epoch)));
        net.network.inject('w3', name, 'refusal', member.refusalBytes(epoch, 0, draw(i, 'report'), []));
      }
    }
    await net.runTo(epoch + 1, 3_800);
  }
  expect(net.chain.landed.map(({ header, view }) => [header.epoch, view]).slice(-3)).toEqual([
    [EPOCH + 1, 0],
    [EPOCH + 2, 0],
    [EPOCH + 3, 0],
  ]);
  const accepted = net.network.delivered.filter(
    ({ from, to, topic, verdict, data }) =>
      from === 'w3' &&
      to === VICTIM &&
      topic === 'attestation' &&
      verdict === 'accept' &&
      decodeAttestation(data).seat === 3,
  );
  // One an epoch, and one that proves the fault in each that was flooded.
  expect(accepted.length).toBeLessThanOrEqual(EPOCH + 4 + 3);
});
