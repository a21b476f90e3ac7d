import { ByteVectorType, ContainerType, UintNumberType } from '@chainsafe/ssz';
import { decodeExact } from './codec.ts';
import { attestationDigest, type Domain } from './digest.ts';

/** A watcher's signature over (report, view), given only after it computed the same report itself. */
export type Attestation = { epoch: number; view: number; report: Uint8Array; seat: number; signature: Uint8Array };

export const ATTESTATION_BYTES = 8 + 4 + 32 + 2 + 48;

export const AttestationSsz = new ContainerType(
  {
    epoch: new UintNumberType(8),
    view: new UintNumberType(4),
    report: new ByteVectorType(32),
    seat: new UintNumberType(2),
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
