import { expect, test } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { recordName } from '../../protocol/record.ts';
import { decodeReveal, encodeReveal } from '../../protocol/reveal.ts';
import { createSimnet } from '../support/simnet/simnet.ts';

/** Seat 1's batches reach host 3 only when it asks, and some of whom it asks answer with a commit that they signed themselves. */
async function withLiars(...liars: string[]) {
  const net = await createSimnet();
  const reveals = new Map<string, Uint8Array>();
  const asked = { count: 0 };
  net.network.tap = (_from, topic, data) => {
    if (topic === 'reveal') reveals.set(toHex(decodeReveal(data).commit.commitment), data);
  };
  const author = net.set.seats[1]!.watcher;
  const isBy = (data: Uint8Array) => Buffer.compare(decodeReveal(data).commit.watcher, author) === 0;
  net.network.fate = ({ to, topic, data }) => (to === 'w3' && topic === 'reveal' && isBy(data) ? 'lost' : 0);
  const lie = (kind: string) => {
    const truth = [...reveals.values()].filter(isBy).map(decodeReveal).at(-1);
    if (kind !== 'batch' || !truth) return undefined;
    asked.count++;
    const { signature } = net.forger(0).commit(truth.commit.epoch, truth.commit.commitment);
    return encodeReveal({ ...truth, commit: { ...truth.commit, signature } });
  };
  for (const liar of liars) net.network.answers.set(liar, lie);
  await net.start();
  await net.runTo(2, 3_500);
  expect(asked.count).toBeGreaterThan(0);
  expect(net.landed()).toEqual([0, 1]);
  return net;
}

test('a reveal whose commit is not signed by its watcher is not archived, whoever else has none', async () => {
  const net = await withLiars('w0', 'w1', 'w2');
  for (const epoch of [0, 1]) {
    expect(net.host(2).archived.get(recordName(epoch))).toBeDefined();
    expect(net.host(3).archived.get(recordName(epoch))).toBeUndefined();
  }
  await net.stop();
});

test('peers that answer with such reveals keep nobody from the true one', async () => {
  const net = await withLiars('w0', 'w1');
  for (const epoch of [0, 1]) {
    const [honest, victim] = [2, 3].map((i) => net.host(i).archived.get(recordName(epoch)));
    expect(victim).toBeDefined();
    expect(victim).toEqual(honest);
  }
  expect(net.host(3).complaints()).toEqual([]);
  await net.stop();
});
