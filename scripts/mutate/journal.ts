import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Basis } from './basis.ts';
import { CONTRACTS, type Mutation } from './mutation.ts';
import type { StageName } from './stages.ts';

/** What became of a mutation; `stage` is the one that found it, `by` the test. */
export type Result = {
  readonly name: string;
  readonly outcome: 'killed' | 'survived';
  readonly stage?: StageName;
  readonly by?: string;
  readonly seconds: number;
};

const PATH = join(CONTRACTS, '..', '.plumbline', 'mutations.jsonl');

/** Results as they come, one line each, so that a run that was interrupted goes on where it was. */
export class Journal {
  readonly #basis = new Basis();
  readonly #known = new Map<string, Result>();

  constructor() {
    mkdirSync(dirname(PATH), { recursive: true });
    if (!existsSync(PATH)) return;
    for (const line of readFileSync(PATH, 'utf8').split('\n')) {
      try {
        const { key, basis, result } = JSON.parse(line) as { key: string; basis: string; result: Result };
        if (basis === this.#basis.digest(result.by)) this.#known.set(key, result);
        else this.#known.delete(key);
      } catch {
        // Empty, or cut off by the end of the process that wrote it: that mutation is run again.
      }
    }
  }

  get(mutation: Mutation): Result | undefined {
    return this.#known.get(keyOf(mutation));
  }

  /** @param options keep: false for a result that a later run may not rely on */
  add(mutation: Mutation, result: Result, options: { keep: boolean }): void {
    const key = keyOf(mutation);
    this.#known.set(key, result);
    if (options.keep)
      appendFileSync(PATH, `${JSON.stringify({ key, basis: this.#basis.digest(result.by), result })}\n`);
  }
}

function keyOf({ name, file, find, replace, first }: Mutation): string {
  return createHash('sha256')
    .update(JSON.stringify([name, file, find, replace, first]))
    .digest('hex')
    .slice(0, 32);
}
