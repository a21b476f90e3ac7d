import { addressBytes } from '../../platform/address.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { onAbort } from '../../platform/on-abort.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import type { EgressPolicy } from './egress.ts';
import type { HeadBook } from './heads.ts';
import { pinAddress } from './pin.ts';
import type { References } from './references.ts';
import type { Resolvers } from './resolve.ts';
import { blankResult, type ProbeResult } from './result.ts';
import type { StallMeter } from './stall.ts';
import { resolveMillisMax } from './target.ts';

/** What every probe of a watcher shares. */
export type ProbeTools = {
  clock: Clock;
  egress: EgressPolicy;
  resolvers: Resolvers;
  stall: StallMeter;
  /** Without it no head is compared with others. */
  heads?: HeadBook;
  references?: References;
};

export type LineRequest = {
  /** From the first packet to the end of the probe, in milliseconds. */
  timeoutMillis: number;
  /** Aborting ends the probe at once with `cutOff`. */
  signal?: AbortSignal | undefined;
};

/** A running probe. */
export type Line = {
  readonly result: ProbeResult;
  /** Microseconds from the last lap to now, inside of `arrive` to the arrival; adds them to the total. */
  lap(): number;
  /**
   * Stamps a piece of the answer, then has it read: reading is no time of the server's. More than PIECES_MAX end the probe, and
   * what arrives after its end is not read.
   */
  arrive(read: () => void): void;
  /** The time since the last lap was this watcher's own work, and belongs to no phase: the next lap counts from now. */
  omit(): void;
  /** Ends the probe; only the first call counts. */
  finish(reason: Reason, detail: string): void;
  isOver(): boolean;
};

/** What a probe does at its end: `release` closes its sockets, `close` comes after the last stamp, where slow work belongs. */
export type LineEnd = { release(): void; close?(result: ProbeResult): void };

/** Pieces in which an answer arrives; a megabyte over a network takes 750, and each record of TLS costs the loop a turn. */
export const PIECES_MAX = 4_096;

const MICROS_PER_MILLI = 1_000;

/** Resolves and checks the host once, and probes the very address that was found. */
export async function probeAddress(
  tools: ProbeTools,
  host: string,
  { timeoutMillis, signal }: LineRequest,
  probe: (address: string) => Promise<ProbeResult>,
): Promise<ProbeResult> {
  const { clock, egress, resolvers } = tools;
  const begunMicros = clock.monotonicMicros();
  const elapsedMillis = () => (clock.monotonicMicros() - begunMicros) / MICROS_PER_MILLI;
  const pin = await pinAddress(host, resolvers, egress, resolveMillisMax(timeoutMillis), elapsedMillis);
  const resolveMicros = clock.monotonicMicros() - begunMicros;
  if ('reason' in pin) return { ...blankResult(pin.reason, pin.detail), startMicros: begunMicros, resolveMicros };
  if (signal?.aborted) return blankResult(REASON.cutOff, 'cut off while resolving');
  return { ...(await probe(pin.address)), resolveMicros };
}

/** Begins a probe of an address: from now on its time runs. `done` resolves exactly once, after `release` and `close`. */
export function openLine(
  { clock, stall: meter }: ProbeTools,
  address: string,
  { timeoutMillis, signal }: LineRequest,
  end: LineEnd,
): { line: Line; done: Promise<ProbeResult> } {
  const { promise: done, resolve } = Promise.withResolvers<ProbeResult>();
  const timeoutMicros = timeoutMillis * MICROS_PER_MILLI;
  const stall = meter.watch();
  const result = blankResult(REASON.internal, '');
  result.address = addressBytes(address)!;
  result.startMicros = clock.monotonicMicros();

  let phaseMicros = result.startMicros;
  let spentMicros = 0;
  let arrivedMicros: number | undefined;
  let settled = false;
  let deadline: Timer | undefined;

  const lap = (): number => {
    const atMicros = arrivedMicros ?? clock.monotonicMicros();
    const micros = atMicros - phaseMicros;
    phaseMicros = atMicros;
    spentMicros += micros;
    return micros;
  };
  const omit = () => {
    phaseMicros = clock.monotonicMicros();
    // A lap after it counts from here, also inside of an arrival.
    arrivedMicros = undefined;
  };

  let pieces = 0;
  const arrive = (read: () => void) => {
    if (settled) return;
    arrivedMicros = clock.monotonicMicros();
    try {
      if (++pieces > PIECES_MAX) finish(REASON.malformedAnswer, `more than ${PIECES_MAX} pieces`);
      else read();
    } finally {
      arrivedMicros = undefined;
    }
  };

  const finish = (reason: Reason, detail: string) => {
    if (settled) return;
    settled = true;
    deadline?.cancel();
    unwatch?.();
    result.stallMicros = stall.worstMicros();
    stall.stop();
    end.release();
    result.reason = reason;
    result.detail = detail;
    if (reason === REASON.ok) complete();
    if (result.reason === REASON.timeout) result.totalMicros = timeoutMicros;
    end.close?.(result);
    resolve(result);
  };

  const complete = () => {
    result.totalMicros = spentMicros;
    // The timer may be a little late; only a stall of our own excuses an answer after the time-out.
    if (result.totalMicros - result.stallMicros <= timeoutMicros) return;
    result.reason = REASON.timeout;
    result.detail = `the answer took longer than ${timeoutMillis} ms`;
  };

  // While our loop stood still an answer may have waited unread: the time-out is extended by what the loop lost.
  const onDeadline = () => {
    const stalled = stall.worstMicros();
    if (stalled > timeoutMicros) {
      finish(REASON.stalled, `the event loop stood still for ${Math.round(stalled / MICROS_PER_MILLI)} ms`);
      return;
    }
    const leftMicros = result.startMicros + timeoutMicros + stalled - clock.monotonicMicros();
    if (leftMicros > 0) deadline = clock.after(leftMicros / MICROS_PER_MILLI, onDeadline);
    else finish(REASON.timeout, `no complete answer within ${timeoutMillis} ms`);
  };

  deadline = clock.after(timeoutMillis, onDeadline);
  const unwatch = signal && onAbort(signal, () => finish(REASON.cutOff, 'cut off before the time-out'));
  const line = { result, lap, arrive, omit, finish, isOver: () => settled };
  return { line, done };
}
