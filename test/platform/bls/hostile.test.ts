import { describe, expect, test } from 'vitest';
import type { Bls } from '../../../platform/bls/bls.ts';
import { SIGNATURE_DST } from '../../../platform/bls/bls.ts';
import { FIELD_MODULUS, isCompressedG1, isCompressedG2 } from '../../../platform/bls/encoding.ts';
import { createMclBls, startMclCurve } from '../../../platform/bls/mcl.ts';
import { createNobleBls } from '../../../platform/bls/noble.ts';
import { bigEndian, toHex } from '../../../protocol/bytes.ts';
import { errorCode } from '../../../protocol/error.ts';
import * as archived from './archived.ts';
import {
  aboveModulus,
  encodeG1,
  encodeG2,
  malformed,
  offCurve,
  readG1,
  readG2,
  torsionG1,
  torsionG2,
} from './hostile.ts';

const implementations: readonly Bls[] = [createNobleBls(), await createMclBls()];
const mclCurve = await startMclCurve();
const secretKey = bigEndian(0xc0ffee, 32);
const message = new Uint8Array(32).fill(3);
const [reference] = implementations as [Bls];
const publicKey = reference.publicKey(secretKey);
const signature = reference.sign(secretKey, message);
const evmKey = reference.publicKeyToEvm(publicKey);

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'accepted';
  } catch (error) {
    return errorCode(error);
  }
}

test('encodings are refused before any library sees them, except an x of no point', () => {
  for (const bytes of Object.values(malformed(signature))) expect(isCompressedG1(bytes)).toBe(false);
  for (const bytes of Object.values(malformed(publicKey))) expect(isCompressedG2(bytes)).toBe(false);
  expect([isCompressedG1(offCurve(48)), isCompressedG2(offCurve(96))]).toEqual([true, true]);
});

describe.each(implementations)('$name', (bls) => {
  const badSignatures = { ...malformed(signature), 'x of no point': offCurve(48) };
  test.each(Object.entries(badSignatures))('refuses a signature: %s', (_, bytes) => {
    expect(bls.verify(publicKey, message, bytes)).toBe(false);
    expect(bls.verifyProof(publicKey, message, bytes)).toBe(false);
    expect(bls.verifyAggregate([publicKey], message, bytes)).toBe(false);
    expect(codeOf(() => bls.aggregate([signature, bytes]))).toBe('bls-signature');
    expect(codeOf(() => bls.signatureToEvm(bytes))).toBe('bls-signature');
    expect(archived.decodeG1(bytes)).toBeUndefined();
  });

  const badKeys = { ...malformed(publicKey), 'x of no point': offCurve(96) };
  test.each(Object.entries(badKeys))('refuses a public key: %s', (_, bytes) => {
    expect(bls.verify(bytes, message, signature)).toBe(false);
    expect(bls.verifyProof(bytes, message, signature)).toBe(false);
    expect(bls.verifyAggregate([publicKey, bytes], message, signature)).toBe(false);
    expect(codeOf(() => bls.publicKeyToEvm(bytes))).toBe('bls-public-key');
    expect(archived.decodeG2(bytes)).toBeUndefined();
  });

  test('refuses a second encoding of the same point, with x + p for x', () => {
    // About one point in four has an x small enough.
    const keys = Array.from({ length: 40 }, (_, i) => bigEndian(i + 1, 32));
    const signatures = keys.flatMap((key) => aboveModulus(bls.sign(key, message)) ?? []);
    const publicKeys = keys.flatMap((key) => aboveModulus(bls.publicKey(key)) ?? []);
    expect(Math.min(signatures.length, publicKeys.length)).toBeGreaterThan(0);
    for (const bytes of signatures) {
      expect(isCompressedG1(bytes)).toBe(false);
      expect(codeOf(() => bls.aggregate([bytes]))).toBe('bls-signature');
    }
    for (const bytes of publicKeys) {
      expect(isCompressedG2(bytes)).toBe(false);
      expect(codeOf(() => bls.publicKeyToEvm(bytes))).toBe('bls-public-key');
    }
  });

  test('names the malformed signature of an aggregate by its position', () => {
    try {
      bls.aggregate([signature, signature, new Uint8Array(48)]);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'bls-signature', evidence: { index: 2 } });
    }
  });

  // The pairing kills torsion: e(S + T, G) = e(S, G) when T's order has no factor in common with r. Only the subgroup check
  // keeps such second signatures out (noble's pairing makes one of its own; mcl's does not, so it shows the danger).
  test('refuses a signature plus a point outside the subgroup, alone and as an aggregate', async () => {
    const hash = mclCurve.hashToG1(message, SIGNATURE_DST);
    const key = mclCurve.decodeG2(publicKey);
    for (const torsion of torsionG1()) {
      const second = mclCurve.decodeG1(encodeG1(readG1(signature).add(torsion)));
      expect(mclCurve.isOneGT(mclCurve.pair([{ hash, publicKey: key }], second))).toBe(true);
      for (const bytes of [encodeG1(torsion), encodeG1(readG1(signature).add(torsion))]) {
        expect(bls.verify(publicKey, message, bytes)).toBe(false);
        expect(bls.verifyAggregate([publicKey], message, bytes)).toBe(false);
        expect(archived.decodeG1(bytes)).toBeUndefined();
        expect(await archived.verify(publicKey, message, bytes, SIGNATURE_DST)).toBe(false);
      }
    }
  });

  test('leaves the subgroup to the sum: torsion that cancels is gone from the aggregate', () => {
    const otherKey = bigEndian(0xdecade, 32);
    const [torsion] = torsionG1();
    const shifted = [
      encodeG1(readG1(signature).add(torsion!)),
      encodeG1(readG1(bls.sign(otherKey, message)).subtract(torsion!)),
    ];
    const aggregate = bls.aggregate(shifted);
    expect(toHex(aggregate)).toBe(toHex(bls.aggregate([signature, bls.sign(otherKey, message)])));
    expect(bls.verifyAggregate([publicKey, bls.publicKey(otherKey)], message, aggregate)).toBe(true);
  });

  test('refuses a public key plus a point outside the subgroup', () => {
    for (const torsion of torsionG2()) {
      for (const bytes of [encodeG2(torsion), encodeG2(readG2(publicKey).add(torsion))]) {
        expect(bls.verify(bytes, message, signature)).toBe(false);
        expect(bls.verifyAggregate([bytes], message, signature)).toBe(false);
        expect(codeOf(() => bls.publicKeyToEvm(bytes))).toBe('bls-public-key');
        expect(archived.decodeG2(bytes)).toBeUndefined();
      }
    }
  });

  test('refuses EIP-2537 keys with padding, coordinates of p or more, a wrong y, infinity, or outside the subgroup', () => {
    const element = (index: number, value: bigint) => {
      const out = Uint8Array.from(evmKey);
      out.set(bigEndian(value, 64), 64 * index);
      return out;
    };
    const [torsion] = torsionG2();
    const { x, y } = torsion!.toAffine();
    const bad = [
      new Uint8Array(),
      evmKey.subarray(1),
      new Uint8Array([...evmKey, 0]),
      new Uint8Array(256),
      new Uint8Array(256).fill(0xff),
      ...[0, 1, 2, 3].map((index) => element(index, FIELD_MODULUS)),
      ...[0, 1, 2, 3].map((index) => element(index, 1n << 511n)),
      ...[0, 1, 2, 3].map((index) => element(index, 0n)),
      ...[0, 1, 2, 3].map((index) => element(index, 1n)),
      new Uint8Array([x.c0, x.c1, y.c0, y.c1].flatMap((value) => [...bigEndian(value, 64)])),
    ];
    for (const bytes of bad) {
      expect(codeOf(() => bls.publicKeyFromEvm(bytes))).toBe('bls-public-key');
      expect(archived.isEvmPublicKey(bytes)).toBe(false);
    }
  });

  test('accepts the negated key as a key of its own, in both forms', () => {
    const negated = encodeG2(readG2(publicKey).negate());
    const evm = bls.publicKeyToEvm(negated);
    expect(toHex(evm)).not.toBe(toHex(evmKey));
    expect(toHex(bls.publicKeyFromEvm(evm))).toBe(toHex(negated));
    expect(bls.verify(negated, message, signature)).toBe(false);
    expect(bls.verify(negated, message, encodeG1(readG1(signature).negate()))).toBe(true);
  });
});
