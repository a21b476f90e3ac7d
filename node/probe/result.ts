import { ADDRESS_BYTES } from '../../platform/address.ts';
import type { Reason } from '../../protocol/reason.ts';
import { ABSENT_BURST, ABSENT_MICROS } from '../../protocol/sample.ts';

/**
 * What one probe saw, before anybody judges it. Durations are whole microseconds, ABSENT_MICROS for a phase that did
 * not complete. `totalMicros` is connect + tls + first byte + transfer: resolving is a phase of its own and no part of
 * it. It is present only when the answer is complete (then measured) or timed out (then the time-out itself, a
 * censored value); any other failure has no latency.
 */
export type ProbeResult = {
  /** `ok` means only that a complete answer arrived: its status and body are judged later. */
  reason: Reason;
  /** When the connection began, on the monotonic clock of the probe. */
  startMicros: number;
  resolveMicros: number;
  connectMicros: number;
  tlsMicros: number;
  firstByteMicros: number;
  transferMicros: number;
  totalMicros: number;
  /** The worst event-loop lag while the probe ran: the true latency lies in [total - stall, total]. */
  stallMicros: number;
  /** 0 when no status line arrived. */
  statusCode: number;
  /** The address connected to, 16 bytes, IPv4 in mapped form; zeros when there is none. */
  address: Uint8Array;
  /**
   * keccak256 of the body after transfer decoding, or the hash of a block that was compared, 32 bytes; zeros when not asked
   * for or not complete.
   */
  bodyDigest: Uint8Array;
  /** Blocks behind the other endpoints of its chain; ABSENT_MICROS unless enough of them spoke. */
  headLag: number;
  /** 0 missed its rate, 1 met it; ABSENT_BURST when the probe was no burst, or the watcher could not keep its schedule. */
  burst: number;
  /** Age of the chain's final block by this watcher's clock; ABSENT_MICROS unless a chain was asked. */
  finalityMicros: number;
  /** The body, only when it was asked for and is complete. */
  body: Uint8Array | undefined;
  /** Where an answer that redirects says that it leads; for people, never enters a sample. */
  location: string | undefined;
  /** One line for people; never enters a sample. */
  detail: string;
};

/** keccak256 of the body. */
export const DIGEST_BYTES = 32;

/** Shared by all results that have none; nobody writes into an address or a digest, they are replaced. */
const NO_ADDRESS = new Uint8Array(ADDRESS_BYTES);
const NO_DIGEST = new Uint8Array(DIGEST_BYTES);

/** A result in which nothing has happened yet. */
export function blankResult(reason: Reason, detail: string): ProbeResult {
  return {
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
    address: NO_ADDRESS,
    bodyDigest: NO_DIGEST,
    headLag: ABSENT_MICROS,
    burst: ABSENT_BURST,
    finalityMicros: ABSENT_MICROS,
    body: undefined,
    location: undefined,
    detail,
  };
}
