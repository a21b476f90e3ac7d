import { equalBytes } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import {
  AGGREGATE_MAX,
  type Bls,
  EVM_PUBLIC_KEY_BYTES,
  MESSAGE_BYTES_MAX,
  POSSESSION_DST,
  PUBLIC_KEY_BYTES,
  PUBLIC_KEY_CACHE_MAX,
  SIGNATURE_BYTES,
  SIGNATURE_DST,
} from './bls.ts';
import {
  checkMessage,
  checkSecretKey,
  compress,
  isCompressedG1,
  isCompressedG2,
  padForEvm,
  unpadFromEvm,
} from './encoding.ts';

/**
 * What a library must supply: arithmetic, no rules. Points given to it are on the curve and never infinity, bytes are
 * canonical, secret keys are in range; `createScheme` sees to that.
 */
export interface Curve<G1, G2> {
  readonly name: string;
  /** RFC 9380 hash_to_curve, suite BLS12381G1_XMD:SHA-256_SSWU_RO_. */
  hashToG1(message: Uint8Array, dst: string): G1;
  /** secretKey · point. */
  multiplyG1(point: G1, secretKey: Uint8Array): G1;
  /** secretKey · the generator of G2. */
  multiplyBaseG2(secretKey: Uint8Array): G2;
  /** Decompresses without a subgroup check; throws when no point of the curve has this x. */
  decodeG1(bytes: Uint8Array): G1;
  decodeG2(bytes: Uint8Array): G2;
  encodeG1(point: G1): Uint8Array;
  encodeG2(point: G2): Uint8Array;
  isInSubgroupG1(point: G1): boolean;
  isInSubgroupG2(point: G2): boolean;
  /** The sum of at least one point; it may be infinity. */
  sumG1(points: readonly G1[]): G1;
  sumG2(points: readonly G2[]): G2;
  isInfinityG1(point: G1): boolean;
  isInfinityG2(point: G2): boolean;
  /** x, y: 48 bytes each, big-endian. */
  coordinatesG1(point: G1): Uint8Array[];
  /** x.c0, x.c1, y.c0, y.c1: 48 bytes each, big-endian. */
  coordinatesG2(point: G2): Uint8Array[];
  /** e(hash, publicKey) = e(signature, generator of G2). */
  pairingsMatch(hash: G1, publicKey: G2, signature: G1): boolean;
}

/** The signature scheme over a library's arithmetic: every acceptance rule stands here, once. */
export function createScheme<G1, G2>(curve: Curve<G1, G2>): Bls {
  const publicKeys = new Map<string, G2>();

  // Decoding a key and checking its subgroup costs a third of a verification, and the same few hundred keys come back
  // every epoch. A hit moves to the end, so the first entry is the one unused for longest.
  function readPublicKey(bytes: Uint8Array): G2 | undefined {
    if (!isCompressedG2(bytes)) return undefined;
    const id = identify(bytes);
    let point = publicKeys.get(id);
    if (point === undefined) {
      point = attempt(() => curve.decodeG2(bytes));
      if (point === undefined || !curve.isInSubgroupG2(point)) return undefined;
      const oldest = publicKeys.keys().next();
      if (publicKeys.size >= PUBLIC_KEY_CACHE_MAX && !oldest.done) publicKeys.delete(oldest.value);
    } else publicKeys.delete(id);
    publicKeys.set(id, point);
    return point;
  }

  function readSignature(bytes: Uint8Array): G1 | undefined {
    return isCompressedG1(bytes) ? attempt(() => curve.decodeG1(bytes)) : undefined;
  }

  function signUnder(dst: string, secretKey: Uint8Array, message: Uint8Array): Uint8Array {
    checkSecretKey(secretKey);
    checkMessage(message);
    return curve.encodeG1(curve.multiplyG1(curve.hashToG1(message, dst), secretKey));
  }

  function verifyUnder(dst: string, key: G2 | undefined, message: Uint8Array, signature: Uint8Array): boolean {
    if (key === undefined || !(message instanceof Uint8Array) || message.length > MESSAGE_BYTES_MAX) return false;
    const point = readSignature(signature);
    if (point === undefined || !curve.isInSubgroupG1(point)) return false;
    return curve.pairingsMatch(curve.hashToG1(message, dst), key, point);
  }

  return {
    name: curve.name,

    publicKey(secretKey) {
      checkSecretKey(secretKey);
      return curve.encodeG2(curve.multiplyBaseG2(secretKey));
    },

    sign: (secretKey, message) => signUnder(SIGNATURE_DST, secretKey, message),
    prove: (secretKey, message) => signUnder(POSSESSION_DST, secretKey, message),
    verify: (key, message, signature) => verifyUnder(SIGNATURE_DST, readPublicKey(key), message, signature),
    verifyProof: (key, message, proof) => verifyUnder(POSSESSION_DST, readPublicKey(key), message, proof),

    aggregate(signatures) {
      if (signatures.length === 0 || signatures.length > AGGREGATE_MAX) {
        throw new PlumblineError(
          'bls-aggregate',
          `an aggregate has 1 to ${AGGREGATE_MAX} signatures, one per seat; ${signatures.length} were given`,
          { count: signatures.length },
        );
      }
      const sum = curve.sumG1(signatures.map((bytes, index) => readSignature(bytes) ?? refuseSignature(bytes, index)));
      if (!curve.isInfinityG1(sum)) return curve.encodeG1(sum);
      throw new PlumblineError(
        'bls-aggregate',
        'the signatures sum to infinity, which a valid aggregate never is; verify them one by one and drop the bad ones',
        { count: signatures.length },
      );
    },

    verifyAggregate(keys, message, signature) {
      if (keys.length === 0 || keys.length > AGGREGATE_MAX) return false;
      const points: G2[] = [];
      for (const key of keys) {
        const point = readPublicKey(key);
        if (point === undefined) return false;
        points.push(point);
      }
      if (new Set(keys.map(identify)).size !== keys.length) return false;
      const sum = curve.sumG2(points);
      return !curve.isInfinityG2(sum) && verifyUnder(SIGNATURE_DST, sum, message, signature);
    },

    signatureToEvm(signature) {
      return padForEvm(curve.coordinatesG1(readSignature(signature) ?? refuseSignature(signature, 0)));
    },

    publicKeyToEvm(publicKey) {
      return padForEvm(curve.coordinatesG2(readPublicKey(publicKey) ?? refusePublicKey(publicKey)));
    },

    publicKeyFromEvm(publicKey) {
      if (!(publicKey instanceof Uint8Array) || publicKey.length !== EVM_PUBLIC_KEY_BYTES) refusePublicKey(publicKey);
      // Compressing keeps x and the sign of y. So the bytes are a valid key exactly when what they compress to is one, and
      // that key expands to the same bytes again: then y, the padding and the range of every coordinate are right too.
      const compressed = compress(unpadFromEvm(publicKey));
      const point = readPublicKey(compressed) ?? refusePublicKey(publicKey);
      const isSame = equalBytes(padForEvm(curve.coordinatesG2(point)), publicKey);
      return isSame ? compressed : refusePublicKey(publicKey);
    },
  };
}

function identify(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The libraries report a failed decompression by throwing; the rest of this file reports it by value. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

function refuseSignature(bytes: Uint8Array, index: number): never {
  throw new PlumblineError(
    'bls-signature',
    `BLS signature ${index} is not ${SIGNATURE_BYTES} bytes of a compressed point of G1 other than infinity; drop it`,
    { index, length: bytes?.length },
  );
}

function refusePublicKey(bytes: Uint8Array): never {
  throw new PlumblineError(
    'bls-public-key',
    `the BLS public key is not a point of G2 other than infinity (${PUBLIC_KEY_BYTES} bytes compressed, or EIP-2537 form); ask its operator for the right one`,
    { length: bytes?.length },
  );
}
