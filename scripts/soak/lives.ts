import { isQuorum } from '../../protocol/set.ts';
import { type Calendar, epochAt, epochStart } from '../../protocol/time.ts';

/** One process of a watcher, from its start to its end. Unix milliseconds. */
export type Life = {
  readonly watcher: number;
  readonly startedAt: number;
  /** When it said that it watches; undefined when it ended before. */
  readyAt: number | undefined;
  /** Undefined while it runs. */
  endedAt: number | undefined;
};

/** A time in which a watcher was up and could sign. Unix milliseconds. */
export type Settled = { readonly watcher: number; readonly from: number; readonly to: number };

export type Interval = { readonly from: number; readonly to: number };

/**
 * When a life may sign: after the rest of the epoch of its start and the whole next one (docs/decisions/0007). It began to
 * listen before it was ready, so this is the latest moment that it can be. The first life of all, ready before epoch 0
 * ended, did not listen, and has nothing to sign before epoch 0.
 */
export function settledFrom(calendar: Calendar, { readyAt }: Life, isFirst: boolean): number | undefined {
  if (readyAt === undefined) return undefined;
  const epoch = epochAt(calendar, readyAt);
  return isFirst && epoch <= 0 ? Math.max(readyAt, epochStart(calendar, 0)) : epochStart(calendar, epoch + 2);
}

/** Every time in which a watcher was up and settled. @param endAt when the recording ended */
export function settledTimes(calendar: Calendar, lives: readonly Life[], endAt: number): Settled[] {
  const seen = new Set<number>();
  return lives.flatMap((life) => {
    const isFirst = !seen.has(life.watcher);
    seen.add(life.watcher);
    const from = settledFrom(calendar, life, isFirst);
    const to = life.endedAt ?? endAt;
    return from !== undefined && from < to ? [{ watcher: life.watcher, from, to }] : [];
  });
}

/**
 * The longest times in which one and the same quorum was up and settled from beginning to end. They may overlap, with
 * different quorums; none lies inside another. Stakes are equal, as on every devnet.
 */
export function quorumTimes(settled: readonly Settled[], watchers: number): Interval[] {
  const found: Interval[] = [];
  for (const from of new Set(settled.map((one) => one.from).sort((a, b) => a - b))) {
    const ends = settled.filter((one) => one.from <= from && from < one.to).map(({ to }) => to);
    ends.sort((a, b) => b - a);
    const needed = ends.findIndex((_, i) => isQuorum(BigInt(i + 1), BigInt(watchers)));
    if (needed < 0) continue;
    const to = ends[needed]!;
    if (!found.some((other) => other.to >= to)) found.push({ from, to });
  }
  return found;
}
