import { afterEach, expect, test } from 'vitest';
import { openJournal } from '../../platform/store/journal.ts';
import { memoryStore } from '../../platform/store/memory.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { toHex } from '../../protocol/bytes.ts';
import { decodeCommit, encodeCommit } from '../../protocol/commit.ts';
import { Host } from '../support/simnet/host.ts';
import { doublySigned } from '../support/simnet/signed.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

let net: Simnet;
afterEach(() => {
  expect(doublySigned(net.network)).toEqual([]);
});

async function started(): Promise<Simnet> {
  net = await createSimnet();
  await net.start();
  return net;
}

/** A second machine with the key of a seat, and a disk of its own. */
const twinOf = (seat: number) => new Host({ ...net.host(seat).parts, name: 'twin' });

const SIGNED = ['commit', 'proposal', 'attestation', 'refusal'];
const signedBy = (name: string) =>
  net.network.published.filter(({ from, topic }) => from === name && SIGNED.includes(topic));
const countedIn = (epoch: number) => {
  const { header } = net.chain.landed.find((landed) => landed.header.epoch === epoch)!;
  return seatsOf([header.countedLow, header.countedHigh]);
};

test('on a new network nobody listens: the first epoch is measured and signed by all', async () => {
  await started();
  await net.runTo(1, 3_500);
  expect(countedIn(0)).toEqual([0, 1, 2, 3]);
});

test('a restarted node signs nothing new in the epoch of its start and the next, and everything from then on', async () => {
  await started();
  const host = net.host(2);
  await net.runTo(3, 3_000);
  host.kill();
  await host.start();
  const texts = () => new Set(signedBy(host.name).map(({ data }) => toHex(data)));
  const before = texts();
  await net.runTo(5, -1);
  expect(texts()).toEqual(before);
  await net.runTo(6, 3_500);
  expect(countedIn(3)).toEqual([0, 1, 3]);
  expect(countedIn(4)).toEqual([0, 1, 2, 3]);
  expect(countedIn(5)).toEqual([0, 1, 2, 3]);
  expect(net.chain.landed.at(-1)!.signers).toContain(2);
  expect(host.exited).toBeUndefined();
});

test('while it listens a node sends again what its journal holds, the same bytes', async () => {
  await started();
  const host = net.host(1);
  await net.runTo(3, 200);
  const [sent] = signedBy(host.name).slice(-1);
  host.kill();
  await host.start();
  await net.runTo(3, 3_500);
  const again = signedBy(host.name).slice(-1);
  expect(again).toEqual([sent]);
  expect(decodeCommit(sent!.data).epoch).toBe(2);
  expect(countedIn(2)).toEqual([0, 1, 2, 3]);
});

test('a second machine with the same key and no journal hears the first, ends, and has signed nothing', async () => {
  await started();
  const twin = twinOf(1);
  await net.runTo(3, 1_000);
  await twin.start();
  await net.runTo(5);
  expect(twin.exited).toBe('own-key-elsewhere');
  expect(twin.complaints().join()).toContain('own-key-elsewhere');
  expect(signedBy('twin')).toEqual([]);
  await net.runTo(7, 3_500);
  expect(net.host(1).exited).toBeUndefined();
  expect(countedIn(6)).toEqual([0, 1, 2, 3]);
});

test('a machine that starts from an old copy of the disk hears the one that went on, and signs nothing new', async () => {
  await started();
  const twin = twinOf(1);
  await net.runTo(3, 3_500);
  // A copy as a backup makes it: what the first machine signs from now on is not in it.
  const { journal } = net.host(1);
  const store = memoryStore();
  const copy = await openJournal(store, { watcher: twin.watcher! });
  for (const epoch of [0, 1, 2]) for (const entry of await journal!.entries(epoch)) await copy.record(entry);
  twin.disk = { store };
  await net.runTo(4, 500);
  await twin.start();
  await net.runTo(6);
  expect(twin.exited).toBe('own-key-elsewhere');
  // What the copy holds is sent again, the same bytes, and nothing else.
  const original = new Set(signedBy('w1').map(({ data }) => toHex(data)));
  expect(signedBy('twin').filter(({ data }) => !original.has(toHex(data)))).toEqual([]);
});

test('two that start at once on a new network hear each other at their first commits, and both end', async () => {
  net = await createSimnet();
  const twin = twinOf(1);
  twin.sight = () => 77;
  await net.start();
  await twin.start();
  await net.runTo(1, 1_000);
  expect([net.host(1).exited, twin.exited]).toEqual(['own-key-elsewhere', 'own-key-elsewhere']);
  const count = signedBy('twin').length + signedBy('w1').length;
  await net.runTo(4, 3_500);
  expect(signedBy('twin').length + signedBy('w1').length).toBe(count);
  // The other three are a quorum.
  expect(net.landed().slice(-1)).toEqual([3]);
});

const OTHER = new Uint8Array(32).fill(9);

test('long after its start a node still notices: whatever its key signed and it did not ends it', async () => {
  for (const topic of ['commit', 'proposal', 'attestation', 'refusal'] as const) {
    await started();
    const host = net.leader(4, 0);
    await net.runTo(5, 2_500);
    const forger = net.forger(net.hosts.indexOf(host));
    const { header, observations } = host.core.pool.proposal(4, 0)!.proposal;
    const foreign = {
      commit: () => encodeCommit(forger.commit(4, OTHER)),
      proposal: () => forger.proposalBytes({ ...header, accumulatorRoot: OTHER }, 0, observations),
      attestation: () => forger.attestationBytes(4, 0, OTHER),
      refusal: () => forger.refusalBytes(4, 0, OTHER, observations.slice(0, 1)),
    };
    net.network.inject(net.hosts.find((other) => other !== host)!.name, host.name, topic, foreign[topic]());
    await net.clock.advance(50);
    expect([topic, host.exited]).toEqual([topic, 'own-key-elsewhere']);
  }
});

test('what nobody signed ends nobody, nor does an echo of what the journal holds', async () => {
  await started();
  const host = net.host(3);
  await net.runTo(5, 200);
  const own = signedBy(host.name)
    .filter(({ topic }) => topic === 'commit')
    .at(-1)!;
  const commit = decodeCommit(own.data);
  const unsigned = encodeCommit({ ...commit, commitment: new Uint8Array(32).fill(9) });
  host.kill();
  await host.start();
  net.network.inject('w0', host.name, 'commit', unsigned);
  net.network.inject('w0', host.name, 'commit', own.data);
  await net.runTo(8, 3_500);
  expect(host.exited).toBeUndefined();
  expect(countedIn(7)).toEqual([0, 1, 2, 3]);
});
