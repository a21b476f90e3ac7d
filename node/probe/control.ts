import { connect } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import { CONTROL_MILLIS_MAX } from './target.ts';

/**
 * Is this watcher itself well? Control targets stand in different networks and have nothing to do with any service;
 * when they cannot be reached either, a failed probe says nothing about its provider.
 */
export interface Controls {
  /**
   * Whether the controls were reachable before and after: in every round from `sinceMicros` (monotonic) on, of which there
   * must be one, and in a round that begins no earlier than this call. Never rejects.
   */
  healthySince(sinceMicros: number): Promise<boolean>;
  /**
   * Whether no round that ran since then found them sick; waits for one that runs, and begins none. What a success needs:
   * while this watcher's own network is sick, an answer that came all the same came late.
   */
  wellSince(sinceMicros: number): Promise<boolean>;
  /** One round of all controls now; concurrent calls share one round. Call it periodically. */
  check(): Promise<boolean>;
  /** The same beside a probe that begins, unless a round began within CONTROL_APART_MILLIS. */
  accompany(): void;
}

/** Answers of single controls; a round of four that all answered adds four. */
export type ControlCounts = { readonly good: number; readonly bad: number };

export interface CountedControls extends Controls {
  /** What was counted since the last call: one epoch's share, for the batch. */
  take(): ControlCounts;
}

/** An address, never a name: a control must not depend on a resolver. */
export type ControlTarget = { address: string; port: number };

/** Whether something that has nothing to do with any service works now; must not reject, nor take longer than CONTROL_MILLIS_MAX. */
export type ControlCheck = () => Promise<boolean>;

/** More controls would be load on bystanders without saying more. */
export const CONTROLS_MAX = 8;
/**
 * A probe has a round beside it, so that an outage of this watcher as short as one lost packet shows; at most two a second,
 * which a host made to be asked does not notice.
 */
export const CONTROL_APART_MILLIS = 500;
/** Layout of a batch: its counts of controls have two bytes. */
export const CONTROL_COUNT_MAX = 0xffff;

/**
 * Healthy while more than half of the targets accept a TCP connection, and more than half of the `names` resolve as they
 * should. Without either the watcher has no way to doubt itself and always counts as healthy, which only a devnet should do.
 */
export function createControls(
  targets: readonly ControlTarget[],
  clock: Clock,
  reach: (target: ControlTarget, clock: Clock) => Promise<boolean> = reachTcp,
  names: readonly ControlCheck[] = [],
): CountedControls {
  const asked = targets.slice(0, CONTROLS_MAX).map((target) => () => reach(target, clock));
  const named = names.slice(0, CONTROLS_MAX);
  const isIdle = asked.length + named.length === 0;
  let running: Promise<boolean> | undefined;
  let next: Promise<boolean> | undefined;
  let beganMicros = Number.NEGATIVE_INFINITY;
  let unhealthyMicros = Number.NEGATIVE_INFINITY;
  let [good, bad] = [0, 0];

  const majority = async (checks: readonly ControlCheck[]): Promise<boolean> => {
    const answers = await Promise.all(checks.map((check) => check()));
    const well = answers.filter(Boolean).length;
    good = Math.min(CONTROL_COUNT_MAX, good + well);
    bad = Math.min(CONTROL_COUNT_MAX, bad + answers.length - well);
    return answers.length === 0 || 2 * well > answers.length;
  };
  const round = async (): Promise<boolean> => {
    beganMicros = clock.monotonicMicros();
    const healthy = (await Promise.all([majority(asked), majority(named)])).every(Boolean);
    if (!healthy) unhealthyMicros = clock.monotonicMicros();
    return healthy;
  };
  const check = (): Promise<boolean> => {
    running ??= round().finally(() => {
      running = undefined;
    });
    return running;
  };
  /** A round that began before the call may have seen the network as it was before the probe failed. */
  const fresh = (): Promise<boolean> => {
    if (running === undefined || beganMicros >= clock.monotonicMicros()) return check();
    next ??= running.then(() => {
      next = undefined;
      return check();
    });
    return next;
  };
  const healthySince = async (sinceMicros: number): Promise<boolean> => {
    if (isIdle) return true;
    const looked = beganMicros >= sinceMicros;
    return (await fresh()) && looked && unhealthyMicros < sinceMicros;
  };
  const wellSince = async (sinceMicros: number): Promise<boolean> => {
    await running;
    return unhealthyMicros < sinceMicros;
  };
  const accompany = (): void => {
    if (!isIdle && clock.monotonicMicros() - beganMicros >= CONTROL_APART_MILLIS * 1_000) void check();
  };
  const take = (): ControlCounts => {
    const counts = { good, bad };
    [good, bad] = [0, 0];
    return counts;
  };
  return { check, healthySince, wellSince, accompany, take };
}

function reachTcp(target: ControlTarget, clock: Clock): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: target.address, port: target.port, autoSelectFamily: false });
  const timer = clock.after(CONTROL_MILLIS_MAX, () => socket.destroy());
  socket.once('connect', () => {
    resolve(true);
    socket.destroy();
  });
  socket.on('error', () => resolve(false));
  socket.on('close', () => {
    timer.cancel();
    resolve(false);
  });
  return promise;
}
