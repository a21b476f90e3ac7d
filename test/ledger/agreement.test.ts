import { afterEach, expect, test } from 'vitest';
import { createBls } from '../../platform/bls/create.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { METRIC } from '../../protocol/metric.ts';
import { createIdealBls } from '../support/simnet/bls.ts';
import { doublySigned } from '../support/simnet/signed.ts';
import { createSimnet, type Simnet, type SimnetOptions } from '../support/simnet/simnet.ts';

let net: Simnet;
afterEach(() => {
  expect(doublySigned(net.network)).toEqual([]);
});

async function started(options: SimnetOptions = {}): Promise<Simnet> {
  net = await createSimnet(options);
  await net.start();
  return net;
}

const countedIn = (epoch: number) => {
  const { header } = net.chain.landed.find((landed) => landed.header.epoch === epoch)!;
  return seatsOf([header.countedLow, header.countedHigh]);
};
const viewOf = (epoch: number) => net.chain.landed.find(({ header }) => header.epoch === epoch)?.view;
const complaints = () => net.hosts.flatMap((host) => host.complaints());

test('a report lands every epoch in its first view with every batch, and every node computes the same state', async () => {
  await started();
  await net.runTo(6, 3_500);
  expect(net.landed()).toEqual([0, 1, 2, 3, 4, 5]);
  for (const { view, header } of net.chain.landed) {
    expect(view).toBe(0);
    expect(seatsOf([header.countedLow, header.countedHigh])).toEqual([0, 1, 2, 3]);
  }
  expect(net.heads()).toHaveLength(1);
  expect(complaints()).toEqual([]);
});

test('the same seed gives the same world, another seed another', async () => {
  const hashes: string[] = [];
  for (const seed of [5, 5, 6]) {
    await started({ seed });
    await net.runTo(2, 3_500);
    hashes.push(net.heads().join());
  }
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[0]).not.toBe(hashes[2]);
});

test('with real BLS12-381 signatures two reports land as they do with ideal ones', async () => {
  const bls = await createBls((reason) => {
    throw reason;
  });
  await started({ bls });
  await net.runTo(2, 3_500);
  const real = net.chain.landed.map(({ signers, view }) => ({ signers, view }));
  await started({ bls: createIdealBls() });
  await net.runTo(2, 3_500);
  expect(net.landed()).toEqual([0, 1]);
  expect(net.chain.landed.map(({ signers, view }) => ({ signers, view }))).toEqual(real);
});

test('a dead leader costs one view', async () => {
  await started();
  await net.runTo(2, 3_000);
  const dead = net.leader(2, 0);
  dead.kill();
  await net.runTo(4, 3_500);
  expect(viewOf(2)).toBe(1);
  expect(net.landed()).toEqual([0, 1, 2, 3]);
  const alive = net.hosts.filter((host) => host !== dead);
  expect(net.heads(alive)).toHaveLength(1);
});

test('with less than a third of the stake dead, reports still land', async () => {
  await started({ stakes: [33n, 17n, 17n, 17n, 16n] });
  await net.runTo(1, 0);
  net.host(0).kill();
  await net.runTo(6, 0);
  expect(net.landed()).toEqual([0, 1, 2, 3, 4]);
});

test('with a third of the stake dead, nothing ever lands', async () => {
  await started({ stakes: [34n, 34n, 34n] });
  await net.runTo(1, 3_000);
  const before = net.landed();
  net.host(0).kill();
  await net.runTo(10);
  expect(net.landed()).toEqual(before);
});

test('a partition into halves stops reports, and they go on when it heals', async () => {
  await started();
  await net.runTo(2, 3_500);
  net.network.connected = (a, b) => Number(a[1]) % 2 === Number(b[1]) % 2;
  await net.runTo(4);
  expect(net.landed()).toEqual([0, 1]);
  net.network.connected = () => true;
  await net.runTo(9, 3_500);
  expect(net.landed().slice(-2)).toEqual([7, 8]);
  expect(net.heads()).toHaveLength(1);
});

test('a liar does not move the median and moves the tail no further than an honest watcher', async () => {
  await started();
  net.host(2).sight = () => 900_000;
  await net.runTo(2, 3_500);
  const leaf = net.host(0).followed[1]!.report.leaves.find(({ windowEpochs }) => windowEpochs === 2)!;
  const { median, tail } = leaf.stats[METRIC.latencyP50Micros]!;
  for (const { value } of [median, tail]) {
    expect(value).toBeGreaterThan(19_000);
    expect(value).toBeLessThan(31_000);
  }
  expect(countedIn(1)).toEqual([0, 1, 2, 3]);
});

test('one watcher’s time-outs make nobody unavailable, those of half of the watchers do', async () => {
  await started();
  const down = () => undefined;
  net.host(0).sight = down;
  await net.runTo(2, 3_500);
  const availability = (epoch: number) => {
    const leaves = net.host(0).followed.find(({ landed }) => landed.header.epoch === epoch)!.report.leaves;
    return leaves.find(({ windowEpochs }) => windowEpochs === 2)!.stats[METRIC.availabilityPpm]!.tail.value;
  };
  expect(availability(1)).toBe(1_000_000);
  net.host(1).sight = down;
  await net.runTo(4, 3_500);
  expect(availability(3)).toBe(0);
});

test('a watcher whose commit arrives when reveals are under way is not counted', async () => {
  await started();
  // The round's commits close at 500 ms and reveals start at 900 ms after the epoch.
  net.network.fate = ({ from, topic }) => (from === 'w1' && (topic === 'commit' || topic === 'reveal') ? 950 : 0);
  await net.runTo(3, 3_500);
  expect(countedIn(1)).toEqual([0, 2, 3]);
  expect(countedIn(2)).toEqual([0, 2, 3]);
  // It leads the first view of epoch 2 and puts its own batch in: nobody else attests that.
  expect(net.leader(2, 0)).toBe(net.host(1));
  expect([viewOf(1), viewOf(2)]).toEqual([0, 1]);
});

test('a commit within the grace is counted and nobody refuses', async () => {
  await started();
  net.network.fate = ({ from, topic }) => (from === 'w1' && topic === 'commit' ? 600 : 0);
  await net.runTo(2, 3_500);
  expect(countedIn(1)).toEqual([0, 1, 2, 3]);
  expect(viewOf(1)).toBe(0);
});

test('an aggregator without a key lands the report when every watcher’s submission fails', async () => {
  await started({ aggregator: true });
  for (const { name } of net.hosts) net.chain.mute.add(name);
  await net.runTo(4, 3_900);
  expect(net.landed()).toEqual([0, 1, 2]);
  const accepted = net.chain.submissions.filter(({ refused }) => refused === undefined);
  expect(new Set(accepted.map(({ by }) => by))).toEqual(new Set(['aggregator']));
});

test('in a quiet network only the leader sends a transaction, once an epoch', async () => {
  await started({ aggregator: true });
  await net.runTo(5, 3_900);
  expect(net.chain.submissions.map(({ by, epoch, refused }) => ({ by, epoch, refused }))).toEqual(
    [0, 1, 2, 3, 4].map((epoch) => ({ by: net.leader(epoch, 0).name, epoch, refused: undefined })),
  );
});

test('a node whose RPC is away for some epochs catches up with the others', async () => {
  await started();
  await net.runTo(2);
  net.chain.unreachable.add('w3');
  await net.runTo(5);
  expect(net.heads()).toHaveLength(2);
  net.chain.unreachable.delete('w3');
  await net.runTo(6, 3_500);
  expect(net.heads()).toHaveLength(1);
  expect(viewOf(5)).toBe(0);
});
