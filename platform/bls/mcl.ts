import mcl, { type Fr, type G1, type G2, type GT } from 'mcl-wasm';
import { fromHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { type Bls, POSSESSION_DST, SIGNATURE_DST } from './bls.ts';
import type { Curve, Pair } from './curve.ts';
import { createScheme } from './scheme.ts';

/**
 * The fast arithmetic: mcl compiled to WebAssembly. Everything it computes is held against the reference in
 * test/platform/bls/differential.test.ts, and `createMclBls` checks a known answer at every start.
 */

/** Functions of the WebAssembly module that mcl-wasm exports without a typed wrapper. */
interface Module {
  /** hash_to_curve with a tag of the caller's; the typed `setHashOf` knows only one global tag. */
  _mclBnG1_hashAndMapToWithDst?(out: number, message: number, length: number, dst: number, dstLength: number): number;
  /** Multiplication in constant time; the typed `mul` branches on the scalar, which here is a secret. */
  _mclBnG1_mulCT?(out: number, point: number, scalar: number): void;
  _mclBnG2_mulCT?(out: number, point: number, scalar: number): void;
  /** The product of n Miller loops, which share their squarings. */
  _mclBn_millerLoopVec?(out: number, points: number, keys: number, n: number): void;
  stackSave(): number;
  stackRestore(position: number): void;
  stackAlloc(bytes: number): number;
  sallocBytes(bytes: Uint8Array): number;
  sallocCopy(words: Uint32Array): number;
  sallocArray(list: readonly Uint32Array[]): number;
  copyFromHeap32(words: Uint32Array, position: number): void;
}

/** The words in which a value rests between two calls; mcl-wasm hides them from its types. */
type Words = { a_: Uint32Array };

/** Pairs or summands in one call of the module: 55 KiB of its 1 MiB stack; longer calls are not faster. */
const CALL_MAX = 128;

/** The generator of G2 (draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1), compressed. */
const G2_GENERATOR =
  '93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e' +
  '024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8';

/** The empty message hashed by the reference: a build of mcl that differs must not sign. */
const KNOWN_HASHES: readonly (readonly [dst: string, point: string])[] = [
  [SIGNATURE_DST, '8c5dafb594be22a639a1b188e81316bde48d8a7538fb15c787b63879131acfe8091a28c8e567872846e4a08af45b8564'],
  [POSSESSION_DST, 'b365ef28d76b7907702ed2686e61b790010115e146cf27986dc3814ee36965e05126cb1568d7c0a950b71b975da0b195'],
];

// mcl keeps its curve and its modes in one global state per process.
let starting: Promise<Curve<G1, G2, GT>> | undefined;

/**
 * Starts mcl once per process and wraps it. Throws `bls-mcl` when the WebAssembly module does not start, lacks a function,
 * or answers a known question wrongly; the remedy is the reference implementation, which `createBls` takes by itself.
 */
export async function createMclBls(): Promise<Bls> {
  return createScheme(await startMclCurve());
}

/** The arithmetic alone; the scheme above it is what programs use. */
export function startMclCurve(): Promise<Curve<G1, G2, GT>> {
  starting ??= start();
  return starting;
}

async function start(): Promise<Curve<G1, G2, GT>> {
  try {
    await mcl.init(mcl.BLS12_381);
    mcl.setETHserialization(true); // the ZCash format
    mcl.setMapToMode(mcl.IRTF); // RFC 9380
    // deserialize then checks the curve only; the scheme asks for the subgroup where it wants it.
    mcl.verifyOrderG1(false);
    mcl.verifyOrderG2(false);
    const curve = createCurve((mcl as unknown as { mod: Module }).mod);
    for (const [dst, point] of KNOWN_HASHES) {
      const answer = Buffer.from(curve.encodeG1(curve.hashToG1(new Uint8Array(), dst))).toString('hex');
      if (answer !== point) throw new Error(`hash to curve gives ${answer}, not ${point}`);
    }
    return curve;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PlumblineError('bls-mcl', `mcl-wasm is unusable here (${reason}); use createNobleBls`, {}, cause);
  }
}

function createCurve(module: Module): Curve<G1, G2, GT> {
  const { _mclBnG1_hashAndMapToWithDst: hashWithDst, _mclBnG1_mulCT: mulG1, _mclBnG2_mulCT: mulG2 } = module;
  const { _mclBn_millerLoopVec: millerLoops } = module;
  if (!hashWithDst || !mulG1 || !mulG2 || !millerLoops) {
    throw new Error('the module lacks hashAndMapToWithDst, mulCT or millerLoopVec');
  }
  const generator = decode(mcl.G2, fromHex(G2_GENERATOR));
  // Lives as long as the process: 20 KiB of line coefficients that every verification uses.
  const minusGenerator = new mcl.PrecomputedG2(mcl.neg(generator));
  const one = new mcl.GT();
  one.setInt(1);

  // Values are copied to the module's stack, worked on there and copied back; the stack is restored whatever happens.
  function call<T extends G1 | G2 | GT>(out: T, work: (out: number) => number | undefined): T {
    const words = wordsOf(out);
    const stack = module.stackSave();
    try {
      const position = module.stackAlloc(words.byteLength);
      if (work(position)) throw new Error('mcl reports a failure');
      module.copyFromHeap32(words, position);
      return out;
    } finally {
      module.stackRestore(stack);
    }
  }

  type MultiplyInConstantTime = NonNullable<Module['_mclBnG1_mulCT']>;
  function multiply<T extends G1 | G2>(by: MultiplyInConstantTime, out: T, point: T, secretKey: Uint8Array): T {
    const scalar = new mcl.Fr();
    scalar.deserialize(secretKey);
    return call(out, (position) => {
      by(position, module.sallocCopy(wordsOf(point)), module.sallocCopy(wordsOf(scalar)));
      return undefined;
    });
  }

  function millerProduct(pairs: readonly Pair<G1, G2>[]): GT {
    return call(new mcl.GT(), (out) => {
      const points = module.sallocArray(pairs.map(({ hash }) => wordsOf(hash)));
      const keys = module.sallocArray(pairs.map(({ publicKey }) => wordsOf(publicKey)));
      millerLoops?.(out, points, keys, pairs.length);
      return undefined;
    });
  }

  function loops(pairs: readonly Pair<G1, G2>[]): GT {
    const finite = pairs.filter(({ hash, publicKey }) => !hash.isZero() && !publicKey.isZero());
    const parts = slices(finite.length).map(([from, to]) => millerProduct(finite.slice(from, to)));
    return parts.reduce((product, part) => mcl.mul(product, part), one);
  }

  function finish(parts: readonly GT[], signature: G1): GT {
    const all = signature.isZero() ? parts : [...parts, mcl.precomputedMillerLoop(signature, minusGenerator)];
    return mcl.finalExp(all.reduce((product, part) => mcl.mul(product, part), one));
  }

  return {
    name: 'mcl',
    hashToG1(message, dst) {
      const tag = Buffer.from(dst, 'latin1');
      return call(new mcl.G1(), (out) =>
        hashWithDst(out, module.sallocBytes(message), message.length, module.sallocBytes(tag), tag.length),
      );
    },
    multiplyG1: (point, secretKey) => multiply(mulG1, new mcl.G1(), point, secretKey),
    multiplyBaseG2: (secretKey) => multiply(mulG2, new mcl.G2(), generator, secretKey),
    decodeG1: (bytes) => decode(mcl.G1, bytes),
    decodeG2: (bytes) => decode(mcl.G2, bytes),
    encodeG1: (point) => point.serialize(),
    encodeG2: (point) => point.serialize(),
    isInSubgroupG1: (point) => point.isValidOrder(),
    isInSubgroupG2: (point) => point.isValidOrder(),
    sumG1: (points) => points.reduce((sum, point) => mcl.add(sum, point)),
    sumG2: (points) => points.reduce((sum, point) => mcl.add(sum, point)),
    isInfinityG1: (point) => point.isZero(),
    isInfinityG2: (point) => point.isZero(),
    coordinatesG1(point) {
      const affine = mcl.normalize(point);
      return [affine.getX().serialize(), affine.getY().serialize()];
    },
    coordinatesG2(point) {
      const affine = mcl.normalize(point);
      return [affine.getX(), affine.getY()].flatMap((element) => [
        element.get_a().serialize(),
        element.get_b().serialize(),
      ]);
    },
    combineG1(points, coefficients) {
      const scalars = coefficients.map(publicScalar);
      const sums = slices(points.length).map(([from, to]) =>
        mcl.mulVec(points.slice(from, to), scalars.slice(from, to)),
      );
      return sums.reduce((sum, part) => mcl.add(sum, part), new mcl.G1());
    },
    loops,
    finish,
    pair(pairs, signature) {
      const [first] = pairs;
      if (pairs.length !== 1 || !first || first.hash.isZero() || first.publicKey.isZero() || signature.isZero()) {
        return finish([loops(pairs)], signature);
      }
      return mcl.finalExp(mcl.precomputedMillerLoop2mixed(first.hash, first.publicKey, signature, minusGenerator));
    },
    // After the final exponentiation the inverse is the conjugate.
    divideGT: (a, b) => mcl.mul(a, mcl.inv(b)),
    isOneGT: (value) => value.isOne(),
  };
}

function wordsOf(value: Fr | G1 | G2 | GT): Uint32Array {
  return (value as unknown as Words).a_;
}

/** A scalar that is no secret, from big-endian bytes. */
function publicScalar(bytes: Uint8Array): Fr {
  const scalar = new mcl.Fr();
  scalar.setLittleEndian(bytes.toReversed());
  return scalar;
}

/** 0 .. length cut into pieces of at most CALL_MAX. */
function slices(length: number): [from: number, to: number][] {
  const count = Math.ceil(length / CALL_MAX);
  return Array.from({ length: count }, (_, i) => [i * CALL_MAX, Math.min((i + 1) * CALL_MAX, length)]);
}

function decode<T extends G1 | G2>(Point: new () => T, bytes: Uint8Array): T {
  const point = new Point();
  point.deserialize(bytes);
  if (!point.isValid()) throw new Error('not on the curve');
  return point;
}
