import { Rng } from '../../../test/simulator/rng.ts';

/** Something that lasts from one moment to another, in milliseconds since the simulation began. */
export type Episode<K extends string> = { readonly from: number; readonly to: number; readonly kind: K };

/** What ails a watcher's network: `cut` loses everything, `middlebox` answers the controls and breaks nearly all else. */
export type Sickness = 'cut' | 'middlebox';
/** How a service is down: it refuses, it says nothing, or it answers with 500. */
export type Down = 'refuses' | 'silent' | 'errors';

const SECOND = 1_000;
/** Of the time of each watcher: half of it its own, half shared with one other watcher. */
export const SICK_SHARE = 0.02;
/** Two of seven are 28.6 % of the stake: one more at once would be beyond what the network promises to survive. */
export const SICK_TOGETHER = 2;
const MIDDLEBOX_SHARE = 0.25;
/** Of the sick time: seconds, which fall between two looks at the controls, and minutes, which cover whole epochs. */
const LENGTHS = [
  { share: 0.3, meanMillis: 3 * SECOND },
  { share: 0.7, meanMillis: 120 * SECOND },
] as const;

export type Draw = () => number;

/** A stream of numbers from 0 to below 1. */
export function drawsOf(seed: number, name: string): Draw {
  const rng = new Rng(seed, name);
  return () => rng.below(2 ** 32) / 2 ** 32;
}

export function exponential(mean: number, draw: Draw): number {
  return -Math.log(1 - draw()) * mean;
}

/** By watcher, in order of time; they may overlap. */
export function sicknesses(watchers: number, lastsMillis: number, seed: number): Episode<Sickness>[][] {
  const all = Array.from({ length: watchers }, (): Episode<Sickness>[] => []);
  const draw = drawsOf(seed, 'sickness');
  const add = (share: number, meanMillis: number, choose: () => number[]) => {
    for (
      let at = exponential(meanMillis / share, draw);
      at < lastsMillis;
      at += exponential(meanMillis / share, draw)
    ) {
      const kind: Sickness = draw() < MIDDLEBOX_SHARE ? 'middlebox' : 'cut';
      const to = at + exponential(meanMillis, draw);
      for (const watcher of choose()) all[watcher]!.push({ from: at, to, kind });
    }
  };
  for (const { share, meanMillis } of LENGTHS) {
    for (let one = 0; one < watchers; one++) add((share * SICK_SHARE) / 2, meanMillis, () => [one]);
    // Each shared episode makes SICK_TOGETHER of them sick, so they are that much rarer than one watcher's share.
    add((share * SICK_SHARE * watchers) / 2 / SICK_TOGETHER, meanMillis, () => {
      const first = Math.floor(draw() * watchers);
      return Array.from({ length: SICK_TOGETHER }, (_, i) => (first + i) % watchers);
    });
  }
  for (const one of all) one.sort((a, b) => a.from - b.from);
  return all;
}

/** Real outages of one service, each of 2 to 6 epochs, `everyEpochs` apart on average. */
export function outages(lastsMillis: number, epochMillis: number, everyEpochs: number, draw: Draw): Episode<Down>[] {
  const found: Episode<Down>[] = [];
  const gap = () => exponential(everyEpochs * epochMillis, draw) + epochMillis;
  for (let at = gap(); ; at += gap()) {
    const to = at + (2 + 4 * draw()) * epochMillis;
    if (to > lastsMillis) return found;
    const kind = (['refuses', 'silent', 'errors'] as const)[Math.floor(draw() * 3)]!;
    found.push({ from: at, to, kind });
    at = to;
  }
}

/** Looks up what runs at a moment; moments may go back a little, so it searches near the last one. */
export function lookup<K extends string>(
  episodes: readonly Episode<K>[],
): (at: number, kind?: K) => Episode<K> | undefined {
  const longest = episodes.reduce((most, { from, to }) => Math.max(most, to - from), 0);
  let low = 0;
  return (at, kind) => {
    while (low > 0 && episodes[low - 1]!.from >= at - longest) low--;
    while (low < episodes.length && episodes[low]!.from < at - longest) low++;
    for (let i = low; i < episodes.length && episodes[i]!.from <= at; i++) {
      const one = episodes[i]!;
      if (at < one.to && (kind === undefined || one.kind === kind)) return one;
    }
    return undefined;
  };
}
