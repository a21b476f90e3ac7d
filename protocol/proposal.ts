import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import { decodeExact } from './codec.ts';
import { type Domain, proposalDigest } from './digest.ts';
import { type Header, HeaderSsz, reportHash } from './header.ts';
import { SEATS_MAX } from './limits.ts';
import { type Observation, ObservationSsz } from './observation.ts';
import { U16, U32 } from './uint.ts';

/** A leader's report for one view: the header and the batches that it was computed from. */
export type Proposal = {
  view: number;
  seat: number;
  header: Header;
  observations: Observation[];
  signature: Uint8Array;
};

/** Header 310, observations of 98, view, seat, signature and offsets. */
export const PROPOSAL_BYTES_MAX = 512 + SEATS_MAX * 98;

export const ProposalSsz = new ContainerType(
  {
    view: U32,
    seat: U16,
    header: HeaderSsz,
    observations: new ListCompositeType(ObservationSsz, SEATS_MAX),
    signature: new ByteVectorType(48),
  },
  { typeName: 'Proposal' },
);

export function encodeProposal(proposal: Proposal): Uint8Array {
  return ProposalSsz.serialize(proposal);
}

export function decodeProposal(bytes: Uint8Array): Proposal {
  return decodeExact('proposal', ProposalSsz, bytes, PROPOSAL_BYTES_MAX);
}

export function digestOfProposal(domain: Domain, proposal: Pick<Proposal, 'header' | 'view'>): Uint8Array {
  return proposalDigest(domain, proposal.header.epoch, proposal.view, reportHash(proposal.header));
}
