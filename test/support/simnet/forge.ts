import type { EpochFacts } from '../../../ledger/epoch.ts';
import type { Bls } from '../../../platform/bls/bls.ts';
import type { OracleFacts } from '../../../platform/chain/chain.ts';
import { owedBy } from '../../../protocol/assigned.ts';
import { slotsOf, vrfInput } from '../../../protocol/assignment.ts';
import { digestOfAttestation, encodeAttestation } from '../../../protocol/attestation.ts';
import { type Batch, batchHash, encodeBatch } from '../../../protocol/batch.ts';
import { type Commit, commitmentOf, digestOfCommit, encodeCommit } from '../../../protocol/commit.ts';
import type { Header } from '../../../protocol/header.ts';
import type { Observation } from '../../../protocol/observation.ts';
import { digestOfProposal, encodeProposal } from '../../../protocol/proposal.ts';
import { REASON } from '../../../protocol/reason.ts';
import { digestOfRefusal, encodeRefusal } from '../../../protocol/refusal.ts';
import { encodeReveal } from '../../../protocol/reveal.ts';
import { emptySample, OUTCOME } from '../../../protocol/sample.ts';
import { draw } from './random.ts';

/** Messages as the holder of one seat's key can make them: good ones, and whatever a test breaks in them. */
export function forger(parts: {
  readonly bls: Bls;
  readonly facts: OracleFacts;
  readonly secretKey: Uint8Array;
  readonly watcher: Uint8Array;
  readonly seat: number;
}) {
  const { bls, facts, secretKey, watcher, seat } = parts;
  const { domain, parameters, parametersId, calendar } = facts;

  const commit = (epoch: number, commitment: Uint8Array): Commit => {
    const unsigned = { epoch, watcher, commitment, signature: new Uint8Array(48) };
    return { ...unsigned, signature: bls.sign(secretKey, digestOfCommit(domain, unsigned)) };
  };
  const batch = ({ epoch, set, services, seed, assignment }: EpochFacts, change: Partial<Batch> = {}): Batch => {
    const vrfProof = bls.sign(secretKey, vrfInput(domain, epoch, seed));
    const owes = owedBy(assignment, watcher);
    const samples = slotsOf(services, vrfProof, calendar.epochSeconds, owes).map(({ service, slot, offsetMicros }) => ({
      ...emptySample(service, slot, OUTCOME.good, REASON.ok),
      startMicros: offsetMicros,
      connectMicros: 1_000,
      totalMicros: 20_000,
    }));
    return {
      protocolVersion: parameters.protocolVersion,
      chainId: domain.chainId,
      oracle: domain.oracle,
      epoch,
      setId: set.id,
      parametersId,
      watcher,
      vrfProof,
      clockErrorMicros: 0,
      stallMaxMicros: 0,
      stallTotalMicros: 0,
      selfTestP99Micros: 0,
      controlsGood: 0,
      controlsBad: 0,
      samples,
      ...change,
    };
  };
  /** A commit and the reveal that opens it. */
  const sealed = (of: Batch, salt = draw(seat, 'salt', of.epoch)) => {
    const bytes = encodeBatch(of);
    const made = commit(of.epoch, commitmentOf(of.epoch, watcher, batchHash(bytes), salt));
    const observation: Observation = {
      seat,
      watcher,
      batchHash: batchHash(bytes),
      commitment: made.commitment,
    };
    const reveal = encodeReveal({ commit: made, salt, batch: bytes });
    return { commit: made, commitBytes: encodeCommit(made), reveal, observation, batch: of };
  };
  const proposal = (header: Header, view: number, observations: readonly Observation[]) => {
    const body = { view, seat, header, observations: [...observations] };
    return { ...body, signature: bls.sign(secretKey, digestOfProposal(domain, body)) };
  };
  const attestation = (epoch: number, view: number, report: Uint8Array) => {
    const body = { epoch, view, report, seat };
    return { ...body, signature: bls.sign(secretKey, digestOfAttestation(domain, body)) };
  };
  const refusal = (epoch: number, view: number, report: Uint8Array, missing: readonly Observation[]) => {
    const body = { epoch, view, report, missing: [...missing] };
    return { ...body, seat, signature: bls.sign(secretKey, digestOfRefusal(domain, body)) };
  };
  return {
    seat,
    watcher,
    commit,
    batch,
    sealed,
    proposal,
    attestation,
    refusal,
    proposalBytes: (...of: Parameters<typeof proposal>) => encodeProposal(proposal(...of)),
    attestationBytes: (...of: Parameters<typeof attestation>) => encodeAttestation(attestation(...of)),
    refusalBytes: (...of: Parameters<typeof refusal>) => encodeRefusal(refusal(...of)),
  };
}

export type Forger = ReturnType<typeof forger>;
