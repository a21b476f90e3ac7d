import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { Level } from 'level';
import { errorCode, errorMessage, PlumblineError } from '../../protocol/error.ts';
import { BUCKET, type Bucket } from './buckets.ts';
import { checkKey, checkLimit, type RangeOptions, type Store, type StoreOperation } from './store.ts';

type Database = Level<Uint8Array, Uint8Array>;

/**
 * Opens (or creates) the LevelDB directory. One process at a time may hold it.
 * @throws PlumblineError `store-locked`, `store-not-writable`, `store-corrupt` or `store-failed`, each naming the directory and the remedy.
 */
export async function openLevelStore(directory: string): Promise<Store> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw openError(directory, error);
  }
  const database: Database = new Level(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    await database.open();
  } catch (error) {
    await database.close().catch(() => undefined);
    throw openError(directory, error);
  }
  return levelStore(database);
}

function levelStore(database: Database): Store {
  const batch = async (operations: readonly StoreOperation[], options: { sync?: boolean } = {}): Promise<void> => {
    const rows = operations.map((operation) =>
      operation.kind === 'put'
        ? ({ type: 'put', key: prefixed(operation.bucket, operation.key), value: operation.value } as const)
        : ({ type: 'del', key: prefixed(operation.bucket, operation.key) } as const),
    );
    await guard(() => database.batch(rows, { sync: options.sync ?? false }));
  };
  return {
    get: async (bucket, key) => {
      const value = await guard(() => database.get(prefixed(bucket, key)));
      return value === undefined ? undefined : plain(value);
    },
    put: (bucket, key, value, options) => batch([{ kind: 'put', bucket, key, value }], options),
    batch,
    range: async (bucket, options: RangeOptions) => {
      checkLimit(options.limit);
      const bounds = {
        gte: prefixed(bucket, options.gte ?? new Uint8Array()),
        lt: options.lt ? prefixed(bucket, options.lt) : Uint8Array.of(BUCKET[bucket] + 1),
        limit: options.limit,
        reverse: options.reverse ?? false,
      };
      const rows = await guard(() => database.iterator(bounds).all());
      return rows.map(([key, value]) => [plain(key).subarray(1), plain(value)]);
    },
    close: () => database.close(),
  };
}

function prefixed(bucket: Bucket, key: Uint8Array): Uint8Array {
  checkKey(bucket, key);
  const row = new Uint8Array(1 + key.length);
  row[0] = BUCKET[bucket];
  row.set(key, 1);
  return row;
}

/** LevelDB hands out Buffers, whose `slice` does not copy; the rest of the program expects plain arrays. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    const code = causeCode(error);
    if (code === 'LEVEL_DATABASE_NOT_OPEN') {
      throw new PlumblineError('store-closed', 'the store is closed; open it again', {}, error);
    }
    if (code === 'LEVEL_CORRUPTION') {
      throw new PlumblineError('store-corrupt', `the database is damaged: ${deepMessage(error)}`, {}, error);
    }
    throw new PlumblineError(
      'store-failed',
      `the database refused: ${deepMessage(error)}; check the disk's free space and health`,
      { code },
      error,
    );
  }
}

function openError(directory: string, error: unknown): PlumblineError {
  const code = causeCode(error);
  const detail = deepMessage(error);
  const evidence = { directory, code };
  if (code === 'LEVEL_LOCKED') {
    return new PlumblineError(
      'store-locked',
      `${directory} is in use by another process; stop that one first (two processes with one journal could sign twice) or give this one a directory of its own`,
      evidence,
      error,
    );
  }
  // A file that the database's own table of contents names and that is not there counts as damage.
  if (code === 'LEVEL_CORRUPTION' || /corrupt|no such file/i.test(detail)) {
    return new PlumblineError(
      'store-corrupt',
      `the database in ${directory} is damaged (${detail}); keep a copy, and do not sign with this key until a healthy copy of the journal is back`,
      evidence,
      error,
    );
  }
  if (/EACCES|EPERM|EROFS|ENOTDIR|EEXIST|permission denied|read-only|not a directory/i.test(`${code} ${detail}`)) {
    return new PlumblineError(
      'store-not-writable',
      `${directory} is not a directory that this user may write to (${detail}); change its owner or choose another data directory`,
      evidence,
      error,
    );
  }
  return new PlumblineError(
    'store-failed',
    `the database in ${directory} does not open (${detail}); check the disk's free space and health`,
    evidence,
    error,
  );
}

/** abstract-level wraps what the database said in a general LEVEL_DATABASE_NOT_OPEN; the cause is the reason. */
function causeCode(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return errorCode(cause);
}

function deepMessage(error: unknown): string {
  return errorMessage(error instanceof Error && error.cause !== undefined ? error.cause : error);
}
