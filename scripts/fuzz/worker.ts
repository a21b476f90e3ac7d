import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { type Chunk, type ChunkResult, runChunk } from './chunk.ts';
import type { Target } from './target.ts';

/** One thread of a run: takes chunks, answers with what became of them, and writes down where it is in case it never answers. */
export type WorkerData = {
  readonly seed: number;
  readonly scratch: string;
  /** Module that exports TARGETS. */
  readonly targets: string;
  /** The index of the input that runs now. */
  readonly beat: BigInt64Array;
};

export type Order = { readonly chunk?: Chunk; readonly worstMicros?: number; readonly measureHeap: boolean };
export type Answer = { readonly result?: ChunkResult; readonly heapBytes?: number };

const { seed, scratch, targets, beat } = workerData as WorkerData;
const { TARGETS } = (await import(targets)) as { TARGETS: readonly Target[] };
const byName = new Map(TARGETS.map((target) => [target.name, target]));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is still reachable, buffers outside of the heap included. */
function heapBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function obey({ chunk, worstMicros, measureHeap }: Order): Promise<Answer> {
  const before = measureHeap ? { heapBytes: heapBytes() } : {};
  if (!chunk) return before;
  const result = await runChunk(byName.get(chunk.target)!, chunk, {
    seed,
    surroundings: { scratch },
    worstMicros: worstMicros ?? 0,
    beat: (index) => Atomics.store(beat, 0, BigInt(index)),
  });
  return { ...before, result };
}

parentPort!.on('message', (order: Order) => {
  void obey(order).then((answer) => parentPort!.postMessage(answer));
});
parentPort!.postMessage({} satisfies Answer);
