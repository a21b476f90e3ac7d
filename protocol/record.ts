import { ByteListType, ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import { decodeExact } from './codec.ts';
import { type Header, HeaderSsz } from './header.ts';
import { SEATS_MAX, SERVICES_MAX } from './limits.ts';
import { type Observation, ObservationSsz } from './observation.ts';
import { REVEAL_BYTES_MAX } from './reveal.ts';
import { U32, U256 } from './uint.ts';

/**
 * One epoch as the archive keeps it: the report, and the signed bytes of every batch that it counted, as received.
 * With the chain it is all that a stranger needs to compute the report again.
 */
export type EpochRecord = {
  header: Header;
  view: number;
  signersLow: bigint;
  signersHigh: bigint;
  observations: Observation[];
  reveals: Uint8Array[];
  /** ABI-encoded leaves of the report; their Merkle root is on chain. */
  leaves: Uint8Array[];
};

/** 27 words. */
export const LEAF_BYTES = 27 * 32;
/** Leaves of one report: services x (epoch + 4 windows) x vantages, with room for 16 regions. */
export const LEAVES_MAX = SERVICES_MAX * 5 * 17;

export const RecordSsz = new ContainerType(
  {
    header: HeaderSsz,
    view: U32,
    signersLow: U256,
    signersHigh: U256,
    observations: new ListCompositeType(ObservationSsz, SEATS_MAX),
    reveals: new ListCompositeType(new ByteListType(REVEAL_BYTES_MAX), SEATS_MAX),
    leaves: new ListCompositeType(new ByteVectorType(LEAF_BYTES), LEAVES_MAX),
  },
  { typeName: 'EpochRecord' },
);

/** Header, view, signers and three offsets. */
const HEAD_BYTES = HeaderSsz.fixedSize! + 4 + 2 * 32 + 3 * 4;

/**
 * The longest record of a report that counts so many batches: that many reveals at their largest, and all leaves that a
 * report can have. A longer file is refused before it is read; whoever knows the report on chain knows the number.
 */
export function recordBytesMax(batches: number): number {
  return HEAD_BYTES + batches * (ObservationSsz.fixedSize! + 4 + REVEAL_BYTES_MAX) + LEAVES_MAX * LEAF_BYTES;
}

/** The longest record of all, with a batch of every seat. */
export const RECORD_BYTES_MAX = recordBytesMax(SEATS_MAX);

export function encodeRecord(record: EpochRecord): Uint8Array {
  return RecordSsz.serialize(record);
}

export function decodeRecord(bytes: Uint8Array): EpochRecord {
  return decodeExact('epoch record', RecordSsz, bytes, RECORD_BYTES_MAX);
}

/** File name of an epoch's record in an archive folder; sorts by epoch. */
export function recordName(epoch: number): string {
  return `epoch-${String(epoch).padStart(9, '0')}.ssz`;
}

const ObservationsSsz = new ListCompositeType(ObservationSsz, SEATS_MAX);
/** One observation of 98 bytes for every seat. */
export const OBSERVATIONS_BYTES_MAX = SEATS_MAX * 98;

/** The observation set of a report, as peers answer for it; it must hash to the header's batchesRoot. */
export function encodeObservations(observations: Observation[]): Uint8Array {
  return ObservationsSsz.serialize(observations);
}

export function decodeObservations(bytes: Uint8Array): Observation[] {
  return decodeExact('observations', ObservationsSsz, bytes, OBSERVATIONS_BYTES_MAX);
}
