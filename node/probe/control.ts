import { connect } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import { CONTROL_MILLIS_MAX } from './target.ts';

/**
 * Is this watcher itself well? Control targets stand in different networks and have nothing to do with any service;
 * when they cannot be reached either, a failed probe says nothing about its provider.
 */
export interface Controls {
  /** Whether the controls were reachable in every check from `sinceMicros` (monotonic) on, and are now; never rejects. */
  healthySince(sinceMicros: number): Promise<boolean>;
  /** One round of all control targets now; concurrent calls share one round. Call it periodically. */
  check(): Promise<boolean>;
}

/** An address, never a name: a control must not depend on a resolver. */
export type ControlTarget = { address: string; port: number };

/** More controls would be load on bystanders without saying more. */
export const CONTROLS_MAX = 8;

/**
 * Controls by TCP connect: healthy while more than half of them accept. With no targets the watcher has no way to
 * doubt itself and always counts as healthy, which only a devnet should do.
 */
export function createControls(
  targets: readonly ControlTarget[],
  clock: Clock,
  reach: (target: ControlTarget, clock: Clock) => Promise<boolean> = reachTcp,
): Controls {
  const asked = targets.slice(0, CONTROLS_MAX);
  let running: Promise<boolean> | undefined;
  let unhealthyMicros = Number.NEGATIVE_INFINITY;

  const round = async (): Promise<boolean> => {
    const answers = await Promise.all(asked.map((target) => reach(target, clock)));
    const healthy = asked.length === 0 || 2 * answers.filter(Boolean).length > asked.length;
    if (!healthy) unhealthyMicros = clock.monotonicMicros();
    return healthy;
  };
  const check = (): Promise<boolean> => {
    running ??= round().finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    check,
    healthySince: async (sinceMicros) => (await check()) && unhealthyMicros < sinceMicros,
  };
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
