import { bls12_381 } from '@noble/curves/bls12-381.js';
import { type Bls, SIGNATURE_DST } from '../../platform/bls/bls.ts';
import { deriveSecretKey } from '../../platform/bls/keygen.ts';
import { bigEndian } from '../../protocol/bytes.ts';
import { expectTrue, median, millisOf } from './measure.ts';

/** More seats than today's 512: the next size of the set must not be out of reach. */
export const SIGNERS = 1_000;
/** Signatures that the slow way is timed on; it takes one after the other, so its time is theirs times the rest. */
const NAIVE_SIGNATURES = 31;
/** Verified before any is timed, while the code is being compiled. */
const WARM_UP = 10;

export interface Signer {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function signersOf(bls: Bls): Signer[] {
  return Array.from({ length: SIGNERS }, (_, i) => {
    const secretKey = deriveSecretKey(bigEndian(i, 32));
    return { secretKey, publicKey: bls.publicKey(secretKey) };
  });
}

/**
 * Milliseconds for one signature verified alone with @noble/curves' own functions: decode, subgroup, hash, pairing. Keys are
 * decoded beforehand, as a node knows them for hours.
 */
export function naiveMillis(signed: readonly (Signer & { message: Uint8Array; signature: Uint8Array })[]): number {
  const { G2, shortSignatures } = bls12_381;
  const times = signed.slice(0, WARM_UP + NAIVE_SIGNATURES).map(({ publicKey, message, signature }) => {
    const key = G2.Point.fromBytes(publicKey);
    return millisOf(() => {
      const hash = shortSignatures.hash(message, SIGNATURE_DST);
      expectTrue(shortSignatures.verify(signature, hash, key), 'noble refuses a signature');
    });
  });
  return median(times.slice(WARM_UP));
}
