import { writeFileSync } from 'node:fs';
import { POSSESSION_DST, SIGNATURE_DST } from '../../platform/bls/bls.ts';
import { GROUP_ORDER, padForEvm } from '../../platform/bls/encoding.ts';
import { deriveSecretKey } from '../../platform/bls/keygen.ts';
import { createNobleBls, nobleCurve } from '../../platform/bls/noble.ts';
import { bigEndian, toHex } from '../../protocol/bytes.ts';

/**
 * Writes test/vectors/bls.json from the reference implementation. The TypeScript and the Solidity tests read the same
 * file; it changes only when the scheme does.
 */

const bls = createNobleBls();
const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i);

const secretKeys = [
  bigEndian(1, 32), // the public key is the generator
  bigEndian(GROUP_ORDER - 1n, 32), // the largest key: the generator negated
  deriveSecretKey(counting(32)),
  deriveSecretKey(counting(48)),
];
const plan: readonly (readonly [keyIndex: number, messageBytes: number, dst: string])[] = [
  [0, 32, SIGNATURE_DST],
  [1, 32, SIGNATURE_DST],
  [2, 0, SIGNATURE_DST],
  [2, 32, SIGNATURE_DST],
  [2, 100, SIGNATURE_DST],
  [2, 32, POSSESSION_DST],
  [3, 0, POSSESSION_DST],
  [3, 100, POSSESSION_DST],
];

const cases = plan.map(([keyIndex, messageBytes, dst]) => {
  const secretKey = secretKeys[keyIndex] ?? bigEndian(1, 32);
  const message = counting(messageBytes);
  const publicKey = bls.publicKey(secretKey);
  const signature = dst === SIGNATURE_DST ? bls.sign(secretKey, message) : bls.prove(secretKey, message);
  return {
    secretKey: toHex(secretKey),
    message: toHex(message),
    dst,
    publicKey: toHex(publicKey),
    publicKeyEvm: toHex(bls.publicKeyToEvm(publicKey)),
    hashEvm: toHex(padForEvm(nobleCurve.coordinatesG1(nobleCurve.hashToG1(message, dst)))),
    signature: toHex(signature),
    signatureEvm: toHex(bls.signatureToEvm(signature)),
  };
});

writeFileSync(new URL('../../test/vectors/bls.json', import.meta.url), `${JSON.stringify({ cases }, null, 2)}\n`);
