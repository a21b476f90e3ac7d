import { isQuorum } from '../../protocol/set.ts';
import { Random } from '../fuzz/random.ts';

/** What a kill aims at: `start` a process that has just been started, the others a moment of the round; `any`: now. */
export type Aim = 'any' | 'start' | 'commit' | 'reveal' | 'attest';

export type Kill = {
  /** Who is killed; when it is down, the next of the burst that is not. */
  readonly target: number;
  readonly aim: Aim;
  /** Since the kill before. Milliseconds. */
  readonly gapMillis: number;
  /** After the moment that is aimed at. Milliseconds. */
  readonly offsetMillis: number;
  /** Until it is started again. Milliseconds. */
  readonly downMillis: number;
};

/** `minority`: only watchers without whom there is a quorum. Before a burst everybody is up and settled. */
export type Burst = {
  readonly kind: 'everybody' | 'minority';
  readonly among: readonly number[];
  readonly kills: readonly Kill[];
};

/** Kills of a burst on everybody, besides the first of each watcher. */
const FURTHER_KILLS = 6;
const MINORITY_KILLS = 14;
const ROUND_AIMS = ['commit', 'reveal', 'attest'] as const;
const OTHER_AIMS = ['any', 'any', 'start', 'start', 'commit', 'attest'] as const;
/** A signature of the round is written within this time after its moment on a busy machine. */
const WRITE_MILLIS = 400;
/** Loading and opening of a watcher's process takes about this long. */
const START_MILLIS = 2_000;

/** How many watchers can be missing while the others are still more than two thirds. */
export function minoritySize(watchers: number): number {
  let size = 0;
  while (isQuorum(BigInt(watchers - size - 1), BigInt(watchers))) size++;
  return size;
}

/**
 * Bursts on everybody alternate with bursts on a rotating minority, until the kills are used up. The same seed gives the
 * same plan; what a kill meets is up to the machine.
 */
export function planKills(seed: number, kills: number, watchers: number): Burst[] {
  const random = new Random(seed, 'kills', 0);
  const bursts: Burst[] = [];
  let left = kills;
  for (let i = 0; left > 0; i++) {
    const burst = i % 2 === 0 ? onMinority(random, watchers, i / 2) : onEverybody(random, watchers);
    const cut = { ...burst, kills: burst.kills.slice(0, left) };
    bursts.push(cut);
    left -= cut.kills.length;
  }
  return bursts;
}

/** Everybody dies in one moment of the round, while all of them sign; then whoever is up, or comes up, is killed again. */
function onEverybody(random: Random, watchers: number): Burst {
  const among = shuffled(random, watchers);
  const aim = random.pick(ROUND_AIMS);
  const together = among.map((target, i) => ({
    ...kill(random, target, i === 0 ? aim : 'any', WRITE_MILLIS / 2),
    gapMillis: random.below(60),
  }));
  const further = Array.from({ length: FURTHER_KILLS }, () =>
    kill(random, random.pick(among), random.pick(['any', 'start'] as const), START_MILLIS),
  );
  return { kind: 'everybody', among, kills: [...together, ...further] };
}

function onMinority(random: Random, watchers: number, turn: number): Burst {
  const size = minoritySize(watchers);
  const among = Array.from({ length: size }, (_, i) => (turn * size + i) % watchers);
  // The first kill of each meets a watcher that signs: aimed at a moment at which it does.
  const first = among.map((target) => kill(random, target, random.pick(ROUND_AIMS), WRITE_MILLIS));
  const further = Array.from({ length: MINORITY_KILLS - size }, () => {
    const aim = random.pick(OTHER_AIMS);
    return kill(random, random.pick(among), aim, aim === 'start' ? START_MILLIS : WRITE_MILLIS);
  });
  return { kind: 'minority', among, kills: [...first, ...further] };
}

function kill(random: Random, target: number, aim: Aim, offsetMax: number): Kill {
  return {
    target,
    aim,
    gapMillis: 200 + random.below(500),
    offsetMillis: aim === 'any' ? 0 : random.below(offsetMax),
    downMillis: random.below(300),
  };
}

function shuffled(random: Random, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
}
