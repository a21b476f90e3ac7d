/** Resolves at the first request to stop: SIGINT, SIGTERM, or the end of a parent that talks to us. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    process.once('disconnect', () => resolve());
  });
}
