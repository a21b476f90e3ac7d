import { Random } from './random.ts';
import { type Session, type Surroundings, type Target, Violation } from './target.ts';

/** Inputs that go to a worker at once. */
export const CHUNK_INPUTS = 1_000;
/** Inputs of a session whose state fills up soon. */
const SHORT_INPUTS = 40;
/** One in so many chunks of such a target is one long session all the same, for what grows. */
const LONG_EVERY = 4;
/** What the system's count of CPU time may lag behind: a tick of 100 Hz. */
const TICK_MICROS = 10_000;
/** Time of one input, as the median of several runs. Every bound of the wire is meant to stay far below it. */
export const INPUT_MICROS_MAX = 50_000;
/** Runs whose median counts; an input is run again only when it was slower than every one before. */
const RUNS = 5;
/** A target is left alone after so many failures: they are one mistake. */
export const FAILURES_MAX = 5;

/** Inputs `from` to `to` − 1 of a target; each is a function of seed, target and index. */
export type Chunk = { readonly target: string; readonly from: number; readonly to: number };

export type Failure = {
  readonly target: string;
  readonly index: number;
  readonly what: string;
  readonly input: Uint8Array;
};

export type ChunkResult = {
  readonly inputs: number;
  readonly accepted: number;
  readonly worstMicros: number;
  readonly failures: readonly Failure[];
};

export type ChunkOptions = {
  readonly seed: number;
  readonly surroundings: Surroundings;
  /** The slowest input of the target so far: only slower ones are looked at closely. Microseconds. */
  readonly worstMicros?: number;
  /** Called with the index of every input before it runs. */
  readonly beat?: (index: number) => void;
};

/** First input of the session that an input belongs to. */
export function sessionStart(target: Target, index: number): number {
  const chunk = Math.floor(index / CHUNK_INPUTS);
  const isLong = !target.isShort || chunk % LONG_EVERY === LONG_EVERY - 1;
  const within = index % CHUNK_INPUTS;
  return chunk * CHUNK_INPUTS + (isLong ? 0 : within - (within % SHORT_INPUTS));
}

/** Runs a chunk from the start of a session on. */
export async function runChunk(target: Target, chunk: Chunk, options: ChunkOptions): Promise<ChunkResult> {
  const { seed, surroundings } = options;
  const failures: Failure[] = [];
  let [inputs, accepted, worstMicros] = [0, 0, options.worstMicros ?? 0];
  let session = target.open(surroundings);
  let input = new Uint8Array();
  for (let index = chunk.from; index < chunk.to && failures.length < FAILURES_MAX; index++) {
    const fail = (error: unknown) => failures.push({ target: target.name, index, what: described(error), input });
    if (index > chunk.from && sessionStart(target, index) === index) {
      closed(session, fail);
      session = target.open(surroundings);
    }
    options.beat?.(index);
    input = Uint8Array.from(session.generate(new Random(seed, target.name, index)));
    const run = await timed(session, input);
    inputs++;
    if (run.accepted) accepted++;
    if (run.error !== undefined) fail(run.error);
    else if (run.micros > worstMicros) {
      const micros = await medianMicros(target, seed, surroundings, index, run.micros);
      worstMicros = Math.max(worstMicros, micros);
      const microsMax = target.microsMax ?? INPUT_MICROS_MAX;
      if (micros > microsMax) {
        fail(new Violation(`took ${micros} µs, at most ${microsMax} are meant`));
      }
    }
  }
  closed(session, (error) =>
    failures.push({ target: target.name, index: chunk.to - 1, what: described(error), input }),
  );
  return { inputs, accepted, worstMicros, failures };
}

type Run = { readonly accepted: boolean; readonly micros: number; readonly error?: unknown };

/**
 * The time on the wall, but no more than a clock tick over the thread's CPU time: other programs share the machine. CPU
 * time alone is too coarse, the system counts it by the tick.
 */
async function timed(session: Session, input: Uint8Array): Promise<Run> {
  const cpu = process.threadCpuUsage();
  const start = performance.now();
  const micros = () => {
    const wall = Math.ceil((performance.now() - start) * 1_000);
    const { user, system } = process.threadCpuUsage(cpu);
    return Math.min(wall, user + system + TICK_MICROS);
  };
  try {
    const accepted = await session.run(input);
    return { accepted, micros: micros() };
  } catch (error) {
    return { accepted: false, micros: micros(), error: error ?? new Violation(`threw ${String(error)}`) };
  }
}

/** One slow run may be the garbage collector's; each further one starts from a state of its own. */
async function medianMicros(
  target: Target,
  seed: number,
  surroundings: Surroundings,
  index: number,
  first: number,
): Promise<number> {
  const runs = [first];
  while (runs.length < RUNS) {
    const session = target.open(surroundings);
    const input = session.generate(new Random(seed, target.name, index));
    runs.push((await timed(session, input)).micros);
  }
  return runs.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
}

function closed(session: Session, fail: (error: unknown) => void): void {
  try {
    session.close?.();
  } catch (error) {
    fail(error);
  }
}

function described(error: unknown): string {
  if (error instanceof Violation) return error.message;
  return error instanceof Error ? `threw ${error.stack ?? error.name}` : `threw ${String(error)}`;
}
