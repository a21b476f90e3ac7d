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
    check(value, 0xff);
    this.view.setUint8(this.at, value);
    this.at += 1;
  }

  u16(value: number): void {
    check(value, 0xffff);
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    check(value, 0xffffffff);
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** Each pair as u16 and u32: most of what is written is written here. */
  pairs(list: readonly number[]): void {
    for (let i = 0; i < list.length; i += 2) {
      const [first, second] = [list[i]!, list[i + 1]!];
      check(first, 0xffff);
      check(second, 0xffffffff);
      this.view.setUint16(this.at, first, true);
      this.view.setUint32(this.at + 2, second, true);
      this.at += 6;
    }
  }

  /** Up to 2^53 - 1. */
  u64(value: number): void {
    check(value, Number.MAX_SAFE_INTEGER);
    this.view.setUint32(this.at, value % 2 ** 32, true);
    this.view.setUint32(this.at + 4, Math.floor(value / 2 ** 32), true);
    this.at += 8;
  }

  u256(value: bigint): void {
    if (value < 0n || value >> 256n !== 0n) throw new RangeError(`${value} does not fit 32 bytes`);
    // setBigUint64 takes the low 64 bits.
    this.view.setBigUint64(this.at, value, true);
    this.view.setBigUint64(this.at + 8, value >> 64n, true);
    this.view.setBigUint64(this.at + 16, value >> 128n, true);
    this.view.setBigUint64(this.at + 24, value >> 192n, true);
    this.at += 32;
  }
}

function check(value: number, max: number): void {
  // NaN fails every comparison, and a fraction is not its own floor.
  if (value >= 0 && value <= max && Math.floor(value) === value) return;
  throw new RangeError(`${value} is not an integer from 0 to ${max}`);
}
