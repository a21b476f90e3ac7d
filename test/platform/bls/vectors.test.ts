import { readFileSync } from 'node:fs';
import { PointG1 } from '@noble/bls12-381';
import { describe, expect, test } from 'vitest';
import { POSSESSION_DST, SIGNATURE_DST } from '../../../platform/bls/bls.ts';
import { padForEvm } from '../../../platform/bls/encoding.ts';
import { deriveSecretKey } from '../../../platform/bls/keygen.ts';
import { createMclBls, startMclCurve } from '../../../platform/bls/mcl.ts';
import { createNobleBls, nobleCurve } from '../../../platform/bls/noble.ts';
import { fromHex, toHex } from '../../../protocol/bytes.ts';
import * as archived from './archived.ts';

interface Case {
  readonly secretKey: string;
  readonly message: string;
  readonly dst: string;
  readonly publicKey: string;
  readonly publicKeyEvm: string;
  readonly hashEvm: string;
  readonly signature: string;
  readonly signatureEvm: string;
}

const { cases } = JSON.parse(readFileSync(new URL('../../vectors/bls.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};
const mclCurve = await startMclCurve();
const implementations = [createNobleBls(), await createMclBls()];

// RFC 9380, appendix J.9.1, BLS12381G1_XMD:SHA-256_SSWU_RO_
const RFC_9380_DST = 'QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_';
const RFC_9380: readonly (readonly [message: string, x: string, y: string])[] = [
  [
    '',
    '052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1',
    '08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265',
  ],
  [
    'abc',
    '03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903',
    '0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d',
  ],
  [
    'abcdef0123456789',
    '11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98',
    '03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d709',
  ],
  [
    `q128_${'q'.repeat(128)}`,
    '15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac488',
    '1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6dd38',
  ],
  [
    `a512_${'a'.repeat(512)}`,
    '082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2dcfe',
    '05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7ac8',
  ],
];

describe('test/vectors/bls.json', () => {
  test('has both tags and messages of 0, 32 and 100 bytes', () => {
    expect(new Set(cases.map((one) => one.dst))).toEqual(new Set([SIGNATURE_DST, POSSESSION_DST]));
    expect(new Set(cases.map((one) => fromHex(one.message).length))).toEqual(new Set([0, 32, 100]));
  });

  test.each(implementations)('$name produces and accepts every case', (bls) => {
    for (const one of cases) {
      const isProof = one.dst === POSSESSION_DST;
      const secretKey = fromHex(one.secretKey);
      const message = fromHex(one.message);
      const publicKey = bls.publicKey(secretKey);
      const signature = isProof ? bls.prove(secretKey, message) : bls.sign(secretKey, message);
      expect(toHex(publicKey)).toBe(one.publicKey);
      expect(toHex(signature)).toBe(one.signature);
      expect(toHex(bls.publicKeyToEvm(publicKey))).toBe(one.publicKeyEvm);
      expect(toHex(bls.signatureToEvm(signature))).toBe(one.signatureEvm);
      expect(toHex(bls.publicKeyFromEvm(fromHex(one.publicKeyEvm)))).toBe(one.publicKey);
      expect(bls.verify(publicKey, message, signature)).toBe(!isProof);
      expect(bls.verifyProof(publicKey, message, signature)).toBe(isProof);
    }
  });

  test('mcl and noble hash every message to the same point', () => {
    for (const { message, dst, hashEvm } of cases) {
      const bytes = fromHex(message);
      expect(toHex(padForEvm(nobleCurve.coordinatesG1(nobleCurve.hashToG1(bytes, dst))))).toBe(hashEvm);
      expect(toHex(padForEvm(mclCurve.coordinatesG1(mclCurve.hashToG1(bytes, dst))))).toBe(hashEvm);
    }
  });

  test('the archived library agrees with every case', async () => {
    for (const one of cases) {
      const [secretKey, message] = [fromHex(one.secretKey), fromHex(one.message)];
      expect(toHex(archived.publicKey(secretKey))).toBe(one.publicKey);
      expect(toHex(await archived.sign(secretKey, message, one.dst))).toBe(one.signature);
      expect(toHex(archived.evmG1(await PointG1.hashToCurve(message, { DST: one.dst })))).toBe(one.hashEvm);
      expect(archived.isEvmPublicKey(fromHex(one.publicKeyEvm))).toBe(true);
    }
  });
});

test.each(RFC_9380)('RFC 9380 hashes %j to the published point', async (message, x, y) => {
  const bytes = new TextEncoder().encode(message);
  const expected = [x, y];
  const hex = (elements: Uint8Array[]) => elements.map((element) => toHex(element).slice(2));
  expect(hex(nobleCurve.coordinatesG1(nobleCurve.hashToG1(bytes, RFC_9380_DST)))).toEqual(expected);
  expect(hex(mclCurve.coordinatesG1(mclCurve.hashToG1(bytes, RFC_9380_DST)))).toEqual(expected);
  const point = archived.evmG1(await PointG1.hashToCurve(bytes, { DST: RFC_9380_DST }));
  expect(hex([point.subarray(16, 64), point.subarray(80, 128)])).toEqual(expected);
});

// EIP-2333, test cases 0 to 2: the master key is KeyGen of the seed.
test.each([
  [
    'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04',
    6083874454709270928345386274498605044986640685124978867557563392430687146096n,
  ],
  [
    '3141592653589793238462643383279502884197169399375105820974944592',
    29757020647961307431480504535336562678282505419141012933316116377660817309383n,
  ],
  [
    '0099FF991111002299DD7744EE3355BBDD8844115566CC55663355668888CC00',
    27580842291869792442942448775674722299803720648445448686099262467207037398656n,
  ],
])('KeyGen of seed %s gives the published key', (seed, key) => {
  expect(BigInt(toHex(deriveSecretKey(fromHex(seed))))).toBe(key);
});
