import { afterEach, expect, test } from 'vitest';
import { seatsOf } from '../../protocol/bitmap.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import { decodeCommit } from '../../protocol/commit.ts';
import { decodeState, encodeState } from '../../protocol/state.ts';
import type { Host } from '../support/simnet/host.ts';
import { drawBelow } from '../support/simnet/random.ts';
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
const commitsOf = (host: Host, epoch: number) =>
  net.network.published.filter(
    ({ from, topic, data }) => from === host.name && topic === 'commit' && decodeCommit(data).epoch === epoch,
  );

test('a node that dies with its commit journaled and unsent sends that very commit after the restart', async () => {
  await started();
  const host = net.host(1);
  let unsent: Uint8Array | undefined;
  net.network.onPublish = (from, topic, data) => {
    if (from !== host.name || topic !== 'commit' || decodeCommit(data).epoch !== 2) return;
    unsent ??= data;
    if (commitsOf(host, 2).length === 0 && host.clock.now() < net.facts.calendar.genesis * 1000 + 12_100) host.kill();
  };
  await net.runTo(3, 200);
  expect(host.clock.dead).toBe(true);
  expect(commitsOf(host, 2)).toEqual([]);
  await host.start();
  await net.runTo(4, 3_500);
  const [sent, ...more] = commitsOf(host, 2);
  expect(more).toEqual([]);
  expect(toHex(sent!.data)).toBe(toHex(unsent!));
  expect(countedIn(2)).toEqual([0, 1, 2, 3]);
  expect(net.heads()).toHaveLength(1);
});

test('a node that dies after its commit went out reveals the same batch after the restart', async () => {
  await started();
  await net.runTo(3, 300);
  const host = net.host(1);
  host.kill();
  await host.start();
  await net.runTo(3, 3_500);
  expect(countedIn(2)).toEqual([0, 1, 2, 3]);
});

test('however often nodes die and come back with their disks, none signs two things for one slot', async () => {
  for (const seed of [1, 2, 3]) {
    await started({ seed });
    const until = net.clock.now() + 160_000;
    for (let round = 0; net.clock.now() < until; round++) {
      // Each restart is an epoch or two of listening: now and then there is a quorum, now and then there is none.
      await net.clock.advance(100 + drawBelow(9_000, seed, 'pause', round));
      const host = net.host(drawBelow(4, seed, 'victim', round));
      host.kill();
      await net.clock.advance(drawBelow(1_500, seed, 'down', round));
      await host.start();
    }
    await net.clock.advance(12_000);
    expect(doublySigned(net.network)).toEqual([]);
    expect(net.heads()).toHaveLength(1);
    expect(net.landed().length).toBeGreaterThan(5);
    expect(net.hosts.map(({ exited }) => exited)).toEqual([undefined, undefined, undefined, undefined]);
  }
});

test('a node that restarts with its disk goes on from there without asking anybody', async () => {
  await started();
  await net.runTo(4, 3_500);
  const host = net.host(2);
  host.kill();
  net.network.connected = (a, b) => a !== host.name && b !== host.name;
  await host.start();
  await net.runTo(5);
  expect(host.core.ledger.state.epoch).toBe(3);
});

test('all nodes restart at once and go on with the epoch that is due', async () => {
  await started();
  // The commits of epoch 3 have just gone out; its report is due, and still is when everybody has listened for an epoch.
  await net.runTo(4, 300);
  for (const host of net.hosts) host.kill();
  await Promise.all(net.hosts.map((host) => host.start()));
  await net.runTo(5, 3_900);
  // They listen, all of them.
  expect(net.landed()).not.toContain(3);
  await net.runTo(6, 3_900);
  expect(net.landed()).toContain(3);
  expect(countedIn(3)).toEqual([0, 1, 2, 3]);
  await net.runTo(12, 3_900);
  expect(net.landed().slice(-1)).toEqual([11]);
  expect(net.heads()).toHaveLength(1);
});

test.each([
  ['at once', 4],
  ['after every deadline', 9],
])(
  'all nodes die before anybody has followed a report that has landed, and go on when they are back %s',
  async (_when, epoch) => {
    await started();
    await net.runTo(3, 500);
    const { length } = net.chain.landed;
    // Millisecond by millisecond, within one epoch.
    for (let i = 0; i < 4_000 && net.chain.landed.length === length; i++) await net.clock.advance(1);
    expect(net.hosts.map(({ core }) => core.ledger.state.epoch)).toEqual([1, 1, 1, 1]);
    for (const host of net.hosts) host.kill();
    await net.runTo(epoch, 100);
    for (const host of net.hosts) await host.start();
    await net.runTo(epoch + 6, 3_900);
    expect(net.landed().slice(0, 3)).toEqual([0, 1, 2]);
    expect(net.landed().at(-1)).toBe(epoch + 5);
    expect(net.heads()).toHaveLength(1);
  },
);

test('a wiped node catches up from a peer’s snapshot, and its state is everybody’s', async () => {
  await started({ stakes: [100n, 100n, 100n, 100n, 100n] });
  await net.runTo(2);
  const host = net.host(4);
  host.kill();
  await net.runTo(14, 3_500);
  host.wipe();
  await host.start();
  await net.runTo(15);
  expect(host.core.ledger.state.epoch).toBe(13);
  expect(net.heads()).toHaveLength(1);
  await net.runTo(17, 3_500);
  expect(net.heads()).toHaveLength(1);
  expect(countedIn(16)).toEqual([0, 1, 2, 3, 4]);
});

test('a lying peer’s snapshot is refused and an honest one’s taken', async () => {
  await started({ stakes: [100n, 100n, 100n, 100n, 100n] });
  await net.runTo(2);
  const host = net.host(4);
  host.kill();
  await net.runTo(14, 3_500);
  const truth = net.host(0).core.ledger.state;
  const key = (w: { serviceId: Uint8Array; windowStart: number; windowEpochs: number }) =>
    `${toHex(w.serviceId)}/${w.windowEpochs}/${w.windowStart}`;
  const lie = decodeState(encodeState(truth), key);
  const [first] = lie.windows.values();
  first!.accumulators[0]!.good += 1;
  let asked = 0;
  for (const liar of ['w0', 'w1', 'w2']) {
    net.network.answers.set(liar, (kind) => {
      if (kind !== 'state') return undefined;
      asked++;
      return encodeState(lie);
    });
  }
  host.wipe();
  await host.start();
  await net.runTo(15);
  expect(asked).toBeGreaterThan(0);
  expect(equalBytes(host.core.ledger.state.reportHash, truth.reportHash)).toBe(true);
  expect(encodeState(host.core.ledger.state)).toEqual(encodeState(truth));
});

test('a node that missed a few epochs follows each of them, and archives each', async () => {
  await started({ stakes: [100n, 100n, 100n, 100n, 100n] });
  await net.runTo(3);
  const host = net.host(4);
  host.kill();
  await net.runTo(6);
  await host.start();
  await net.runTo(8, 3_500);
  expect([...host.archived.keys()]).toEqual([...net.host(0).archived.keys()]);
  expect(host.followed.map(({ landed }) => landed.header.epoch)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('an archive that cannot be written for a while does not keep its node from agreeing', async () => {
  await started();
  await net.runTo(2);
  const host = net.host(1);
  const { set } = host.archived;
  host.archived.set = () => {
    throw new Error('no space left on device');
  };
  await net.runTo(4, 3_500);
  expect(net.heads()).toHaveLength(1);
  expect(host.complaints().join()).toContain('no space left');
  host.archived.set = set;
  await net.runTo(6, 3_500);
  expect(net.heads()).toHaveLength(1);
  expect([...host.archived.keys()].at(-1)).toBe('epoch-000000005.ssz');
  expect(net.network.published.filter(({ from, topic }) => from === host.name && topic === 'attestation')).toHaveLength(
    6,
  );
});

test('after a stop nothing is left that could fire', async () => {
  await started({ aggregator: true });
  await net.runTo(3, 1_000);
  await net.stop();
  await net.clock.advance(100);
  expect(net.clock.waiting).toBe(0);
});
