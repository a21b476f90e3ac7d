import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { CHUNK_INPUTS, type Chunk, FAILURES_MAX, type Failure } from './chunk.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';
import type { Answer, Order, WorkerData } from './worker.ts';

/** An input that runs this long on the wall is a hang: the slowest sane one takes a hundredth of it. */
export const HANG_MILLIS = 30_000;
/** How often the workers are looked at for hangs. */
const LOOK_MILLIS = 500;
/**
 * Reachable memory of one thread may grow this much from a tenth of the run to its end: a short run still compiles code
 * meanwhile, and in a run of millions it is a few bytes an input. Bytes.
 */
export const HEAP_GROWTH_BYTES_MAX = 32 * 1024 * 1024;
/** An input that makes a thread need more than this is a memory bomb. MiB. */
const HEAP_MIB_MAX = 1_024;

export type FuzzOptions = {
  readonly seed: number;
  /** Inputs of all targets together. */
  readonly inputs: number;
  readonly workers: number;
  /** Only these targets; empty = all. */
  readonly only?: readonly string[];
  /** Module that exports TARGETS; those of this repository by default. */
  readonly targets?: string;
  readonly hangMillis?: number;
  readonly onProgress?: (inputs: number) => void;
};

export type Tally = { inputs: number; accepted: number; rejected: number; worstMicros: number };

export type FuzzResult = {
  readonly fuzz: Readonly<Record<string, Tally>>;
  readonly inputs: number;
  readonly seconds: number;
  /** Of the thread that grew most; negative when all shrank. */
  readonly heapGrowthBytes: number;
  readonly failures: readonly Failure[];
};

type Thread = {
  readonly worker: Worker;
  readonly beat: BigInt64Array;
  readonly scratch: string;
  chunk: Chunk | undefined;
  /** The input that ran when it was last looked at, and since when. */
  seen: { index: bigint; since: number };
  baselineBytes: number | undefined;
  isMeasuring: boolean;
};

/** Every target gets its share, a chunk in turn. */
function chunksOf(targets: readonly string[], inputs: number): Chunk[] {
  const chunks: Chunk[] = [];
  const share = (i: number) => Math.floor(inputs / targets.length) + (i < inputs % targets.length ? 1 : 0);
  for (let from = 0; from < share(0); from += CHUNK_INPUTS) {
    targets.forEach((target, i) => {
      const to = Math.min(from + CHUNK_INPUTS, share(i));
      if (from < to) chunks.push({ target, from, to });
    });
  }
  return chunks;
}

/**
 * Runs inputs 0 .. n − 1 of every target on worker threads. The outcome does not depend on how many there are.
 * @throws Error when a name in `only` is no target, or a worker cannot start
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const module = options.targets ?? pathToFileURL(join(import.meta.dirname, 'targets.ts')).href;
  const { TARGETS } = (await import(module)) as { TARGETS: readonly Target[] };
  const known = TARGETS.map(({ name }) => name);
  const unknown = (options.only ?? []).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such target: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const names = options.only && options.only.length > 0 ? known.filter((name) => options.only!.includes(name)) : known;
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-fuzz-'));
  try {
    const run = new Fleet(options, module, TARGETS, names, folder);
    return await run.finish();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Fleet {
  readonly #options: FuzzOptions;
  readonly #module: string;
  readonly #targets: readonly Target[];
  readonly #folder: string;
  readonly #chunks: Chunk[];
  readonly #chunkCount: number;
  readonly #tallies: Record<string, Tally>;
  readonly #failures: Failure[] = [];
  readonly #threads = new Set<Thread>();
  readonly #started = performance.now();
  readonly #ended = Promise.withResolvers<void>();
  #threadsMade = 0;
  #inputs = 0;
  #heapGrowthBytes: number | undefined;

  constructor(
    options: FuzzOptions,
    module: string,
    targets: readonly Target[],
    names: readonly string[],
    folder: string,
  ) {
    this.#options = options;
    this.#module = module;
    this.#targets = targets;
    this.#folder = folder;
    this.#chunks = chunksOf(names, options.inputs).reverse();
    this.#chunkCount = this.#chunks.length;
    this.#tallies = Object.fromEntries(
      names.map((name) => [name, { inputs: 0, accepted: 0, rejected: 0, worstMicros: 0 }]),
    );
  }

  async finish(): Promise<FuzzResult> {
    for (let i = 0; i < this.#options.workers; i++) await this.#start();
    const looking = setInterval(() => this.#lookForHangs(), LOOK_MILLIS);
    try {
      await this.#ended.promise;
    } finally {
      clearInterval(looking);
      for (const thread of this.#threads) await thread.worker.terminate();
    }
    const heapGrowthBytes = this.#heapGrowthBytes ?? 0;
    if (heapGrowthBytes > HEAP_GROWTH_BYTES_MAX) {
      const what = `a thread's reachable memory grew by ${heapGrowthBytes} bytes, at most ${HEAP_GROWTH_BYTES_MAX} are meant`;
      this.#failures.push({ target: 'heap', index: 0, what, input: new Uint8Array() });
    }
    return {
      fuzz: this.#tallies,
      inputs: this.#inputs,
      seconds: Math.round(performance.now() - this.#started) / 1_000,
      heapGrowthBytes,
      failures: this.#firstFailures(),
    };
  }

  /** Threads end in any order, chunks begin in order: the lowest indices are the same for any number of threads. */
  #firstFailures(): Failure[] {
    const sorted = this.#failures.toSorted((a, b) => a.index - b.index);
    return Object.values(Object.groupBy(sorted, ({ target }) => target)).flatMap(
      (failures) => failures?.slice(0, FAILURES_MAX) ?? [],
    );
  }

  async #start(): Promise<void> {
    const beat = new BigInt64Array(new SharedArrayBuffer(8));
    const scratch = await mkdtemp(join(this.#folder, `${this.#threadsMade++}-`));
    const { seed } = this.#options;
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
      workerData: { seed, scratch, targets: this.#module, beat } satisfies WorkerData,
      // The YAML library warns of odd tags on stderr, a thousand times over.
      execArgv: ['--no-warnings'],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    });
    const thread: Thread = {
      worker,
      beat,
      scratch,
      chunk: undefined,
      seen: { index: -1n, since: performance.now() },
      baselineBytes: undefined,
      isMeasuring: false,
    };
    this.#threads.add(thread);
    worker.on('message', (answer: Answer) => this.#take(thread, answer));
    worker.on('error', (error) => this.#lost(thread, `the thread died: ${error.message}`));
    worker.on('exit', () => this.#lost(thread, 'the thread ended'));
  }

  #take(thread: Thread, { result, heapBytes }: Answer): void {
    if (heapBytes !== undefined) {
      if (thread.baselineBytes === undefined) thread.baselineBytes = heapBytes;
      else {
        const growth = heapBytes - thread.baselineBytes;
        this.#heapGrowthBytes = Math.max(this.#heapGrowthBytes ?? growth, growth);
      }
    }
    if (result && thread.chunk) {
      const tally = this.#tallies[thread.chunk.target]!;
      tally.inputs += result.inputs;
      tally.accepted += result.accepted;
      tally.rejected += result.inputs - result.accepted;
      tally.worstMicros = Math.max(tally.worstMicros, result.worstMicros);
      this.#inputs += result.inputs;
      for (const failure of result.failures) this.#fail(failure);
      this.#options.onProgress?.(this.#inputs);
    }
    thread.chunk = undefined;
    this.#next(thread);
  }

  /** The next chunk, with a look at the heap when a tenth of the run is over; after the last chunk one more look. */
  #next(thread: Thread): void {
    const chunk = this.#chunks.pop();
    if (!chunk && thread.isMeasuring) {
      this.#threads.delete(thread);
      void thread.worker.terminate();
      if (this.#threads.size === 0) this.#ended.resolve();
      return;
    }
    const isWarm = this.#chunks.length <= 0.9 * this.#chunkCount;
    thread.isMeasuring = !chunk;
    thread.chunk = chunk;
    thread.seen = { index: -1n, since: performance.now() };
    if (chunk) Atomics.store(thread.beat, 0, BigInt(chunk.from));
    const measureHeap = !chunk || (isWarm && thread.baselineBytes === undefined);
    const order: Order = chunk
      ? { chunk, worstMicros: this.#tallies[chunk.target]!.worstMicros, measureHeap }
      : { measureHeap };
    thread.worker.postMessage(order);
  }

  #lookForHangs(): void {
    for (const thread of this.#threads) {
      const index = Atomics.load(thread.beat, 0);
      if (!thread.chunk || index !== thread.seen.index) thread.seen = { index, since: performance.now() };
      else if (performance.now() - thread.seen.since > (this.#options.hangMillis ?? HANG_MILLIS)) {
        void thread.worker.terminate();
        this.#lost(thread, `did not end within ${this.#options.hangMillis ?? HANG_MILLIS} ms`);
      }
    }
  }

  /** What a thread that is gone was working on is made again here; the rest of its chunk goes to another thread. */
  #lost(thread: Thread, what: string): void {
    if (!this.#threads.delete(thread)) return;
    const { chunk } = thread;
    if (!chunk) {
      if (!thread.isMeasuring) this.#ended.reject(new Error(`a worker of the fuzzer does not start: ${what}`));
      else if (this.#threads.size === 0) this.#ended.resolve();
      return;
    }
    const index = Number(Atomics.load(thread.beat, 0));
    const tally = this.#tallies[chunk.target]!;
    tally.inputs += index + 1 - chunk.from;
    tally.rejected += index + 1 - chunk.from;
    this.#inputs += index + 1 - chunk.from;
    if (index + 1 < chunk.to) this.#chunks.push({ ...chunk, from: index + 1 });
    const target = this.#targets.find(({ name }) => name === chunk.target)!;
    const session = target.open({ scratch: thread.scratch });
    const input = session.generate(new Random(this.#options.seed, target.name, index));
    this.#fail({ target: chunk.target, index, what, input });
    this.#start().catch((error: unknown) => this.#ended.reject(error));
  }

  #fail(failure: Failure): void {
    this.#failures.push(failure);
    if (this.#failures.filter(({ target }) => target === failure.target).length < FAILURES_MAX) return;
    const left = this.#chunks.filter(({ target }) => target !== failure.target);
    this.#chunks.splice(0, this.#chunks.length, ...left);
  }
}
