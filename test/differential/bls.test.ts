import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POSSESSION_DST, SIGNATURE_DST } from '../../platform/bls/bls.ts';
import { compress, GROUP_ORDER, unpadFromEvm } from '../../platform/bls/encoding.ts';
import { deriveSecretKey } from '../../platform/bls/keygen.ts';
import { createMclBls, startMclCurve } from '../../platform/bls/mcl.ts';
import { nobleCurve } from '../../platform/bls/noble.ts';
import { equalBytes, keccak, toHex } from '../../protocol/bytes.ts';
import { agree, TIMEOUT_MILLIS } from './agree.ts';
import { uint } from './arbitraries.ts';
import { type Harness, type Reply, startHarness } from './harness.ts';
import {
  changedPoint,
  type Group,
  isInSubgroup,
  POINT_BYTES,
  pointChange,
  readG1,
  readG2,
  writeG1,
  writeG2,
} from './points.ts';

const bls = await createMclBls();
const mcl = await startMclCurve();
const SIGNERS = 6;
/** Drawn, so that no two sets of signers have keys of the same sum. */
const secretKeyOf = (i: number) => deriveSecretKey(keccak(Uint8Array.of(i)));
const digestOf = (i: number) => keccak(Uint8Array.of(i));
const publicKeyOf = (i: number) => bls.publicKeyToEvm(bls.publicKey(secretKeyOf(i)));
const PUBLIC_KEYS = Array.from({ length: SIGNERS }, (_, i) => publicKeyOf(i));
const HASHES = Array.from({ length: SIGNERS }, (_, i) => writeG1(nobleCurve.hashToG1(digestOf(i), SIGNATURE_DST)));
const SIGNATURES = PUBLIC_KEYS.map((_, i) => PUBLIC_KEYS.map((__, j) => bls.sign(secretKeyOf(i), digestOf(j))));
const signer = fc.nat({ max: SIGNERS - 1 });

const PAIRING = '0x000000000000000000000000000000000000000F';
const G2ADD = '0x000000000000000000000000000000000000000d';
const G1ADD = '0x000000000000000000000000000000000000000b';
const G1MSM = '0x000000000000000000000000000000000000000C';
const G2MSM = '0x000000000000000000000000000000000000000E';
const refusedBy = (precompile: string): Reply => ({ error: `PrecompileRefused(${precompile})` });
const badLength = (given: Uint8Array, group: Group): Reply | undefined =>
  given.length === POINT_BYTES[group] ? undefined : { error: `BadLength(${given.length},${POINT_BYTES[group]})` };
const infinity = (given: Uint8Array): Reply | undefined =>
  given.every((byte) => byte === 0) ? { error: 'InfinityRefused()' } : undefined;

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness('BlsHarness');
});
afterAll(() => harness.stop());

/** The compressed form of a signature that came from a chain; undefined when it is none of the curve. */
function signatureFromEvm(bytes: Uint8Array): Uint8Array | undefined {
  const compressed = compress(unpadFromEvm(bytes));
  try {
    return equalBytes(bls.signatureToEvm(compressed), bytes) ? compressed : undefined;
  } catch {
    return undefined;
  }
}

function publicKeyFromEvm(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return bls.publicKeyFromEvm(bytes);
  } catch {
    return undefined;
  }
}

describe('BLS, in TypeScript and on an EVM', { timeout: TIMEOUT_MILLIS }, () => {
  it('hashes to the same point, whatever the message and the tag', async () => {
    const tag = fc.oneof(
      fc.constantFrom(SIGNATURE_DST, POSSESSION_DST, '', 'x'.repeat(255), 'x'.repeat(256)),
      fc.string({ unit: 'binary-ascii', maxLength: 300, size: 'max' }),
    );
    await agree(
      'hash to curve',
      harness,
      fc.record({ message: fc.uint8Array({ maxLength: 300, size: 'max' }), tag }),
      ({ message, tag: text }) => ({ name: 'hashToG1', args: [toHex(message), toHex(Buffer.from(text))] }),
      ({ message, tag: text }) => {
        if (text === '') return { error: 'EmptyDomainTag()' };
        const point = nobleCurve.hashToG1(message, text);
        // mcl has no rule for tags that are longer; production has two short ones.
        if (text.length <= 255) expect(mcl.encodeG1(mcl.hashToG1(message, text))).toEqual(nobleCurve.encodeG1(point));
        return { value: toHex(writeG1(point)) };
      },
    );
  });

  it('accepts and refuses the same signatures, keys and message points', async () => {
    const claim = fc.record({
      key: signer,
      message: signer,
      by: fc.option(signer, { nil: undefined }),
      over: fc.option(signer, { nil: undefined }),
      keyChange: pointChange(40),
      messageChange: pointChange(60),
      signatureChange: pointChange(40),
    });
    type Claim = typeof claim extends fc.Arbitrary<infer T> ? T : never;
    const sentOf = (one: Claim) => {
      const signature = SIGNATURES[one.by ?? one.key]![one.over ?? one.message]!;
      return {
        key: changedPoint('G2', PUBLIC_KEYS[one.key]!, one.keyChange),
        message: changedPoint('G1', HASHES[one.message]!, one.messageChange),
        signature: changedPoint('G1', bls.signatureToEvm(signature), one.signatureChange),
      };
    };
    await agree(
      'verify',
      harness,
      claim,
      (one) => {
        const { key, message, signature } = sentOf(one);
        return { name: 'verify', args: [toHex(key), toHex(message), toHex(signature)] };
      },
      (one) => {
        const { key, message, signature } = sentOf(one);
        const shape =
          badLength(key, 'G2') ??
          badLength(message, 'G1') ??
          infinity(message) ??
          infinity(key) ??
          badLength(signature, 'G1') ??
          infinity(signature);
        if (shape) return shape;
        const [publicKey, point, compressed] = [publicKeyFromEvm(key), readG1(message), signatureFromEvm(signature)];
        const signed = compressed && nobleCurve.decodeG1(compressed);
        if (!publicKey || !point || !isInSubgroup(point) || !signed || !isInSubgroup(signed)) return refusedBy(PAIRING);
        const pair = { hash: mcl.decodeG1(nobleCurve.encodeG1(point)), publicKey: mcl.decodeG2(publicKey) };
        const isValid = mcl.isOneGT(mcl.pair([pair], mcl.decodeG1(compressed)));
        const isHash = equalBytes(message, HASHES[one.message]!);
        if (isHash) expect(bls.verify(publicKey, digestOf(one.message), compressed)).toBe(isValid);
        return { value: isValid };
      },
    );
  });

  it('takes non-signers out of an aggregate key alike', async () => {
    const member = fc.record({ key: signer, change: pointChange(200) });
    const set = fc.record({ all: fc.array(member, { maxLength: 8 }), missing: fc.array(member, { maxLength: 4 }) });
    type Set = typeof set extends fc.Arbitrary<infer T> ? T : never;
    const pointsOf = (list: Set['all']) => list.map(({ key, change }) => changedPoint('G2', PUBLIC_KEYS[key]!, change));
    await agree(
      'aggregate keys',
      harness,
      set,
      ({ all, missing }) => ({ name: 'subtract', args: [pointsOf(all).map(toHex), pointsOf(missing).map(toHex)] }),
      ({ all, missing }) => {
        let sum = bls12_381.G2.Point.ZERO;
        for (const [isMissing, point] of [
          ...pointsOf(all).map((bytes) => [false, bytes] as const),
          ...pointsOf(missing).map((bytes) => [true, bytes] as const),
        ]) {
          const refused = badLength(point, 'G2');
          if (refused) return refused;
          const read = readG2(point);
          if (!read) return refusedBy(G2ADD);
          sum = sum.add(isMissing ? read.negate() : read);
        }
        return { value: toHex(writeG2(sum)) };
      },
    );
  });

  it('verifies the same aggregates, made by some for a message of all', async () => {
    const signers = fc.uniqueArray(signer, { minLength: 1 });
    const aggregate = fc.record({ keys: signers, by: fc.option(signers, { nil: undefined }), message: signer });
    type Aggregate = typeof aggregate extends fc.Arbitrary<infer T> ? T : never;
    const sumOf = ({ by, keys, message }: Aggregate) =>
      bls.aggregate((by ?? keys).map((i) => SIGNATURES[i]![message]!));
    await agree(
      'aggregates',
      harness,
      aggregate,
      (one) => {
        const key = one.keys.reduce((sum, i) => sum.add(readG2(PUBLIC_KEYS[i]!)!), bls12_381.G2.Point.ZERO);
        const sum = toHex(bls.signatureToEvm(sumOf(one)));
        return { name: 'verify', args: [toHex(writeG2(key)), toHex(HASHES[one.message]!), sum] };
      },
      (one) => {
        const keys = one.keys.map((i) => bls.publicKey(secretKeyOf(i)));
        const isValid = bls.verifyAggregate(keys, digestOf(one.message), sumOf(one));
        expect(isValid).toBe(one.by === undefined || equalSets(one.by, one.keys));
        return { value: isValid };
      },
    );
  });

  it('adds and multiplies alike, and multiplies nothing outside the subgroup', async () => {
    const scalar = fc.oneof(uint(256), fc.constantFrom(GROUP_ORDER - 1n, GROUP_ORDER, GROUP_ORDER + 1n));
    const sum = fc.record({
      name: fc.constant('g1Add' as const),
      a: signer,
      b: signer,
      aChange: pointChange(8),
      bChange: pointChange(8),
    });
    const product = fc.record({
      name: fc.constantFrom('g1Mul' as const, 'g2Mul' as const),
      a: signer,
      aChange: pointChange(12),
      scalar,
    });
    const one = fc.oneof(sum, product);
    type One = typeof one extends fc.Arbitrary<infer T> ? T : never;
    const operandsOf = (of: One) => {
      if (of.name === 'g2Mul') return [changedPoint('G2', PUBLIC_KEYS[of.a]!, of.aChange)];
      const a = changedPoint('G1', HASHES[of.a]!, of.aChange);
      return of.name === 'g1Add' ? [a, changedPoint('G1', HASHES[of.b]!, of.bChange)] : [a];
    };
    await agree(
      'arithmetic',
      harness,
      one,
      (of) => ({
        name: of.name,
        args: [...operandsOf(of).map(toHex), ...(of.name === 'g1Add' ? [] : [of.scalar])],
      }),
      (of) => {
        const operands = operandsOf(of);
        const group = of.name === 'g2Mul' ? 'G2' : 'G1';
        const bad = operands.map((point) => badLength(point, group)).find((reply) => reply !== undefined);
        if (bad) return bad;
        if (of.name === 'g1Add') {
          const [a, b] = operands.map(readG1);
          return a && b ? { value: toHex(writeG1(a.add(b))) } : refusedBy(G1ADD);
        }
        if (of.name === 'g1Mul') {
          const a = readG1(operands[0]!);
          if (!a || !isInSubgroup(a)) return refusedBy(G1MSM);
          return { value: toHex(writeG1(a.multiplyUnsafe(of.scalar % GROUP_ORDER))) };
        }
        const a = readG2(operands[0]!);
        if (!a || !isInSubgroup(a)) return refusedBy(G2MSM);
        return { value: toHex(writeG2(a.multiplyUnsafe(of.scalar % GROUP_ORDER))) };
      },
      0.5,
    );
  });
});

function equalSets(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((i) => b.includes(i));
}
