import type { MessageHandler } from '../../platform/network/network.ts';
import { leaderOf } from '../../protocol/assignment.ts';
import { equalBytes } from '../../protocol/bytes.ts';
import { reportHash } from '../../protocol/header.ts';
import { batchesRoot, checkObservations } from '../../protocol/observation.ts';
import { decodeProposal, digestOfProposal, type Proposal } from '../../protocol/proposal.ts';
import { requireSeat } from '../../protocol/set.ts';
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
  viewVerdict,
} from './rules.ts';

/** Takes a proposal from gossip: only from the seat that the seed drew for its view. */
export function proposalIntake(deps: IntakeDeps): MessageHandler {
  return async (_from, bytes) => {
    // [reject] it is the canonical encoding of a proposal with seats in ascending order
    const proposal = decoded(decodeOrdered, bytes);
    if (isVerdict(proposal)) return proposal;
    const { epoch } = proposal.header;
    const closed = epochVerdict(deps, epoch) ?? viewVerdict(deps, epoch, proposal.view);
    if (closed) return closed;
    const facts = await factsOr(deps, epoch);
    if (isVerdict(facts)) return facts;
    // [reject] the proposer is the drawn leader of the view
    if (facts.set.seats.length === 0 || leaderOf(facts.set, facts.seed, epoch, proposal.view) !== proposal.seat) {
      return reject('not-the-leader');
    }
    // [reject] the batches are those that the signed header names: whoever relays could put others there
    if (!equalBytes(batchesRoot(proposal.observations), proposal.header.batchesRoot)) return reject('other-batches');
    // [ignore] a second conflicting proposal of the view tells nothing new
    if (deps.pool.isContested(epoch, `proposal/${proposal.view}`)) return ignore('conflict');
    // [reject] the signature is the leader's
    const digest = digestOfProposal(deps.facts.domain, proposal);
    const slot = { kind: 'proposal', epoch, view: proposal.view, digest } as const;
    const forged = signatureVerdict(deps, requireSeat(facts.set, proposal.seat), slot, proposal.signature);
    if (forged) return forged;
    return verdictOf(deps.pool.addProposal({ proposal, reportHash: reportHash(proposal.header) }));
  };
}

function decodeOrdered(bytes: Uint8Array): Proposal {
  const proposal = decodeProposal(bytes);
  checkObservations(proposal.observations);
  return proposal;
}
