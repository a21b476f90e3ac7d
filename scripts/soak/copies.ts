import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage } from '../../protocol/error.ts';
import { readJournal } from './disk.ts';
import type { Signatures } from './signatures.ts';

/**
 * Reads the journal of a killed watcher before anybody else opens it, on a copy, so that what is read is what the kill left
 * and the watcher's own recovery is not done for it.
 */
export class Copies {
  readonly faults: string[] = [];
  #read = 0;
  readonly #signatures: Signatures;
  #last: Promise<void> = Promise.resolve();

  constructor(signatures: Signatures) {
    this.#signatures = signatures;
  }

  /** Journals that were read. */
  get read(): number {
    return this.#read;
  }

  /** Resolves when the copy is made: then the watcher may start again. It is read later, in turn. */
  async take(database: string, watcher: Uint8Array, where: string): Promise<void> {
    const copy = await mkdtemp(join(tmpdir(), 'plumbline-soak-'));
    await cp(database, copy, { recursive: true });
    this.#last = this.#last.then(() => this.#readCopy(copy, watcher, where));
  }

  /** Resolves when every copy was read. */
  async done(): Promise<void> {
    await this.#last;
  }

  async #readCopy(copy: string, watcher: Uint8Array, where: string): Promise<void> {
    try {
      this.#signatures.takeJournal(await readJournal(copy, watcher, where));
      this.#read++;
    } catch (error) {
      this.faults.push(`${where}: journal: ${errorMessage(error)}`);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }
}
