import type { Observation } from '../protocol/observation.ts';
import type { Round } from '../protocol/time.ts';
import type { HeardReveal, Pool } from './pool.ts';

/**
 * Which batches count. An attester insists on those whose commit it heard by `commitBy` and whose reveal it held at the
 * freeze. A leader also takes those whose commit it heard within the grace: another attester may insist on them.
 * Whoever first heard a commit when reveals were already under way does not accept it: it may be a copy. Two different
 * commits of one watcher count for nothing: each may be the one that somebody heard in time, and nobody heard both first
 * (docs/decisions/0009-contested-commits.md).
 */
export function mustInclude(pool: Pool, epoch: number, round: Round): HeardReveal[] {
  return held(pool, epoch, round.commitBy, round.freeze);
}

/** What a leader proposes: everything within the grace, and what a refusal of an earlier view says was left out. */
export function mayInclude(pool: Pool, epoch: number, round: Round): HeardReveal[] {
  const within = held(pool, epoch, round.commitGrace, Number.POSITIVE_INFINITY);
  const seats = new Set(within.map(({ observation }) => observation.seat));
  for (const observation of demanded(pool, epoch, round)) {
    const reveal = pool.reveal(epoch, observation.seat);
    if (!reveal || seats.has(observation.seat)) continue;
    seats.add(observation.seat);
    within.push(reveal);
  }
  return within.sort((a, b) => a.observation.seat - b.observation.seat);
}

/** What refusals say was left out, as far as it was committed in time. */
export function demanded(pool: Pool, epoch: number, round: Round): Observation[] {
  const missing = pool.refusals(epoch).flatMap((refusal) => refusal.missing);
  return missing.filter(
    (observation) => wasTimely(pool, epoch, round, observation) && !isContested(pool, epoch, observation),
  );
}

function held(pool: Pool, epoch: number, commitBy: number, revealBy: number): HeardReveal[] {
  return pool.reveals(epoch).filter(({ observation, heardAt }) => {
    const commit = pool.commit(epoch, observation.seat);
    if (commit === undefined || isContested(pool, epoch, observation)) return false;
    return commit.heardAt <= commitBy && heardAt <= revealBy;
  });
}

/** Whether its watcher was heard to have signed two different commits for the epoch. */
export function isContested(pool: Pool, epoch: number, { seat }: Observation): boolean {
  return pool.isContested(epoch, `commit/${seat}`);
}

/** An attester's view of one observation of a proposal: was its commit heard before the reveals began? */
export function wasTimely(pool: Pool, epoch: number, round: Round, observation: Observation): boolean {
  const commit = pool.commit(epoch, observation.seat);
  return (
    commit !== undefined &&
    commit.heardAt <= round.revealFrom &&
    Buffer.compare(commit.commit.commitment, observation.commitment) === 0
  );
}
