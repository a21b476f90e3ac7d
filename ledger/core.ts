import type { Bls } from '../platform/bls/bls.ts';
import type { Chain } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Network } from '../platform/network/network.ts';
import { Rounds } from '../platform/rounds.ts';
import type { Store } from '../platform/store/store.ts';
import { epochAt } from '../protocol/time.ts';
import { Custody } from './custody.ts';
import { epochFacts } from './epoch.ts';
import { Fetch } from './fetch.ts';
import { Follower } from './follower.ts';
import type { IntakeDeps } from './intake/rules.ts';
import { subscribeAll } from './intake/subscribe.ts';
import { type Followed, Ledger } from './ledger.ts';
import { Pool } from './pool.ts';

/** The effects that a program is built on; the simulator brings its own. */
export type Platform = {
  readonly clock: Clock;
  readonly random: (length: number) => Uint8Array;
  readonly network: Network;
  readonly store: Store;
  readonly chain: Chain;
  readonly bls: Bls;
  readonly log: Log;
};

/** Epochs behind the head whose messages are kept for peers that lag. */
const POOL_LAG_EPOCHS = 2;

/** What a node and an aggregator share when they run in one process: what was heard, and what the chain accepted. */
export type Core = ReturnType<typeof createCore>;

/**
 * @param options.retentionEpochs how long batches are served to others
 * @param options.stateful false for a program that computes no reports and so needs no accumulators
 */
export function createCore(platform: Platform, options: { retentionEpochs: number; stateful: boolean }) {
  const { clock, network, store, chain, bls, log } = platform;
  const facts = chain.facts;
  const pool = new Pool();
  const known = epochFacts(chain, (epoch) => epoch <= epochAt(facts.calendar, clock.now()));
  const custody = new Custody(store, options.retentionEpochs);
  const fetch = new Fetch(network, pool, custody);
  const ledger = new Ledger({ chain, epochFacts: known, pool, custody, fetch, log });
  const follower = new Follower(chain, clock, log);
  const rounds = new Rounds(clock, facts.calendar, facts.parameters);
  const intake: IntakeDeps = { clock, facts, epochFacts: known, pool, bls };
  const listeners: ((followed: Followed | undefined) => Promise<void>)[] = [];

  follower.onChange(async (history) => {
    const followed = options.stateful ? await ledger.advance(history) : undefined;
    for (const listener of listeners) await listener(followed);
    const { epoch } = history.at(-1)!.header;
    pool.dropBefore(epoch - POOL_LAG_EPOCHS);
    await custody.prune(epoch);
  });

  return {
    ...platform,
    facts,
    pool,
    custody,
    fetch,
    ledger,
    follower,
    rounds,
    intake,
    epochFacts: known,
    /** Epoch of the last report on chain that this process has taken in, -1 before the first. */
    lastEpoch: (): number => (options.stateful ? ledger.state.epoch : (follower.history.at(-1)?.header.epoch ?? -1)),
    /** Called after each new head; with the report and its batches when this process followed it itself. */
    onHead: (listener: (followed: Followed | undefined) => Promise<void>): void => {
      listeners.push(listener);
    },
    start: async (): Promise<void> => {
      subscribeAll(network, log, intake);
      if (options.stateful) {
        await custody.serve(network);
        await ledger.restore();
      }
      follower.start();
      rounds.start();
    },
    stop: async (): Promise<void> => {
      rounds.stop();
      await follower.stop();
    },
  };
}
