import { encodeAbiParameters, parseAbiParameters } from 'viem';
import { type Leaf, leafToAbi, type Stat } from '../../protocol/leaf.ts';
import { type Objective, settle, VERDICT, type Verdict, verdictOf } from '../../protocol/settlement.ts';
import { LEAF } from './digests.ts';
import { emitVector } from './emit.ts';
import { drawnBelow } from './world.ts';

/** Writes test/vectors/settlement.json: leaves, promises and money in, the outcome and the amounts out. */

const INPUT = parseAbiParameters([
  'Leaf leaf, Objective[] objectives, uint128 price, uint128 slash, uint32 creditPpm, uint128 bondLeft',
  'struct Leaf { bytes32 serviceId; uint64 windowStart; uint32 windowEpochs; uint16 vantage; bool conclusive; uint32 epochsExpected; uint32 epochsCounted; uint16 watchersAssigned; uint16 watchersValid; uint64 samplesGood; uint64 samplesBad; uint64 samplesUnknown; uint64 samplesFault; uint40 dispersionAvailabilityPpm; uint40 dispersionLatencyP50Micros; uint256[12] stats; }',
  'struct Objective { uint8 metric; uint8 statistic; uint8 comparator; uint40 threshold; }',
]);

const MAX_UINT128 = 2n ** 128n - 1n;
const RANDOM_CASES = 48;

type Case = {
  readonly name: string;
  readonly leaf: Leaf;
  readonly objectives: readonly Objective[];
  readonly price: bigint;
  readonly slash: bigint;
  readonly creditPpm: number;
  readonly bondLeft: bigint;
};

const at = (value: number, lower: number, upper: number) => ({ value, lower, upper });
const stat = (median: Stat['median'], tail: Stat['tail'], status = 2): Stat => ({ status, median, tail });

function leafWith(changes: Readonly<Record<number, Stat>>, conclusive = true): Leaf {
  return { ...LEAF, conclusive, stats: LEAF.stats.map((one, metric) => changes[metric] ?? one) };
}

const MONEY = { price: 1_000_003n, slash: 500_000n, creditPpm: 250_000, bondLeft: 2_000_000n };
/** Availability at least the threshold, on the median. */
const availability = (threshold: number): Objective => ({ metric: 0, statistic: 0, comparator: 0, threshold });
/** p99 at most the threshold, on the tail. */
const p99Tail = (threshold: number): Objective => ({ metric: 4, statistic: 1, comparator: 1, threshold });
const good = leafWith({ 0: stat(at(999_000, 998_000, 999_900), at(998_500, 998_000, 999_500)) });

const named: readonly Case[] = [
  { name: 'met at exactly the threshold', leaf: good, objectives: [availability(999_000)], ...MONEY },
  { name: 'credited one above the value', leaf: good, objectives: [availability(999_001)], ...MONEY },
  { name: 'credited at exactly the upper bound', leaf: good, objectives: [availability(999_900)], ...MONEY },
  { name: 'breached one above the upper bound', leaf: good, objectives: [availability(999_901)], ...MONEY },
  { name: 'at most: met at exactly the value', leaf: good, objectives: [p99Tail(5_005)], ...MONEY },
  { name: 'at most: credited at exactly the lower bound', leaf: good, objectives: [p99Tail(5_004)], ...MONEY },
  { name: 'at most: breached below the lower bound', leaf: good, objectives: [p99Tail(5_003)], ...MONEY },
  {
    name: 'not conclusive beats a breach',
    leaf: { ...good, conclusive: false },
    objectives: [availability(1_000_000)],
    ...MONEY,
  },
  {
    name: 'one breach beats an unknown',
    leaf: good,
    objectives: [{ ...availability(0), metric: 6 }, availability(999_901)],
    ...MONEY,
  },
  {
    name: 'an unknown beats a miss',
    leaf: good,
    objectives: [availability(999_001), { ...availability(0), metric: 7 }],
    ...MONEY,
  },
  { name: 'an absent metric is unknown', leaf: good, objectives: [{ ...availability(0), metric: 6 }], ...MONEY },
  {
    name: 'bounds that cross are unknown',
    leaf: leafWith({ 0: stat(at(5, 6, 7), at(5, 6, 7)) }),
    objectives: [availability(8)],
    ...MONEY,
  },
  {
    name: 'a value above its upper bound is unknown',
    leaf: leafWith({ 0: stat(at(8, 6, 7), at(0, 0, 0)) }),
    objectives: [availability(9)],
    ...MONEY,
  },
  {
    name: 'four objectives, all met',
    leaf: good,
    objectives: [availability(1), availability(2), p99Tail(6_000), availability(3)],
    ...MONEY,
  },
  {
    name: 'four objectives, one between',
    leaf: good,
    objectives: [availability(1), availability(2), p99Tail(5_004), availability(3)],
    ...MONEY,
  },
  {
    name: 'an infinite tail breaches',
    leaf: good,
    objectives: [{ metric: 5, statistic: 1, comparator: 1, threshold: 2 ** 40 - 2 }],
    ...MONEY,
  },
  {
    name: 'no tail breaches the largest threshold',
    leaf: good,
    objectives: [{ metric: 5, statistic: 1, comparator: 1, threshold: 2 ** 40 - 1 }],
    ...MONEY,
  },
  { name: 'the slash is at most the bond', leaf: good, objectives: [availability(999_901)], ...MONEY, bondLeft: 3n },
  {
    name: 'the largest amounts',
    leaf: good,
    objectives: [availability(999_001)],
    price: MAX_UINT128,
    slash: MAX_UINT128,
    creditPpm: 999_999,
    bondLeft: MAX_UINT128,
  },
];

/** Small values close together, so that every edge is met. */
function randomCase(i: number): Case {
  const draw = (limit: number, what: string) => drawnBelow(limit, 'settlement', i, what);
  const triple = (what: string) =>
    at(4 + draw(3, `${what} value`), 2 + draw(4, `${what} lower`), 5 + draw(4, `${what} upper`));
  const stats = [0, 1, 2].map((metric) =>
    stat(
      triple(`median ${metric}`),
      triple(`tail ${metric}`),
      draw(7, `status ${metric}`) < 5 ? 2 : draw(2, `less ${metric}`),
    ),
  );
  return {
    name: `drawn ${i}`,
    leaf: leafWith({ 0: stats[0]!, 1: stats[1]!, 2: stats[2]! }, draw(8, 'conclusive') > 0),
    objectives: Array.from({ length: 1 + draw(4, 'objectives') }, (_, j) => ({
      metric: draw(3, `metric ${j}`),
      statistic: draw(2, `statistic ${j}`),
      comparator: draw(2, `comparator ${j}`),
      threshold: 1 + draw(9, `threshold ${j}`),
    })),
    price: BigInt(draw(1_000_000, 'price')),
    slash: BigInt(draw(1_000, 'slash')),
    creditPpm: draw(1_000_001, 'credit'),
    bondLeft: BigInt(draw(1_000, 'bond')),
  };
}

const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;
const OUTCOMES = Object.keys(VERDICT) as (keyof typeof VERDICT)[];

function amounts(verdict: Verdict, { price, slash, creditPpm, bondLeft }: Case) {
  const { paidToProvider, returnedToCustomer, slashed } = settle(verdict, { price, slash, creditPpm }, bondLeft);
  return { paidToProvider: word(paidToProvider), returnedToCustomer: word(returnedToCustomer), slashed: word(slashed) };
}

export function settlementVectors() {
  const all = [...named, ...Array.from({ length: RANDOM_CASES }, (_, i) => randomCase(i))];
  const cases = all.map((one) => {
    const { name, leaf, objectives, price, slash, creditPpm, bondLeft } = one;
    const outcome = verdictOf(leaf, objectives);
    return {
      name,
      objectives,
      input: encodeAbiParameters(INPUT, [leafToAbi(leaf), objectives, price, slash, creditPpm, bondLeft]),
      outcome,
      outcomeName: OUTCOMES[outcome]!,
      ...amounts(outcome, one),
    };
  });
  // Outcomes that no leaf leads to have amounts as well.
  const withoutLeaf = [VERDICT.pending, VERDICT.expired, VERDICT.abandoned].map((outcome) => ({
    outcome,
    outcomeName: OUTCOMES[outcome]!,
    ...amounts(outcome, { ...named[0]!, ...MONEY }),
  }));
  const terms = {
    price: word(MONEY.price),
    slash: word(MONEY.slash),
    creditPpm: MONEY.creditPpm,
    bondLeft: word(MONEY.bondLeft),
  };
  return { cases, withoutLeaf: { ...terms, cases: withoutLeaf } };
}

if (import.meta.main) emitVector('settlement.json', settlementVectors());
