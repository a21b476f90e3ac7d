import { PEERS_REMEMBERED_MAX } from './limits.ts';

/**
 * In which order peers are asked for something: those that did not answer lately, or answered with something else, come last,
 * whoever failed longest ago first. A peer that hangs costs its time-out once, and not for every batch that is fetched.
 */
export class AskingOrder {
  readonly #random: () => number;
  /** Peers that failed since they last answered; the oldest failure first. */
  readonly #failed = new Set<string>();

  /** @param random a number 0 .. 1, so that not everybody asks the same peer first */
  constructor(random: () => number) {
    this.#random = random;
  }

  of(peers: readonly string[]): string[] {
    const sound = peers.filter((peer) => !this.#failed.has(peer));
    const drawn = sound
      .map((peer) => ({ peer, order: this.#random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ peer }) => peer);
    return [...drawn, ...[...this.#failed].filter((peer) => peers.includes(peer))];
  }

  /** Nothing to give is an answer. */
  note(peer: string, hasAnswered: boolean): void {
    this.#failed.delete(peer);
    if (hasAnswered) return;
    this.#failed.add(peer);
    if (this.#failed.size > PEERS_REMEMBERED_MAX) this.#failed.delete(this.#failed.values().next().value!);
  }
}
