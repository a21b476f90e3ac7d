import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeAttestation } from '../../protocol/attestation.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { decodeCommit } from '../../protocol/commit.ts';
import { decodeProposal } from '../../protocol/proposal.ts';
import type { Host } from '../support/simnet/host.ts';
import { doublySigned } from '../support/simnet/signed.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

let net: Simnet;
let host: Host;
beforeEach(async () => {
  net = await createSimnet();
  await net.start();
  host = net.host(1);
});
afterEach(() => {
  expect(doublySigned(net.network)).toEqual([]);
});

/** Epochs for which the host published something of a topic from now on. */
function signedFrom(index: number, topic: string): number[] {
  const epochs = { commit: decodeCommit, attestation: decodeAttestation };
  return net.network.published
    .slice(index)
    .filter((message) => message.from === host.name && message.topic === topic)
    .map(({ data }) =>
      topic === 'proposal' ? decodeProposal(data).header.epoch : epochs[topic as 'commit' | 'attestation'](data).epoch,
    );
}

test('a node that was suspended for several epochs wakes into the present: nothing is signed for what has passed', async () => {
  await net.runTo(3, 1_000);
  host.clock.sleep();
  await net.runTo(9, 1_000);
  expect(net.landed()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const woke = net.network.published.length;
  await host.clock.wake();
  await net.runTo(9, 1_500);
  expect(signedFrom(woke, 'commit')).toEqual([]);
  expect(signedFrom(woke, 'proposal')).toEqual([]);
  expect(signedFrom(woke, 'attestation').filter((epoch) => epoch < 8)).toEqual([]);
  expect(host.complaints().filter((line) => line.includes('failed'))).toEqual([]);
  await net.runTo(12, 3_500);
  expect(net.heads()).toHaveLength(1);
  expect(signedFrom(woke, 'commit')).toEqual([10, 11]);
  const last = net.chain.landed.at(-1)!.header;
  expect(seatsOf([last.countedLow, last.countedHigh])).toEqual([0, 1, 2, 3]);
});

test('the whole network is suspended for several epochs and goes on with a gap', async () => {
  await net.runTo(3, 1_000);
  for (const one of net.hosts) one.clock.sleep();
  await net.runTo(20, 1_000);
  for (const one of net.hosts) await one.clock.wake();
  await net.runTo(24, 3_900);
  expect(net.landed().slice(-3)).toEqual([21, 22, 23]);
  expect(net.heads()).toHaveLength(1);
});

test('a suspension across the epoch’s end makes the commit too late, and it is not sent', async () => {
  host = net.hosts.find((one) => one !== net.leader(3, 0))!;
  await net.runTo(3, 3_000);
  host.clock.sleep();
  // Reveals of epoch 3 are under way at 900 ms after its end.
  await net.runTo(4, 1_000);
  const woke = net.network.published.length;
  await host.clock.wake();
  await net.runTo(4, 3_500);
  expect(signedFrom(woke, 'commit')).toEqual([]);
  expect(host.complaints().join()).toContain('too late to commit');
  const { header, view } = net.chain.landed.at(-1)!;
  expect({ epoch: header.epoch, view, counted: seatsOf([header.countedLow, header.countedHigh]) }).toEqual({
    epoch: 3,
    view: 0,
    counted: [0, 1, 2, 3].filter((seat) => net.host(seat) !== host),
  });
});
