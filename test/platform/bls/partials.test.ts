import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AGGREGATE_MAX, type Bls } from '../../../platform/bls/bls.ts';
import { GROUP_ORDER } from '../../../platform/bls/encoding.ts';
import { createMclBls, startMclCurve } from '../../../platform/bls/mcl.ts';
import { createNobleBls } from '../../../platform/bls/noble.ts';
import { combinePartials, type Partial } from '../../../platform/bls/partials.ts';
import { createScheme } from '../../../platform/bls/scheme.ts';
import { bigEndian, toHex } from '../../../protocol/bytes.ts';
import { encodeG1, readG1, torsionG1 } from './hostile.ts';

const bls = await createMclBls();
const curve = await startMclCurve();
const message = new Uint8Array(32).fill(9);
const secretKeyOf = (seat: number) => bigEndian(1_000 + seat, 32);

function partialOf(seat: number, signature = bls.sign(secretKeyOf(seat), message)): Partial {
  return { seat, publicKey: bls.publicKey(secretKeyOf(seat)), signature };
}

const honest = Array.from({ length: 40 }, (_, seat) => partialOf(seat));

/** Counts pairing products, the dear step: one for each verification. */
function counting(): Bls & { readonly verifications: () => number } {
  let count = 0;
  const scheme = createScheme({
    ...curve,
    pair(pairs, signature) {
      count++;
      return curve.pair(pairs, signature);
    },
  });
  return { ...scheme, verifications: () => count };
}

// Of order 10177: of a point of order 3, three partials of one group would cancel.
const [, , torsion] = torsionG1();
const spoil: Record<string, (partial: Partial) => Partial> = {
  'a signature on another message': (p) => ({ ...p, signature: bls.sign(secretKeyOf(p.seat), new Uint8Array(32)) }),
  'a proof of possession': (p) => ({ ...p, signature: bls.prove(secretKeyOf(p.seat), message) }),
  "another seat's signature": (p) => ({ ...p, signature: bls.sign(secretKeyOf(p.seat + 1), message) }),
  infinity: (p) => ({ ...p, signature: Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : 0)) }),
  'no bytes': (p) => ({ ...p, signature: new Uint8Array() }),
  'a point outside the subgroup': (p) => ({ ...p, signature: encodeG1(readG1(p.signature).add(torsion!)) }),
  'the negated signature': (p) => ({ ...p, signature: encodeG1(readG1(p.signature).negate()) }),
  'a key that is no point': (p) => ({ ...p, publicKey: new Uint8Array(96) }),
};

function expectSplit(partials: readonly Partial[], bad: readonly number[]): void {
  const { signature, seats, rejected } = combinePartials(bls, message, partials);
  const good = partials.filter(({ seat }) => !bad.includes(seat)).toSorted((a, b) => a.seat - b.seat);
  expect(rejected).toEqual([...bad].sort((a, b) => a - b));
  expect(seats).toEqual(good.map(({ seat }) => seat));
  const expected = good.length === 0 ? undefined : toHex(bls.aggregate(good.map((partial) => partial.signature)));
  expect(signature && toHex(signature)).toBe(expected);
}

describe('combinePartials', () => {
  test('sums good partials with one verification, in any order', () => {
    const counter = counting();
    const { signature, seats, rejected } = combinePartials(counter, message, honest.toReversed());
    expect(counter.verifications()).toBe(1);
    expect(seats).toEqual(honest.map(({ seat }) => seat));
    expect(rejected).toEqual([]);
    const keys = honest.map(({ publicKey }) => publicKey);
    expect(createNobleBls().verifyAggregate(keys, message, signature!)).toBe(true);
  });

  test('returns nothing for no partials', () => {
    expect(combinePartials(bls, message, [])).toEqual({ signature: undefined, seats: [], rejected: [] });
  });

  test.each(Object.entries(spoil))('rejects %s wherever it stands', (_, change) => {
    for (const position of [0, 7, 15]) {
      const partials = honest.slice(0, 16).map((partial) => (partial.seat === position ? change(partial) : partial));
      expectSplit(partials, [position]);
    }
    expectSplit([change(honest[0]!)], [0]);
  });

  test('separates any mixture of good and bad', () => {
    const kinds = fc.constantFrom(undefined, undefined, ...Object.values(spoil));
    fc.assert(
      fc.property(fc.array(kinds, { minLength: 1, maxLength: 12 }), (plan) => {
        const partials = plan.map((change, seat) => (change ? change(honest[seat]!) : honest[seat]!));
        expectSplit(
          partials,
          plan.flatMap((change, seat) => (change ? [seat] : [])),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('rejects all when all are bad, with little more than one verification each', () => {
    const counter = counting();
    const partials = honest.slice(0, 32).map((partial) => spoil['a proof of possession']!(partial));
    const { signature, seats, rejected } = combinePartials(counter, message, partials);
    expect({ signature, seats }).toEqual({ signature: undefined, seats: [] });
    expect(rejected).toHaveLength(32);
    expect(counter.verifications()).toBeLessThanOrEqual(32 + 1);
  });

  test('finds one bad among many in a logarithmic number of verifications', () => {
    const counter = counting();
    const partials = honest.slice(0, 32).map((p) => (p.seat === 21 ? spoil['a proof of possession']!(p) : p));
    expect(combinePartials(counter, message, partials).rejected).toEqual([21]);
    expect(counter.verifications()).toBeLessThanOrEqual(3 + Math.log2(32));
  });

  test('keeps two bad partials whose errors cancel: the certificate is the valid one', () => {
    const error = readG1(bls.sign(bigEndian(5, 32), message));
    const shifted = honest.map((partial) => {
      const point = readG1(partial.signature);
      if (partial.seat === 3) return { ...partial, signature: encodeG1(point.add(error)) };
      if (partial.seat === 30) return { ...partial, signature: encodeG1(point.subtract(error)) };
      return partial;
    });
    const { signature, seats, rejected } = combinePartials(bls, message, shifted);
    expect(rejected).toEqual([]);
    expect(seats).toHaveLength(40);
    expect(toHex(signature!)).toBe(toHex(bls.aggregate(honest.map((partial) => partial.signature))));
    // Beside a third bad one they stand in different halves, where neither is valid.
    const spoilTenth = (how: string) => shifted.map((p) => (p.seat === 10 ? spoil[how]!(p) : p));
    expectSplit(spoilTenth('a proof of possession'), [3, 10, 30]);
    // Bytes that are no point fall before any sum is made, and the pair stays together.
    expect(combinePartials(bls, message, spoilTenth('no bytes')).rejected).toEqual([10]);
  });

  test('never blames the owner of two opposite keys, whose signatures are good and sum to infinity', () => {
    const opposite = bigEndian(GROUP_ORDER - 1_000n, 32);
    const pair = [honest[0]!, { seat: 1, publicKey: bls.publicKey(opposite), signature: bls.sign(opposite, message) }];
    expect(combinePartials(bls, message, pair)).toEqual({ signature: undefined, seats: [], rejected: [] });
    for (const how of ['no bytes', 'a proof of possession']) {
      const bad = spoil[how]!(honest[3]!);
      const { seats, rejected } = combinePartials(bls, message, [...pair, honest[2]!, bad]);
      expect({ seats, rejected }).toEqual({ seats: [0, 1, 2], rejected: [3] });
    }
  });

  test('refuses a seat that comes twice, and more seats than there are', () => {
    const twice = [honest[0]!, honest[1]!, honest[0]!];
    expect(() => combinePartials(bls, message, twice)).toThrow(/one each/);
    const many = Array.from({ length: AGGREGATE_MAX + 1 }, (_, seat) => ({ ...honest[0]!, seat }));
    expect(() => combinePartials(bls, message, many)).toThrow(/at most 512 seats/);
  });

  test('gives no certificate over a key that comes twice, and blames nobody', () => {
    const twice = [honest[0]!, { ...honest[0]!, seat: 1 }, honest[2]!];
    expect(combinePartials(bls, message, twice)).toEqual({ signature: undefined, seats: [], rejected: [] });
  });
});

describe('combine', () => {
  const noble = createNobleBls();

  test('gives the same sums and verdicts with noble and with mcl, whatever is spoilt', () => {
    const kinds = fc.constantFrom(undefined, undefined, ...Object.values(spoil));
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 8 }), (plan) => {
        const partials = plan.map((change, seat) => (change ? change(honest[seat]!) : honest[seat]!));
        const [one, other] = [bls, noble].map((each) => each.combine(message, partials, 8));
        expect(other).toEqual(one);
        expect(one!.valid).toEqual(plan.map((change) => change === undefined));
      }),
      { numRuns: 12 },
    );
  });

  test('takes as many partials as its bound allows, and no message beyond its own', () => {
    for (const each of [bls, noble]) {
      expect(each.combine(message, [], 0)).toEqual({ signature: undefined, valid: [] });
      expect(each.combine(message, honest.slice(0, 3), 3).valid).toEqual([true, true, true]);
      expect(() => each.combine(message, honest.slice(0, 4), 3)).toThrow(/at most 3 partial signatures/);
      expect(() => each.combine(new Uint8Array(5_000), honest, 40)).toThrow(/at most 4096 bytes/);
    }
  });

  test('finds more than one point outside the subgroup', () => {
    const plan = honest.slice(0, 6).map((p) => (p.seat < 2 ? spoil['a point outside the subgroup']!(p) : p));
    for (const each of [bls, noble]) {
      expect(each.combine(message, plan, 6).valid).toEqual([false, false, true, true, true, true]);
    }
  });
});
