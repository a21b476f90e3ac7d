import { join } from 'node:path';
import { provenState } from '../../ledger/ledger.ts';
import { sealedFrom } from '../../node/artefacts.ts';
import type { BUCKET, Bucket } from '../../platform/store/buckets.ts';
import { openJournal } from '../../platform/store/journal.ts';
import { openLevelStore } from '../../platform/store/level.ts';
import type { Store } from '../../platform/store/store.ts';
import { batchHash, decodeBatch } from '../../protocol/batch.ts';
import { concat, equalBytes, fromBigEndian, toHex } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { errorMessage } from '../../protocol/error.ts';
import { EMPTY_HISTORY } from '../../protocol/history.ts';
import { batchesRoot } from '../../protocol/observation.ts';
import { decodeObservations } from '../../protocol/record.ts';
import { decodeReveal, opensCommit } from '../../protocol/reveal.ts';
import { type ArchiveReading, type Attempt, fail, readArchive } from './folder.ts';
import type { JournalReading } from './signatures.ts';

export type DiskReading = ArchiveReading & {
  readonly journal: JournalReading | undefined;
  /** Epoch of the state snapshot, when it is proven by the chain; -1 without a snapshot. */
  readonly stateEpoch: number | undefined;
  readonly batches: number;
  readonly observationSets: number;
  readonly faults: readonly string[];
};

/** Rows read at once. */
const PAGE_ROWS = 64;
/** Where a state's encoding holds the hash of its last report. */
const STATE_HASH = [8, 40] as const;

/** The journal in a database, every entry decoded. @throws PlumblineError what opening store and journal throw */
export async function readJournal(database: string, watcher: Uint8Array, where: string): Promise<JournalReading> {
  const store = await openLevelStore(database);
  try {
    return await journalOf(store, watcher, where);
  } finally {
    await store.close();
  }
}

async function journalOf(store: Store, watcher: Uint8Array, where: string): Promise<JournalReading> {
  // Opening reads and decodes every entry, and compares their number with the head's.
  const journal = await openJournal(store, { watcher, expectExisting: true });
  const { floor, slots } = await journal.dump();
  const epochs = new Set(slots.map(({ epoch }) => epoch));
  for (const epoch of epochs) {
    for (const { kind, payload } of await journal.entries(epoch)) {
      if (kind === 'commit') sealedFrom(payload);
    }
  }
  return {
    watcher: toHex(watcher),
    where,
    floor,
    slots: slots.map((slot) => ({ ...slot, digest: toHex(slot.digest) })),
  };
}

/**
 * Reads everything that a watcher has stored, and holds it against the chain.
 * @param directory its data directory; nobody else may have it open
 * @param history every report on chain, oldest first
 */
export async function readDisk(
  directory: string,
  watcher: Uint8Array,
  history: readonly LandedReport[],
  where: string,
): Promise<DiskReading> {
  const faults: string[] = [];
  const attempt: Attempt = async (what, read) => {
    try {
      return await read();
    } catch (error) {
      faults.push(`${where}: ${what}: ${errorMessage(error)}`);
      return undefined;
    }
  };
  const archive = await readArchive(join(directory, 'archive'), history, attempt);
  const store = await attempt('database', () => openLevelStore(join(directory, 'db')));
  if (!store) return { journal: undefined, stateEpoch: undefined, batches: 0, observationSets: 0, ...archive, faults };
  try {
    const journal = await attempt('journal', () => journalOf(store, watcher, where));
    const each = (bucket: Bucket, check: (key: Uint8Array, value: Uint8Array) => void) =>
      eachRow(store, bucket, (key, value) => attempt(`${bucket} ${toHex(key)}`, () => check(key, value)));
    const batches = await each('batch', checkReveal);
    const reports = new Set<string>();
    const observationSets = await each('report', (key, value) => {
      reports.add(toHex(key));
      checkObservationSet(key, value, history);
    });
    // A set and its row by epoch are written, and forgotten, together.
    await each('reportEpoch', (key) => {
      if (!reports.delete(toHex(key.subarray(8)))) fail('it names no observation set');
    });
    await attempt('report', () => {
      if (reports.size > 0) fail(`${reports.size} observation sets have no row by epoch: ${[...reports][0]}`);
    });
    await each('meta', () => fail('nothing is stored in this bucket'));
    let stateEpoch: number | undefined = -1;
    await each('state', (_key, value) => {
      stateEpoch = undefined;
      stateEpoch = checkState(value, history);
    });
    return { journal, stateEpoch, batches, observationSets, ...archive, faults };
  } finally {
    await store.close();
  }
}

async function eachRow(
  store: Store,
  bucket: keyof typeof BUCKET,
  visit: (key: Uint8Array, value: Uint8Array) => Promise<unknown>,
): Promise<number> {
  let count = 0;
  let gte = new Uint8Array();
  for (;;) {
    const rows = await store.range(bucket, { gte, limit: PAGE_ROWS });
    for (const [key, value] of rows) await visit(key, value);
    count += rows.length;
    if (rows.length < PAGE_ROWS) return count;
    // The smallest key after the last one.
    gte = new Uint8Array(concat(rows.at(-1)![0], Uint8Array.of(0)));
  }
}

/** A reveal under the epoch and hash of its batch, which opens its commit. */
function checkReveal(key: Uint8Array, value: Uint8Array): void {
  const reveal = decodeReveal(value);
  const { epoch } = decodeBatch(reveal.batch);
  if (epoch !== Number(fromBigEndian(key.subarray(0, 8)))) fail(`the batch is of epoch ${epoch}`);
  if (!equalBytes(batchHash(reveal.batch), key.subarray(8))) fail('the batch has another hash');
  if (!opensCommit(reveal)) fail('the reveal does not open its commit');
}

function checkObservationSet(key: Uint8Array, value: Uint8Array, history: readonly LandedReport[]): void {
  const observations = decodeObservations(value);
  const landed = history.find((one) => equalBytes(one.reportHash, key));
  // Kept before it landed, and it did not.
  if (!landed) return;
  if (!equalBytes(batchesRoot(observations), landed.header.batchesRoot)) fail('it has another root than on chain');
}

/** @returns the epoch of the report that the state stands after */
function checkState(value: Uint8Array, history: readonly LandedReport[]): number {
  const hash = value.subarray(...STATE_HASH);
  const index = history.findIndex((landed) => equalBytes(landed.reportHash, hash));
  if (index < 0) fail(`its report ${toHex(hash)} is not on chain`);
  const state = provenState(value, { before: EMPTY_HISTORY, recent: history.slice(0, index + 1) });
  if (!state) fail('it is not the state to which the report on chain commits');
  return state.epoch;
}
