import type { Custody } from '../ledger/custody.ts';
import type { Pool } from '../ledger/pool.ts';
import type { Clock } from '../platform/clock.ts';
import type { Network } from '../platform/network/network.ts';
import { encodeReveal } from '../protocol/reveal.ts';
import type { Committed } from './artefacts.ts';

export type RevealDeps = {
  readonly clock: Clock;
  readonly network: Network;
  readonly pool: Pool;
  readonly custody: Custody;
};

/** Opens the commit to everybody once nobody can commit any more. */
export function revealStage({ clock, network, pool, custody }: RevealDeps) {
  return async ({ sealed, commit, seat }: Committed): Promise<void> => {
    const bytes = encodeReveal({ commit, salt: sealed.salt, batch: sealed.bytes });
    const observation = {
      seat,
      watcher: commit.watcher,
      batchHash: sealed.hash,
      commitment: commit.commitment,
    };
    await custody.keepReveal(commit.epoch, sealed.hash, bytes);
    pool.addReveal({ observation, batch: sealed.batch, bytes, heardAt: clock.now() });
    await network.publish('reveal', bytes);
  };
}
