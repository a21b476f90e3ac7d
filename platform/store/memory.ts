import { PlumblineError } from '../../protocol/error.ts';
import { BUCKET, type Bucket } from './buckets.ts';
import { checkKey, checkLimit, type RangeOptions, type Store, type StoreOperation } from './store.ts';

/** A store that forgets everything with the process: for tests and the simulator, never for a node that signs. */
export function memoryStore(): Store {
  const rows = new Map<string, Uint8Array>();
  let closed = false;

  const rowKey = (bucket: Bucket, key: Uint8Array): string => {
    if (closed) throw new PlumblineError('store-closed', 'the store is closed; open it again');
    checkKey(bucket, key);
    return hex(BUCKET[bucket]) + Buffer.from(key).toString('hex');
  };
  const batch = async (operations: readonly StoreOperation[]): Promise<void> => {
    const keyed = operations.map((operation) => [rowKey(operation.bucket, operation.key), operation] as const);
    for (const [key, operation] of keyed) {
      if (operation.kind === 'put') rows.set(key, operation.value.slice());
      else rows.delete(key);
    }
  };
  return {
    get: async (bucket, key) => rows.get(rowKey(bucket, key))?.slice(),
    put: (bucket, key, value) => batch([{ kind: 'put', bucket, key, value }]),
    batch,
    range: async (bucket, options: RangeOptions) => {
      checkLimit(options.limit);
      const from = rowKey(bucket, options.gte ?? new Uint8Array());
      const to = options.lt ? rowKey(bucket, options.lt) : hex(BUCKET[bucket] + 1);
      const keys = [...rows.keys()].filter((key) => key >= from && key < to).sort();
      if (options.reverse) keys.reverse();
      return keys
        .slice(0, options.limit)
        .map((key) => [Uint8Array.from(Buffer.from(key.slice(2), 'hex')), rows.get(key)!.slice()]);
    },
    close: async () => {
      closed = true;
    },
  };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
