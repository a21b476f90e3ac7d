import { PlumblineError } from '../../protocol/error.ts';

/** How often a condition is looked at. */
const LOOK_MILLIS = 20;

/** @throws the signal's reason when it is aborted meanwhile */
export function pause(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', abort);
        resolve();
      },
      Math.max(0, millis),
    );
    signal.addEventListener('abort', abort, { once: true });
  });
}

/**
 * Looks until there is something.
 * @throws PlumblineError `soak` when there is nothing within the time; the signal's reason
 */
export async function waitFor<T>(
  what: string,
  millisMax: number,
  signal: AbortSignal,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const until = performance.now() + millisMax;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new PlumblineError('soak', `waited ${millisMax} ms for ${what} in vain`);
    await pause(LOOK_MILLIS, signal);
  }
}
