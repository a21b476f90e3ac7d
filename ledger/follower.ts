import type { Chain, Head } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { equalBytes, ZERO_BYTES32 } from '../protocol/bytes.ts';
import { errorCode, errorMessage } from '../protocol/error.ts';
import { appendReport, NO_REPORTS, type ReportsOnChain, reportsBefore } from './reports.ts';

/** Blocks asked for in one call: what public RPC providers commonly allow. */
export const BLOCKS_PER_CALL_MAX = 2_000;

/** Time between looks at the chain: an eighth of a view, so that a report is noticed well before the next one begins. */
export const POLL_MILLIS_MIN = 300;
export const POLL_MILLIS_MAX = 3_000;

/** Keeps the reports on chain, in order, and tells when they became more or were rewritten. */
export class Follower {
  readonly #chain: Chain;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pollMillis: number;
  readonly #listeners: ((reports: ReportsOnChain) => Promise<void>)[] = [];
  #reports = NO_REPORTS;
  #nextBlock: number;
  #told: Uint8Array | undefined;
  /** A head of the last look whose report had not been read then. */
  #unread: Uint8Array | undefined;
  /** The blocks after the last final one were read again, and that has not helped yet. */
  #rewound = false;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};

  constructor(chain: Chain, clock: Clock, log: Log) {
    this.#chain = chain;
    this.#clock = clock;
    this.#log = log;
    this.#nextBlock = chain.facts.deployBlock;
    const { viewMillis } = chain.facts.parameters;
    this.#pollMillis = Math.min(POLL_MILLIS_MAX, Math.max(POLL_MILLIS_MIN, Math.round(viewMillis / 8)));
  }

  /** Every report on chain that we know of. */
  get reports(): ReportsOnChain {
    return this.#reports;
  }

  /** Called in turn with all reports, first as they are found and then after they changed; again later if it throws. */
  onChange(listener: (reports: ReportsOnChain) => Promise<void>): void {
    this.#listeners.push(listener);
  }

  start(): void {
    const loop = async (): Promise<void> => {
      await this.poll();
      if (this.#stopped) return;
      this.#cancel = this.#clock.after(this.#pollMillis, () => {
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
      const isChained = await this.#read();
      if (!isChained || !this.#agrees(await this.#chain.head())) return await this.#rewind();
      const newest = this.#tail();
      if (this.#told && equalBytes(this.#told, newest)) return;
      for (const listener of this.#listeners) await listener(this.#reports);
      this.#told = newest;
    } catch (error) {
      this.#log.warn({ code: errorCode(error), reason: errorMessage(error) }, 'following the chain: will try again');
    }
  }

  /** Reads the blocks that came since. False when a report does not name the one before it: blocks were replaced. */
  async #read(): Promise<boolean> {
    const newest = await this.#chain.blockNumber();
    while (this.#nextBlock <= newest) {
      const to = Math.min(newest, this.#nextBlock + BLOCKS_PER_CALL_MAX - 1);
      const found = await this.#chain.reports(this.#nextBlock, to);
      for (const landed of found) {
        if (!equalBytes(landed.header.previous, this.#tail())) return false;
        this.#reports = appendReport(this.#reports, landed);
      }
      this.#nextBlock = to + 1;
    }
    return true;
  }

  /** Hash of the newest report that we know of; zero before the first, as in its `previous`. */
  #tail(): Uint8Array {
    return this.#reports.recent.at(-1)?.reportHash ?? ZERO_BYTES32;
  }

  /**
   * Whether the contract's head fits what was read. Asked after the events it may be newer than our tail, once: its
   * report is among the events at the next look, or stands in a block that replaced one which we had read.
   */
  #agrees({ nextEpoch, reportHash }: Head): boolean {
    const tail = this.#reports.recent.at(-1);
    if (equalBytes(reportHash, this.#tail())) {
      this.#unread = undefined;
      this.#rewound = false;
      return true;
    }
    if (tail && nextEpoch <= tail.header.epoch + 1) return false;
    const stillUnread = this.#unread !== undefined && equalBytes(this.#unread, reportHash);
    this.#unread = reportHash;
    return !stillUnread;
  }

  /** Forgets what may have been taken back: first the blocks that are not final, and everything if that does not do. */
  async #rewind(): Promise<void> {
    const { deployBlock } = this.#chain.facts;
    const unsure = this.#rewound ? deployBlock : (await this.#chain.finalized()).number + 1;
    const kept = reportsBefore(this.#reports, unsure);
    const count = ({ before, recent }: ReportsOnChain): number => before.count + recent.length;
    const dropped = count(this.#reports) - count(kept);
    // Without a report to build on the blocks before the first that we held are read again, too.
    const isAll = kept === NO_REPORTS && this.#reports.before.count > 0;
    const from = isAll ? deployBlock : Math.max(deployBlock, Math.min(unsure, this.#nextBlock));
    this.#log.warn({ from, dropped }, 'blocks were replaced: reading them again');
    this.#reports = kept;
    this.#nextBlock = from;
    this.#unread = undefined;
    this.#rewound = true;
  }
}
