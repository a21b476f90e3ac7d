import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import { keccak } from './bytes.ts';
import { decodeExact } from './codec.ts';
import { type Domain, refusalDigest } from './digest.ts';
import { SEATS_MAX } from './limits.ts';
import { type Observation, ObservationSsz, observationLeaf } from './observation.ts';
import { U16, U32, U64 } from './uint.ts';

/** Why a watcher did not attest: the timely batches that the proposal left out, each to be had from the refuser. */
export type Refusal = {
  epoch: number;
  view: number;
  report: Uint8Array;
  seat: number;
  missing: Observation[];
  signature: Uint8Array;
};

/** Envelope and one missing observation of 98 bytes for every seat. */
export const REFUSAL_BYTES_MAX = 128 + SEATS_MAX * 98;

export const RefusalSsz = new ContainerType(
  {
    epoch: U64,
    view: U32,
    report: new ByteVectorType(32),
    seat: U16,
    missing: new ListCompositeType(ObservationSsz, SEATS_MAX),
    signature: new ByteVectorType(48),
  },
  { typeName: 'Refusal' },
);

export function encodeRefusal(refusal: Refusal): Uint8Array {
  return RefusalSsz.serialize(refusal);
}

export function decodeRefusal(bytes: Uint8Array): Refusal {
  return decodeExact('refusal', RefusalSsz, bytes, REFUSAL_BYTES_MAX);
}

export function digestOfRefusal(domain: Domain, refusal: Omit<Refusal, 'signature' | 'seat'>): Uint8Array {
  const missing = keccak(...refusal.missing.map(observationLeaf));
  return refusalDigest(domain, refusal.epoch, refusal.view, refusal.report, missing);
}
