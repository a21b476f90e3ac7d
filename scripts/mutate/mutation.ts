import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlumblineError } from '../../protocol/error.ts';

/** A mistake that somebody could make in a contract, and that a test must find. */
export type Mutation = {
  readonly name: string;
  /** Under contracts/src. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test contract that is tried first. */
  readonly first: string;
  /** Why no test can find it; without this, surviving is a failure. */
  readonly survives?: string;
};

type Entry = Omit<Mutation, 'file' | 'first'> & { readonly first?: string };

/** Mutations of one file, tried on one test contract unless they name another. */
export function mutationsOf(file: string, first: string, entries: readonly Entry[]): Mutation[] {
  return entries.map((entry) => ({ file, first, ...entry }));
}

export const CONTRACTS = join(import.meta.dirname, '..', '..', 'contracts');

export function sourceOf(mutation: Mutation): string {
  return readFileSync(join(CONTRACTS, 'src', mutation.file), 'utf8');
}

/** How often the text to find stands in the source: 1, or the table is stale. */
export function occurrences(mutation: Mutation, source: string): number {
  return source.split(mutation.find).length - 1;
}

/** The source with the mistake in it. @throws PlumblineError `mutation` when the text does not stand there exactly once */
export function mutate(mutation: Mutation, source: string): string {
  const count = occurrences(mutation, source);
  if (count !== 1 || mutation.find === mutation.replace) {
    throw new PlumblineError(
      'mutation',
      `${mutation.name}: the text to find stands ${count} times in ${mutation.file} and must stand there once; correct scripts/mutate/table`,
      { name: mutation.name, count },
    );
  }
  return source.replace(mutation.find, () => mutation.replace);
}
