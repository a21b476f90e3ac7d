import { Worker } from 'node:worker_threads';

/** A thread with its own event loop and heap; messages are plain data. */
export interface Thread {
  post(message: unknown): void;
  /** Stops it wherever it is. Idempotent. */
  end(): Promise<void>;
}

export type ThreadOptions = {
  /** What the thread finds as `workerData`: plain data. */
  readonly data: unknown;
  /** Beyond it the thread alone ends, with an error, and the process goes on. */
  readonly heapMegabytesMax: number;
  /** New objects gather here until they are sorted out while the loop stands still: the less room, the oftener and the shorter. */
  readonly youngMegabytesMax: number;
  readonly onMessage: (message: unknown) => void;
  /** Once, however it ends; `reason` for people. */
  readonly onEnd: (reason: string) => void;
};

/** Starts a module in a thread of its own. What the module leaves uncaught ends the thread and not the process. */
export function startThread(entry: URL, options: ThreadOptions): Thread {
  const { data, heapMegabytesMax, youngMegabytesMax, onMessage, onEnd } = options;
  const resourceLimits = { maxOldGenerationSizeMb: heapMegabytesMax, maxYoungGenerationSizeMb: youngMegabytesMax };
  const worker = new Worker(entry, { workerData: data, resourceLimits });
  let ended = false;
  const end = (reason: string) => {
    if (ended) return;
    ended = true;
    onEnd(reason);
  };
  worker.on('message', (message) => {
    if (!ended) onMessage(message);
  });
  worker.on('error', (error: unknown) => end(error instanceof Error ? error.message : String(error)));
  worker.on('messageerror', () => end('a message could not be read'));
  worker.on('exit', (code) => end(`it ended with code ${code}`));
  return {
    post: (message) => worker.postMessage(message),
    end: async () => {
      await worker.terminate();
    },
  };
}
