import { PlumblineError } from '../../protocol/error.ts';
import type { Bucket } from './buckets.ts';

/** LevelDB copes with more; nothing here needs more, and a bound keeps a bug from writing megabyte keys. Bytes. */
export const KEY_BYTES_MAX = 256;

/** One `range` call never loads more rows than this: a caller that wants more pages on from the last key. */
export const RANGE_ROWS_MAX = 10_000;

export type StoreOperation =
  | { readonly kind: 'put'; readonly bucket: Bucket; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly bucket: Bucket; readonly key: Uint8Array };

export interface WriteOptions {
  /** True: the bytes are on the disk (fsync) before the promise resolves. Default false: a power cut may lose the write. */
  readonly sync?: boolean;
}

export interface RangeOptions {
  /** First key, inclusive; the bucket's start by default. */
  readonly gte?: Uint8Array;
  /** End key, exclusive; the bucket's end by default. */
  readonly lt?: Uint8Array;
  /** 1 to RANGE_ROWS_MAX. */
  readonly limit: number;
  /** Largest key first. */
  readonly reverse?: boolean;
}

/** An ordered key-value store with buckets. Keys compare bytewise; a key is 0 to KEY_BYTES_MAX bytes. */
export interface Store {
  get(bucket: Bucket, key: Uint8Array): Promise<Uint8Array | undefined>;
  put(bucket: Bucket, key: Uint8Array, value: Uint8Array, options?: WriteOptions): Promise<void>;
  /** All or nothing, in order. */
  batch(operations: readonly StoreOperation[], options?: WriteOptions): Promise<void>;
  /** Keys come back without their bucket byte. */
  range(bucket: Bucket, options: RangeOptions): Promise<[Uint8Array, Uint8Array][]>;
  /** Idempotent. Every other call after it throws `store-closed`. */
  close(): Promise<void>;
}

/** @throws PlumblineError `store-key-too-long` */
export function checkKey(bucket: Bucket, key: Uint8Array): void {
  if (key.length > KEY_BYTES_MAX) {
    throw new PlumblineError(
      'store-key-too-long',
      `a key of bucket ${bucket} has ${key.length} bytes, at most ${KEY_BYTES_MAX} are allowed; hash long keys first`,
    );
  }
}

/** @throws PlumblineError `store-limit-out-of-bounds` */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > RANGE_ROWS_MAX) {
    throw new PlumblineError(
      'store-limit-out-of-bounds',
      `range limit ${limit} is not a whole number from 1 to ${RANGE_ROWS_MAX}; page with gte`,
    );
  }
}
