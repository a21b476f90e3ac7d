import { expect, test } from 'vitest';
import { type Bls, PUBLIC_KEY_CACHE_MAX } from '../../../platform/bls/bls.ts';
import { startMclCurve } from '../../../platform/bls/mcl.ts';
import { createScheme } from '../../../platform/bls/scheme.ts';
import { bigEndian } from '../../../protocol/bytes.ts';

const curve = await startMclCurve();

/** Multiples 1, 2, 3, … of the generator. */
function publicKeys(count: number): Uint8Array[] {
  const generator = curve.multiplyBaseG2(bigEndian(1, 32));
  let sum = generator;
  return Array.from({ length: count }, () => {
    const bytes = curve.encodeG2(sum);
    sum = curve.sumG2([sum, generator]);
    return bytes;
  });
}

function createCounting(): { bls: Bls; decoded: () => number } {
  let count = 0;
  const bls = createScheme({
    ...curve,
    decodeG2(bytes) {
      count++;
      return curve.decodeG2(bytes);
    },
  });
  return { bls, decoded: () => count };
}

test('a public key is decoded once while it stays in use', () => {
  const { bls, decoded } = createCounting();
  const [first] = publicKeys(1) as [Uint8Array];
  for (let i = 0; i < 3; i++) bls.publicKeyToEvm(first);
  expect(decoded()).toBe(1);
});

test('a full cache gives up the key unused for longest, and only that', () => {
  const { bls, decoded } = createCounting();
  const keys = publicKeys(PUBLIC_KEY_CACHE_MAX + 1);
  const [first, second] = keys as [Uint8Array, Uint8Array];
  for (const key of keys.slice(0, -1)) bls.publicKeyToEvm(key);
  bls.publicKeyToEvm(first);
  expect(decoded()).toBe(PUBLIC_KEY_CACHE_MAX);
  bls.publicKeyToEvm(keys.at(-1)!);
  for (const key of keys) if (key !== second) bls.publicKeyToEvm(key);
  expect(decoded()).toBe(PUBLIC_KEY_CACHE_MAX + 1);
  bls.publicKeyToEvm(second);
  expect(decoded()).toBe(PUBLIC_KEY_CACHE_MAX + 2);
});

test('a refused key is not remembered', () => {
  const { bls, decoded } = createCounting();
  const bad = new Uint8Array(96);
  bad[0] = 0x80;
  for (let i = 0; i < 2; i++) expect(() => bls.publicKeyToEvm(bad)).toThrow(/not a point of G2/);
  expect(decoded()).toBe(2);
});
