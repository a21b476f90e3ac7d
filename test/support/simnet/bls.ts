import {
  AGGREGATE_MAX,
  type Bls,
  EVM_PUBLIC_KEY_BYTES,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
} from '../../../platform/bls/bls.ts';
import { concat, equalBytes, keccak, toHex } from '../../../protocol/bytes.ts';
import { PlumblineError } from '../../../protocol/error.ts';

const KEY = Uint8Array.of(1);
const SIGN = Uint8Array.of(2);
const PROVE = Uint8Array.of(3);

/** Signature checks made so far: what a flood costs. */
export type BlsCounts = { verify: number; verifyAggregate: number };

/**
 * Signatures as they should be: a signature is a tag over secret key and message, a sum of signatures is their XOR, and
 * the secrets behind public keys are looked up. Nobody in this world can forge one, and none costs anything.
 */
export function createIdealBls(counts: BlsCounts = { verify: 0, verifyAggregate: 0 }): Bls {
  const secrets = new Map<string, Uint8Array>();
  const tag = (kind: Uint8Array, secretKey: Uint8Array, message: Uint8Array) =>
    concat(keccak(kind, secretKey, message), keccak(message, secretKey, kind)).slice(0, SIGNATURE_BYTES);
  const isTag = (kind: Uint8Array, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => {
    const secretKey = secrets.get(toHex(publicKey));
    return secretKey !== undefined && equalBytes(tag(kind, secretKey, message), signature);
  };
  return {
    name: 'ideal',
    publicKey: (secretKey) => {
      const publicKey = concat(keccak(KEY, secretKey), new Uint8Array(PUBLIC_KEY_BYTES - 32));
      secrets.set(toHex(publicKey), secretKey.slice());
      return publicKey;
    },
    sign: (secretKey, message) => tag(SIGN, secretKey, message),
    verify: (publicKey, message, signature) => {
      counts.verify++;
      return isTag(SIGN, publicKey, message, signature);
    },
    prove: (secretKey, message) => tag(PROVE, secretKey, message),
    verifyProof: (publicKey, message, proof) => isTag(PROVE, publicKey, message, proof),
    aggregate: (signatures) => {
      if (signatures.length === 0 || signatures.length > AGGREGATE_MAX)
        throw new PlumblineError('bls-aggregate', 'size');
      return signatures.reduce(xor);
    },
    verifyAggregate: (publicKeys, message, signature) => {
      counts.verifyAggregate++;
      const keys = publicKeys.map((key) => secrets.get(toHex(key)));
      if (new Set(publicKeys.map(toHex)).size !== keys.length || keys.length === 0) return false;
      if (!keys.every((key) => key !== undefined)) return false;
      return equalBytes(keys.map((key): Uint8Array => tag(SIGN, key, message)).reduce(xor), signature);
    },
    combine: (message, partials, countMax) => {
      if (partials.length > countMax) throw new PlumblineError('bls-aggregate', 'size');
      counts.verifyAggregate++;
      const valid = partials.map(({ publicKey, signature }) => isTag(SIGN, publicKey, message, signature));
      const good = partials.filter((_, i) => valid[i]).map(({ signature }) => signature);
      return { signature: good.length > 0 ? good.reduce(xor) : undefined, valid };
    },
    verifyBatch: (items) => {
      counts.verify += items.length;
      return items.map(({ publicKey, message, signature }) => isTag(SIGN, publicKey, message, signature));
    },
    signatureToEvm: (signature) => concat(signature, new Uint8Array(128 - SIGNATURE_BYTES)),
    publicKeyToEvm: (publicKey) => concat(publicKey, new Uint8Array(EVM_PUBLIC_KEY_BYTES - PUBLIC_KEY_BYTES)),
    publicKeyFromEvm: (publicKey) => publicKey.slice(0, PUBLIC_KEY_BYTES),
  };
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]!);
}
