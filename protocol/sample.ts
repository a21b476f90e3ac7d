import { ByteVectorType, ContainerType } from '@chainsafe/ssz';
import { U8, U16, U32 } from './uint.ts';

/** The four ways a slot can end. The last two never count against a provider. */
export const OUTCOME = { good: 0, bad: 1, unknown: 2, watcherFault: 3 } as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** A phase that did not happen, or a measure that this kind of probe does not take. */
export const ABSENT_MICROS = 0xffffffff;
/** `burst` of a sample that is no burst; else 0 missed, 1 met its target rate. */
export const ABSENT_BURST = 0xff;

/** One probe's result: exactly one per assigned slot. Times in µs. */
export type Sample = {
  /** Index into the epoch's list of services. */
  service: number;
  slot: number;
  outcome: Outcome;
  /** One of the closed list in reason.ts. */
  reason: number;
  /** Offset of the first byte of work from the epoch's start. */
  startMicros: number;
  resolveMicros: number;
  connectMicros: number;
  tlsMicros: number;
  firstByteMicros: number;
  transferMicros: number;
  /** connect + tls + first byte + transfer: what the statistics take. A time-out carries the time-out. */
  totalMicros: number;
  /** The event loop stood still this long while the probe ran: the true total lies in [total − stall, total]. */
  stallMicros: number;
  statusCode: number;
  /** IPv6 form of the address connected to; zeros when unresolved. */
  address: Uint8Array;
  headLag: number;
  finalityMicros: number;
  burst: number;
  /** keccak256 of the body, zeros when not taken. */
  bodyDigest: Uint8Array;
};

/** 98 bytes, fixed. */
export const SampleSsz = new ContainerType(
  {
    service: U16,
    slot: U16,
    outcome: U8,
    reason: U16,
    startMicros: U32,
    resolveMicros: U32,
    connectMicros: U32,
    tlsMicros: U32,
    firstByteMicros: U32,
    transferMicros: U32,
    totalMicros: U32,
    stallMicros: U32,
    statusCode: U16,
    address: new ByteVectorType(16),
    headLag: U32,
    finalityMicros: U32,
    burst: U8,
    bodyDigest: new ByteVectorType(32),
  },
  { typeName: 'Sample' },
);

/** A sample of a slot in which nothing was measured. */
export function emptySample(service: number, slot: number, outcome: Outcome, reason: number): Sample {
  return {
    service,
    slot,
    outcome,
    reason,
    startMicros: 0,
    resolveMicros: ABSENT_MICROS,
    connectMicros: ABSENT_MICROS,
    tlsMicros: ABSENT_MICROS,
    firstByteMicros: ABSENT_MICROS,
    transferMicros: ABSENT_MICROS,
    totalMicros: ABSENT_MICROS,
    stallMicros: 0,
    statusCode: 0,
    address: new Uint8Array(16),
    headLag: ABSENT_MICROS,
    finalityMicros: ABSENT_MICROS,
    burst: ABSENT_BURST,
    bodyDigest: new Uint8Array(32),
  };
}
