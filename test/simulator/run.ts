import { Worker } from 'node:worker_threads';
import { PlumblineError } from '../../protocol/error.ts';
import type { PlanOptions } from './plan.ts';
import type { PlantedName } from './planted.ts';
import type { Outcome } from './world.ts';

export type RunOptions = {
  readonly from: number;
  readonly seeds: number;
  readonly workers: number;
  readonly plan: PlanOptions;
  /** A fault that is put into the program before it is loaded; see planted.ts. */
  readonly planted?: PlantedName;
  /** Begins no further seed once one has failed. */
  readonly untilFailure?: boolean;
};

export type WorkerData = Pick<RunOptions, 'plan' | 'planted'>;

/** Runs worlds in worker threads, each seed once, and hands over every outcome as it comes. */
export async function runSeeds(options: RunOptions, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const end = options.from + options.seeds;
  let next = options.from;
  let failed = false;
  const isOver = () => next >= end || (failed && options.untilFailure);
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const workerData: WorkerData = { plan: options.plan, ...(options.planted && { planted: options.planted }) };
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
      const give = () => {
        if (isOver()) void worker.terminate().then(() => resolve());
        else worker.postMessage(next++);
      };
      worker.on('message', (outcome: Outcome) => {
        if (outcome.violations.length > 0) failed = true;
        onOutcome(outcome);
        give();
      });
      worker.on('error', (error: Error) =>
        reject(new PlumblineError('simulator', `a worker of the simulator failed: ${error.message}`, {}, error)),
      );
      give();
    });
  await Promise.all(Array.from({ length: Math.min(options.workers, options.seeds) }, one));
}
