import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOCK_SIZE, findValidSigned } from '../../../platform/bls/batch.ts';
import { findGood } from '../../../platform/bls/bisect.ts';
import { BATCH_MAX, type Bls, COEFFICIENT_BYTES, type Signed } from '../../../platform/bls/bls.ts';
import type { Curve } from '../../../platform/bls/curve.ts';
import { createMclBls, startMclCurve } from '../../../platform/bls/mcl.ts';
import { createNobleBls, nobleCurve } from '../../../platform/bls/noble.ts';
import { createScheme } from '../../../platform/bls/scheme.ts';
import { bigEndian } from '../../../protocol/bytes.ts';
import { encodeG1, malformed, readG1, torsionG1 } from './hostile.ts';

const mcl = await createMclBls();
const both: readonly Bls[] = [mcl, createNobleBls()];
const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
const secretKeyOf = (i: number) => bigEndian(2_000 + i, 32);
const messageOf = (i: number) => bigEndian(7_000 + i, 32);

const honest: readonly Signed[] = Array.from({ length: 24 }, (_, i) => ({
  publicKey: mcl.publicKey(secretKeyOf(i)),
  message: messageOf(i),
  signature: mcl.sign(secretKeyOf(i), messageOf(i)),
}));

/** Spoils item i; none of these verifies alone. */
const spoil: Record<string, (item: Signed, i: number) => Signed> = {
  'another message': (item) => ({ ...item, message: messageOf(999) }),
  'a message that is too long': (item) => ({ ...item, message: new Uint8Array(5_000) }),
  'a proof of possession': (item, i) => ({ ...item, signature: mcl.prove(secretKeyOf(i), item.message) }),
  "another signer's key": (item, i) => ({ ...item, publicKey: mcl.publicKey(secretKeyOf(i + 1)) }),
  'a negated signature': (item) => ({ ...item, signature: encodeG1(readG1(item.signature).negate()) }),
  'a key that is no point': (item) => ({ ...item, publicKey: new Uint8Array(96).fill(0x80) }),
  'no key': (item) => ({ ...item, publicKey: new Uint8Array() }),
  ...Object.fromEntries(
    torsionG1().map((torsion, i) => [
      `a point outside the subgroup (${i})`,
      (item: Signed) => ({ ...item, signature: encodeG1(readG1(item.signature).add(torsion)) }),
    ]),
  ),
  ...Object.fromEntries(
    Object.keys(malformed(new Uint8Array(48))).map((how) => [
      `a signature with ${how}`,
      (item: Signed) => ({ ...item, signature: malformed(item.signature)[how]! }),
    ]),
  ),
};

function expectVerdicts(items: readonly Signed[], verdicts: readonly boolean[]): void {
  for (const bls of both) expect(bls.verifyBatch(items, random)).toEqual(verdicts);
}

describe('verifyBatch', () => {
  test('accepts good signatures, none as well as one', () => {
    for (const count of [0, 1, 2, 3, 24]) expectVerdicts(honest.slice(0, count), new Array(count).fill(true));
  });

  test('accepts one item twice, one key with two messages, and one message under two keys', () => {
    const [first, second] = honest as [Signed, Signed];
    const again = { ...first, message: second.message, signature: mcl.sign(secretKeyOf(0), second.message) };
    expectVerdicts([first, first, again, second], [true, true, true, true]);
  });

  test.each(Object.entries(spoil))('finds %s, wherever it stands', (_, change) => {
    for (const bls of both) {
      const count = bls === mcl ? 9 : 4;
      for (const at of [0, 2, count - 1]) {
        const items = honest.slice(0, count).map((item, i) => (i === at ? change(item, i) : item));
        expect(bls.verifyBatch(items, random)).toEqual(items.map((__, i) => i !== at));
      }
      expect(bls.verifyBatch([change(honest[0]!, 0)], random)).toEqual([false]);
    }
  });

  test('gives the verdict of verify for any mixture, with noble and with mcl', () => {
    const kinds = fc.constantFrom(undefined, undefined, undefined, ...Object.values(spoil));
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 10 }), (plan) => {
        const items = plan.map((change, i) => (change ? change(honest[i]!, i) : honest[i]!));
        const alone = items.map((item) => mcl.verify(item.publicKey, item.message, item.signature));
        expect(alone).toEqual(plan.map((change) => change === undefined));
        expectVerdicts(items, alone);
      }),
      { numRuns: 15 },
    );
  });

  test('refuses two swapped signatures, whose plain sum is right', () => {
    const [first, second] = honest as [Signed, Signed];
    const swapped = [
      { ...first, signature: second.signature },
      { ...second, signature: first.signature },
    ];
    expectVerdicts([...swapped, honest[2]!], [false, false, true]);
  });

  test('refuses s + D and t - D, whose plain sum is right', () => {
    const shift = readG1(mcl.sign(bigEndian(5, 32), messageOf(0)));
    const shifted = honest.slice(0, 8).map((item, i) => {
      const point = readG1(item.signature);
      if (i === 1) return { ...item, signature: encodeG1(point.add(shift)) };
      return i === 6 ? { ...item, signature: encodeG1(point.subtract(shift)) } : item;
    });
    for (let run = 0; run < 3; run++) {
      expectVerdicts(
        shifted,
        shifted.map((_, i) => i !== 1 && i !== 6),
      );
    }
  });

  test('refuses torsion that cancels in the sum', () => {
    const [torsion] = torsionG1();
    const [first, second] = honest as [Signed, Signed];
    const items = [
      { ...first, signature: encodeG1(readG1(first.signature).add(torsion!)) },
      { ...second, signature: encodeG1(readG1(second.signature).subtract(torsion!)) },
    ];
    expectVerdicts(items, [false, false]);
  });

  test('verifies nothing with a random source that repeats itself, gives zeros, or too few bytes', () => {
    const broken = [
      (bytes: number) => new Uint8Array(bytes),
      (bytes: number) => new Uint8Array(bytes).fill(7),
      (bytes: number) => random(bytes - 1),
    ];
    for (const bls of both) {
      for (const source of broken) {
        expect(() => bls.verifyBatch(honest.slice(0, 2), source)).toThrow(/cryptographic/);
      }
    }
  });

  test('asks for one coefficient of 128 bits for each signature', () => {
    const asked: number[] = [];
    mcl.verifyBatch(honest.slice(0, 5), (bytes) => {
      asked.push(bytes);
      return random(bytes);
    });
    expect(asked).toEqual(new Array(5).fill(COEFFICIENT_BYTES));
    expect(COEFFICIENT_BYTES * 8).toBe(128);
  });

  test('refuses more than its bound', () => {
    const many = new Array<Signed>(BATCH_MAX + 1).fill(honest[0]!);
    for (const bls of both) expect(() => bls.verifyBatch(many, random)).toThrow(/at most 1024/);
  });
});

describe('what a batch costs', () => {
  const R = 52_435_875_175_126_190_479_447_740_508_185_965_837_690_552_500_527_637_822_603_658_699_938_581_184_513n;
  const mod = (x: bigint) => ((x % R) + R) % R;
  const sum = (values: readonly bigint[]) => mod(values.reduce((all, one) => all + one, 0n));
  const scalar = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

  /** The groups by their exponents: exact, and without cost. It counts Miller loops and final exponentiations. */
  function countingCurve() {
    const counts = { loops: 0, finals: 0 };
    const finish = (parts: readonly bigint[], signature: bigint): bigint => {
      counts.finals++;
      return mod(sum(parts) - signature);
    };
    const loops = (pairs: readonly { hash: bigint; publicKey: bigint }[]): bigint => {
      counts.loops += pairs.length;
      return sum(pairs.map(({ hash, publicKey }) => hash * publicKey));
    };
    const curve = {
      loops,
      finish,
      pair: (pairs: Parameters<typeof loops>[0], signature: bigint) => finish([loops(pairs)], signature),
      sumG1: sum,
      combineG1: (points: readonly bigint[], by: readonly Uint8Array[]) =>
        sum(points.map((point, i) => point * scalar(by[i]!))),
      divideGT: (a: bigint, b: bigint) => mod(a - b),
      isOneGT: (value: bigint) => value === 0n,
    } as unknown as Curve<bigint, bigint, bigint>;
    return { curve, counts };
  }

  /** What `count` signatures cost with some spoilt ones among them, all of which must be found. */
  function costOf(count: number, bad: ReadonlySet<number>) {
    const { curve, counts } = countingCurve();
    const signed = Array.from({ length: count }, (_, i) => {
      const [hash, key] = [BigInt(3 * i + 5), BigInt(7 * i + 11)];
      return { hash, key, point: mod(hash * key + (bad.has(i) ? BigInt(i + 1) : 0n)) };
    });
    const found = findValidSigned(curve, signed, random);
    expect(found).toEqual(signed.map((_, i) => !bad.has(i)));
    return counts;
  }
  const spread = (count: number, bad: number) =>
    new Set(Array.from({ length: bad }, (_, i) => Math.floor(((i + 0.37) * count) / bad)));

  test('while all are good: a Miller loop for each and one final exponentiation', () => {
    expect(costOf(1_000, new Set())).toEqual({ loops: 1_000, finals: 1 });
  });

  test.each([
    // One by one would be 2 loops and a final exponentiation each.
    [1, 1_015, 11],
    [10, 1_150, 76],
    [100, 2_196, 425],
  ])('of 1,000 with %i bad ones, spread: at most %i loops and %i final exponentiations', (bad, loops, finals) => {
    const counts = costOf(1_000, spread(1_000, bad));
    expect(counts.loops).toBeLessThanOrEqual(loops);
    expect(counts.finals).toBeLessThanOrEqual(finals);
  });

  test('any bad ones in a batch of any size are found, and however many they are the cost has a bound', () => {
    const batch = fc
      .integer({ min: 1, max: 200 })
      .chain((count) =>
        fc.tuple(fc.constant(count), fc.uniqueArray(fc.integer({ min: 0, max: count - 1 }), { maxLength: 60 })),
      );
    fc.assert(
      fc.property(batch, ([count, bad]) => {
        const { loops, finals } = costOf(count, new Set(bad));
        // Halving 16 down to ones costs 32 loops; 15 or 13, of which the left part is the larger one, one more than twice as many.
        expect(loops).toBeLessThanOrEqual(count + Math.min(2 * count + 1, bad.length * BLOCK_SIZE));
        expect(finals).toBeLessThanOrEqual(count);
      }),
      { examples: [[[15, [10, 2, 8, 12, 0, 6, 4]]]] },
    );
  });

  test('the same with mcl: one final exponentiation while all are good, and few more for one bad', async () => {
    const curve = await startMclCurve();
    let count = 0;
    const counted = <A extends unknown[], T>(work: (...of: A) => T) => {
      return (...of: A): T => {
        count++;
        return work(...of);
      };
    };
    const bls = createScheme({ ...curve, pair: counted(curve.pair), finish: counted(curve.finish) });
    bls.verifyBatch(honest, random);
    expect(count).toBe(1);
    const oneBad = honest.map((item, i) => (i === 17 ? { ...item, message: messageOf(0) } : item));
    expect(bls.verifyBatch(oneBad, random).indexOf(false)).toBe(17);
    expect(count).toBeLessThanOrEqual(1 + 1 + Math.ceil(Math.log2(24)));
  });
});

describe('the arithmetic of a batch', () => {
  test('sums with coefficients and pairs over more points than one call of mcl takes, as noble does', async () => {
    const curve = await startMclCurve();
    const points = Array.from({ length: 130 }, (_, i) => honest[i % 24]!.signature);
    const coefficients = points.map((_, i) => bigEndian(3 ** (i % 50), COEFFICIENT_BYTES));
    const ours = curve.combineG1(points.map(curve.decodeG1), coefficients);
    const theirs = nobleCurve.combineG1(points.map(nobleCurve.decodeG1), coefficients);
    expect(curve.encodeG1(ours)).toEqual(nobleCurve.encodeG1(theirs));
    const items = points.map((signature, i) => ({ ...honest[i % 24]!, signature }));
    expect(mcl.verifyBatch(items, random)).toEqual(new Array(130).fill(true));
    const oneBad = items.with(129, { ...items[129]!, signature: items[0]!.signature });
    expect(mcl.verifyBatch(oneBad, random)).toEqual(items.map((_, i) => i !== 129));
  });

  test('infinity contributes 1 to a product of pairings', async () => {
    const curve = await startMclCurve();
    const check = <G1, G2, GT>(arithmetic: Curve<G1, G2, GT>) => {
      const { decodeG1, decodeG2, sumG1, hashToG1, pair, loops, finish, isOneGT, divideGT } = arithmetic;
      const [item] = honest as [Signed];
      const point = decodeG1(item.signature);
      const infinity = sumG1([point, decodeG1(encodeG1(readG1(item.signature).negate()))]);
      const publicKey = decodeG2(item.publicKey);
      const hash = hashToG1(item.message, 'any');
      expect(isOneGT(pair([], infinity))).toBe(true);
      expect(isOneGT(pair([{ hash: infinity, publicKey }], infinity))).toBe(true);
      expect(isOneGT(pair([{ hash, publicKey }], infinity))).toBe(false);
      expect(isOneGT(pair([{ hash: infinity, publicKey }], point))).toBe(false);
      const value = pair([{ hash, publicKey }], point);
      expect(isOneGT(divideGT(value, value))).toBe(true);
      // Loops kept apart and multiplied later give the product of all at once.
      const other = { hash: hashToG1(item.message, 'another'), publicKey };
      const apart = finish([loops([{ hash, publicKey }]), loops([]), loops([other])], point);
      expect(isOneGT(divideGT(apart, pair([{ hash, publicKey }, other], point)))).toBe(true);
      expect(isOneGT(divideGT(finish([loops([{ hash: infinity, publicKey }])], infinity), finish([], infinity)))).toBe(
        true,
      );
    };
    check(curve);
    check(nobleCurve);
  });
});

describe('the search for bad members', () => {
  test('finds exactly the bad ones, with at most one test each', () => {
    // Values are whole numbers under addition here: a group's is the number of its bad members.
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 64 }), (good) => {
        let tests = 0;
        const found = findGood<number>(good.length, {
          valueOf: (from, to) => {
            tests++;
            return good.slice(from, to).filter((one) => !one).length;
          },
          divide: (whole, part) => whole - part,
          passes: (value) => value === 0,
        });
        expect(found).toEqual(good);
        expect(tests).toBeLessThanOrEqual(Math.max(1, good.length));
      }),
    );
  });
});
