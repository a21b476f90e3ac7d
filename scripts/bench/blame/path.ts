import { REASON, type Reason } from '../../../protocol/reason.ts';
import { type Down, type Draw, type Episode, exponential, lookup, type Sickness } from './episodes.ts';

/** When a SYN, and when data, is sent again (RFC 6298), in milliseconds since the first time. */
const CONNECT_AGAIN = [0, 1_000, 3_000, 7_000, 15_000] as const;
const DATA_AGAIN = [0, 300, 900, 2_100, 4_500, 9_300] as const;
const RTT_MILLIS = 15;
/** What a sick middlebox breaks; a few connections survive it. */
const BROKEN_SHARE = 0.95;
/** Control hosts fail too, each by itself. */
const CONTROL_DOWN_SHARE = 0.002;

/** What comes back of a probe, and when; undefined: nothing ever. */
export type Answer = { readonly afterMillis: number; readonly reason: Reason; readonly statusCode: number };

/** The network between one watcher and everybody. Times are milliseconds since the simulation began. */
export function pathOf(sickness: readonly Episode<Sickness>[], draw: Draw) {
  const sick = lookup(sickness);
  const passes = (at: number) => sick(at, 'cut') === undefined;
  /** The end of an exchange that takes `lasts`, tried again until both ways are open. */
  const exchange = (at: number, lasts: number, again: readonly number[]): number | undefined => {
    const wait = again.find((later) => passes(at + later) && passes(at + later + lasts));
    return wait === undefined ? undefined : at + wait + lasts;
  };

  const probe = (at: number, down: (at: number) => Episode<Down> | undefined): Answer | undefined => {
    if (sick(at, 'middlebox') && draw() < BROKEN_SHARE) {
      return draw() < 0.5 ? { afterMillis: RTT_MILLIS, reason: REASON.connectionReset, statusCode: 0 } : undefined;
    }
    const connected = exchange(at, RTT_MILLIS, CONNECT_AGAIN);
    if (connected === undefined) return undefined;
    const how = down(connected)?.kind;
    if (how === 'silent') return undefined;
    if (how === 'refuses') return { afterMillis: connected - at, reason: REASON.connectionRefused, statusCode: 0 };
    // Most answers in some tens of milliseconds, one in 500 ten times slower.
    const thinks = 10 + exponential(draw() < 0.002 ? 150 : 15, draw);
    const answered = exchange(connected, RTT_MILLIS + thinks, DATA_AGAIN);
    if (answered === undefined) return undefined;
    return { afterMillis: answered - at, reason: REASON.ok, statusCode: how === 'errors' ? 500 : 200 };
  };

  const control = (at: number): number | undefined => {
    if (draw() < CONTROL_DOWN_SHARE) return undefined;
    const connected = exchange(at, RTT_MILLIS, CONNECT_AGAIN);
    return connected && connected - at;
  };
  return { probe, control, passes };
}

export type Path = ReturnType<typeof pathOf>;
