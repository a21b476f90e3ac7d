import { mayInclude } from '../ledger/inclusion.ts';
import type { Pool } from '../ledger/pool.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import type { Counted } from '../protocol/report.ts';
import { roundOf } from '../protocol/time.ts';

export type CollectDeps = { readonly facts: OracleFacts; readonly pool: Pool };

/** The observation set that a leader proposes: every batch that may count, seats ascending. */
export function collectStage({ facts, pool }: CollectDeps) {
  return (epoch: number): Counted[] =>
    mayInclude(pool, epoch, roundOf(facts.calendar, facts.parameters, epoch)).map(({ observation, batch }) => ({
      observation,
      batch,
    }));
}
