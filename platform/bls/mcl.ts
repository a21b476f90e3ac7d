import mcl, { type G1, type G2 } from 'mcl-wasm';
import { fromHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { type Bls, POSSESSION_DST, SIGNATURE_DST } from './bls.ts';
import { type Curve, createScheme } from './scheme.ts';

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
  stackSave(): number;
  stackRestore(position: number): void;
  stackAlloc(bytes: number): number;
  sallocBytes(bytes: Uint8Array): number;
  sallocCopy(words: Uint32Array): number;
  copyFromHeap32(words: Uint32Array, position: number): void;
}

/** The words in which a value rests between two calls; mcl-wasm hides them from its types. */
type Words = { a_: Uint32Array };

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
let starting: Promise<Curve<G1, G2>> | undefined;

/**
 * Starts mcl once per process and wraps it. Throws `bls-mcl` when the WebAssembly module does not start, lacks a function,
 * or answers a known question wrongly; the remedy is the reference implementation, which `createBls` takes by itself.
 */
export async function createMclBls(): Promise<Bls> {
  return createScheme(await startMclCurve());
}

/** The arithmetic alone; the scheme above it is what programs use. */
export function startMclCurve(): Promise<Curve<G1, G2>> {
  starting ??= start();
  return starting;
}

async function start(): Promise<Curve<G1, G2>> {
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

function createCurve(module: Module): Curve<G1, G2> {
  const { _mclBnG1_hashAndMapToWithDst: hashWithDst, _mclBnG1_mulCT: mulG1, _mclBnG2_mulCT: mulG2 } = module;
  if (!hashWithDst || !mulG1 || !mulG2) throw new Error('the module lacks hashAndMapToWithDst or mulCT');
  const generator = decode(mcl.G2, fromHex(G2_GENERATOR));
  // Lives as long as the process: 20 KiB of line coefficients that every verification uses.
  const minusGenerator = new mcl.PrecomputedG2(mcl.neg(generator));

  // Values are copied to the module's stack, worked on there and copied back; the stack is restored whatever happens.
  function call<T extends G1 | G2>(out: T, work: (out: number) => number | undefined): T {
    const words = (out as unknown as Words).a_;
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
      by(
        position,
        module.sallocCopy((point as unknown as Words).a_),
        module.sallocCopy((scalar as unknown as Words).a_),
      );
      return undefined;
    });
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
    pairingsMatch(hash, publicKey, signature) {
      // e(H, K) · e(S, −G) = 1: two Miller loops share one final exponentiation.
      const loops = mcl.precomputedMillerLoop2mixed(hash, publicKey, signature, minusGenerator);
      return mcl.finalExp(loops).isOne();
    },
  };
}

function decode<T extends G1 | G2>(Point: new () => T, bytes: Uint8Array): T {
  const point = new Point();
  point.deserialize(bytes);
  if (!point.isValid()) throw new Error('not on the curve');
  return point;
}
