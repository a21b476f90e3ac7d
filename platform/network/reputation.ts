import { BAN_MILLIS, BAN_POINTS, PEERS_REMEMBERED_MAX, PENALTY_HALF_LIFE_MILLIS } from './limits.ts';
import type { MonotonicMillis } from './quota.ts';

/**
 * Penalty points of peers. gossipsub forgets a peer's score when it reconnects, so what a peer did is remembered here:
 * points halve with time, count in the gossip score, and at BAN_POINTS the peer is kept out for BAN_MILLIS.
 * A peer id costs nothing to make anew: this bounds nuisance, and stake is what bounds harm.
 */
export interface Reputation {
  /** Adds points; true when this was what got the peer banned. */
  penalise(peer: string, points: number): boolean;
  /** The points left, 0 or more. */
  points(peer: string): number;
  banned(peer: string): boolean;
}

type Entry = { points: number; at: number; bannedUntil: number };

export function createReputation(now: MonotonicMillis): Reputation {
  const entries = new Map<string, Entry>();
  const left = (entry: Entry): number => entry.points * 0.5 ** ((now() - entry.at) / PENALTY_HALF_LIFE_MILLIS);
  const banned = (peer: string): boolean => (entries.get(peer)?.bannedUntil ?? 0) > now();
  return {
    penalise: (peer, added) => {
      const entry = entries.get(peer);
      const points = (entry ? left(entry) : 0) + added;
      const ban = points >= BAN_POINTS && !banned(peer);
      const bannedUntil = ban ? now() + BAN_MILLIS : (entry?.bannedUntil ?? 0);
      // Deleted first, so that the map's order is the order of the last offence and its first key is the oldest.
      entries.delete(peer);
      entries.set(peer, { points, at: now(), bannedUntil });
      const [oldest] = entries.keys();
      if (entries.size > PEERS_REMEMBERED_MAX && oldest !== undefined) entries.delete(oldest);
      return ban;
    },
    points: (peer) => {
      const entry = entries.get(peer);
      return entry ? left(entry) : 0;
    },
    banned,
  };
}
