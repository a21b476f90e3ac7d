import { METRIC } from '../../protocol/metric.ts';
import { COMPARATOR, type Objective, STATISTIC } from '../../protocol/settlement.ts';
import type { Manner } from './rpc-service.ts';

/** One whole test token. */
export const TOKEN = 10n ** 18n;

/** A service of the devnet: how it behaves, and what its provider promises all the same. */
export type ServicePlan = {
  readonly name: string;
  readonly delayMillis: number;
  readonly failShare: number;
};

export const SERVICES: readonly ServicePlan[] = [
  { name: 'healthy', delayMillis: 15, failShare: 0 },
  { name: 'slow', delayMillis: 350, failShare: 0 },
  { name: 'flaky', delayMillis: 15, failShare: 0.3 },
];

/** JSON-RPC services before the devnet's EVM, with `--rpc`: three honest ones are what it takes to tell who is not. */
export const RPC_SERVICES: readonly { readonly name: string; readonly manner: Manner }[] = [
  { name: 'rpc-a', manner: 'honest' },
  { name: 'rpc-b', manner: 'honest' },
  { name: 'rpc-c', manner: 'honest' },
  { name: 'rpc-ahead', manner: 'ahead' },
  { name: 'rpc-stale', manner: 'stale' },
  { name: 'rpc-error', manner: 'error' },
  { name: 'rpc-fork', manner: 'fork' },
];

/** Every web provider promises the same: 95 % of answers good, half of them within 200 ms, in every window. */
export const OBJECTIVES: readonly Objective[] = [
  {
    metric: METRIC.availabilityPpm,
    statistic: STATISTIC.median,
    comparator: COMPARATOR.atLeast,
    threshold: 950_000,
  },
  {
    metric: METRIC.latencyP50Micros,
    statistic: STATISTIC.median,
    comparator: COMPARATOR.atMost,
    threshold: 200_000,
  },
];

/** And every provider of a JSON-RPC: 95 % of answers good, half of them at most three blocks behind the others. */
export const RPC_OBJECTIVES: readonly Objective[] = [
  OBJECTIVES[0]!,
  { metric: METRIC.headLagBlocks, statistic: STATISTIC.median, comparator: COMPARATOR.atMost, threshold: 3 },
];

/** What `s` turns a healthy provider into: well beyond the promised 200 ms. */
export const SLOWED_MILLIS = 400;

export const PROBE = {
  slotsPerEpoch: 20,
  timeoutMillis: 800,
} as const;

/** As few probes as one epoch's leaf needs; hashes are compared at the least depth, so that a young chain has it. */
export const RPC_PROBE = { slotsPerEpoch: 12, timeoutMillis: 800, headAgeSecondsMax: 60, depth: 8 } as const;

/** Money of one agreement. The bond covers every period of a short run; a long run uses it up and the vault says so. */
export const MONEY = {
  pricePerPeriod: 10n * TOKEN,
  slashPerPeriod: 25n * TOKEN,
  bond: 1_000n * TOKEN,
  creditPpm: 500_000,
  /** Killed watchers leave windows without a verdict; a devnet must outlive that. */
  voidsInRowMax: 32,
  /** 2-epoch windows of 4 s: more than two hours. */
  periods: 1_000,
} as const;

/** The router starts at the first and switches to the second once the first has broken its promise on chain. */
export const ROUTE: readonly string[] = ['slow', 'healthy'];

/** The router looks at nothing older: some windows, so that one that is missed stops nothing. Seconds. */
export const ROUTE_AGE_SECONDS = 60;

/** The window that settles; it must be one of the preset's. */
export const SETTLE_WINDOW_EPOCHS = 2;

export const STAKE = { min: 100n * TOKEN, cap: 1_000n * TOKEN, each: 500n * TOKEN } as const;

/** Seconds from the deployment to epoch 0: registering and starting, which takes longer with more processes. */
export function genesisLeadSeconds(watchers: number): number {
  return 6 + Math.ceil(watchers / 2);
}
