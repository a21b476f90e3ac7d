import { createHash } from 'node:crypto';
import { bigEndian, concat, equalBytes, fromBigEndian } from '../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';

/** Key bytes of the kinds. A retired number stays. */
const KIND = { commit: 0, proposal: 1, attestation: 2, refusal: 3 } as const;
export type JournalKind = keyof typeof KIND;
const KIND_NAMES = Object.keys(KIND) as JournalKind[];

/** A commit's payload is its batch (at most 1 MiB) with salt and envelope; nothing else comes near. */
export const PAYLOAD_BYTES_MAX = 2 * 1024 * 1024;
export const VIEW_MAX = 2 ** 32 - 1;
export const DIGEST_BYTES = 32;
/** Enough to tell a damaged value from a sound one; it is no defence against an attacker, who owns the disk anyway. */
const CHECKSUM_BYTES = 8;

/** One signed (or about to be signed) slot. (kind, epoch, view) is the slot: it is signed over one digest, ever. */
export interface JournalEntry {
  readonly kind: JournalKind;
  /** A whole number, 0 to Number.MAX_SAFE_INTEGER. */
  readonly epoch: number;
  /** Unsigned 32-bit; 0 for commits, which have no view. */
  readonly view: number;
  /** The 32-byte EIP-712 digest that the signature covers. */
  readonly digest: Uint8Array;
  /** What is needed to send it again after a restart (for a commit: batch and salt). At most PAYLOAD_BYTES_MAX. */
  readonly payload: Uint8Array;
}

export type JournalSlot = Pick<JournalEntry, 'kind' | 'epoch' | 'view'>;

/** The keys of the journal bucket: one marker, one head, and one row per slot, ordered by epoch. */
export const MARKER_KEY = Uint8Array.of(0);
export const HEAD_KEY = Uint8Array.of(1);
const ENTRY_TAG = 2;
const ENTRY_KEY_BYTES = 1 + 8 + 1 + 4;

export function entryKey({ kind, epoch, view }: JournalSlot): Uint8Array {
  return concat(epochKey(epoch), Uint8Array.of(KIND[kind]), bigEndian(view, 4));
}

/** Sorts before every entry of the epoch and after every entry of the epochs before it. */
export function epochKey(epoch: number): Uint8Array {
  return concat(Uint8Array.of(ENTRY_TAG), bigEndian(epoch, 8));
}

export const ENTRIES_START = Uint8Array.of(ENTRY_TAG);
export const ENTRIES_END = Uint8Array.of(ENTRY_TAG + 1);

/** @throws PlumblineError `journal-entry` naming the field that is out of bounds */
export function checkEntry(entry: JournalEntry): void {
  const fail = (what: string): never => {
    throw new PlumblineError('journal-entry', `cannot journal this: ${what}`, { kind: entry.kind, epoch: entry.epoch });
  };
  if (!Object.hasOwn(KIND, entry.kind)) fail(`kind ${entry.kind} is not one of ${KIND_NAMES.join(', ')}`);
  if (!Number.isSafeInteger(entry.epoch) || entry.epoch < 0) fail(`epoch ${entry.epoch} is not a whole number from 0`);
  if (!Number.isInteger(entry.view) || entry.view < 0 || entry.view > VIEW_MAX) {
    fail(`view ${entry.view} is not a whole number from 0 to ${VIEW_MAX}`);
  }
  if (entry.kind === 'commit' && entry.view !== 0) fail(`a commit has no view, so it must be 0 and not ${entry.view}`);
  if (entry.digest.length !== DIGEST_BYTES) fail(`the digest has ${entry.digest.length} bytes and not ${DIGEST_BYTES}`);
  if (entry.payload.length > PAYLOAD_BYTES_MAX) {
    fail(`the payload has ${entry.payload.length} bytes, at most ${PAYLOAD_BYTES_MAX} are allowed`);
  }
}

/** digest ‖ payload ‖ checksum over key and both, so that a value under the wrong key does not decode either. */
export function encodeEntry(entry: JournalEntry): Uint8Array {
  return seal(entryKey(entry), concat(entry.digest, entry.payload));
}

/** @throws PlumblineError `journal-corrupt` */
export function decodeEntry(key: Uint8Array, value: Uint8Array): JournalEntry {
  const kind = KIND_NAMES[key[9] ?? KIND_NAMES.length];
  const body = unseal(key, value);
  if (key.length !== ENTRY_KEY_BYTES || key[0] !== ENTRY_TAG || !kind || body.length < DIGEST_BYTES) throw corrupt(key);
  const entry: JournalEntry = {
    kind,
    epoch: Number(fromBigEndian(key.subarray(1, 9))),
    view: Number(fromBigEndian(key.subarray(10, 14))),
    digest: body.subarray(0, DIGEST_BYTES),
    payload: body.subarray(DIGEST_BYTES),
  };
  // An entry that could not have been written was not: an epoch beyond exact integers would pass for another epoch.
  try {
    checkEntry(entry);
  } catch (error) {
    throw corrupt(key, errorMessage(error));
  }
  return entry;
}

export function seal(key: Uint8Array, body: Uint8Array): Uint8Array {
  return concat(body, checksum(key, body));
}

/** @throws PlumblineError `journal-corrupt` */
export function unseal(key: Uint8Array, value: Uint8Array): Uint8Array {
  const split = value.length - CHECKSUM_BYTES;
  if (split < 0) throw corrupt(key);
  const body = value.subarray(0, split);
  if (!equalBytes(checksum(key, body), value.subarray(split))) throw corrupt(key);
  return body;
}

export function corrupt(key: Uint8Array, what = 'a row does not decode'): PlumblineError {
  return new PlumblineError(
    'journal-corrupt',
    `the signing journal is damaged: ${what}; do not sign with this key until a sound copy is back, or retire the key`,
    { key: Buffer.from(key).toString('hex') },
  );
}

function checksum(key: Uint8Array, body: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(bigEndian(key.length, 2))
    .update(key)
    .update(body)
    .digest()
    .subarray(0, CHECKSUM_BYTES);
}
