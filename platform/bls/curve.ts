/** One factor of a pairing product. */
export interface Pair<G1, G2> {
  readonly hash: G1;
  readonly publicKey: G2;
}

/**
 * What a library must supply: arithmetic, no rules. Points given to it are on the curve and never infinity, bytes are
 * canonical, secret keys are in range; `createScheme` sees to that. Sums may pass through infinity.
 */
export interface Curve<G1, G2, GT> {
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
  /** Σ cᵢ · Pᵢ of points in the subgroup; coefficients of COEFFICIENT_BYTES, big-endian, no secret: the time tells them. */
  combineG1(points: readonly G1[], coefficients: readonly Uint8Array[]): G1;
  /**
   * Π e(hashᵢ, publicKeyᵢ) · e(signature, −generator of G2), with one final exponentiation for all. Here points may be
   * infinity, whose pairing is 1. A homomorphism: the value of two disjoint groups together is the product of theirs.
   */
  pair(pairs: readonly Pair<G1, G2>[], signature: G1): GT;
  /** The dear half of `pair`, to be kept and used in several products: the Miller loops of some pairs, multiplied. */
  loops(pairs: readonly Pair<G1, G2>[]): GT;
  /** The other half: pair(a ∪ b, s) = finish([loops(a), loops(b)], s). */
  finish(loops: readonly GT[], signature: G1): GT;
  /** The quotient of two values of `pair`. */
  divideGT(a: GT, b: GT): GT;
  isOneGT(value: GT): boolean;
}
