import type { Bls } from '../platform/bls/bls.ts';
import type { Chain } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Network } from '../platform/network/network.ts';
import { Rounds } from '../platform/rounds.ts';
import type { Store } from '../platform/store/store.ts';
import { errorCode, errorMessage } from '../protocol/error.ts';
import { epochAt } from '../protocol/time.ts';
import { createContacts } from './contacts.ts';
import { Custody } from './custody.ts';
import { epochFacts } from './epoch.ts';
import { Fetch } from './fetch.ts';
import { Follower } from './follower.ts';
import { revealIntake } from './intake/reveal.ts';
import type { IntakeDeps, SignedBy } from './intake/rules.ts';
import { subscribeAll } from './intake/subscribe.ts';
import { type Followed, Ledger } from './ledger.ts';
import { Pool } from './pool.ts';
import { Wanted } from './wanted.ts';

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

/** What a node and an aggregator share when they run in one process: what was heard, and what the chain accepted. */
export type Core = ReturnType<typeof createCore>;

/**
 * @param options.retentionEpochs how long batches are served to others
 * @param options.stateful false for a program that computes no reports and so needs no accumulators
 */
export function createCore(platform: Platform, options: { retentionEpochs: number; stateful: boolean }) {
  const { clock, network, store, chain, bls, log } = platform;
  const facts = chain.facts;
  const pool = new Pool(facts.parameters.deadlineEpochs);
  const known = epochFacts(chain, (epoch) => epoch <= epochAt(facts.calendar, clock.now()));
  const custody = new Custody(store, options.retentionEpochs);
  const fetch = new Fetch({ network, pool, custody, bls, domain: facts.domain, epochFacts: known });
  const ledger = new Ledger({ chain, epochFacts: known, pool, custody, fetch, log });
  const follower = new Follower(chain, clock, log);
  const rounds = new Rounds(clock, facts.calendar, facts.parameters);
  const tellContacts = createContacts({ chain, network, clock, log });
  rounds.on('begin', (epoch) => void tellContacts(epoch));
  const signedListeners: ((slot: SignedBy) => void)[] = [];
  const onSigned = (slot: SignedBy): void => {
    for (const listener of signedListeners) listener(slot);
  };
  const intake: IntakeDeps = { clock, facts, epochFacts: known, pool, bls, onSigned };
  const wanted = new Wanted(fetch, revealIntake(intake), clock);
  const listeners: ((followed: Followed | undefined) => Promise<void>)[] = [];

  /** The state has moved already: whoever fails here must not keep the others from hearing of it. */
  const tell = async (followed: Followed | undefined): Promise<void> => {
    for (const listener of listeners) {
      await listener(followed).catch((error: unknown) =>
        log.error({ code: errorCode(error), reason: errorMessage(error) }, 'a listener to new heads failed'),
      );
    }
  };
  follower.onChange(async (reports) => {
    let moved = false;
    if (options.stateful) {
      for await (const followed of ledger.advance(reports)) {
        moved = true;
        await tell(followed);
      }
    }
    if (!moved) await tell(undefined);
    // A report that a reorg drops can land again until its deadline: until then its messages stay.
    pool.dropBefore(epochAt(facts.calendar, clock.now()) - facts.parameters.deadlineEpochs - 1);
    await custody.prune(reports.recent.at(-1)?.header.epoch ?? 0);
  });

  return {
    ...platform,
    facts,
    pool,
    custody,
    fetch,
    wanted,
    ledger,
    follower,
    rounds,
    intake,
    epochFacts: known,
    /** Epoch of the last report on chain that this process has taken in, -1 before the first. */
    lastEpoch: (): number =>
      options.stateful ? ledger.state.epoch : (follower.reports.recent.at(-1)?.header.epoch ?? -1),
    /**
     * Called in order after each change of the head; with the report and its batches when this process followed it
     * itself. A failure is logged and not repeated.
     */
    onHead: (listener: (followed: Followed | undefined) => Promise<void>): void => {
      listeners.push(listener);
    },
    /** Called with every slot that others were heard to have signed, once its signature is checked. */
    onSigned: (listener: (slot: SignedBy) => void): void => {
      signedListeners.push(listener);
    },
    start: async (): Promise<void> => {
      subscribeAll(network, log, intake);
      if (options.stateful) {
        await custody.serve(network, (epoch, batchHash) => pool.revealOf(epoch, batchHash)?.bytes);
        await ledger.restore();
      }
      void tellContacts(Math.max(0, epochAt(facts.calendar, clock.now())));
      follower.start();
      rounds.start();
    },
    stop: async (): Promise<void> => {
      rounds.stop();
      await follower.stop();
    },
  };
}
