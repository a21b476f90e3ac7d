import { equalBytes } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { findValidSigned, type ReadSigned } from './batch.ts';
import {
  AGGREGATE_MAX,
  BATCH_MAX,
  type Bls,
  EVM_PUBLIC_KEY_BYTES,
  type Keyed,
  MESSAGE_BYTES_MAX,
  POSSESSION_DST,
  PUBLIC_KEY_BYTES,
  PUBLIC_KEY_CACHE_MAX,
  SIGNATURE_BYTES,
  SIGNATURE_DST,
} from './bls.ts';
import { findValidPartials, type ReadPartial } from './combine.ts';
import type { Curve } from './curve.ts';
import {
  checkMessage,
  checkSecretKey,
  compress,
  isCompressedG1,
  isCompressedG2,
  padForEvm,
  unpadFromEvm,
} from './encoding.ts';

/** The signature scheme over a library's arithmetic: every acceptance rule stands here, once. */
export function createScheme<G1, G2, GT>(curve: Curve<G1, G2, GT>): Bls {
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
    if (key === undefined || !isMessage(message)) return false;
    const point = readSignature(signature);
    return point !== undefined && verifyPoints(curve.hashToG1(message, dst), key, point);
  }

  /** Neither key nor signature is infinity, the signature is in the subgroup, and e(hash, key) · e(signature, −g₂) = 1. */
  function verifyPoints(hash: G1, key: G2, signature: G1): boolean {
    if (curve.isInfinityG2(key) || curve.isInfinityG1(signature) || !curve.isInSubgroupG1(signature)) return false;
    return curve.isOneGT(curve.pair([{ hash, publicKey: key }], signature));
  }

  /** The sum of the partials, compressed, when it is their keys' aggregate on the hashed message. */
  function sumIfValid(hash: G1, partials: readonly ReadPartial<G1, G2>[]): Uint8Array | undefined {
    if (partials.length === 0) return undefined;
    const sum = curve.sumG1(partials.map(({ point }) => point));
    const isValid = verifyPoints(hash, curve.sumG2(partials.map(({ key }) => key)), sum);
    return isValid ? curve.encodeG1(sum) : undefined;
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
      return verifyUnder(SIGNATURE_DST, sum, message, signature);
    },

    combine(message, partials, countMax) {
      checkMessage(message);
      if (partials.length > countMax) {
        throw new PlumblineError(
          'bls-aggregate',
          `at most ${countMax} partial signatures are combined, one per seat; ${partials.length} were given`,
          { count: partials.length },
        );
      }
      // Cheap checks first: what is no point at all never reaches a pairing.
      const read = partials.map(({ publicKey, signature }): ReadPartial<G1, G2> | undefined => {
        const key = readPublicKey(publicKey);
        const point = key && readSignature(signature);
        return key && point && { key, point };
      });
      const known = read.filter((partial) => partial !== undefined);
      const hash = curve.hashToG1(message, SIGNATURE_DST);
      const isSound = isDistinct(partials.filter((_, i) => read[i]));
      const all = sumIfValid(hash, known);
      if (all) return { signature: isSound ? all : undefined, valid: read.map((one) => one !== undefined) };
      const good = findValidPartials(curve, hash, known);
      // What leaves here was verified as a whole, whatever the search did.
      const signature = sumIfValid(
        hash,
        known.filter((_, i) => good[i]),
      );
      return { signature: isSound ? signature : undefined, valid: spread(read, good) };
    },

    verifyBatch(items, random) {
      if (items.length > BATCH_MAX) {
        throw new PlumblineError(
          'bls-batch',
          `a batch has at most ${BATCH_MAX} signatures, ${items.length} were given; verify them in several batches`,
          { count: items.length },
        );
      }
      const read = items.map((item): ReadSigned<G1, G2> | undefined => {
        const key = isMessage(item.message) ? readPublicKey(item.publicKey) : undefined;
        const point = key && readSignature(item.signature);
        if (!key || !point || !curve.isInSubgroupG1(point)) return undefined;
        return { hash: curve.hashToG1(item.message, SIGNATURE_DST), key, point };
      });
      return spread(
        read,
        findValidSigned(
          curve,
          read.filter((signed) => signed !== undefined),
          random,
        ),
      );
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

function isMessage(message: Uint8Array): boolean {
  return message instanceof Uint8Array && message.length <= MESSAGE_BYTES_MAX;
}

function isDistinct(partials: readonly Keyed[]): boolean {
  return new Set(partials.map(({ publicKey }) => identify(publicKey))).size === partials.length;
}

/** Verdicts on the entries that could be read, set among the others, which are bad. */
function spread(read: readonly unknown[], verdicts: readonly boolean[]): boolean[] {
  let next = 0;
  return read.map((entry) => entry !== undefined && verdicts[next++] === true);
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
