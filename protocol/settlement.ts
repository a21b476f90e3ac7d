import { type Leaf, STAT } from './leaf.ts';

/** How a period ends; the numbers are the vault's. */
export const VERDICT = {
  pending: 0,
  met: 1,
  credited: 2,
  breached: 3,
  inconclusive: 4,
  expired: 5,
  abandoned: 6,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

export const STATISTIC = { median: 0, tail: 1 } as const;
export const COMPARATOR = { atLeast: 0, atMost: 1 } as const;

/** One promise about one metric of a leaf. */
export type Objective = {
  readonly metric: number;
  readonly statistic: number;
  readonly comparator: number;
  readonly threshold: number;
};

/** The money terms of one period, in the token's smallest unit. */
export type PeriodTerms = { readonly price: bigint; readonly slash: bigint; readonly creditPpm: number };

export type Settlement = {
  readonly verdict: Verdict;
  readonly paidToProvider: bigint;
  readonly returnedToCustomer: bigint;
  readonly slashed: bigint;
};

/** breached: even the bound that favours the provider breaks the promise. met: the value itself keeps it. */
export function judgeObjective(leaf: Leaf, objective: Objective): 'met' | 'breached' | 'between' | 'unknown' {
  const stat = leaf.stats[objective.metric];
  if (!stat || stat.status !== STAT.present) return 'unknown';
  const { value, lower, upper } = objective.statistic === STATISTIC.tail ? stat.tail : stat.median;
  // Bounds that contradict their value say nothing; money does not move on them.
  if (lower > value || value > upper) return 'unknown';
  if (objective.comparator === COMPARATOR.atLeast) {
    if (upper < objective.threshold) return 'breached';
    return value >= objective.threshold ? 'met' : 'between';
  }
  if (lower > objective.threshold) return 'breached';
  return value <= objective.threshold ? 'met' : 'between';
}

/** The settlement rule: slash only when sure, pay in full when kept, a stated credit in between, else give back. */
export function verdictOf(leaf: Leaf, objectives: readonly Objective[]): Verdict {
  if (!leaf.conclusive) return VERDICT.inconclusive;
  const judged = objectives.map((objective) => judgeObjective(leaf, objective));
  if (judged.includes('breached')) return VERDICT.breached;
  if (judged.includes('unknown')) return VERDICT.inconclusive;
  return judged.every((one) => one === 'met') ? VERDICT.met : VERDICT.credited;
}

/** @param bondLeft what is left of the provider's bond: the most that can be slashed */
export function settle(verdict: Verdict, terms: PeriodTerms, bondLeft: bigint): Settlement {
  const none = { verdict, paidToProvider: 0n, returnedToCustomer: 0n, slashed: 0n };
  if (verdict === VERDICT.met) return { ...none, paidToProvider: terms.price };
  if (verdict === VERDICT.breached || verdict === VERDICT.abandoned) {
    const slashed = terms.slash < bondLeft ? terms.slash : bondLeft;
    return { ...none, returnedToCustomer: terms.price, slashed };
  }
  if (verdict === VERDICT.credited) {
    const credit = (terms.price * BigInt(terms.creditPpm)) / 1_000_000n;
    return { ...none, paidToProvider: terms.price - credit, returnedToCustomer: credit };
  }
  return { ...none, returnedToCustomer: terms.price };
}
