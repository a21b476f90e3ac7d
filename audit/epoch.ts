import { assignmentReader } from '../platform/chain/assignment.ts';
import type { Chain } from '../platform/chain/chain.ts';
import { LOG_BLOCKS_MAX } from '../platform/chain/registrations.ts';
import type { Assignment } from '../protocol/assigned.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import type { Service } from '../protocol/service.ts';
import type { WatcherSet } from '../protocol/set.ts';

/** What the chain says about one epoch. */
export type EpochFacts = {
  readonly epoch: number;
  readonly set: WatcherSet;
  readonly services: readonly Service[];
  readonly seed: Uint8Array;
  readonly assignment: Assignment;
};

/** Reads epochs' facts; only the seed of the running assignment period is kept, because finding it costs a bisection. */
export function epochFacts(chain: Chain): (epoch: number) => Promise<EpochFacts> {
  let known: { period: number; seed: Promise<Uint8Array> } | undefined;
  const assignmentAt = assignmentReader(chain, () => true);
  return async (epoch) => {
    const period = Math.floor(epoch / chain.facts.parameters.assignmentPeriodEpochs);
    if (known?.period !== period) known = { period, seed: chain.seedAt(epoch) };
    const [set, services, seed] = await Promise.all([chain.setAt(epoch), chain.servicesAt(epoch), known.seed]);
    return { epoch, set, services, seed, assignment: await assignmentAt(epoch, set, seed) };
  };
}

/** Every report on chain, oldest first, read in steps that public RPC providers allow. */
export async function* landedReports(chain: Chain): AsyncGenerator<LandedReport> {
  const newest = await chain.blockNumber();
  for (let from = chain.facts.deployBlock; from <= newest; from += LOG_BLOCKS_MAX) {
    yield* await chain.reports(from, Math.min(newest, from + LOG_BLOCKS_MAX - 1));
  }
}
