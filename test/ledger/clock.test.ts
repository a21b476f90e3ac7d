import { expect, test } from 'vitest';
import { ABSENT_MICROS } from '../../protocol/sample.ts';
import { doublySigned } from '../support/simnet/signed.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

const SIGNED = ['commit', 'proposal', 'attestation', 'refusal'];
const signedBy = (net: Simnet, name: string) =>
  net.network.published.filter(({ from, topic }) => from === name && SIGNED.includes(topic)).length;

test('a watcher whose clock is behind says so once, signs nothing, and signs again when it is right', async () => {
  const net = await createSimnet();
  const host = net.host(2);
  host.clock.offsetMillis = -2_500;
  await net.start();
  await net.runTo(4, 3_900);
  const complaints = () => host.complaints().filter((line) => line.startsWith('clock-off'));
  expect(complaints()).toHaveLength(1);
  expect(signedBy(net, host.name)).toBe(0);
  expect(net.landed()).toEqual([0, 1, 2, 3]);
  host.clock.offsetMillis = 0;
  await net.runTo(8, 3_900);
  expect(complaints()).toHaveLength(1);
  expect(net.chain.landed.at(-1)!.signers).toEqual([0, 1, 2, 3]);
  expect(doublySigned(net.network)).toEqual([]);
});

test('a batch says how far the clock is behind at least, and nothing when the chain did not say', async () => {
  const net = await createSimnet();
  const [late, deaf, right] = [net.host(0), net.host(1), net.host(2)];
  // Allowed, if only just: half of Δ and a second of granularity.
  late.clock.offsetMillis = -1_050;
  await net.start();
  Object.assign(deaf.core.chain, { newestTimestamp: () => Promise.reject(new Error('no answer')) });
  await net.runTo(3, 3_500);
  const errorOf = (seat: number) => right.core.pool.reveal(2, seat)?.batch.clockErrorMicros;
  expect(errorOf(2)).toBe(0);
  expect(errorOf(1)).toBe(ABSENT_MICROS);
  // Of 1.05 s a whole second shows.
  expect(errorOf(0)).toBe(1_000_000);
});
