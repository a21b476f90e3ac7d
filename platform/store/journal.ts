import { bigEndian, concat, equalBytes, fromBigEndian, toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import {
  checkEntry,
  corrupt,
  decodeEntry,
  ENTRIES_END,
  ENTRIES_START,
  encodeEntry,
  entryKey,
  epochKey,
  HEAD_KEY,
  type JournalEntry,
  type JournalSlot,
  MARKER_KEY,
  seal,
  unseal,
} from './entry.ts';
import type { Store } from './store.ts';

/** Version of the layout in entry.ts, in the marker's first byte. */
const JOURNAL_VERSION = 1;
const WATCHER_BYTES = 32;
/** Entries can carry a batch of 1 MiB each, so the scan at the start reads few at a time. */
const PAGE_ROWS = 16;

/**
 * The sign-once journal: what this key ever signed, on the disk before the signature leaves the process. It is the only
 * thing between a crash and a slashed stake, so it fails closed: whatever looks wrong, nothing is signed.
 */
export interface Journal {
  /**
   * Resolves only when the entry is on the disk (fsync). `same`: the slot already holds this digest; its first payload stays.
   * Calls run one after another.
   * @param admit asked before a slot that holds nothing is written; what it throws is thrown, and nothing is written
   * @throws PlumblineError `journal-conflict` (the slot holds another digest), `journal-pruned` (the epoch is below the
   *   pruning mark), `journal-closed` (an import closed the epoch to everything new), `journal-entry` (out of bounds), `journal-failed` (an earlier write failed: restart the process)
   */
  record(entry: JournalEntry, admit?: () => void): Promise<'new' | 'same'>;
  /** The digest that a slot holds; `forgotten` below the pruning mark. */
  find(slot: JournalSlot): Promise<Uint8Array | 'forgotten' | undefined>;
  /** Everything recorded in the epoch, by kind and view. */
  entries(epoch: number): Promise<JournalEntry[]>;
  /** Forgets epochs below `belowEpoch`, and refuses them from then on. The mark never falls. */
  prune(belowEpoch: number): Promise<void>;
  /** What was signed, without payloads, for the journal of another directory. @throws PlumblineError `journal-too-large` */
  dump(): Promise<JournalDump>;
  /**
   * Takes in what another journal of the same key holds: all of it or nothing, on the disk before this resolves. Both marks
   * become the higher of the two. Resolves to the number of slots that were new.
   * @throws PlumblineError `journal-conflict` when a slot holds another digest here, `journal-failed`
   */
  merge(other: JournalDump): Promise<number>;
  /** Nothing was ever recorded, pruned or merged when it was opened. */
  readonly isFresh: boolean;
}

/** A slot with the digest that was signed for it: all that keeps another process from contradicting it. */
export type SignedSlot = Pick<JournalEntry, 'kind' | 'epoch' | 'view' | 'digest'>;

export type JournalDump = {
  /** Epochs below it are forgotten, and nothing is signed there. */
  readonly floor: number;
  /** Whoever takes it in signs nothing new in epochs below it. Above the epoch of every slot. */
  readonly closedBelow: number;
  /** By epoch, kind and view, ascending. */
  readonly slots: readonly SignedSlot[];
};

/** Slots in one dump: years of them at the usual four an epoch, in less memory than one probe round. */
export const DUMP_SLOTS_MAX = 200_000;

export interface JournalOptions {
  /** keccak256 of the BLS public key, 32 bytes. */
  readonly watcher: Uint8Array;
  /** True when this key has signed before: a missing journal is then an error, not a fresh start. */
  readonly expectExisting?: boolean;
}

/**
 * Epochs below `floor` are refused; `count` entries are stored; in epochs below `closedBelow` only what is stored may be
 * signed again. Written in one batch with what it counts.
 */
type Head = { readonly floor: number; readonly count: number; readonly closedBelow: number };

/**
 * Reads every entry once, so a damaged one is found before anything is signed.
 * @throws PlumblineError `journal-missing`, `journal-foreign` or `journal-corrupt`
 */
export async function openJournal(store: Store, options: JournalOptions): Promise<Journal> {
  if (options.watcher.length !== WATCHER_BYTES) {
    throw new PlumblineError(
      'journal-entry',
      `the watcher is the ${WATCHER_BYTES}-byte hash of the BLS key, not ${options.watcher.length} bytes`,
    );
  }
  const marker = await store.get('journal', MARKER_KEY);
  if (marker) checkMarker(marker, options.watcher);
  else await createMarker(store, options);
  const head = decodeHead(await store.get('journal', HEAD_KEY));
  await checkEntries(store, head);
  return journalOver(store, head);
}

function journalOver(store: Store, opened: Head): Journal {
  let head = opened;
  let failed = false;
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const write = async (next: Head, operations: Parameters<Store['batch']>[0]): Promise<void> => {
    try {
      const headRow = { kind: 'put', bucket: 'journal', key: HEAD_KEY, value: encodeHead(next) } as const;
      await store.batch([...operations, headRow], { sync: true });
      head = next;
    } catch (error) {
      // Whether the bytes reached the disk is unknown now, and so is what memory may claim about them.
      failed = true;
      throw error;
    }
  };
  const checkAlive = (): void => {
    if (failed) {
      throw new PlumblineError(
        'journal-failed',
        'an earlier write to the signing journal failed, so its state is unknown; check the disk and restart',
      );
    }
  };
  const record = async (entry: JournalEntry, admit: () => void): Promise<'new' | 'same'> => {
    checkAlive();
    const slot = { kind: entry.kind, epoch: entry.epoch, view: entry.view };
    if (entry.epoch < head.floor) {
      throw new PlumblineError(
        'journal-pruned',
        `epoch ${entry.epoch} is below the journal's pruning mark ${head.floor}: what was signed there is forgotten, so nothing more is signed`,
        { ...slot, floor: head.floor },
      );
    }
    const key = entryKey(entry);
    const stored = await store.get('journal', key);
    if (stored) {
      requireSame(entry, decodeEntry(key, stored).digest);
      return 'same';
    }
    if (entry.epoch < head.closedBelow) {
      throw new PlumblineError(
        'journal-closed',
        `epoch ${entry.epoch} is below ${head.closedBelow}, to which an imported journal closed this one: only what it holds is signed again there`,
        { ...slot, closedBelow: head.closedBelow },
      );
    }
    admit();
    const row = { kind: 'put', bucket: 'journal', key, value: encodeEntry(entry) } as const;
    await write({ ...head, count: head.count + 1 }, [row]);
    return 'new';
  };
  const prune = async (belowEpoch: number): Promise<void> => {
    checkAlive();
    if (!Number.isSafeInteger(belowEpoch) || belowEpoch <= head.floor) return;
    // The mark goes up first: a crash in between leaves entries too many, never a slot that looks unsigned.
    await write({ ...head, floor: belowEpoch }, []);
    await forget(belowEpoch);
  };
  const forget = async (belowEpoch: number): Promise<void> => {
    for await (const page of pages(store, ENTRIES_START, epochKey(belowEpoch))) {
      const operations = page.map(([key]) => ({ kind: 'delete', bucket: 'journal', key }) as const);
      await write({ ...head, count: head.count - page.length }, operations);
    }
  };
  const find = async (slot: JournalSlot): Promise<Uint8Array | 'forgotten' | undefined> => {
    if (slot.epoch < head.floor) return 'forgotten';
    const key = entryKey(slot);
    const stored = await store.get('journal', key);
    return stored && decodeEntry(key, stored).digest;
  };
  const dump = async (): Promise<JournalDump> => {
    const { floor } = head;
    const slots: SignedSlot[] = [];
    for await (const page of pages(store, epochKey(floor), ENTRIES_END)) {
      for (const [key, value] of page) {
        const { kind, epoch, view, digest } = decodeEntry(key, value);
        slots.push({ kind, epoch, view, digest: digest.slice() });
      }
      if (slots.length > DUMP_SLOTS_MAX) {
        throw new PlumblineError(
          'journal-too-large',
          `the journal holds more than ${DUMP_SLOTS_MAX} slots; let the node run until reports land again, which prunes it`,
        );
      }
    }
    const last = slots.at(-1);
    return { floor, closedBelow: Math.max(floor, head.closedBelow, last ? last.epoch + 1 : 0), slots };
  };
  const merge = async (other: JournalDump): Promise<number> => {
    checkAlive();
    const floor = Math.max(head.floor, other.floor);
    const closedBelow = Math.max(head.closedBelow, other.closedBelow, floor);
    const rows: { kind: 'put'; bucket: 'journal'; key: Uint8Array; value: Uint8Array }[] = [];
    for (const slot of other.slots) {
      const key = entryKey(slot);
      const stored = await store.get('journal', key);
      if (stored) requireSame(slot, decodeEntry(key, stored).digest);
      else if (slot.epoch >= floor) {
        rows.push({ kind: 'put', bucket: 'journal', key, value: encodeEntry({ ...slot, payload: new Uint8Array() }) });
      }
    }
    await write({ floor, closedBelow, count: head.count + rows.length }, rows);
    await forget(floor);
    return rows.length;
  };
  return {
    isFresh: opened.count === 0 && opened.floor === 0 && opened.closedBelow === 0,
    record: async (entry, admit = () => {}) => {
      checkEntry(entry);
      // A copy: the caller may reuse its buffers while the call waits for its turn.
      const copy = { ...entry, digest: entry.digest.slice(), payload: entry.payload.slice() };
      return inTurn(() => record(copy, admit));
    },
    entries: (epoch) => inTurn(() => entriesBetween(store, epochKey(epoch), epochKey(epoch + 1))),
    prune: (belowEpoch) => inTurn(() => prune(belowEpoch)),
    find: (slot) => inTurn(() => find(slot)),
    dump: () => inTurn(dump),
    merge: async (other) => {
      for (const slot of other.slots) checkEntry({ ...slot, payload: new Uint8Array() });
      return inTurn(() => merge(other));
    },
  };
}

function requireSame({ kind, epoch, view, digest }: SignedSlot, signed: Uint8Array): void {
  if (equalBytes(digest, signed)) return;
  throw new PlumblineError(
    'journal-conflict',
    `${kind} of epoch ${epoch}, view ${view} was already signed over another digest; a second one would be slashed, so it is refused`,
    { kind, epoch, view, signed: toHex(signed), refused: toHex(digest) },
  );
}

async function createMarker(store: Store, options: JournalOptions): Promise<void> {
  if (options.expectExisting) {
    throw new PlumblineError(
      'journal-missing',
      'this key has signed before and its signing journal is not here; restore the data directory, or start with a new key',
      { watcher: toHex(options.watcher) },
    );
  }
  const rows = await store.range('journal', { limit: 1 });
  if (rows.length > 0) throw corrupt(MARKER_KEY, 'it has rows but no marker');
  const marker = seal(MARKER_KEY, concat(Uint8Array.of(JOURNAL_VERSION), options.watcher));
  await store.batch(
    [
      { kind: 'put', bucket: 'journal', key: MARKER_KEY, value: marker },
      { kind: 'put', bucket: 'journal', key: HEAD_KEY, value: encodeHead({ floor: 0, count: 0, closedBelow: 0 }) },
    ],
    { sync: true },
  );
}

function checkMarker(value: Uint8Array, watcher: Uint8Array): void {
  const body = unseal(MARKER_KEY, value);
  if (body.length !== 1 + WATCHER_BYTES) throw corrupt(MARKER_KEY, 'the marker has a wrong length');
  if (body[0] !== JOURNAL_VERSION) {
    throw corrupt(MARKER_KEY, `the marker names layout ${body[0]}, and this release knows ${JOURNAL_VERSION}`);
  }
  const owner = body.subarray(1);
  if (!equalBytes(owner, watcher)) {
    throw new PlumblineError(
      'journal-foreign',
      `this data directory holds the signing journal of watcher ${toHex(owner)}, not of ${toHex(watcher)}; give every key a directory of its own`,
      { owner: toHex(owner), watcher: toHex(watcher) },
    );
  }
}

/** Rows that the database lost (it drops a damaged part of its log in silence) show as a wrong count. */
async function checkEntries(store: Store, head: Head): Promise<void> {
  let count = 0;
  for await (const page of pages(store, ENTRIES_START, ENTRIES_END)) {
    for (const [key, value] of page) checkEntry(decodeEntry(key, value));
    count += page.length;
  }
  if (count !== head.count) throw corrupt(HEAD_KEY, `it counts ${head.count} entries and holds ${count}`);
}

async function entriesBetween(store: Store, gte: Uint8Array, lt: Uint8Array): Promise<JournalEntry[]> {
  const found: JournalEntry[] = [];
  for await (const page of pages(store, gte, lt)) found.push(...page.map(([key, value]) => decodeEntry(key, value)));
  return found;
}

async function* pages(store: Store, gte: Uint8Array, lt: Uint8Array): AsyncGenerator<[Uint8Array, Uint8Array][]> {
  let from = gte;
  for (;;) {
    const page = await store.range('journal', { gte: from, lt, limit: PAGE_ROWS });
    const lastKey = page.at(-1)?.[0];
    if (!lastKey) return;
    yield page;
    // The smallest key after the last one: the same bytes and a zero.
    from = concat(lastKey, Uint8Array.of(0));
  }
}

function encodeHead(head: Head): Uint8Array {
  return seal(HEAD_KEY, concat(bigEndian(head.floor, 8), bigEndian(head.count, 8), bigEndian(head.closedBelow, 8)));
}

function decodeHead(value: Uint8Array | undefined): Head {
  if (!value) throw corrupt(HEAD_KEY, 'the head is missing');
  const body = unseal(HEAD_KEY, value);
  // Heads of 16 bytes were written before there were imports.
  if (body.length !== 16 && body.length !== 24) throw corrupt(HEAD_KEY, 'the head has a wrong length');
  const [floor, count, closedBelow = 0] = [0, 8, 16]
    .filter((at) => at < body.length)
    .map((at) => Number(fromBigEndian(body.subarray(at, at + 8))));
  return { floor: floor!, count: count!, closedBelow };
}
