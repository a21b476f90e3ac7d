import { fromBigEndian } from '../../protocol/bytes.ts';
import { draw } from '../support/simnet/random.ts';

/** A stream of whole numbers from a seed and a name: mulberry32, which is quick and good enough to choose faults with. */
export class Rng {
  #state: number;

  constructor(seed: number, name: string) {
    this.#state = Number(fromBigEndian(draw(seed, 'simulator', name).subarray(0, 4)));
  }

  /** A whole number 0 .. bound - 1; `bound` from 1 to 2^32. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** A whole number from .. to, both inclusive. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True in so many of a hundred cases. */
  percent(share: number): boolean {
    return this.below(100) < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** `count` different ones of them, in their order. */
  some<T>(from: readonly T[], count: number): T[] {
    const left = [...from.keys()];
    while (left.length > Math.max(0, count)) left.splice(this.below(left.length), 1);
    return left.map((index) => from[index]!);
  }
}
