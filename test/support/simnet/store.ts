import { memoryStore } from '../../../platform/store/memory.ts';
import type { Store } from '../../../platform/store/store.ts';
import type { HostClock } from './clock.ts';

/** A disk that outlives its process: what was written before the process died is there for the next one. */
export type SimDisk = { readonly store: Store };

export function createDisk(): SimDisk {
  return { store: memoryStore() };
}

/** The disk as one process sees it: nothing that it does after its death reaches it. */
export function mount(disk: SimDisk, clock: HostClock): Store {
  const { store } = disk;
  const never = <T>() => new Promise<T>(() => {});
  return {
    get: (bucket, key) => (clock.dead ? never() : store.get(bucket, key)),
    put: (bucket, key, value, options) => (clock.dead ? never() : store.put(bucket, key, value, options)),
    batch: (operations, options) => (clock.dead ? never() : store.batch(operations, options)),
    range: (bucket, options) => (clock.dead ? never() : store.range(bucket, options)),
    close: async () => {},
  };
}
