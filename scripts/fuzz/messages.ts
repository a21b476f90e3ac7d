import { leaderOf } from '../../protocol/assignment.ts';
import { type Attestation, digestOfAttestation } from '../../protocol/attestation.ts';
import { batchHash } from '../../protocol/batch.ts';
import { type Commit, commitmentOf, digestOfCommit } from '../../protocol/commit.ts';
import { reportHash } from '../../protocol/header.ts';
import { batchesRoot } from '../../protocol/observation.ts';
import { digestOfProposal, type Proposal } from '../../protocol/proposal.ts';
import { digestOfRefusal, type Refusal } from '../../protocol/refusal.ts';
import type { Reveal } from '../../protocol/reveal.ts';
import { bls, facts, factsAt, keyOf, records, reveals, world } from './world.ts';

const { domain } = facts;
/** Views of each epoch that have messages. */
const VIEWS = [0, 1, 2, 5];
const NO_SIGNATURE = new Uint8Array(48);

const keyAt = (seat: number): Uint8Array => world.secretKeys[seat] ?? world.secretKeys[0]!;

/** Each makes a message whole again as the holder of its seat's key would: a Byzantine watcher signs what it likes. */
export function signCommit(commit: Commit): Commit {
  return { ...commit, signature: bls.sign(keyOf(commit.watcher), digestOfCommit(domain, commit)) };
}

export function signReveal(reveal: Reveal): Reveal {
  const { epoch, watcher } = reveal.commit;
  const commitment = commitmentOf(epoch, watcher, batchHash(reveal.batch), reveal.salt);
  return { ...reveal, commit: signCommit({ ...reveal.commit, commitment }) };
}

/** Signed by the leader whom the view has, over a header that names the batches. */
export function signProposal(proposal: Proposal): Proposal {
  const { epoch } = proposal.header;
  const seat = leaderOf(world.set, factsAt(epoch).seed, epoch, proposal.view);
  const header = { ...proposal.header, batchesRoot: batchesRoot(proposal.observations) };
  const whole = { ...proposal, seat, header };
  return { ...whole, signature: bls.sign(keyAt(seat), digestOfProposal(domain, whole)) };
}

export function signAttestation(attestation: Attestation): Attestation {
  return { ...attestation, signature: bls.sign(keyAt(attestation.seat), digestOfAttestation(domain, attestation)) };
}

export function signRefusal(refusal: Refusal): Refusal {
  return { ...refusal, signature: bls.sign(keyAt(refusal.seat), digestOfRefusal(domain, refusal)) };
}

/** What honest watchers would have said in every epoch of the world. */
export const commits: readonly Commit[] = reveals.map(({ commit }) => commit);

export const proposals: readonly Proposal[] = records.flatMap(({ header, observations }) =>
  VIEWS.map((view) => signProposal({ view, seat: 0, header, observations, signature: NO_SIGNATURE })),
);

export const attestations: readonly Attestation[] = proposals.flatMap(({ header, view }) =>
  world.set.seats.map(({ seat }) => {
    const report = reportHash(header);
    return signAttestation({ epoch: header.epoch, view, report, seat, signature: NO_SIGNATURE });
  }),
);

export const refusals: readonly Refusal[] = proposals.flatMap(({ header, view, observations }) =>
  world.set.seats.map(({ seat }) => {
    const missing = observations.slice(0, seat);
    return signRefusal({
      epoch: header.epoch,
      view,
      report: reportHash(header),
      seat,
      missing,
      signature: NO_SIGNATURE,
    });
  }),
);
