import type { Chain } from '../../platform/chain/chain.ts';
import { errorMessage } from '../../protocol/error.ts';
import type { Landing } from './owed.ts';

/** How often the chain is looked at. */
const LOOK_MILLIS = 100;

/** Notes every report when it is seen on chain. */
export class Landings {
  readonly seen: Landing[] = [];
  readonly #chain: Chain;
  #nextBlock: number;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(chain: Chain) {
    this.#chain = chain;
    this.#nextBlock = chain.facts.deployBlock;
  }

  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      await this.#look().catch((error: unknown) => console.error(`looking at the chain: ${errorMessage(error)}`));
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS));
    }
  }

  async #look(): Promise<void> {
    const newest = await this.#chain.blockNumber();
    if (newest < this.#nextBlock) return;
    const reports = await this.#chain.reports(this.#nextBlock, newest);
    this.#nextBlock = newest + 1;
    for (const { header, view, signers } of reports) {
      this.seen.push({ epoch: header.epoch, view, signers, at: Date.now() });
    }
  }
}
