import { demanded } from '../ledger/inclusion.ts';
import type { Pool } from '../ledger/pool.ts';
import type { Wanted } from '../ledger/wanted.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import { roundOf } from '../protocol/time.ts';

export type GatherDeps = { readonly facts: OracleFacts; readonly pool: Pool; readonly wanted: Wanted };

/** Asks for the batches that refusals say were left out, as soon as they say so: the next view may be ours to lead. */
export function gatherStage({ facts, pool, wanted }: GatherDeps) {
  return (epoch: number): void => {
    for (const observation of demanded(pool, epoch, roundOf(facts.calendar, facts.parameters, epoch))) {
      if (!pool.reveal(epoch, observation.seat)) wanted.ask(epoch, observation);
    }
  };
}
