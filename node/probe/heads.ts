import type { Clock } from '../../platform/clock.ts';
import { SERVICES_MAX } from '../../protocol/limits.ts';
import { createDigests, type Digests } from './digests.ts';

/**
 * What the endpoints of each chain said about its head, and how far behind or ahead of them one is. The rule and its reasons
 * are docs/decisions/0012-heads.md. In memory alone: a restarted watcher knows nothing, and judges nothing, until enough
 * voices have spoken again.
 */
export interface HeadBook {
  /** Notes what an endpoint called its newest block, and compares it with what the others had said before it was asked. */
  note(sighting: Sighting): Standing;
  /** The height at which every endpoint of the chain is asked for its hash; undefined while too few voices speak. */
  heightToCheck(chainId: bigint, depth: number): number | undefined;
  /** Hashes at those heights. */
  readonly digests: Digests;
}

export type Sighting = {
  chainId: bigint;
  /** Whose endpoint it is: a provider has one voice, however many services. */
  voice: string;
  /** Height of the newest block, a whole number. */
  head: number;
  /** The newest block's own time. */
  headUnixSeconds: number;
  /** When the question was sent, on the monotonic clock. */
  askedMicros: number;
  /** The operator chose it: it speaks like the others, and nobody is accused of what it denies. */
  trusted?: boolean;
};

export type Standing = {
  /** Blocks behind the others; undefined while fewer than VOICES_MIN speak. */
  lag: number | undefined;
  /** Further ahead of the others than a chain can have grown since they spoke, or since their blocks. */
  isAhead: boolean;
};

/** With three voices one that lies is outvoted; with two nobody knows which one it is. */
export const VOICES_MIN = 3;
/** A voice is heard for two epochs of the longest preset: a provider with one slot in each is never silent. */
export const VOICE_MILLIS_MAX = 120_000;
/** Sightings kept of a voice: probes overlap, and one is compared with what was known before it was sent. */
export const SIGHTINGS_MAX = 4;
/** Every service of an epoch could be of a chain of its own; with twice as many, those just deregistered age undisturbed. */
export const CHAINS_MAX = 2 * SERVICES_MAX;
/** Voices of one chain: a provider for each service, and the operator's own references. */
export const CHAIN_VOICES_MAX = SERVICES_MAX + 16;
/** No chain that serves eth_getBlockByNumber makes more blocks a second for long; a head within it may be only newer. */
export const BLOCKS_PER_SECOND_MAX = 20;
/** Blocks that a head may be ahead besides: what arrives at once after a pause. */
export const AHEAD_BLOCKS_MAX = 64;

const MICROS_PER_SECOND = 1_000_000;
const MICROS_PER_MILLI = 1_000;

type Seen = Pick<Sighting, 'head' | 'headUnixSeconds' | 'askedMicros'> & { seenMicros: number };
type Voice = { trusted: boolean; seen: Seen[] };
type Chain = Map<string, Voice>;
type Claim = { head: number; oldMicros: number; trusted: boolean };

export function createHeadBook(clock: Clock): HeadBook {
  const chains = new Map<bigint, Chain>();

  const chainOf = (chainId: bigint): Chain => {
    const chain = chains.get(chainId) ?? new Map<string, Voice>();
    // Insertion order is order of use: what nobody asks about any more goes first.
    chains.delete(chainId);
    chains.set(chainId, chain);
    dropOldest(chains, CHAINS_MAX);
    return chain;
  };

  const remember = ({ chainId, voice, trusted = false, ...said }: Sighting): void => {
    const chain = chainOf(chainId);
    const seen = chain.get(voice)?.seen ?? [];
    chain.delete(voice);
    const newest = [...seen, { ...said, seenMicros: clock.monotonicMicros() }].slice(-SIGHTINGS_MAX);
    chain.set(voice, { trusted, seen: newest });
    dropOldest(chain, CHAIN_VOICES_MAX);
  };

  /** The newest word of every voice but `except` that had arrived by then and is not too old. */
  const claims = (chainId: bigint, byMicros: number, except?: string): Claim[] =>
    [...(chains.get(chainId) ?? [])].flatMap(([name, { trusted, seen }]) => {
      const last = name === except ? undefined : seen.findLast(({ seenMicros }) => seenMicros <= byMicros);
      // From when it was asked: the answer may be as old as that.
      const ageMicros = last === undefined ? Number.POSITIVE_INFINITY : byMicros - last.askedMicros;
      if (last === undefined || ageMicros > VOICE_MILLIS_MAX * MICROS_PER_MILLI) return [];
      return [{ head: last.head, oldMicros: Math.max(ageMicros, sinceBlockMicros(last)), trusted }];
    });
  const sinceBlockMicros = ({ headUnixSeconds }: Pick<Sighting, 'headUnixSeconds'>) =>
    (clock.now() - 1_000 * headUnixSeconds) * MICROS_PER_MILLI;

  const note = (sighting: Sighting): Standing => {
    const { chainId, voice, head, askedMicros, trusted = false } = sighting;
    const others = claims(chainId, askedMicros, voice);
    remember(sighting);
    const all = [...others, { head, oldMicros: 0, trusted }];
    if (all.length < VOICES_MIN) return { lag: undefined, isAhead: false };
    return { lag: Math.max(0, referenceOf(all) - head), isAhead: head > highestOf(all, others) };
  };

  const reference = (chainId: bigint): number | undefined => {
    const all = claims(chainId, clock.monotonicMicros());
    return all.length < VOICES_MIN ? undefined : referenceOf(all);
  };
  const digests = createDigests(clock, reference);
  return { note, heightToCheck: digests.heightToCheck, digests };
}

/** Lower median, and no higher than what a trusted voice says: both favour who is measured against it. */
function referenceOf(claims: readonly Claim[]): number {
  const median = ascending(claims.map(({ head }) => head))[(claims.length - 1) >> 1]!;
  const trusted = claims.filter((claim) => claim.trusted).map(({ head }) => head);
  return trusted.length === 0 ? median : Math.min(median, Math.max(...trusted));
}

/**
 * The highest head that is plausible now: upper median, or the highest trusted one, of where each chain may have grown to.
 * By the age of the blocks too: whoever is alone in keeping up with the chain must not look like a liar.
 */
function highestOf(all: readonly Claim[], others: readonly Claim[]): number {
  const grown = ({ head, oldMicros }: Claim) =>
    head + AHEAD_BLOCKS_MAX + Math.ceil((BLOCKS_PER_SECOND_MAX * oldMicros) / MICROS_PER_SECOND);
  const median = ascending(all.map(grown))[all.length >> 1]!;
  return Math.max(median, ...others.filter((claim) => claim.trusted).map(grown));
}

function ascending(numbers: number[]): number[] {
  return numbers.sort((a, b) => a - b);
}

function dropOldest<K>(map: Map<K, unknown>, sizeMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(key);
  }
}
