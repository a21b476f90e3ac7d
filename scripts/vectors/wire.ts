import { encodeAttestation } from '../../protocol/attestation.ts';
import { batchHash, encodeBatch } from '../../protocol/batch.ts';
import { bitmapOf } from '../../protocol/bitmap.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { encodeCommit } from '../../protocol/commit.ts';
import {
  type EpochEvidence,
  EVIDENCE_VERSION,
  encodeEvidence,
  SLOT_KIND,
  slotDigest,
} from '../../protocol/evidence.ts';
import { encodeHeader, reportHash } from '../../protocol/header.ts';
import { encodeLeaf } from '../../protocol/leaf.ts';
import { observationLeaf } from '../../protocol/observation.ts';
import { encodeProposal } from '../../protocol/proposal.ts';
import { encodeObservations, encodeRecord } from '../../protocol/record.ts';
import { encodeRefusal } from '../../protocol/refusal.ts';
import { computeReport } from '../../protocol/report.ts';
import { encodeReveal } from '../../protocol/reveal.ts';
import { SampleSsz } from '../../protocol/sample.ts';
import { encodeState, GENESIS_STATE } from '../../protocol/state.ts';
import { emitVector } from './emit.ts';
import { contextOf, countedBy, DOMAIN, drawn, SALT, serviceOfWorld, setOfWorld, signatureOf } from './world.ts';

/** Writes test/vectors/wire.json: one value of every artefact and its bytes. */

const CONTEXT = contextOf(2, { set: setOfWorld([5n, 7n, 8n]), services: [serviceOfWorld(0, 2), serviceOfWorld(1, 1)] });

/** The artefacts of one epoch, as values. */
export function wireValues() {
  const counted = countedBy(CONTEXT, [0, 2]);
  const [first, second] = counted as [(typeof counted)[0], (typeof counted)[0]];
  const report = computeReport(GENESIS_STATE, CONTEXT, counted);
  const { epoch } = CONTEXT;
  const observations = counted.map(({ observation }) => observation);
  const batch = encodeBatch(first.batch);
  const { watcher, commitment } = first.observation;
  const commit = { epoch, watcher, commitment, signature: signatureOf('commit') };
  const reveal = { commit, salt: SALT, batch };
  const proposal = { view: 1, seat: 2, header: report.header, observations, signature: signatureOf('proposal') };
  const attestation = { epoch, view: 1, report: report.hash, seat: 1, signature: signatureOf('attestation') };
  const refusal = {
    epoch,
    view: 1,
    report: drawn('another report'),
    seat: 0,
    missing: [second.observation],
    signature: signatureOf('refusal'),
  };
  const [signersLow, signersHigh] = bitmapOf([0, 1, 2]);
  const leaves = report.leaves.map((leaf) => fromHex(encodeLeaf(leaf)));
  const reveals = [encodeReveal(reveal)];
  const record = { header: report.header, view: 1, signersLow, signersHigh, observations, reveals, leaves };
  return { first, observations, commit, reveal, proposal, attestation, refusal, record, report };
}

/** One refused proposal, its refusal, and two attestations of one seat for one view. */
export function evidenceValue(): EpochEvidence {
  const { proposal, refusal, attestation, report, first } = wireValues();
  const { epoch } = CONTEXT;
  const slot = { kind: SLOT_KIND.attestation, epoch, view: 1, setId: CONTEXT.set.id, seat: 1 };
  const { watcher } = first.observation;
  const side = (value: Uint8Array, signature: Uint8Array) => {
    return { value, digest: slotDigest(DOMAIN, { ...slot, watcher }, value)!, signature };
  };
  const equivocation = {
    ...slot,
    watcher,
    first: side(report.hash, attestation.signature),
    second: side(drawn('another report'), signatureOf('another attestation')),
  };
  return {
    layoutVersion: EVIDENCE_VERSION,
    epoch,
    setId: CONTEXT.set.id,
    proposals: [proposal],
    refusals: [{ ...refusal, report: report.hash }],
    equivocations: [equivocation],
  };
}

export function wireVectors() {
  const { first, observations, commit, reveal, proposal, attestation, refusal, record, report } = wireValues();
  const batch = encodeBatch(first.batch);
  return {
    sample: { value: first.batch.samples[0], bytes: SampleSsz.serialize(first.batch.samples[0]!) },
    batch: { value: first.batch, bytes: batch, hash: batchHash(batch) },
    commit: { value: commit, bytes: encodeCommit(commit) },
    reveal: { bytes: encodeReveal(reveal) },
    observation: { value: observations[0], leaf: observationLeaf(observations[0]!) },
    observations: { value: observations, bytes: encodeObservations(observations) },
    header: { bytes: encodeHeader(report.header), hash: reportHash(report.header) },
    proposal: { bytes: encodeProposal(proposal) },
    attestation: { value: attestation, bytes: encodeAttestation(attestation) },
    refusal: { value: refusal, bytes: encodeRefusal(refusal) },
    record: { bytes: encodeRecord(record) },
    evidence: { value: evidenceValue().equivocations[0], bytes: encodeEvidence(evidenceValue()) },
    state: { bytes: encodeState(report.next) },
  };
}

if (import.meta.main) emitVector('wire.json', wireVectors());
