import type { Chain } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { equalBytes } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { errorCode, errorMessage } from '../protocol/error.ts';

/** Blocks asked for in one call: what public RPC providers commonly allow. */
export const BLOCKS_PER_CALL_MAX = 2_000;

/** Time between looks at the chain. */
export const POLL_MILLIS = 300;

/** Keeps the list of reports on chain, in order, and tells when it grew or was rewritten. */
export class Follower {
  readonly #chain: Chain;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners: ((history: readonly LandedReport[]) => Promise<void>)[] = [];
  #history: LandedReport[] = [];
  #nextBlock: number;
  #told: Uint8Array | undefined;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};

  constructor(chain: Chain, clock: Clock, log: Log) {
    this.#chain = chain;
    this.#clock = clock;
    this.#log = log;
    this.#nextBlock = chain.facts.deployBlock;
  }

  /** Every report on chain that we know of, oldest first. */
  get history(): readonly LandedReport[] {
    return this.#history;
  }

  /** Called in turn with the whole history after it changed; called again later if it throws. */
  onChange(listener: (history: readonly LandedReport[]) => Promise<void>): void {
    this.#listeners.push(listener);
  }

  start(): void {
    const loop = async (): Promise<void> => {
      await this.poll();
      if (this.#stopped) return;
      this.#cancel = this.#clock.after(POLL_MILLIS, () => {
        this.#running = loop();
      }).cancel;
    };
    this.#running = loop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  /** One look at the chain. Failures are logged and tried again at the next. */
  async poll(): Promise<void> {
    try {
      await this.#read();
      const newest = this.#history.at(-1);
      if (!newest || (this.#told && equalBytes(this.#told, newest.reportHash))) return;
      for (const listener of this.#listeners) await listener(this.#history);
      this.#told = newest.reportHash;
    } catch (error) {
      this.#log.warn({ code: errorCode(error), reason: errorMessage(error) }, 'following the chain: will try again');
    }
  }

  async #read(): Promise<void> {
    const newest = await this.#chain.blockNumber();
    while (this.#nextBlock <= newest) {
      const to = Math.min(newest, this.#nextBlock + BLOCKS_PER_CALL_MAX - 1);
      const found = await this.#chain.reports(this.#nextBlock, to);
      this.#history.push(...found);
      this.#nextBlock = to + 1;
    }
    const tail = this.#history.at(-1);
    const head = await this.#chain.head();
    // Read after the events, the head can only be newer than our tail, unless blocks were taken back.
    const dropped = tail !== undefined && head.nextEpoch <= tail.header.epoch;
    if (dropped || !isChained(this.#history)) {
      this.#log.warn({ reports: this.#history.length }, 'the chain was reorganised: reading its reports again');
      this.#history = [];
      this.#nextBlock = this.#chain.facts.deployBlock;
    }
  }
}

/** Each report names the one before it. */
export function isChained(history: readonly LandedReport[]): boolean {
  return history.every((landed, i) => i === 0 || equalBytes(landed.header.previous, history[i - 1]!.reportHash));
}
