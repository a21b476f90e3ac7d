import type { Clock } from '../platform/clock.ts';
import type { MessageHandler } from '../platform/network/network.ts';
import { toHex } from '../protocol/bytes.ts';
import type { Observation } from '../protocol/observation.ts';
import type { Fetch } from './fetch.ts';

/** Batches asked for at the same time; a proposal that lacks more of them here is asked for in pieces. */
export const ASKING_MAX = 64;
/** What nobody had is asked for again after this long. */
export const ASK_AGAIN_MILLIS = 500;
/** Batches remembered as asked for: a few views' worth of the largest set. */
const ASKED_MAX = 4_096;

/**
 * Asks peers for batches that gossip did not bring. It never makes its caller wait, so a peer that answers slowly holds
 * up no view; what comes goes through the rules of gossip into the pool, whose listeners then look again.
 */
export class Wanted {
  readonly #fetch: Pick<Fetch, 'reveal'>;
  readonly #take: MessageHandler;
  readonly #clock: Clock;
  readonly #notBefore = new Map<string, number>();
  #asking = 0;

  constructor(fetch: Pick<Fetch, 'reveal'>, take: MessageHandler, clock: Clock) {
    this.#fetch = fetch;
    this.#take = take;
    this.#clock = clock;
  }

  /** Asks in the background, unless it is asking already or has just asked. */
  ask(epoch: number, observation: Observation): void {
    const key = `${epoch}/${toHex(observation.batchHash)}`;
    const notBefore = this.#notBefore.get(key) ?? Number.NEGATIVE_INFINITY;
    if (this.#asking >= ASKING_MAX || this.#clock.now() < notBefore) return;
    this.#notBefore.set(key, Number.POSITIVE_INFINITY);
    if (this.#notBefore.size > ASKED_MAX) this.#notBefore.delete(this.#notBefore.keys().next().value!);
    this.#asking++;
    void this.#get(epoch, observation).finally(() => {
      this.#asking--;
      this.#notBefore.set(key, this.#clock.now() + ASK_AGAIN_MILLIS);
    });
  }

  /** Never rejects: whoever still wants it asks again. */
  async #get(epoch: number, observation: Observation): Promise<void> {
    try {
      const bytes = await this.#fetch.reveal(epoch, observation);
      if (bytes) await this.#take('fetched', bytes);
    } catch {
      // The disk or the network stopped.
    }
  }
}
