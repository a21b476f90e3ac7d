import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes, fromHex, toHex } from '../../protocol/bytes.ts';
import { type Failure, runChunk, sessionStart } from './chunk.ts';
import { Random } from './random.ts';
import type { Surroundings, Target } from './target.ts';

/** A failing input as a file keeps it. */
type Kept = {
  readonly target: string;
  readonly seed: number;
  readonly index: number;
  readonly what: string;
  readonly input: string;
};

/** Writes a failing input into a folder and returns the file's path. */
export async function keepFailure(folder: string, seed: number, failure: Failure): Promise<string> {
  const path = join(folder, `${failure.target}-${failure.index}.json`);
  const kept: Kept = { ...failure, seed, input: toHex(failure.input) };
  await writeFile(path, `${JSON.stringify(kept, null, 1)}\n`);
  return path;
}

/**
 * Runs a kept input again: with everything that its session was given before it, or alone when the generator has changed
 * since. A hang hangs here too.
 * @returns what fails now, undefined when nothing does
 * @throws Error when the file is of no known target
 */
export async function replay(
  path: string,
  targets: readonly Target[],
  surroundings: Surroundings,
): Promise<string | undefined> {
  const kept = JSON.parse(await readFile(path, 'utf8')) as Kept;
  const target = targets.find(({ name }) => name === kept.target);
  if (!target) throw new Error(`${path}: no such target: ${kept.target}`);
  const { seed, index } = kept;
  const input = fromHex(kept.input);
  const isSame = equalBytes(target.open(surroundings).generate(new Random(seed, target.name, index)), input);
  const session = target.open(surroundings);
  const repeated: Target = isSame
    ? target
    : { ...target, open: () => ({ ...session, generate: () => input, run: (bytes) => session.run(bytes) }) };
  const from = isSame ? sessionStart(target, index) : index;
  const { failures } = await runChunk(repeated, { target: target.name, from, to: index + 1 }, { seed, surroundings });
  return failures.find((failure) => failure.index === index)?.what;
}
