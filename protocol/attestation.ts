import { ByteVectorType, ContainerType } from '@chainsafe/ssz';
import { decodeExact } from './codec.ts';
import { attestationDigest, type Domain } from './digest.ts';
import { U16, U32, U64 } from './uint.ts';

/** A watcher's signature over (report, view), given only after it computed the same report itself. */
export type Attestation = { epoch: number; view: number; report: Uint8Array; seat: number; signature: Uint8Array };

/** Every attestation has this length: epoch, view, report hash, seat, signature. */
export const ATTESTATION_BYTES = 8 + 4 + 32 + 2 + 48;

export const AttestationSsz = new ContainerType(
  {
    epoch: U64,
    view: U32,
    report: new ByteVectorType(32),
    seat: U16,
    signature: new ByteVectorType(48),
  },
  { typeName: 'Attestation' },
);

export function encodeAttestation(attestation: Attestation): Uint8Array {
  return AttestationSsz.serialize(attestation);
}

export function decodeAttestation(bytes: Uint8Array): Attestation {
  return decodeExact('attestation', AttestationSsz, bytes, ATTESTATION_BYTES);
}

export function digestOfAttestation(
  domain: Domain,
  attestation: Pick<Attestation, 'epoch' | 'view' | 'report'>,
): Uint8Array {
  return attestationDigest(domain, attestation.epoch, attestation.view, attestation.report);
}
