import { afterEach, expect, test } from 'vitest';
import { LOOK_AGAIN_MILLIS } from '../../node/consider.ts';
import { JOURNAL_EPOCHS } from '../../node/wire.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { decodeCommit } from '../../protocol/commit.ts';
import { doublySigned } from '../support/simnet/signed.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

let net: Simnet;
afterEach(() => {
  expect(doublySigned(net.network)).toEqual([]);
});

const countedIn = (epoch: number) => {
  const { header } = net.chain.landed.find((landed) => landed.header.epoch === epoch)!;
  return seatsOf([header.countedLow, header.countedHigh]);
};

test('a prober that fails costs its watcher the epoch and nothing else', async () => {
  net = await createSimnet();
  const host = net.host(2);
  host.prober = { run: () => Promise.reject(new Error('too many slots')) };
  await net.start();
  await net.runTo(3, 3_500);
  expect(net.landed()).toEqual([0, 1, 2]);
  expect(countedIn(2)).toEqual([0, 1, 3]);
  expect(host.complaints().join()).toContain('too many slots');
  expect(net.chain.landed.at(-1)!.signers).toEqual([0, 1, 2, 3]);
});

test('a commit that cannot be sent again after a restart is told, and the node goes on', async () => {
  net = await createSimnet();
  await net.start();
  await net.runTo(3, 200);
  const host = net.host(1);
  host.kill();
  net.network.onPublish = (from, topic, data) => {
    if (from === host.name && topic === 'commit' && decodeCommit(data).epoch === 2) throw new Error('no route');
  };
  await host.start();
  await net.runTo(5, 3_500);
  expect(host.complaints().join()).toContain('no route');
  expect(countedIn(4)).toEqual([0, 1, 2, 3]);
});

test('a watcher without a seat measures nothing, commits nothing and follows all the same', async () => {
  net = await createSimnet();
  const outside = await createSimnet({ seed: 2 });
  // A host of another world's key on this one's chain.
  const { Host } = await import('../support/simnet/host.ts');
  const { clock, chain, network, bls } = net;
  bls.publicKey(outside.secretKeys[0]!);
  const stranger = new Host({
    ...{ name: 'stranger', clock, chain, network, bls, seed: 1 },
    secretKey: outside.secretKeys[0],
    sight: () => 5,
  });
  await net.start();
  await stranger.start();
  await net.runTo(3, 3_900);
  expect(net.landed()).toEqual([0, 1, 2]);
  expect(network.published.filter(({ from }) => from === 'stranger')).toEqual([]);
  expect(net.heads([...net.hosts, stranger])).toHaveLength(1);
});

test('the journal keeps what can still matter, and not for ever', async () => {
  net = await createSimnet({ services: 1, slotsPerEpoch: 1 });
  await net.start();
  const epochs = JOURNAL_EPOCHS + 8;
  await net.runTo(epochs, 3_500);
  const { journal } = net.host(0);
  const { deadlineEpochs } = net.facts.parameters;
  const last = net.landed().at(-1)!;
  const floor = last - deadlineEpochs - JOURNAL_EPOCHS;
  expect(floor).toBeGreaterThan(0);
  expect(await journal!.entries(floor - 1)).toEqual([]);
  expect((await journal!.entries(floor)).map(({ kind }) => kind)).toContain('commit');
  expect((await journal!.entries(last)).map(({ kind }) => kind)).toContain('attestation');
});

test('while a proposal cannot be judged yet it is looked at again now and then, however many messages come', async () => {
  net = await createSimnet();
  await net.start();
  const host = net.hosts.find((one) => one !== net.leader(2, 0))!;
  await net.runTo(3, 1_500);
  let looks = 0;
  const { chain, pool } = host.core;
  // Its chain lags: no anchor is final here.
  const finalized = chain.finalized.bind(chain);
  Object.assign(chain, {
    finalized: async () => {
      looks++;
      return { ...(await finalized()), number: 0 };
    },
  });
  await net.runTo(3, 1_700);
  for (let i = 0; i < 30; i++) {
    pool.addRefusal(net.forger(0).refusal(2, i, new Uint8Array(32), []));
    await net.clock.advance(1);
  }
  const before = looks;
  await net.clock.advance(2 * LOOK_AGAIN_MILLIS);
  expect(looks - before).toBe(2);
});
