import { assignmentReader } from '../platform/chain/assignment.ts';
import type { Chain } from '../platform/chain/chain.ts';
import type { Assignment } from '../protocol/assigned.ts';
import type { Service } from '../protocol/service.ts';
import type { WatcherSet } from '../protocol/set.ts';

/** What the chain says about one epoch: fixed at least an activation delay before it starts. */
export type EpochFacts = {
  readonly epoch: number;
  readonly set: WatcherSet;
  readonly services: readonly Service[];
  readonly seed: Uint8Array;
  readonly assignment: Assignment;
};

/** Epochs kept: those inside the report deadline, and the next. */
export const EPOCHS_CACHED_MAX = 16;

/**
 * Reads each epoch's facts once. A failed read is not kept, nor one of an epoch that has not begun: until then a
 * registration before genesis may still change it.
 */
export function epochFacts(
  chain: Pick<Chain, 'facts' | 'setAt' | 'servicesAt' | 'seedAt'>,
  hasBegun: (epoch: number) => boolean,
) {
  const cache = new Map<number, Promise<EpochFacts>>();
  const assignmentAt = assignmentReader(chain, hasBegun);
  const read = async (epoch: number): Promise<EpochFacts> => {
    const [set, services, seed] = await Promise.all([chain.setAt(epoch), chain.servicesAt(epoch), chain.seedAt(epoch)]);
    return { epoch, set, services, seed, assignment: await assignmentAt(epoch, set, seed) };
  };
  return (epoch: number): Promise<EpochFacts> => {
    const known = cache.get(epoch);
    if (known) return known;
    const reading = read(epoch);
    if (!hasBegun(epoch)) return reading;
    cache.set(epoch, reading);
    reading.catch(() => cache.delete(epoch));
    if (cache.size > EPOCHS_CACHED_MAX) cache.delete(Math.min(...cache.keys()));
    return reading;
  };
}
