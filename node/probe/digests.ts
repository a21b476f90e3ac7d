import type { Clock } from '../../platform/clock.ts';
import { SERVICES_MAX } from '../../protocol/limits.ts';

/** Which hash is canonical at a height that all endpoints of a chain are asked about alike. */
export interface Digests {
  /** See HeadBook. */
  heightToCheck(chainId: bigint, depth: number): number | undefined;
  /** Notes one answer and judges it by all answers about this height, of which each voice has one. */
  note(answer: HashAnswer): HashVerdict;
}

export type HashAnswer = {
  chainId: bigint;
  depth: number;
  height: number;
  voice: string;
  /** 0x-prefixed; undefined: the endpoint has no such block. */
  hash: string | undefined;
  trusted?: boolean;
};

/**
 * `right`: most say so. `wrong`: most say another hash. `missing`: it has no block where most have the same.
 * `open`: too few voices, or no majority: nothing was checked.
 */
export type HashVerdict = 'right' | 'wrong' | 'missing' | 'open';

/** A height is asked about this long, so that every provider is asked at least once while it stands. */
export const HEIGHT_MILLIS = 120_000;
/** Heights are multiples of it, so that watchers mostly ask about the same ones and their samples can be compared. */
export const HEIGHT_STRIDE = 16;
/** Heights remembered for one chain and depth: answers about the last one still arrive after the next has begun. */
export const HEIGHTS_MAX = 2;
/** Chain and depth pairs: one for each service of an epoch, and as many of services just deregistered. */
export const POLLS_MAX = 2 * SERVICES_MAX;
/** Voices of one height: a provider for each service, and the operator's own references. */
export const HASH_VOICES_MAX = SERVICES_MAX + 16;
/** Below three, a lie and the truth are one voice each. */
const VOICES_MIN = 3;

const MICROS_PER_MILLI = 1_000;

type Vote = { hash: string | undefined; trusted: boolean };
type Poll = { height: number; sinceMicros: number; votes: Map<string, Vote> };

/** @param reference the reference head of a chain now, undefined while too few voices speak */
export function createDigests(clock: Clock, reference: (chainId: bigint) => number | undefined): Digests {
  /** By chain and depth; the newest poll last. */
  const polls = new Map<string, Poll[]>();
  const keyOf = (chainId: bigint, depth: number) => `${chainId}/${depth}`;

  const heightToCheck = (chainId: bigint, depth: number): number | undefined => {
    const key = keyOf(chainId, depth);
    const head = reference(chainId);
    if (head === undefined) return undefined;
    const known = polls.get(key) ?? [];
    const current = known.at(-1);
    const nowMicros = clock.monotonicMicros();
    if (current && nowMicros - current.sinceMicros < HEIGHT_MILLIS * MICROS_PER_MILLI) return current.height;
    const height = Math.floor((head - depth) / HEIGHT_STRIDE) * HEIGHT_STRIDE;
    if (height === current?.height) return height;
    // Every fork shares the genesis block: it proves nothing.
    if (height <= 0) return undefined;
    const next = { height, sinceMicros: nowMicros, votes: new Map<string, Vote>() };
    polls.delete(key);
    polls.set(key, [...known, next].slice(-HEIGHTS_MAX));
    if (polls.size > POLLS_MAX) polls.delete(polls.keys().next().value!);
    return height;
  };

  const note = ({ chainId, depth, height, voice, hash, trusted = false }: HashAnswer): HashVerdict => {
    const poll = polls.get(keyOf(chainId, depth))?.find((one) => one.height === height);
    if (!poll) return 'open';
    const isRoom = poll.votes.size < HASH_VOICES_MAX || poll.votes.has(voice);
    if (isRoom) poll.votes.set(voice, { hash, trusted });
    const canonical = canonicalOf([...poll.votes.values()]);
    if (canonical === undefined) return 'open';
    if (hash === undefined) return 'missing';
    return hash === canonical ? 'right' : 'wrong';
  };

  return { heightToCheck, note };
}

/** What more than half of at least three voices say, unless no trusted voice that has the block agrees. */
function canonicalOf(votes: readonly Vote[]): string | undefined {
  const cast = votes.filter((vote) => vote.hash !== undefined);
  if (cast.length < VOICES_MIN) return undefined;
  const counts = new Map<string, number>();
  for (const { hash } of cast) counts.set(hash!, (counts.get(hash!) ?? 0) + 1);
  const [hash] = [...counts].find(([, count]) => 2 * count > cast.length) ?? [];
  const trusted = cast.filter((vote) => vote.trusted);
  return trusted.length === 0 || trusted.some((vote) => vote.hash === hash) ? hash : undefined;
}
