import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bls, MESSAGE_BYTES_MAX, POSSESSION_DST, SIGNATURE_DST } from '../../../platform/bls/bls.ts';
import { GROUP_ORDER } from '../../../platform/bls/encoding.ts';
import { deriveSecretKey } from '../../../platform/bls/keygen.ts';
import { createMclBls } from '../../../platform/bls/mcl.ts';
import { createNobleBls } from '../../../platform/bls/noble.ts';
import { bigEndian, equalBytes, fromBigEndian, toHex } from '../../../protocol/bytes.ts';
import { errorCode } from '../../../protocol/error.ts';
import * as archived from './archived.ts';

const noble = createNobleBls();
const mcl = await createMclBls();
const both: readonly Bls[] = [noble, mcl];

const secretKeys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(deriveSecretKey);
const messages = fc.uint8Array({ maxLength: 200 });

/** Asks both, demands one answer, and returns it: bytes as hex, or the code of the error. */
function agreed(ask: (bls: Bls) => Uint8Array | boolean): string | boolean {
  const [first, second] = both.map((bls) => {
    try {
      const answer = ask(bls);
      return typeof answer === 'boolean' ? answer : toHex(answer);
    } catch (error) {
      return errorCode(error);
    }
  });
  expect(second).toEqual(first);
  return first ?? false;
}

describe('random keys and messages', () => {
  test('mcl and noble give the same bytes and accept each other', () => {
    fc.assert(
      fc.property(secretKeys, messages, messages, (secretKey, message, other) => {
        agreed((bls) => bls.publicKey(secretKey));
        agreed((bls) => bls.sign(secretKey, message));
        agreed((bls) => bls.prove(secretKey, message));
        const publicKey = noble.publicKey(secretKey);
        const signature = noble.sign(secretKey, message);
        agreed((bls) => bls.signatureToEvm(signature));
        const evm = mcl.publicKeyToEvm(publicKey);
        expect(agreed((bls) => bls.publicKeyToEvm(publicKey))).toBe(toHex(evm));
        expect(agreed((bls) => bls.publicKeyFromEvm(evm))).toBe(toHex(publicKey));
        expect(agreed((bls) => bls.verify(publicKey, message, signature))).toBe(true);
        expect(agreed((bls) => bls.verify(publicKey, other, signature))).toBe(equalBytes(message, other));
        expect(agreed((bls) => bls.verifyProof(publicKey, message, signature))).toBe(false);
      }),
      { numRuns: 15 },
    );
  });

  test('the archived library gives the same bytes and the same verdicts', async () => {
    await fc.assert(
      fc.asyncProperty(secretKeys, messages, async (secretKey, message) => {
        const publicKey = mcl.publicKey(secretKey);
        const signature = mcl.sign(secretKey, message);
        const proof = mcl.prove(secretKey, message);
        expect(toHex(archived.publicKey(secretKey))).toBe(toHex(publicKey));
        expect(toHex(await archived.sign(secretKey, message, SIGNATURE_DST))).toBe(toHex(signature));
        expect(toHex(await archived.sign(secretKey, message, POSSESSION_DST))).toBe(toHex(proof));
        expect(await archived.verify(publicKey, message, signature, SIGNATURE_DST)).toBe(true);
        expect(await archived.verify(publicKey, message, proof, SIGNATURE_DST)).toBe(false);
      }),
      { numRuns: 10 },
    );
  });

  test('aggregates have the same bytes, verify everywhere, and equal the sum of the keys', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(secretKeys, { minLength: 1, maxLength: 6, selector: toHex }),
        messages,
        async (keys, message) => {
          const publicKeys = keys.map((key) => mcl.publicKey(key));
          const signatures = keys.map((key) => mcl.sign(key, message));
          agreed((bls) => bls.aggregate(signatures));
          const aggregate = mcl.aggregate(signatures);
          const sum = keys.reduce((total, key) => total + fromBigEndian(key), 0n) % GROUP_ORDER;
          expect(toHex(await archived.sign(bigEndian(sum, 32), message, SIGNATURE_DST))).toBe(toHex(aggregate));
          expect(agreed((bls) => bls.verifyAggregate(publicKeys, message, aggregate))).toBe(true);
          expect(agreed((bls) => bls.verifyAggregate(publicKeys.slice(1), message, aggregate))).toBe(false);
        },
      ),
      { numRuns: 8 },
    );
  });

  test('random bytes are never accepted and never throw', () => {
    const key = noble.publicKey(bigEndian(7, 32));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 260 }), (bytes) => {
        expect(agreed((bls) => bls.verify(bytes, bytes, bytes))).toBe(false);
        expect(agreed((bls) => bls.verify(key, bytes, bytes))).toBe(false);
        expect(agreed((bls) => bls.verifyAggregate([bytes], bytes, bytes))).toBe(false);
        expect(agreed((bls) => bls.publicKeyFromEvm(bytes))).toBe('bls-public-key');
      }),
      { numRuns: 100 },
    );
  });

  test('48 and 96 random bytes with valid flags decode alike', () => {
    const withFlags = (length: number) =>
      fc.tuple(fc.uint8Array({ minLength: length, maxLength: length }), fc.boolean()).map(([bytes, greater]) => {
        bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x80 | (greater ? 0x20 : 0);
        return bytes;
      });
    fc.assert(
      fc.property(withFlags(48), withFlags(96), (signature, key) => {
        agreed((bls) => bls.signatureToEvm(signature));
        agreed((bls) => bls.aggregate([signature]));
        agreed((bls) => bls.publicKeyToEvm(key));
      }),
      { numRuns: 60 },
    );
  });
});

describe('bounds', () => {
  const key = bigEndian(7, 32);
  const message = new Uint8Array(32);

  test.each([
    ['zero', bigEndian(0, 32)],
    ['the group order', bigEndian(GROUP_ORDER, 32)],
    ['all ones', new Uint8Array(32).fill(0xff)],
    ['31 bytes', new Uint8Array(31).fill(1)],
    ['33 bytes', new Uint8Array(33).fill(1)],
  ])('a secret key of %s is refused', (_, secretKey) => {
    expect(agreed((bls) => bls.publicKey(secretKey))).toBe('bls-secret-key');
    expect(agreed((bls) => bls.sign(secretKey, message))).toBe('bls-secret-key');
    expect(agreed((bls) => bls.prove(secretKey, message))).toBe('bls-secret-key');
  });

  test('the longest message signs, one byte more is refused', () => {
    const longest = new Uint8Array(MESSAGE_BYTES_MAX);
    const tooLong = new Uint8Array(MESSAGE_BYTES_MAX + 1);
    agreed((bls) => bls.sign(key, longest));
    expect(agreed((bls) => bls.verify(bls.publicKey(key), longest, bls.sign(key, longest)))).toBe(true);
    expect(agreed((bls) => bls.sign(key, tooLong))).toBe('bls-message');
    expect(agreed((bls) => bls.verify(bls.publicKey(key), tooLong, bls.sign(key, longest)))).toBe(false);
  });

  test('no signatures and too many are refused', () => {
    const signature = mcl.sign(key, message);
    expect(agreed((bls) => bls.aggregate([]))).toBe('bls-aggregate');
    expect(agreed((bls) => bls.aggregate(new Array(513).fill(signature)))).toBe('bls-aggregate');
    expect(agreed((bls) => bls.verifyAggregate([], message, signature))).toBe(false);
  });

  test('one key twice is refused, also with a signature that counts it twice', () => {
    const publicKey = mcl.publicKey(key);
    const twice = mcl.aggregate([mcl.sign(key, message), mcl.sign(key, message)]);
    expect(agreed((bls) => bls.verifyAggregate([publicKey, publicKey], message, twice))).toBe(false);
  });

  test('opposite keys sum to infinity, which nothing verifies under', () => {
    const opposite = bigEndian(GROUP_ORDER - 7n, 32);
    const signatures = [mcl.sign(key, message), mcl.sign(opposite, message)];
    const publicKeys = [mcl.publicKey(key), mcl.publicKey(opposite)];
    expect(agreed((bls) => bls.aggregate(signatures))).toBe('bls-aggregate');
    const infinity = new Uint8Array(48);
    infinity[0] = 0xc0;
    for (const signature of [infinity, ...signatures]) {
      expect(agreed((bls) => bls.verifyAggregate(publicKeys, message, signature))).toBe(false);
    }
  });
});
