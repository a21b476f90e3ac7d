import { PlumblineError } from '../../protocol/error.ts';

/** Exit codes of a soak; 77 as test programs commonly say that they cannot run here. */
export const SOAK_EXIT = { holds: 0, fails: 1, usage: 2, notAllowed: 77, interrupted: 130 } as const;

/** @throws PlumblineError `usage` */
export function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
  throw new PlumblineError('usage', `--${name} ${text}: give a whole number from ${min} to ${max}`);
}

/** Aborts at the first Ctrl-C or SIGTERM; what was started is then ended in good order. */
export function interruptible(): AbortController {
  const controller = new AbortController();
  const abort = () => controller.abort(new PlumblineError('interrupted', 'interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, abort);
  return controller;
}
