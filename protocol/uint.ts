import { UintBigintType, UintNumberType } from '@chainsafe/ssz';

/**
 * SSZ's own integers wrap, truncate and round without a word: -1 becomes the largest number, 1.5 becomes 1, and of eight
 * bytes only 53 bits survive. Two values with one encoding are two reports with one hash, so these refuse instead.
 */
class StrictUint extends UintNumberType {
  override value_serializeToBytes(
    ...[output, offset, value]: Parameters<UintNumberType['value_serializeToBytes']>
  ): number {
    if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * this.byteLength)) {
      throw new RangeError(`${value} is not an integer that ${this.byteLength} bytes hold exactly`);
    }
    return super.value_serializeToBytes(output, offset, value);
  }

  override value_deserializeFromBytes(...args: Parameters<UintNumberType['value_deserializeFromBytes']>): number {
    const value = super.value_deserializeFromBytes(...args);
    if (!Number.isSafeInteger(value))
      throw new RangeError(`${value} is beyond the integers that a number holds exactly`);
    return value;
  }
}

class StrictBigint extends UintBigintType {
  override value_serializeToBytes(
    ...[output, offset, value]: Parameters<UintBigintType['value_serializeToBytes']>
  ): number {
    if (value < 0n || value >> BigInt(8 * this.byteLength) !== 0n) {
      throw new RangeError(`${value} does not fit ${this.byteLength} bytes`);
    }
    return super.value_serializeToBytes(output, offset, value);
  }
}

/** Little-endian unsigned integers. Encoding throws RangeError for what does not fit; U64 holds 0 .. 2^53 − 1. */
export const U8: UintNumberType = new StrictUint(1);
export const U16: UintNumberType = new StrictUint(2);
export const U32: UintNumberType = new StrictUint(4);
export const U64: UintNumberType = new StrictUint(8);
export const U256: UintBigintType = new StrictBigint(32);
