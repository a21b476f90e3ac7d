/**
 * Runs `work` now, or once more after the run that is under way: however often it is called meanwhile, never twice at
 * once and never more than one run behind. Failures go to `onError`.
 */
export function coalesce(work: () => Promise<void>, onError: (error: unknown) => void): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await work().catch(onError);
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void run();
  };
}
