import type { Random } from './random.ts';

/** Entries that a list may grow to; the bounds of the wire are met by the large inputs of a corpus. */
const LIST_MAX = 64;
const NUMBERS = [0, 1, 2, 0xff, 0xffff, 0x10000, 0xffffffff, 2 ** 40 - 1, 2 ** 40, Number.MAX_SAFE_INTEGER];
const BIGINTS = [0n, 1n, (1n << 255n) - 1n, 1n << 255n, (1n << 256n) - 1n];

export type Style = {
  /** Also values of another type, missing and unknown keys: for text that a person writes. */
  readonly loose?: boolean;
};

/** A copy of a plain value (numbers, bytes, lists, records, nested) with one field changed. */
export function mutateValue<T>(random: Random, value: T, style: Style = {}): T {
  return changed(random, value, style) as T;
}

function changed(random: Random, value: unknown, style: Style): unknown {
  if (style.loose && random.oneIn(10)) return random.pick<unknown>([null, 0, -1, 1.5, 'x', '', true, [], {}, 'NaN']);
  if (typeof value === 'number') return numberNear(random, value);
  if (typeof value === 'bigint')
    return random.oneIn(2) ? random.pick(BIGINTS) : value ^ (1n << BigInt(random.below(256)));
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return textNear(random, value);
  if (value instanceof Uint8Array) return bytesNear(random, value);
  if (Array.isArray(value)) return listNear(random, value, style);
  if (value !== null && typeof value === 'object') return recordNear(random, value as Record<string, unknown>, style);
  return value;
}

function numberNear(random: Random, value: number): number {
  if (random.oneIn(2)) return Math.max(0, value + random.below(5) - 2);
  return random.oneIn(4) ? random.below(0x10000) : random.pick(NUMBERS);
}

function textNear(random: Random, value: string): string {
  const at = random.below(value.length + 1);
  const piece = random.pick(['', '0', '-1', 'e', ' ', '\n', '\0', '.', '/', ':', 'é', '\ud800', value.slice(at)]);
  return value.slice(0, at) + piece + value.slice(at + random.below(3));
}

/** Mostly of the same length: fields of the wire have a fixed one. */
function bytesNear(random: Random, value: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(value);
  if (random.oneIn(16)) return bytes.slice(0, random.below(bytes.length + 1));
  if (random.oneIn(8)) return bytes.fill(random.oneIn(2) ? 0 : 0xff);
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}

function listNear(random: Random, list: readonly unknown[], style: Style): unknown[] {
  const at = random.below(list.length + 1);
  const one = list[at];
  if (list.length > 0 && !random.oneIn(3)) {
    const index = Math.min(at, list.length - 1);
    return list.with(index, changed(random, list[index], style));
  }
  if (one === undefined) return list.slice(0, Math.max(0, list.length - 1));
  switch (random.below(5)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(at, 0, one);
    case 2:
      return list.toSpliced(random.below(list.length), 0, changed(random, one, style));
    case 3: {
      const other = random.below(list.length);
      return list.with(at, list[other]).with(other, one);
    }
    default:
      return [...list, ...Array.from({ length: random.below(LIST_MAX) }, () => one)];
  }
}

function recordNear(random: Random, record: Record<string, unknown>, style: Style): Record<string, unknown> {
  const names = Object.keys(record);
  if (names.length === 0) return record;
  const name = random.pick(names);
  if (style.loose && random.oneIn(8)) {
    const { [name]: moved, ...rest } = record;
    return random.oneIn(2)
      ? rest
      : { ...rest, [`${name}${random.pick(['s', ' ', '\n', ''])}`]: moved, ['__proto__']: 1 };
  }
  const other = random.pick(names);
  if (random.oneIn(16) && typeof record[other] === typeof record[name]) {
    return { ...record, [name]: record[other], [other]: record[name] };
  }
  return { ...record, [name]: changed(random, record[name], style) };
}
