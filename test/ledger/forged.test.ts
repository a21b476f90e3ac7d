import { expect, test } from 'vitest';
import type { RequestKind } from '../../platform/network/network.ts';
import { toHex } from '../../protocol/bytes.ts';
import { recordName } from '../../protocol/record.ts';
import { decodeReveal, encodeReveal } from '../../protocol/reveal.ts';
import { createSimnet } from '../support/simnet/simnet.ts';

test('a peer that answers with reveals whose commits it signed anew spoils no archive and keeps nobody from the batch', async () => {
  const net = await createSimnet();
  const reveals = new Map<string, Uint8Array>();
  let asked = 0;
  net.network.tap = (_from, topic, data) => {
    if (topic !== 'reveal') return;
    reveals.set(toHex(decodeReveal(data).commit.commitment), data);
  };
  // Seat 1's batches reach host 3 only when it asks, and all but that seat lie.
  const from = net.set.seats[1]!.watcher;
  net.network.fate = ({ to, topic, data }) =>
    to === 'w3' && topic === 'reveal' && Buffer.compare(decodeReveal(data).commit.watcher, from) === 0 ? 'lost' : 0;
  const lie = (kind: RequestKind) => {
    const truth = [...reveals.values()]
      .map(decodeReveal)
      .findLast(({ commit }) => !Buffer.compare(commit.watcher, from));
    if (kind !== 'batch' || !truth) return undefined;
    asked++;
    const { signature } = net.forger(0).commit(truth.commit.epoch, truth.commit.commitment);
    return encodeReveal({ ...truth, commit: { ...truth.commit, signature } });
  };
  for (const liar of ['w0', 'w2']) net.network.answers.set(liar, lie);
  await net.start();
  await net.runTo(2, 3_500);
  expect(asked).toBeGreaterThan(0);
  expect(net.landed()).toEqual([0, 1]);
  for (const epoch of [0, 1]) {
    const records = net.hosts.map(({ archived }) => archived.get(recordName(epoch)));
    expect(records[3]).toBeDefined();
    expect(records[3]).toEqual(records[2]);
  }
  expect(net.host(3).complaints()).toEqual([]);
  await net.stop();
});
