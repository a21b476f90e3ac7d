/** Milliseconds that never jump back. */
export type MonotonicMillis = () => number;

export type BucketLimit = { readonly burst: number; readonly perSecond: number };

/** A token bucket per key (a peer, or a peer on a topic). A key whose bucket is full again is forgotten. */
export interface Quota {
  /** Takes `cost` tokens and returns true, or takes nothing and returns false. */
  take(key: string, cost?: number): boolean;
  readonly size: number;
}

type Level = { tokens: number; at: number };

/** Keys kept before the full ones are swept out: four topics of more peers than may connect. */
const SWEEP_KEYS = 2_048;

export function createQuota({ burst, perSecond }: BucketLimit, now: MonotonicMillis): Quota {
  const levels = new Map<string, Level>();
  const refilled = (level: Level): number => Math.min(burst, level.tokens + ((now() - level.at) / 1_000) * perSecond);
  let sweepAt = SWEEP_KEYS;

  const sweep = (): void => {
    for (const [key, level] of levels) if (refilled(level) >= burst) levels.delete(key);
    // Twice what is left, so that a sweep costs a constant per key however many are in use.
    sweepAt = Math.max(SWEEP_KEYS, levels.size * 2);
  };
  return {
    take: (key, cost = 1) => {
      const level = levels.get(key);
      const tokens = level ? refilled(level) : burst;
      if (tokens < cost) return false;
      levels.set(key, { tokens: tokens - cost, at: now() });
      if (levels.size > sweepAt) sweep();
      return true;
    },
    get size() {
      return levels.size;
    },
  };
}

/** How much is at work right now, for each key and in all; both with a bound. */
export interface Gate {
  /** Returns the function that gives the place back, or undefined when it is full. */
  enter(key: string, weight?: number): (() => void) | undefined;
}

export function createGate(max: { perKey: number; all: number; weight?: number }): Gate {
  const perKey = new Map<string, number>();
  let all = 0;
  let weightNow = 0;
  return {
    enter: (key, weight = 0) => {
      const mine = perKey.get(key) ?? 0;
      if (mine >= max.perKey || all >= max.all || weightNow + weight > (max.weight ?? Infinity)) return undefined;
      perKey.set(key, mine + 1);
      all += 1;
      weightNow += weight;
      let inside = true;
      return () => {
        if (!inside) return;
        inside = false;
        all -= 1;
        weightNow -= weight;
        const left = (perKey.get(key) ?? 1) - 1;
        if (left > 0) perKey.set(key, left);
        else perKey.delete(key);
      };
    },
  };
}
