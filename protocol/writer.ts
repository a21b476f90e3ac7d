/**
 * Writes fixed fields as SSZ lays them out, little-endian, into a buffer that is used again and again: leaves are hashed by
 * the ten thousand and live only until then. As uint.ts, it refuses what does not fit instead of wrapping it.
 */
export class Writer {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytesMax: number) {
    this.bytes = new Uint8Array(bytesMax);
    this.view = new DataView(this.bytes.buffer);
  }

  /** What was written since the last restart; valid until the next one. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  restart(): void {
    this.at = 0;
  }

  /** @throws RangeError unless there are `length` bytes */
  raw(bytes: Uint8Array, length: number): void {
    if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes where ${length} belong`);
    this.bytes.set(bytes, this.at);
    this.at += length;
  }

  u8(value: number): void {
    if ((value & 0xff) !== value) refuse(value, 0xff);
    this.view.setUint8(this.at, value);
    this.at += 1;
  }

  u16(value: number): void {
    if ((value & 0xffff) !== value) refuse(value, 0xffff);
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    if (value >>> 0 !== value) refuse(value, 0xffffffff);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** Each pair as u16 and u32: most of what is written is written here. */
  pairs(list: readonly number[]): void {
    for (let i = 0; i < list.length; i += 2) {
      const first = list[i]!;
      const second = list[i + 1]!;
      if ((first & 0xffff) !== first) refuse(first, 0xffff);
      if (second >>> 0 !== second) refuse(second, 0xffffffff);
      this.view.setUint16(this.at, first, true);
      this.view.setUint32(this.at + 2, second, true);
      this.at += 6;
    }
  }

  /** Up to 2^53 - 1. */
  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) refuse(value, Number.MAX_SAFE_INTEGER);
    this.view.setUint32(this.at, value % 2 ** 32, true);
    this.view.setUint32(this.at + 4, Math.floor(value / 2 ** 32), true);
    this.at += 8;
  }

  u256(value: bigint): void {
    if (value < 0n) throw new RangeError(`${value} does not fit 32 bytes`);
    // setBigUint64 takes the low 64 bits. Of a stake, however long it is added up, the upper half is zero.
    const above = value >> 64n;
    this.view.setBigUint64(this.at, value, true);
    this.view.setBigUint64(this.at + 8, above, true);
    const upper = above <= U64_MAX ? 0n : above >> 64n;
    if (upper >> 128n !== 0n) throw new RangeError(`${value} does not fit 32 bytes`);
    this.view.setBigUint64(this.at + 16, upper, true);
    this.view.setBigUint64(this.at + 24, upper === 0n ? 0n : upper >> 64n, true);
    this.at += 32;
  }
}

const U64_MAX = 2n ** 64n - 1n;

/** The checks before this are made of whole-number operations, which give back the same number only if it fits. */
function refuse(value: number, max: number): never {
  throw new RangeError(`${value} is not an integer from 0 to ${max}`);
}
