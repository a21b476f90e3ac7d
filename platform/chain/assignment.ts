import {
  type Assignment,
  assignmentOf,
  type Draw,
  drawOf,
  electionEpoch,
  type PastTail,
} from '../../protocol/assigned.ts';
import { toHex } from '../../protocol/bytes.ts';
import { type CommitteeSize, committeeSize } from '../../protocol/committee.ts';
import type { WatcherSet } from '../../protocol/set.ts';
import type { Chain } from './chain.ts';

/** Draws kept, each with its committees: the running period's, the next's, and that of a report still under way. */
export const DRAWS_CACHED_MAX = 4;

/** Periods whose committee size is remembered: a year of days; a window looks back over the first and last of a set's alone. */
export const SIZES_CACHED_MAX = 366;

type Election = { readonly electorate: WatcherSet; readonly draw: Draw | undefined };
type Size = { readonly setId: number; readonly size: CommitteeSize | undefined };

/**
 * Reads who measures what in an epoch. What an election was held among has begun long ago, so it is read once.
 * @param hasBegun what has not begun is not kept: until then a registration before genesis may still change it
 */
export function assignmentReader(
  chain: Pick<Chain, 'facts' | 'setAt' | 'servicesAt'>,
  hasBegun: (epoch: number) => boolean,
): (epoch: number, set: WatcherSet, seed: Uint8Array) => Promise<Assignment> {
  const { assignmentPeriodEpochs: length, windowEpochs } = chain.facts.parameters;
  const windowMax = Math.max(1, ...windowEpochs);
  const elections = new Map<string, Promise<Election>>();
  const sizes = new Map<string, Promise<Size>>();

  const keep = <T>(
    cache: Map<string, Promise<T>>,
    max: number,
    [period, ...rest]: readonly [number, ...string[]],
    read: () => Promise<T>,
  ): Promise<T> => {
    const key = [period, ...rest].join(' ');
    const known = cache.get(key);
    if (known) return known;
    const reading = read();
    if (!hasBegun(electionEpoch(period, length))) return reading;
    cache.set(key, reading);
    reading.catch(() => cache.delete(key));
    if (cache.size > max) cache.delete(cache.keys().next().value!);
    return reading;
  };
  const electionOf = (period: number, seed: Uint8Array) =>
    keep(elections, DRAWS_CACHED_MAX, [period, toHex(seed)], async () => {
      const epoch = electionEpoch(period, length);
      const [electorate, services] = await Promise.all([chain.setAt(epoch), chain.servicesAt(epoch)]);
      return { electorate, draw: drawOf(electorate, seed, services) };
    });
  const sizeOf = (period: number) =>
    keep(sizes, SIZES_CACHED_MAX, [period], async () => {
      const set = await chain.setAt(electionEpoch(period, length));
      return { setId: set.id, size: committeeSize(set) };
    });
  /** Between two periods of one set version lies no other: asked for are the first, the last, and where versions change. */
  const tailsOf = async (first: number, last: number): Promise<PastTail[]> => {
    if (first > last) return [];
    const [from, to] = await Promise.all([sizeOf(first), sizeOf(last)]);
    if (from.setId !== to.setId && last - first > 1) {
      const middle = first + ((last - first) >> 1);
      return [...(await tailsOf(first, middle)), ...(await tailsOf(middle + 1, last))];
    }
    const tail = (period: number, { size }: Size) => (size ? [{ lastEpoch: (period + 1) * length - 1, size }] : []);
    return from.setId === to.setId ? tail(last, to) : [...tail(first, from), ...tail(last, to)];
  };

  return async (epoch, set, seed) => {
    const period = Math.floor(epoch / length);
    const oldest = Math.floor((epoch - (epoch % windowMax)) / length);
    const [{ electorate, draw }, tails] = await Promise.all([electionOf(period, seed), tailsOf(oldest, period - 1)]);
    return assignmentOf(set, electorate, draw, tails);
  };
}
