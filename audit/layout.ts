import { fromBigEndian } from '../protocol/bytes.ts';
import { LEAF_BYTES } from '../protocol/record.ts';

/** A run of bytes of a record file: `start` included, `end` not. */
export type Region = {
  readonly name: string;
  readonly seat?: number;
  readonly start: number;
  readonly end: number;
};

/** What the offsets of a file should say and do not. */
export type BrokenLayout = { readonly region: string; readonly offset: number; readonly seat?: number };

type Fields = readonly (readonly [name: string, bytes: number])[];

// SSZ: fixed fields in order, four bytes of little-endian offset in the place of each variable one.
const HEAD: Fields = [
  ['header.protocolVersion', 2],
  ['header.epoch', 8],
  ['header.setId', 4],
  ['header.parametersId', 32],
  ['header.previous', 32],
  ['header.resultsRoot', 32],
  ['header.batchesRoot', 32],
  ['header.countedLow', 32],
  ['header.countedHigh', 32],
  ['header.accumulatorRoot', 32],
  ['header.historyRoot', 32],
  ['header.anchorNumber', 8],
  ['header.anchorHash', 32],
  ['view', 4],
  ['signersLow', 32],
  ['signersHigh', 32],
  ['offset of the observations', 4],
  ['offset of the reveals', 4],
  ['offset of the leaves', 4],
];
const OBSERVATION: Fields = [
  ['seat number', 2],
  ['watcher', 32],
  ['batch hash', 32],
  ['commitment', 32],
];
const REVEAL: Fields = [
  ['commit epoch', 8],
  ['commit watcher', 32],
  ['commitment', 32],
  ['commit signature', 48],
  ['salt', 32],
  ['offset of the batch', 4],
];
const BATCH: Fields = [
  ['batch protocolVersion', 2],
  ['batch chainId', 8],
  ['batch oracle', 20],
  ['batch epoch', 8],
  ['batch setId', 4],
  ['batch parametersId', 32],
  ['batch watcher', 32],
  ['batch vrfProof', 48],
  ['batch clockErrorMicros', 4],
  ['batch stallMaxMicros', 4],
  ['batch stallTotalMicros', 4],
  ['batch selfTestP99Micros', 4],
  ['batch controlsGood', 2],
  ['batch controlsBad', 2],
  ['offset of the samples', 4],
];
const SAMPLE_BYTES = 98;
const OFFSET_BYTES = 4;

const sizeOf = (fields: Fields): number => fields.reduce((sum, [, bytes]) => sum + bytes, 0);
const HEAD_BYTES = sizeOf(HEAD);
const OBSERVATION_BYTES = sizeOf(OBSERVATION);
const OFFSETS_AT = HEAD_BYTES - 3 * OFFSET_BYTES;

type Offsets = { readonly observations: number; readonly reveals: number; readonly leaves: number };

/**
 * Compares the offsets of a record with what they must be for these seats.
 * @param seats that the report on chain counts, ascending
 */
export function layoutFault(bytes: Uint8Array, seats: readonly number[]): BrokenLayout | undefined {
  if (bytes.length < HEAD_BYTES) return { region: 'the file ends inside its head', offset: bytes.length };
  const { observations, reveals, leaves } = offsetsOf(bytes);
  if (observations !== HEAD_BYTES) return { region: 'offset of the observations', offset: OFFSETS_AT };
  if (reveals !== HEAD_BYTES + seats.length * OBSERVATION_BYTES) {
    return { region: 'offset of the reveals', offset: OFFSETS_AT + OFFSET_BYTES };
  }
  const table = seats.length * OFFSET_BYTES;
  if (leaves < reveals + table || leaves > bytes.length || (bytes.length - leaves) % LEAF_BYTES !== 0) {
    return { region: 'offset of the leaves, or the length of the file', offset: OFFSETS_AT + 2 * OFFSET_BYTES };
  }
  let from = table;
  for (const [i, seat] of seats.entries()) {
    const at = reveals + i * OFFSET_BYTES;
    const entry = littleEndian(bytes, at);
    if ((i === 0 && entry !== table) || entry < from || entry > leaves - reveals) {
      return { region: 'offset of a reveal', offset: at, seat };
    }
    from = entry;
  }
  return undefined;
}

/** The region of a byte in a record whose layout is whole. */
export function regionAt(bytes: Uint8Array, seats: readonly number[], offset: number): Region {
  const { observations, reveals, leaves } = offsetsOf(bytes);
  if (offset < observations) return within(HEAD, 0, offset, '');
  if (offset < reveals) {
    const index = Math.floor((offset - observations) / OBSERVATION_BYTES);
    return within(OBSERVATION, observations + index * OBSERVATION_BYTES, offset, 'observation: ', seats[index]);
  }
  const table = reveals + seats.length * OFFSET_BYTES;
  if (offset < table) {
    const index = Math.floor((offset - reveals) / OFFSET_BYTES);
    const start = reveals + index * OFFSET_BYTES;
    return named('offset of a reveal', start, start + OFFSET_BYTES, seats[index]);
  }
  if (offset < leaves) {
    const index = seats.findLastIndex((_, i) => reveals + littleEndian(bytes, reveals + i * OFFSET_BYTES) <= offset);
    return revealRegion(reveals + littleEndian(bytes, reveals + index * OFFSET_BYTES), offset, seats[index]);
  }
  const leaf = Math.floor((offset - leaves) / LEAF_BYTES);
  return named(`leaf ${leaf}`, leaves + leaf * LEAF_BYTES, leaves + (leaf + 1) * LEAF_BYTES);
}

/** First byte at which a damaged record departs from a sound one; the shorter's length when it is only cut off. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? undefined : common;
}

function revealRegion(start: number, offset: number, seat: number | undefined): Region {
  const batch = start + sizeOf(REVEAL);
  if (offset < batch) return within(REVEAL, start, offset, 'reveal: ', seat);
  const samples = batch + sizeOf(BATCH);
  if (offset < samples) return within(BATCH, batch, offset, 'reveal: ', seat);
  const index = Math.floor((offset - samples) / SAMPLE_BYTES);
  const from = samples + index * SAMPLE_BYTES;
  return named(`reveal: batch sample ${index}`, from, from + SAMPLE_BYTES, seat);
}

function within(fields: Fields, from: number, offset: number, prefix: string, seat?: number): Region {
  let start = from;
  for (const [name, bytes] of fields) {
    if (offset < start + bytes) return named(prefix + name, start, start + bytes, seat);
    start += bytes;
  }
  return named(`${prefix}end`, start, start, seat);
}

function named(name: string, start: number, end: number, seat?: number): Region {
  return { name, start, end, ...(seat === undefined ? {} : { seat }) };
}

function offsetsOf(bytes: Uint8Array): Offsets {
  const at = (i: number) => littleEndian(bytes, OFFSETS_AT + i * OFFSET_BYTES);
  return { observations: at(0), reveals: at(1), leaves: at(2) };
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return Number(fromBigEndian(bytes.slice(at, at + OFFSET_BYTES).reverse()));
}
