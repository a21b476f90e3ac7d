import { expect, test } from 'vitest';
import { createSigner } from '../../platform/signer.ts';
import type { JournalEntry } from '../../platform/store/entry.ts';
import { openJournal } from '../../platform/store/journal.ts';
import { memoryStore } from '../../platform/store/memory.ts';
import { attestationDigest, vrfDigest } from '../../protocol/digest.ts';
import { openGuard } from '../support/simnet/guard.ts';

const WATCHER = new Uint8Array(32).fill(7);
const domain = { chainId: 31_337, oracle: new Uint8Array(20).fill(1) };
const digest = (fill: number) => new Uint8Array(32).fill(fill);
const entry = (fill: number): JournalEntry => ({
  kind: 'attestation',
  epoch: 3,
  view: 0,
  digest: digest(fill),
  payload: new Uint8Array(),
});

/** Signs nothing for real: the signature is the secret's first byte and the digest, and every call is written down. */
async function setUp() {
  const signed: Uint8Array[] = [];
  const calls: string[] = [];
  const store = memoryStore();
  const journal = await openJournal(store, { watcher: WATCHER });
  const bls = {
    sign: (secretKey: Uint8Array, message: Uint8Array) => {
      calls.push('sign');
      signed.push(message);
      return Uint8Array.of(secretKey[0]!, ...message);
    },
  };
  const record: typeof journal.record = async (value) => {
    const outcome = await journal.record(value);
    calls.push('journal');
    return outcome;
  };
  const secretKey = new Uint8Array(32).fill(9);
  const signer = createSigner({ bls, secretKey, journal: { record }, guard: openGuard, domain });
  return { signer, signed, calls, secretKey, journal };
}

test('the journal comes before the signature', async () => {
  const { signer, calls } = await setUp();
  await signer.sign(entry(1));
  expect(calls).toEqual(['journal', 'sign']);
});

test('the same entry signs again to the same bytes; another digest is never signed', async () => {
  const { signer, signed } = await setUp();
  const first = await signer.sign(entry(1));
  expect(await signer.sign(entry(1))).toEqual(first);
  await expect(signer.sign(entry(2))).rejects.toMatchObject({ code: 'journal-conflict' });
  expect(signed).toEqual([digest(1), digest(1)]);
});

test('of two at once for one slot only one digest is ever signed', async () => {
  const { signer, signed } = await setUp();
  const outcomes = await Promise.allSettled([signer.sign(entry(1)), signer.sign(entry(2))]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(signed).toEqual([digest(1)]);
});

test('signs the digest that was journaled, whatever the caller does to its buffer meanwhile', async () => {
  const { signer, signed, journal } = await setUp();
  const mine = entry(1);
  const signing = signer.sign(mine);
  mine.digest.fill(2);
  await signing;
  expect(signed).toEqual([digest(1)]);
  expect((await journal.entries(3))[0]?.digest).toEqual(digest(1));
});

test('nothing is signed when the journal cannot write', async () => {
  const { signed, secretKey } = await setUp();
  const journal = { record: () => Promise.reject(new Error('disk full')) };
  const bls = { sign: (_: Uint8Array, message: Uint8Array) => signed[signed.push(message) - 1]! };
  await expect(createSigner({ bls, secretKey, journal, guard: openGuard, domain }).sign(entry(1))).rejects.toThrow(
    'disk full',
  );
  expect(signed).toEqual([]);
});

test('a proof is over the VRF digest of its epoch and seed, and takes no digest from outside', async () => {
  const { signer, signed, calls } = await setUp();
  const seed = digest(5);
  expect(signer.prove(3, seed)).toEqual(signer.prove(3, seed));
  expect(signed[0]).toEqual(vrfDigest(domain, 3, seed));
  expect(signed[0]).not.toEqual(attestationDigest(domain, 3, 0, seed));
  expect(calls).toEqual(['sign', 'sign']);
});

test('wiping the caller’s copy of the secret does not change the signer’s', async () => {
  const { signer, secretKey } = await setUp();
  secretKey.fill(0);
  expect((await signer.sign(entry(1)))[0]).toBe(9);
});

test('the signer does not show its secret', async () => {
  const { signer } = await setUp();
  expect(Object.keys(signer)).toEqual(['sign', 'prove', 'maySign']);
  expect(JSON.stringify(signer)).toBe('{}');
});
