/**
 * BLS signatures over BLS12-381 in the minimal-signature variant: signatures in G1, public keys in G2.
 * draft-irtf-cfrg-bls-signature with proofs of possession, hash to curve of RFC 9380. docs/CRYPTOGRAPHY.md explains
 * the choice; platform/bls/scheme.ts holds the rules; noble.ts and mcl.ts hold the arithmetic.
 */

import { SEATS_MAX } from '../../protocol/limits.ts';

/** A secret key: 32 bytes, big-endian, 0 < key < r. */
export const SECRET_KEY_BYTES = 32;
/** A public key: a compressed point of G2 (ZCash format: x.c1 with three flag bits, then x.c0). */
export const PUBLIC_KEY_BYTES = 96;
/** A signature or a proof of possession: a compressed point of G1 (ZCash format: x with three flag bits). */
export const SIGNATURE_BYTES = 48;
/** A public key as the EIP-2537 precompiles read it: x.c0, x.c1, y.c0, y.c1, each 64 bytes big-endian. */
export const EVM_PUBLIC_KEY_BYTES = 256;
/** A signature as the EIP-2537 precompiles read it: x, y, each 64 bytes big-endian. */
export const EVM_SIGNATURE_BYTES = 128;

/** Domain separation tag of every signature except proofs of possession. */
export const SIGNATURE_DST = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_';
/** Domain separation tag of proofs of possession: no signature can pass for one. */
export const POSSESSION_DST = 'BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_';

/** Every Plumbline message is a 32-byte digest; the rest is room for test vectors, far below WebAssembly's 1 MiB stack. */
export const MESSAGE_BYTES_MAX = 4_096;
/** The most keys or signatures in one aggregate: the seats that fit the two bitmap words of a report. */
export const AGGREGATE_MAX = SEATS_MAX;
/** Decoded public keys that are kept: the seats of the current set and of the next one, about 0.6 KiB each. */
export const PUBLIC_KEY_CACHE_MAX = 2 * AGGREGATE_MAX;
/** Signatures verified together: a commit by every seat of the current set and of the next one, 1.7 s of one core. */
export const BATCH_MAX = 2 * AGGREGATE_MAX;
/** A random coefficient of a batch: a bad signature passes with probability 2^-128, as hard as breaking the curve. */
export const COEFFICIENT_BYTES = 16;

/** One signature under its own key, on a message that the context gives. */
export interface Keyed {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** One signature with its own key and its own message. */
export interface Signed extends Keyed {
  readonly message: Uint8Array;
}

/** What became of partial signatures on one message. */
export interface Combination {
  /** The verified sum of the valid ones; undefined when none is, when they sum to infinity, or when a key comes twice. */
  readonly signature: Uint8Array | undefined;
  /** By position. False only for a signature that fails on its own; the reverse is not promised (see combinePartials). */
  readonly valid: readonly boolean[];
}

/**
 * One implementation of the scheme. Byte lengths are the constants above; every implementation gives the same bytes and
 * the same verdicts (test/platform/bls/differential.test.ts).
 *
 * Methods that return a boolean never throw, whatever the bytes. The others throw a PlumblineError whose code is one of
 * `bls-secret-key`, `bls-public-key`, `bls-signature`, `bls-message`, `bls-aggregate`, `bls-batch`.
 */
export interface Bls {
  /** What runs underneath, for logs and benches: `noble` or `mcl`. */
  readonly name: string;

  /** The public key of a secret key, compressed. */
  publicKey(secretKey: Uint8Array): Uint8Array;

  /** Signs under SIGNATURE_DST. Message: at most MESSAGE_BYTES_MAX. */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;

  /** One key, one message, one signature, all checks: encoding, not infinity, on the curve, in the subgroup, pairing. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;

  /** Signs under POSSESSION_DST: the proof that the holder of a public key knows its secret key. */
  prove(secretKey: Uint8Array, message: Uint8Array): Uint8Array;

  /** As `verify`, under POSSESSION_DST. */
  verifyProof(publicKey: Uint8Array, message: Uint8Array, proof: Uint8Array): boolean;

  /**
   * The sum of 1 to AGGREGATE_MAX signatures. Checks only what is cheap: encoding, not infinity, on the curve. The
   * subgroup is left to whoever verifies the sum. Refuses a sum at infinity, which no set of honest keys signs.
   * A malformed signature throws `bls-signature` with its position in `evidence.index`.
   */
  aggregate(signatures: readonly Uint8Array[]): Uint8Array;

  /**
   * Whether `signature` is the sum of one signature on `message` by each of 1 to AGGREGATE_MAX distinct keys.
   * Sound only for keys whose proof of possession was verified at registration: otherwise a rogue key forges it.
   */
  verifyAggregate(publicKeys: readonly Uint8Array[], message: Uint8Array, signature: Uint8Array): boolean;

  /**
   * Which of 0 to `countMax` partial signatures on one message are valid, and the sum of those: the arithmetic under
   * combinePartials, which sets the bound of production. Needs distinct keys whose possession was proven. Throws
   * `bls-aggregate` above the bound and `bls-message`; never for what the partials hold.
   */
  combine(message: Uint8Array, partials: readonly Keyed[], countMax: number): Combination;

  /**
   * As `verify` for each of 0 to BATCH_MAX signatures, in one multi-pairing: two to three times as fast while all are good.
   * `random(n)` gives n bytes from a cryptographic source that no signer can foresee. What `verify` accepts is accepted;
   * what it refuses passes with probability at most 2^-128. Throws `bls-batch` above the bound, or when the random
   * source repeats itself or gives zeros: then nothing was verified.
   */
  verifyBatch(items: readonly Signed[], random: (bytes: number) => Uint8Array): boolean[];

  /** 48 to 128 bytes. Checks the encoding and the curve; the pairing precompile checks the subgroup. */
  signatureToEvm(signature: Uint8Array): Uint8Array;

  /** 96 to 256 bytes, all checks. */
  publicKeyToEvm(publicKey: Uint8Array): Uint8Array;

  /** 256 to 96 bytes, all checks: zero padding, coordinates below p, not infinity, on the curve, in the subgroup. */
  publicKeyFromEvm(publicKey: Uint8Array): Uint8Array;
}
