import type { Bls } from '../platform/bls/bls.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import { leaderOf } from '../protocol/assignment.ts';
import { equalBytes, toHex } from '../protocol/bytes.ts';
import { errorMessage } from '../protocol/error.ts';
import { decodeEvidence, type EpochEvidence, type Equivocation, SLOT_KIND, slotDigest } from '../protocol/evidence.ts';
import { reportHash } from '../protocol/header.ts';
import { batchesRoot, checkObservations, type Observation, observationLeaf } from '../protocol/observation.ts';
import { digestOfProposal, type Proposal } from '../protocol/proposal.ts';
import { digestOfRefusal, type Refusal } from '../protocol/refusal.ts';
import { seatAt } from '../protocol/set.ts';
import { type Check, fail } from './check.ts';
import type { EpochFacts } from './epoch.ts';

export type EvidenceRules = { readonly facts: OracleFacts; readonly bls: Pick<Bls, 'verify'> };

/** A proposal and one refusal of it, both signed by whom they name; `omitted` is what the refusal names and the proposal lacks. */
export type ProvenRefusal = {
  readonly view: number;
  readonly leader: number;
  readonly report: Uint8Array;
  readonly seat: number;
  readonly omitted: readonly Observation[];
};

export type ExaminedEvidence = {
  readonly refusals: readonly ProvenRefusal[];
  /** Both signatures verify. */
  readonly equivocations: readonly Equivocation[];
  /** What the file says and what is not so. */
  readonly damage: readonly Check[];
};

/** Takes from a file only what its signatures prove, under the keys that the chain gives; whoever wrote it is not believed. */
export function examineEvidence(
  rules: EvidenceRules,
  known: EpochFacts,
  bytes: Uint8Array,
  file: string,
): ExaminedEvidence {
  const damage: Check[] = [];
  const wrong = (what: string, seat?: number) =>
    damage.push(fail(what, { where: { file, ...(seat === undefined ? {} : { seat }) } }));
  let evidence: EpochEvidence;
  try {
    evidence = decodeEvidence(bytes);
  } catch (error) {
    wrong(`the evidence does not decode: ${errorMessage(error)}`);
    return { refusals: [], equivocations: [], damage };
  }
  if (evidence.epoch !== known.epoch || evidence.setId !== known.set.id) {
    wrong(`the evidence is of epoch ${evidence.epoch} and set ${evidence.setId}`);
    return { refusals: [], equivocations: [], damage };
  }
  const proposals = new Map<string, Proposal>();
  for (const proposal of evidence.proposals) {
    const what = proposalFault(rules, known, proposal);
    if (what) wrong(`proposal of view ${proposal.view}: ${what}`, proposal.seat);
    else proposals.set(`${proposal.view}/${toHex(reportHash(proposal.header))}`, proposal);
  }
  const refusals: ProvenRefusal[] = [];
  for (const refusal of evidence.refusals) {
    const proposal = proposals.get(`${refusal.view}/${toHex(refusal.report)}`);
    const found = examineRefusal(rules, known, refusal, proposal);
    if (typeof found === 'string') wrong(`refusal in view ${refusal.view}: ${found}`, refusal.seat);
    else refusals.push(found);
  }
  const equivocations: Equivocation[] = [];
  for (const one of evidence.equivocations) {
    const what = equivocationFault(rules, known, one);
    if (what) wrong(`contradiction of view ${one.view}: ${what}`, one.seat);
    else equivocations.push(one);
  }
  return { refusals, equivocations, damage };
}

/** The first rule that a stored proposal breaks. */
function proposalFault({ facts, bls }: EvidenceRules, { epoch, set, seed }: EpochFacts, proposal: Proposal) {
  const { header, observations, view } = proposal;
  const seat = seatAt(set, proposal.seat);
  if (header.epoch !== epoch) return `it is of epoch ${header.epoch}`;
  if (!seat || leaderOf(set, seed, epoch, view) !== proposal.seat) return 'its seat does not lead the view';
  try {
    checkObservations(observations);
  } catch (error) {
    return errorMessage(error);
  }
  // The signature is over the header, which binds the batches by their root.
  if (!equalBytes(batchesRoot(observations), header.batchesRoot)) return 'it names other batches than its header';
  const digest = digestOfProposal(facts.domain, proposal);
  return bls.verify(seat.publicKey, digest, proposal.signature) ? undefined : "its signature is not by the seat's key";
}

/** What a stored refusal proves, or the first rule that it breaks. */
function examineRefusal(
  { facts, bls }: EvidenceRules,
  { set }: EpochFacts,
  refusal: Refusal,
  proposal: Proposal | undefined,
): ProvenRefusal | string {
  const seat = seatAt(set, refusal.seat);
  if (!seat) return `set ${set.id} has no such seat`;
  if (!proposal) return 'the proposal that it refuses is not proven';
  if (!bls.verify(seat.publicKey, digestOfRefusal(facts.domain, refusal), refusal.signature)) {
    return "its signature is not by the seat's key";
  }
  const included = new Set(proposal.observations.map((observation) => toHex(observationLeaf(observation))));
  const omitted = refusal.missing.filter((observation) => {
    const named = seatAt(set, observation.seat);
    return (
      named && equalBytes(named.watcher, observation.watcher) && !included.has(toHex(observationLeaf(observation)))
    );
  });
  if (omitted.length === 0) return 'the proposal leaves out none of the batches that it names';
  const { view, report } = refusal;
  return { view, leader: proposal.seat, report, seat: refusal.seat, omitted };
}

/** The first rule that a stored contradiction breaks. */
function equivocationFault({ facts, bls }: EvidenceRules, known: EpochFacts, one: Equivocation): string | undefined {
  const { epoch, set, seed } = known;
  const seat = seatAt(set, one.seat);
  if (one.epoch !== epoch || one.setId !== set.id) return `it is of epoch ${one.epoch} and set ${one.setId}`;
  if (!seat || !equalBytes(seat.watcher, one.watcher)) return `set ${set.id} has no such watcher at the seat`;
  if (equalBytes(one.first.value, one.second.value)) return 'both sides are the same';
  if (one.kind === SLOT_KIND.commit && one.view !== 0) return 'a commit has no view';
  if (one.kind === SLOT_KIND.proposal && leaderOf(set, seed, epoch, one.view) !== one.seat) {
    return 'its seat does not lead the view';
  }
  for (const { value, digest, signature } of [one.first, one.second]) {
    const expected = slotDigest(facts.domain, one, value);
    if (!expected) return `there is no kind ${one.kind}`;
    if (!equalBytes(expected, digest)) return 'a digest is not that of its value';
    if (!bls.verify(seat.publicKey, digest, signature)) return "a signature is not by the seat's key";
  }
  return undefined;
}
