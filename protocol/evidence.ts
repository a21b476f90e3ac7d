import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import { decodeExact } from './codec.ts';
import { attestationDigest, commitDigest, type Domain, proposalDigest } from './digest.ts';
import { PlumblineError } from './error.ts';
import { SEATS_MAX, VIEWS_MAX } from './limits.ts';
import { type Proposal, ProposalSsz } from './proposal.ts';
import { type Refusal, RefusalSsz } from './refusal.ts';
import { U8, U16, U32, U64 } from './uint.ts';

/** What a seat may sign once only. */
export const SLOT_KIND = { commit: 0, proposal: 1, attestation: 2 } as const;
export type SlotKind = keyof typeof SLOT_KIND;

/** One of two contradicting signatures. */
export type SignedValue = {
  /** The commitment of a commit, the report hash of a proposal or attestation. */
  value: Uint8Array;
  /** The EIP-712 digest that was signed. */
  digest: Uint8Array;
  signature: Uint8Array;
};

/**
 * Two different things that one seat signed for one slot, `first` being the one with the smaller value. It stands alone:
 * with the key of the seat in the set version anybody, a contract too, verifies both signatures over both digests, and
 * that the digests are those of the values.
 */
export type Equivocation = {
  kind: number;
  epoch: number;
  /** 0 for a commit. */
  view: number;
  setId: number;
  seat: number;
  watcher: Uint8Array;
  first: SignedValue;
  second: SignedValue;
};

/** What an archive keeps of one epoch besides its record: proposals that were refused, the refusals, and contradictions. */
export type EpochEvidence = {
  layoutVersion: number;
  epoch: number;
  setId: number;
  /** Ascending by (view, report); each is named by a refusal below. */
  proposals: Proposal[];
  /** Ascending by (view, seat, report). */
  refusals: Refusal[];
  /** Ascending by (kind, view, seat). */
  equivocations: Equivocation[];
};

export const EVIDENCE_VERSION = 1;
/** Contradictions of one seat that are kept: the first is enough to prove its fault, and signing more costs nothing. */
export const EQUIVOCATIONS_PER_SEAT_MAX = 4;
/** So many of every seat. */
export const EQUIVOCATIONS_MAX = SEATS_MAX * EQUIVOCATIONS_PER_SEAT_MAX;
/** Refusals kept of one epoch: of the largest set twice over. */
export const EVIDENCE_REFUSALS_MAX = 2 * SEATS_MAX;
/** One epoch's evidence: contradictions of every seat, and above 60 of the largest refusals. A disk must not be filled with them. */
export const EVIDENCE_BYTES_MAX = 4 << 20;

const B32 = new ByteVectorType(32);

export const SignedValueSsz = new ContainerType(
  { value: B32, digest: B32, signature: new ByteVectorType(48) },
  { typeName: 'SignedValue' },
);

export const EquivocationSsz = new ContainerType(
  {
    kind: U8,
    epoch: U64,
    view: U32,
    setId: U32,
    seat: U16,
    watcher: B32,
    first: SignedValueSsz,
    second: SignedValueSsz,
  },
  { typeName: 'Equivocation' },
);

export const EvidenceSsz = new ContainerType(
  {
    layoutVersion: U16,
    epoch: U64,
    setId: U32,
    proposals: new ListCompositeType(ProposalSsz, VIEWS_MAX),
    refusals: new ListCompositeType(RefusalSsz, EVIDENCE_REFUSALS_MAX),
    equivocations: new ListCompositeType(EquivocationSsz, EQUIVOCATIONS_MAX),
  },
  { typeName: 'EpochEvidence' },
);

export function encodeEvidence(evidence: EpochEvidence): Uint8Array {
  return EvidenceSsz.serialize(evidence);
}

/** @throws PlumblineError `decode`, also for a layout of another version */
export function decodeEvidence(bytes: Uint8Array): EpochEvidence {
  const version = bytes.length < 2 ? undefined : bytes[0]! + 256 * bytes[1]!;
  if (version !== undefined && version !== EVIDENCE_VERSION) {
    const what = `epoch evidence: layout ${version}, this release reads ${EVIDENCE_VERSION}; read it with the release that wrote it`;
    throw new PlumblineError('decode', what, { version });
  }
  return decodeExact('epoch evidence', EvidenceSsz, bytes, EVIDENCE_BYTES_MAX);
}

/** File name of an epoch's evidence, next to its record. */
export function evidenceName(epoch: number): string {
  return `evidence-${String(epoch).padStart(9, '0')}.ssz`;
}

/** The digest that a seat signed for a slot; undefined when the kind is none. */
export function slotDigest(
  domain: Domain,
  { kind, epoch, view, watcher }: Pick<Equivocation, 'kind' | 'epoch' | 'view' | 'watcher'>,
  value: Uint8Array,
): Uint8Array | undefined {
  if (kind === SLOT_KIND.commit) return commitDigest(domain, epoch, watcher, value);
  if (kind === SLOT_KIND.proposal) return proposalDigest(domain, epoch, view, value);
  if (kind === SLOT_KIND.attestation) return attestationDigest(domain, epoch, view, value);
  return undefined;
}
