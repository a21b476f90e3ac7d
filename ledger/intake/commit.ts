import type { MessageHandler } from '../../platform/network/network.ts';
import { decodeCommit, digestOfCommit } from '../../protocol/commit.ts';
import { seatOf } from '../../protocol/set.ts';
import {
  decoded,
  epochVerdict,
  factsOr,
  type IntakeDeps,
  ignore,
  isVerdict,
  reject,
  signatureVerdict,
  verdictOf,
} from './rules.ts';

/** Takes a commit from gossip. The moment at which it was heard decides whether its batch must count. */
export function commitIntake(deps: IntakeDeps): MessageHandler {
  return async (_from, bytes) => {
    const heardAt = deps.clock.now();
    // [reject] it is the canonical encoding of a commit
    const commit = decoded(decodeCommit, bytes);
    if (isVerdict(commit)) return commit;
    const closed = epochVerdict(deps, commit.epoch);
    if (closed) return closed;
    const facts = await factsOr(deps, commit.epoch);
    if (isVerdict(facts)) return facts;
    // [reject] the watcher has a seat in the set of the epoch
    const seat = seatOf(facts.set, commit.watcher);
    if (!seat) return reject('not-in-set');
    // [ignore] it is the first of this watcher in the epoch
    const known = deps.pool.commit(commit.epoch, seat.seat);
    if (known && Buffer.compare(known.commit.commitment, commit.commitment) === 0) return verdictOf('known');
    // [ignore] a further conflicting commit tells nothing new
    if (deps.pool.isContested(commit.epoch, `commit/${seat.seat}`)) return ignore('conflict');
    // [reject] the signature is the named watcher's
    const slot = {
      kind: 'commit',
      epoch: commit.epoch,
      view: 0,
      digest: digestOfCommit(deps.facts.domain, commit),
    } as const;
    const forged = signatureVerdict(deps, seat, slot, commit.signature);
    if (forged) return forged;
    return verdictOf(deps.pool.addCommit({ commit, seat: seat.seat, heardAt }));
  };
}
