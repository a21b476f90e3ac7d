import type { MessageHandler, Verdict } from '../../platform/network/network.ts';
import { vrfInput } from '../../protocol/assignment.ts';
import { type Batch, batchHash, checkBatch, decodeBatch } from '../../protocol/batch.ts';
import { scheduleOf } from '../../protocol/burst.ts';
import { equalBytes } from '../../protocol/bytes.ts';
import { type Commit, digestOfCommit } from '../../protocol/commit.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { decodeReveal, opensCommit } from '../../protocol/reveal.ts';
import { type Seat, seatOf } from '../../protocol/set.ts';
import type { EpochFacts } from '../epoch.ts';
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

/** Takes a reveal from gossip or from a peer that was asked for it. */
export function revealIntake(deps: IntakeDeps): MessageHandler {
  return async (_from, bytes) => {
    const heardAt = deps.clock.now();
    // [reject] it is the canonical encoding of a reveal
    const reveal = decoded(decodeReveal, bytes);
    if (isVerdict(reveal)) return reveal;
    const { commit } = reveal;
    const closed = epochVerdict(deps, commit.epoch);
    if (closed) return closed;
    const facts = await factsOr(deps, commit.epoch);
    if (isVerdict(facts)) return facts;
    // [reject] the watcher has a seat in the set of the epoch
    const seat = seatOf(facts.set, commit.watcher);
    if (!seat) return reject('not-in-set');
    // [ignore] it is the first of this watcher in the epoch
    if (deps.pool.reveal(commit.epoch, seat.seat)) return ignore('known');
    // [reject] batch and salt are what the commit was made over
    const hash = batchHash(reveal.batch);
    if (!opensCommit(reveal, hash)) return reject('does-not-open');
    const refused = takeCommit(deps, commit, seat, heardAt);
    if (refused) return refused;
    // [reject] the batch is canonical, of this epoch and set, and has every slot of the services that its watcher is assigned
    // to and no other, on the schedule that its VRF proof draws
    const batch = checkedBatch(deps, facts, seat, reveal.batch);
    if (isVerdict(batch)) return batch;
    const observation = {
      seat: seat.seat,
      watcher: seat.watcher,
      batchHash: hash,
      commitment: commit.commitment,
    };
    return verdictOf(deps.pool.addReveal({ observation, batch, bytes, heardAt }));
  };
}

/** The commit inside a reveal, unless it was heard before. Late commits are kept and do not make a batch count. */
function takeCommit(deps: IntakeDeps, commit: Commit, seat: Seat, heardAt: number): Verdict | undefined {
  const known = deps.pool.commit(commit.epoch, seat.seat)?.commit;
  // [ignore] it opens the commit that was heard, not a second one
  if (known && !equalBytes(known.commitment, commit.commitment)) return ignore('conflict');
  // [reject] the signature is the one that was heard: a message has one, and these bytes are passed on and archived
  if (known) return equalBytes(known.signature, commit.signature) ? undefined : reject('bad-signature');
  // [reject] the signature is the named watcher's
  const slot = {
    kind: 'commit',
    epoch: commit.epoch,
    view: 0,
    digest: digestOfCommit(deps.facts.domain, commit),
  } as const;
  const forged = signatureVerdict(deps, seat, slot, commit.signature);
  if (forged) return forged;
  deps.pool.addCommit({ commit, seat: seat.seat, heardAt });
  return undefined;
}

function checkedBatch(deps: IntakeDeps, facts: EpochFacts, seat: Seat, bytes: Uint8Array): Batch | Verdict {
  const { domain, parameters, parametersId, calendar } = deps.facts;
  try {
    const batch = decodeBatch(bytes);
    const frame = {
      protocolVersion: parameters.protocolVersion,
      chainId: domain.chainId,
      oracle: domain.oracle,
      epoch: facts.epoch,
      setId: facts.set.id,
      parametersId,
      watcher: seat.watcher,
    };
    checkBatch(batch, frame, scheduleOf(facts, seat.watcher, batch.vrfProof, calendar.epochSeconds));
    if (!deps.bls.verify(seat.publicKey, vrfInput(domain, facts.epoch, facts.seed), batch.vrfProof)) {
      return reject('bad-vrf');
    }
    return batch;
  } catch (error) {
    if (error instanceof PlumblineError) return reject('bad-batch');
    throw error;
  }
}
