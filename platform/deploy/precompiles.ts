import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bigEndian, concat, type Hex, toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { EVM_FIELD_BYTES, FIELD_MODULUS } from '../bls/encoding.ts';
import type { Rpc } from '../chain/client.ts';
import { callPrecompile } from './evm.ts';

/** A precompile that the contracts call, what it must answer, and what it must refuse. */
export type Precompile = {
  readonly name: string;
  readonly address: number;
  /** What contracts/src/libraries/Bls.sol gives it at most. */
  readonly gasCap: number;
  readonly known: readonly { readonly input: Hex; readonly output: Hex }[];
  readonly refused: readonly { readonly input: Hex; readonly what: string }[];
};

const { Fp, Fp2 } = bls12_381.fields;
const { Point: G1 } = bls12_381.G1;
const { Point: G2 } = bls12_381.G2;
type Fq2 = ReturnType<typeof Fp2.create>;

const fp = (value: bigint) => bigEndian(value, EVM_FIELD_BYTES);
const g1 = ({ x, y }: { x: bigint; y: bigint }) => concat(fp(x), fp(y));
const g2 = ({ x, y }: { x: Fq2; y: Fq2 }) => concat(fp(x.c0), fp(x.c1), fp(y.c0), fp(y.c1));
const bool = (value: boolean) => concat(new Uint8Array(31), Uint8Array.of(value ? 1 : 0));
const hex = (...parts: Uint8Array[]) => toHex(concat(...parts));

/** y² = x³ + 4 holds for (0, 2), whose order is 3 and not that of the subgroup. */
const G1_OUTSIDE = { x: 0n, y: 2n };
const G1_OFF_CURVE = { x: 0n, y: 3n };

/** The first point of G2's curve with a whole number as x that lies outside the subgroup. */
function g2Outside(): { x: Fq2; y: Fq2 } {
  for (let n = 1n; ; n++) {
    const x = Fp2.create({ c0: n, c1: 0n });
    const right = Fp2.add(Fp2.pow(x, 3n), G2.CURVE().b);
    // Half of all numbers have a root, and almost no point is in the subgroup: the loop ends after a few turns.
    const y = rootOf(right);
    if (y && !G2.fromAffine({ x, y }).isTorsionFree()) return { x, y };
  }
}

function rootOf(square: Fq2): Fq2 | undefined {
  try {
    return Fp2.sqrt(square);
  } catch {
    return undefined;
  }
}

/**
 * Every precompile that contracts/src calls, with answers computed here by @noble/curves: another implementation than any
 * chain's. The MSM precompiles of EIP-2537 are not among them: no deployed contract multiplies.
 */
export function precompiles(): readonly Precompile[] {
  const [p, twoP, threeP] = [1n, 2n, 3n].map((n) => G1.BASE.multiply(n).toAffine()) as [Affine1, Affine1, Affine1];
  const [q, twoQ, threeQ] = [1n, 2n, 3n].map((n) => G2.BASE.multiply(n).toAffine()) as [Affine2, Affine2, Affine2];
  const minusQ = G2.BASE.negate().toAffine();
  const element = FIELD_MODULUS - 2n;
  // The library's types speak of several numbers; for a field of degree 1 it takes one.
  const mapToG1 = bls12_381.G1.mapToCurve as unknown as (u: bigint) => { toAffine(): Affine1 };
  const mapped = mapToG1(element).toAffine();
  const offCurve2 = { x: q.x, y: twoQ.y };
  const wide = concat(new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(0x5a));
  const modexp = (length: number, base: Uint8Array) =>
    hex(word(64), word(1), word(length), base, Uint8Array.of(1), fp(FIELD_MODULUS));
  return [
    {
      name: 'SHA256',
      address: 0x02,
      gasCap: 4_000,
      known: [
        // FIPS 180-4's own example.
        { input: '0x616263', output: '0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
      ],
      refused: [],
    },
    {
      name: 'MODEXP',
      address: 0x05,
      gasCap: 4_000,
      known: [{ input: modexp(64, wide), output: hex(fp(Fp.create(BigInt(toHex(wide))))) }],
      refused: [],
    },
    {
      name: 'G1ADD',
      address: 0x0b,
      gasCap: 1_500,
      known: [{ input: hex(g1(p), g1(twoP)), output: hex(g1(threeP)) }],
      refused: [{ input: hex(g1(p), g1(G1_OFF_CURVE)), what: 'a point off the curve' }],
    },
    {
      name: 'G2ADD',
      address: 0x0d,
      gasCap: 2_400,
      known: [{ input: hex(g2(q), g2(twoQ)), output: hex(g2(threeQ)) }],
      refused: [{ input: hex(g2(q), g2(offCurve2)), what: 'a point off the curve' }],
    },
    {
      name: 'PAIRING',
      address: 0x0f,
      gasCap: 412_000,
      known: [
        // e(2P, −Q) · e(P, 2Q) = 1, and e(P, −Q) · e(P, 2Q) is not.
        { input: hex(g1(twoP), g2(minusQ), g1(p), g2(twoQ)), output: hex(bool(true)) },
        { input: hex(g1(p), g2(minusQ), g1(p), g2(twoQ)), output: hex(bool(false)) },
      ],
      refused: [
        { input: hex(g1(G1_OUTSIDE), g2(q), g1(p), g2(q)), what: 'a point of G1 outside the subgroup' },
        { input: hex(g1(p), g2(g2Outside()), g1(p), g2(q)), what: 'a point of G2 outside the subgroup' },
        { input: hex(g1(G1_OFF_CURVE), g2(q), g1(p), g2(q)), what: 'a point off the curve' },
      ],
    },
    {
      name: 'MAP_FP_TO_G1',
      address: 0x10,
      gasCap: 22_000,
      known: [{ input: hex(fp(element)), output: hex(g1(mapped)) }],
      refused: [{ input: hex(fp(FIELD_MODULUS)), what: 'a number that is no field element' }],
    },
  ];
}

type Affine1 = { x: bigint; y: bigint };
type Affine2 = { x: Fq2; y: Fq2 };

function word(value: number): Uint8Array {
  return bigEndian(BigInt(value), 32);
}

/**
 * Asks the chain for every precompile that the contracts call: the right answer to what is known, within the gas that the
 * contracts give, and a refusal of what must be refused. Nothing is sent.
 * @returns the names of those that were asked
 * @throws PlumblineError `no-precompiles` naming the first that is missing or wrong
 */
export async function requirePrecompiles(rpc: Rpc): Promise<readonly string[]> {
  const list = precompiles();
  const faults = await Promise.all(list.map((precompile) => faultOf(rpc, precompile)));
  const first = faults.findIndex((fault) => fault !== undefined);
  if (first < 0) return list.map(nameOf);
  throw new PlumblineError(
    'no-precompiles',
    `chain ${rpc.chainId}: the precompile ${nameOf(list[first]!)} ${faults[first]}: deploy on a chain with EIP-2537 ` +
      '(hardfork Prague), whose precompiles answer as it says',
    {
      chainId: rpc.chainId,
      faults: list.flatMap((one, i) => (faults[i] === undefined ? [] : [`${nameOf(one)} ${faults[i]}`])),
    },
  );
}

function nameOf({ name, address }: Precompile): string {
  return `${name} (0x${address.toString(16).padStart(2, '0')})`;
}

async function faultOf(rpc: Rpc, { address, gasCap, known, refused }: Precompile): Promise<string | undefined> {
  for (const { input, output } of known) {
    const answer = await callPrecompile(rpc, address, gasCap, input);
    if (answer === undefined) return 'cannot be asked: eth_call with creation code is refused';
    // An account without code answers any call with nothing.
    if (answer.ok && answer.output === '0x') return 'does not exist';
    if (!answer.ok) return `refuses a good input, or costs more than ${gasCap.toLocaleString('en-US')} gas`;
    if (answer.output !== output) return `answers ${shortened(answer.output)} and not ${shortened(output)}`;
  }
  for (const { input, what } of refused) {
    const answer = await callPrecompile(rpc, address, gasCap, input);
    if (answer?.ok !== false) return `takes ${what}`;
  }
  return undefined;
}

function shortened(text: Hex): string {
  return text.length <= 24 ? text : `${text.slice(0, 10)}…${text.slice(-8)}`;
}
