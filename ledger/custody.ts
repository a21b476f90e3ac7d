import type { Network } from '../platform/network/network.ts';
import type { Store, StoreOperation } from '../platform/store/store.ts';
import { bigEndian, concat, equalBytes, fromBigEndian } from '../protocol/bytes.ts';
import type { Observation } from '../protocol/observation.ts';
import { encodeObservations } from '../protocol/record.ts';
import { encodeState, type State } from '../protocol/state.ts';

/** A request names one artefact: a 32-byte hash, or an epoch and a hash. */
export const REQUEST_BYTES_MAX = 40;
/** Rows read and deleted in one go while pruning: a row holds up to a megabyte. */
const PRUNE_ROWS = 32;
/** Rows deleted for one new head: two epochs of the largest set, so that pruning keeps up and a long gap stalls no round. */
export const PRUNE_ROWS_MAX = 1_024;
/** Where a state's encoding holds the hash of its last report. */
const STATE_HASH = [8, 40] as const;
const EPOCH_BYTES = 8;
const CURRENT_STATE = new TextEncoder().encode('current');

export function batchKey(epoch: number, batchHash: Uint8Array): Uint8Array {
  return concat(bigEndian(epoch, EPOCH_BYTES), batchHash);
}

/**
 * What this node keeps for others: signing a report means holding the batches that it counted. Everything here can be
 * rebuilt from peers, so nothing is synced.
 */
export class Custody {
  readonly #store: Store;
  readonly #retentionEpochs: number;
  readonly #put = new WeakSet<Uint8Array>();

  constructor(store: Store, retentionEpochs: number) {
    this.#store = store;
    this.#retentionEpochs = retentionEpochs;
  }

  /** The very bytes that this process has put there once are not put there again: each view that is attested holds them all. */
  async keepReveal(epoch: number, batchHash: Uint8Array, bytes: Uint8Array): Promise<void> {
    if (this.#put.has(bytes)) return;
    await this.#store.put('batch', batchKey(epoch, batchHash), bytes);
    this.#put.add(bytes);
  }

  async reveal(epoch: number, batchHash: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#store.get('batch', batchKey(epoch, batchHash));
  }

  /**
   * All that a report was computed from: its signer holds it from before the signature leaves. If everybody dies before
   * anybody has followed the report that they brought to the chain, nobody else could give it to them.
   * @param reveals in the order of the observations
   */
  async hold(
    epoch: number,
    report: Uint8Array,
    observations: Observation[],
    reveals: readonly Uint8Array[],
  ): Promise<void> {
    for (const [i, { batchHash }] of observations.entries()) await this.keepReveal(epoch, batchHash, reveals[i]!);
    await this.keepObservations(epoch, report, observations);
  }

  async observations(report: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#store.get('report', report);
  }

  async keepObservations(epoch: number, report: Uint8Array, observations: Observation[]): Promise<void> {
    await this.#store.batch([
      { kind: 'put', bucket: 'report', key: report, value: encodeObservations(observations) },
      { kind: 'put', bucket: 'reportEpoch', key: batchKey(epoch, report), value: new Uint8Array() },
    ]);
  }

  async keepState(state: State): Promise<void> {
    await this.#store.put('state', CURRENT_STATE, encodeState(state));
  }

  async state(): Promise<Uint8Array | undefined> {
    return this.#store.get('state', CURRENT_STATE);
  }

  /** Forgets batches and observation sets older than the retention period. */
  async prune(epoch: number): Promise<void> {
    const below = epoch - this.#retentionEpochs;
    if (below <= 0) return;
    await this.#pruneBucket('batch', below, (key) => [{ kind: 'delete', bucket: 'batch', key }]);
    await this.#pruneBucket('reportEpoch', below, (key) => [
      { kind: 'delete', bucket: 'report', key: key.slice(EPOCH_BYTES) },
      { kind: 'delete', bucket: 'reportEpoch', key },
    ]);
  }

  async #pruneBucket(
    bucket: 'batch' | 'reportEpoch',
    below: number,
    remove: (key: Uint8Array) => StoreOperation[],
  ): Promise<void> {
    for (let deleted = 0; deleted < PRUNE_ROWS_MAX; deleted += PRUNE_ROWS) {
      const old = await this.#store.range(bucket, { lt: bigEndian(below, EPOCH_BYTES), limit: PRUNE_ROWS });
      if (old.length === 0) return;
      await this.#store.batch(old.flatMap(([key]) => remove(key)));
    }
  }

  /**
   * Answers peers: `batch` by epoch and hash, `epoch` by report hash, `state` the latest (or nothing if it is another).
   * @param heard the bytes of a reveal of an epoch that is still open: those are not on the disk yet
   */
  async serve(
    network: Network,
    heard: (epoch: number, batchHash: Uint8Array) => Uint8Array | undefined,
  ): Promise<void> {
    await network.serve('batch', REQUEST_BYTES_MAX, async (_from, key) => {
      if (key.length !== 40) return undefined;
      return (
        heard(Number(fromBigEndian(key.subarray(0, EPOCH_BYTES))), key.subarray(EPOCH_BYTES)) ??
        this.#store.get('batch', key)
      );
    });
    await network.serve('epoch', REQUEST_BYTES_MAX, async (_from, report) =>
      report.length === 32 ? this.#store.get('report', report) : undefined,
    );
    await network.serve('state', REQUEST_BYTES_MAX, async (_from, report) => {
      const state = await this.state();
      return state && equalBytes(state.subarray(...STATE_HASH), report) ? state : undefined;
    });
  }
}
