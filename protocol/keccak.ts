import { keccak_256 } from '@noble/hashes/sha3.js';

/**
 * Keccak-256 as Ethereum uses it: FIPS 202's permutation, rate 1088, and Keccak's own padding. A report hashes some
 * hundred thousand leaves and tree nodes, and JavaScript has no 64-bit words; WebAssembly has them. So this file writes
 * the permutation as a WebAssembly module, instruction by instruction as the standard states it. It is held against
 * @noble/hashes in test/protocol/keccak.test.ts, and @noble/hashes takes over where the module does not start.
 */

/** Bytes of one block: 17 lanes of 8 bytes. */
const RATE = 136;
const HASH_BYTES = 32;
const HASH_WORDS = HASH_BYTES / 4;
/** The module's one page of memory: the state, the round constants, then room for input. */
const CONSTANTS_AT = 200;
const INPUT_AT = CONSTANTS_AT + 24 * 8;
/** Whole blocks that fit the page. */
const INPUT_BYTES = Math.floor((65_536 - INPUT_AT) / RATE) * RATE;

/** Rotation of lane (x, y) in step ρ, by x + 5y (FIPS 202, table 2). */
const ROTATION = [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

/** Constants of step ι for the 24 rounds (FIPS 202, section 3.2.5). */
const ROUND_CONSTANTS = [
  0x0000000000000001n,
  0x0000000000008082n,
  0x800000000000808an,
  0x8000000080008000n,
  0x000000000000808bn,
  0x0000000080000001n,
  0x8000000080008081n,
  0x8000000000008009n,
  0x000000000000008an,
  0x0000000000000088n,
  0x0000000080008009n,
  0x000000008000000an,
  0x000000008000808bn,
  0x800000000000008bn,
  0x8000000000008089n,
  0x8000000000008003n,
  0x8000000000008002n,
  0x8000000000000080n,
  0x000000000000800an,
  0x800000008000000an,
  0x8000000080008081n,
  0x8000000000008080n,
  0x0000000080000001n,
  0x8000000080008008n,
];

// Locals of the function: three parameters, a counter, then lanes. Lane (x, y) of a state is x + 5y.
const [AT, END, FRESH, ROUND] = [0, 1, 2, 3];
type State = (x: number, y: number) => number;
const A: State = (x, y) => 4 + (x % 5) + 5 * (y % 5);
const E: State = (x, y) => 29 + (x % 5) + 5 * (y % 5);
const B = (x: number) => 54 + (x % 5);
const C = (x: number) => 59 + (x % 5);
const D = (x: number) => 64 + (x % 5);
const N = 69;
const LANES = 25 + 25 + 5 + 5 + 5 + 1;

// Instructions (WebAssembly core specification, section 5.4), as bytes. Operands come first, as on the stack machine.
type Code = readonly number[];
const unsigned = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)]);
const signed = (n: number): number[] => (n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...signed(n >> 7)]);
const get = (local: number): Code => [0x20, local];
const set = (local: number, value: Code): Code => [...value, 0x21, local];
const number32 = (n: number): Code => [0x41, ...signed(n)];
const add32 = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
const load64 = (base: Code, offset: number): Code => [...base, 0x29, 3, ...unsigned(offset)];
const store64 = (base: Code, offset: number, value: Code): Code => [...base, ...value, 0x37, 3, ...unsigned(offset)];
const xor = (a: Code, b: Code): Code => [...a, ...b, 0x85];
const or = (a: Code, b: Code): Code => [...a, ...b, 0x84];
const and = (a: Code, b: Code): Code => [...a, ...b, 0x83];
const not = (a: Code): Code => xor(a, [0x42, 0x7f]);
const rotateLeft = (a: Code, bits: number): Code => [...a, 0x42, ...signed(bits), 0x89];
const ifZero = (condition: Code, body: Code): Code => [...condition, 0x45, 0x04, 0x40, ...body, 0x0b];
/** Runs the body once, and again while the local is below the limit (unsigned). */
const repeatWhileBelow = (body: Code, local: number, limit: Code): Code => {
  return [0x03, 0x40, ...body, ...get(local), ...limit, 0x49, 0x0d, 0, 0x0b];
};

const FIVE = [0, 1, 2, 3, 4];
const forLanes = (code: (x: number, y: number) => Code): Code => FIVE.flatMap((y) => FIVE.flatMap((x) => code(x, y)));

/**
 * χ needs the inverse of one lane in each lane of the result, 25 a round. Six lanes of a state are held inverted instead
 * (G. Bertoni et al., "Keccak implementation overview" 3.2, 2012, section 2.2): by De Morgan some of the ANDs become ORs, and
 * each row needs one inversion. By row: results that take an OR, the input that is inverted, and where its inverse stands: in
 * which result, and as which of its three inputs.
 */
const CHI_ROWS: readonly { ors: readonly number[]; inverted: number; uses: Readonly<Record<number, number>> }[] = [
  { ors: [0, 1, 3], inverted: 2, uses: { 1: 1 } },
  { ors: [0, 2, 3], inverted: 4, uses: { 2: 2 } },
  { ors: [0, 3], inverted: 3, uses: { 2: 1, 3: 0 } },
  { ors: [1, 2, 4], inverted: 3, uses: { 2: 1, 3: 0 } },
  { ors: [1, 3], inverted: 1, uses: { 0: 1, 1: 0 } },
];
const INVERTED_LANES: ReadonlySet<number> = new Set([1, 2, 8, 12, 17, 20]);

/** Lane x of a row of χ, from the five lanes B and the inverse N of one of them. */
function chi(x: number, y: number): Code {
  const { ors, uses } = CHI_ROWS[y]!;
  const input = (i: number): Code => get(uses[x] === i ? N : B(x + i));
  const both = ors.includes(x) ? or(input(1), input(2)) : and(input(1), input(2));
  return xor(input(0), both);
}

/**
 * One round, θ, ρ and π, χ, ι (FIPS 202, section 3.2), from one set of lanes into another: a row of the result is finished
 * before the next one is begun, so that its five inputs stay in registers.
 * @param offset of the round's constant from ROUND, which counts bytes of the table
 */
const round = (from: State, to: State, offset: number): Code => [
  // θ: C[x] is the parity of a column, D[x] what its lanes take in from the two neighbours.
  ...FIVE.flatMap((x) => set(C(x), FIVE.map((y) => get(from(x, y))).reduce(xor))),
  ...FIVE.flatMap((x) => set(D(x), xor(get(C(x + 4)), rotateLeft(get(C(x + 1)), 1)))),
  ...FIVE.flatMap((y) => [
    // ρ and π: lane (x, y) comes from lane (x + 3y, x).
    ...FIVE.flatMap((x) => {
      const column = (x + 3 * y) % 5;
      return set(B(x), rotateLeft(xor(get(from(column, x)), get(D(column))), ROTATION[column + 5 * x]!));
    }),
    // χ
    ...set(N, not(get(B(CHI_ROWS[y]!.inverted)))),
    ...FIVE.flatMap((x) => set(to(x, y), chi(x, y))),
  ]),
  // ι
  ...set(to(0, 0), xor(get(to(0, 0)), load64(get(ROUND), CONSTANTS_AT + offset))),
];

/**
 * absorb(at, end, isFresh): takes the blocks from `at` to `end` of the memory into the state at 0. A fresh state is zero,
 * as all locals are at the start.
 */
const absorb: Code = [
  ...ifZero(
    get(FRESH),
    forLanes((x, y) => set(A(x, y), load64(number32(0), 8 * (x + 5 * y)))),
  ),
  ...forLanes((x, y) => (INVERTED_LANES.has(x + 5 * y) ? set(A(x, y), not(get(A(x, y)))) : [])),
  ...repeatWhileBelow(
    [
      ...forLanes((x, y) =>
        x + 5 * y < RATE / 8 ? set(A(x, y), xor(get(A(x, y)), load64(get(AT), 8 * (x + 5 * y)))) : [],
      ),
      ...set(ROUND, number32(0)),
      ...repeatWhileBelow(
        [...round(A, E, 0), ...round(E, A, 8), ...set(ROUND, add32(get(ROUND), number32(2 * 8)))],
        ROUND,
        number32(24 * 8),
      ),
      ...set(AT, add32(get(AT), number32(RATE))),
    ],
    AT,
    get(END),
  ),
  ...forLanes((x, y) =>
    store64(number32(0), 8 * (x + 5 * y), INVERTED_LANES.has(x + 5 * y) ? not(get(A(x, y))) : get(A(x, y))),
  ),
];

/** The module (core specification, section 5.5): one function of type (i32, i32, i32) → (), one page, both exported. */
function moduleBytes(): Uint8Array {
  const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
  const section = (id: number, bytes: Code): Code => [id, ...sized(bytes)];
  const [i32, i64] = [0x7f, 0x7e];
  const name = (letter: string): Code => [1, letter.charCodeAt(0)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, i32, i32, i32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name('a'), 0, 0, ...name('m'), 2, 0]),
    ...section(10, [1, ...sized([2, 1, i32, LANES, i64, ...absorb, 0x0b])]),
  ]);
}

/** The little of WebAssembly that is needed here; TypeScript knows it only as part of a browser. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
  ) => { exports: { a(at: number, end: number, isFresh: number): void; m: { buffer: ArrayBuffer } } };
};

/** keccak256 of the concatenation of the parts, 32 bytes; and the same of that. */
export type Hash = {
  readonly once: (parts: readonly Uint8Array[]) => Uint8Array;
  readonly twice: (parts: readonly Uint8Array[]) => Uint8Array;
  /** As `twice`, into 32 bytes of `out` from `at` on: large trees keep their nodes in one piece of memory. */
  readonly twiceInto: (out: Uint8Array, at: number, parts: readonly Uint8Array[]) => void;
  /** Of two hashes of a tree's memory the hash of both, into a third place of it. Places count hashes, of 8 words each. */
  readonly pairInto: (nodes: Uint32Array, out: number, left: number, right: number) => void;
};

/** The hash over the module's memory, which is written anew by every call. @throws where WebAssembly is not to be had */
export function startModule(): Hash {
  const { a: absorbInput, m: memory } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes())).exports;
  const bytes = new Uint8Array(memory.buffer);
  const constants = new DataView(bytes.buffer, CONSTANTS_AT);
  ROUND_CONSTANTS.forEach((constant, i) => {
    constants.setBigUint64(8 * i, constant, true);
  });
  const inputEnd = INPUT_AT + INPUT_BYTES;

  // Padding: a one bit, zeros, and a one bit as the last of the block; both may fall into one byte.
  function absorbLast(at: number, isFresh: number): void {
    const end = at + RATE - ((at - INPUT_AT) % RATE);
    bytes.fill(0, at, end);
    bytes[at] = 0x01;
    bytes[end - 1]! |= 0x80;
    absorbInput(INPUT_AT, end, isFresh);
  }

  function absorbParts(parts: readonly Uint8Array[]): void {
    let at = INPUT_AT;
    let isFresh = 1;
    for (const part of parts) {
      let rest = part;
      while (at + rest.length >= inputEnd) {
        bytes.set(rest.subarray(0, inputEnd - at), at);
        rest = rest.subarray(inputEnd - at);
        absorbInput(INPUT_AT, inputEnd, isFresh);
        at = INPUT_AT;
        isFresh = 0;
      }
      bytes.set(rest, at);
      at += rest.length;
    }
    absorbLast(at, isFresh);
  }

  function absorbTwice(parts: readonly Uint8Array[]): void {
    absorbParts(parts);
    bytes.copyWithin(INPUT_AT, 0, HASH_BYTES);
    absorbLast(INPUT_AT + HASH_BYTES, 1);
  }

  const digest = bytes.subarray(0, HASH_BYTES);
  const words = new Uint32Array(memory.buffer);
  return {
    once(parts) {
      absorbParts(parts);
      return digest.slice();
    },
    twice(parts) {
      absorbTwice(parts);
      return digest.slice();
    },
    twiceInto(out, at, parts) {
      absorbTwice(parts);
      out.set(digest, at);
    },
    pairInto(nodes, out, left, right) {
      // Word by word: for so few bytes a view of each half would cost more than the copy.
      for (let i = 0; i < HASH_WORDS; i++) {
        words[INPUT_AT / 4 + i] = nodes[HASH_WORDS * left + i]!;
        words[INPUT_AT / 4 + HASH_WORDS + i] = nodes[HASH_WORDS * right + i]!;
      }
      absorbLast(INPUT_AT + 2 * HASH_BYTES, 1);
      for (let i = 0; i < HASH_WORDS; i++) nodes[HASH_WORDS * out + i] = words[i]!;
    },
  };
}

export const NOBLE_HASH: Hash = {
  once(parts) {
    const hash = keccak_256.create();
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  twice: (parts) => keccak_256(NOBLE_HASH.once(parts)),
  twiceInto: (out, at, parts) => out.set(NOBLE_HASH.twice(parts), at),
  pairInto: (nodes, out, left, right) => {
    const hashAt = (place: number) => new Uint8Array(nodes.buffer, nodes.byteOffset + HASH_BYTES * place, HASH_BYTES);
    hashAt(out).set(NOBLE_HASH.once([hashAt(left), hashAt(right)]));
  },
};

/** The module, or the reference where it does not start or gives another hash of nothing. */
export function chooseHash(start: () => Hash): Hash {
  try {
    const hash = start();
    if (Buffer.compare(hash.twice([]), NOBLE_HASH.twice([])) === 0) return hash;
  } catch {
    // A runtime without WebAssembly: correct and slower.
  }
  return NOBLE_HASH;
}

export const KECCAK: Hash = chooseHash(startModule);
