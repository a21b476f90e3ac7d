import { memoryStore } from '../../platform/store/memory.ts';
import type { Store, StoreOperation } from '../../platform/store/store.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { SimDisk } from '../support/simnet/store.ts';
import type { Rng } from './rng.ts';

type Undo = readonly StoreOperation[];

/**
 * A disk as LevelDB makes one: writes are kept in order, and a synced one takes all before it to the platter. A power cut
 * loses an end of what was not synced; a write that was torn in the middle is dropped whole, as its checksum is wrong.
 */
export class FaultyDisk implements SimDisk {
  readonly #rows = memoryStore();
  /** How to take back each write since the last synced one, oldest first. */
  #unsynced: Undo[] = [];
  readonly #rng: Rng;
  full = false;
  unreadable = false;
  /** Called before every access: a process may die there. */
  onAccess: () => void = () => {};
  readonly store: Store;

  constructor(rng: Rng) {
    this.#rng = rng;
    const write = (operations: readonly StoreOperation[], sync: boolean) => this.#write(operations, sync);
    this.store = {
      get: async (bucket, key) => {
        this.#look();
        return this.#rows.get(bucket, key);
      },
      put: (bucket, key, value, options) => write([{ kind: 'put', bucket, key, value }], options?.sync ?? false),
      batch: (operations, options) => write(operations, options?.sync ?? false),
      range: async (bucket, options) => {
        this.#look();
        return this.#rows.range(bucket, options);
      },
      close: async () => {},
    };
  }

  /** A copy of what is readable now. */
  async copy(rng: Rng): Promise<FaultyDisk> {
    const other = new FaultyDisk(rng);
    for (const bucket of ['meta', 'journal', 'state', 'batch', 'report', 'reportEpoch'] as const) {
      const rows = await this.#rows.range(bucket, { limit: 10_000 });
      await other.#rows.batch(rows.map(([key, value]) => ({ kind: 'put', bucket, key, value })));
    }
    return other;
  }

  /** @returns how many writes are lost */
  async powerCut(): Promise<number> {
    const lost = this.#unsynced.splice(this.#rng.below(this.#unsynced.length + 1));
    for (const undo of lost.reverse()) await this.#rows.batch(undo);
    // What survived is read back by the next process, and its next sync makes it last.
    return lost.length;
  }

  #look(): void {
    this.onAccess();
    if (this.unreadable) throw new PlumblineError('store-failed', 'the disk does not read');
  }

  async #write(operations: readonly StoreOperation[], sync: boolean): Promise<void> {
    this.onAccess();
    if (!this.full) return this.#keep(operations, sync);
    // Whether a write that failed has reached the platter, nobody knows.
    if (this.#rng.percent(30)) await this.#keep(operations, false);
    throw new PlumblineError('store-failed', 'no space left on device');
  }

  async #keep(operations: readonly StoreOperation[], sync: boolean): Promise<void> {
    const undo: StoreOperation[] = [];
    for (const { bucket, key } of operations) {
      const value = await this.#rows.get(bucket, key);
      undo.unshift(value ? { kind: 'put', bucket, key, value } : { kind: 'delete', bucket, key });
    }
    await this.#rows.batch(operations);
    this.#unsynced.push(undo);
    if (sync) this.#unsynced = [];
  }
}
