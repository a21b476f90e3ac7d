import { bigEndian, keccak } from './bytes.ts';

/** One field of an EIP-712 type, in the order in which it is hashed. */
export type TypedField = { readonly name: string; readonly type: string };

/** keccak256 of `Name(type field,…)`. */
export function typeHash(name: string, fields: readonly TypedField[]): Uint8Array {
  return keccak(new TextEncoder().encode(`${name}(${fields.map((field) => `${field.type} ${field.name}`).join(',')})`));
}

/**
 * A number as the 32-byte word that is hashed.
 * @param bytes of its type: 8 for uint64
 * @throws RangeError when it does not fit them
 */
export function word(value: number | bigint, bytes: number): Uint8Array {
  const padded = new Uint8Array(32);
  padded.set(bigEndian(value, bytes), 32 - bytes);
  return padded;
}

/** @throws RangeError unless it has 32 bytes */
export function bytes32(value: Uint8Array): Uint8Array {
  if (value.length !== 32) throw new RangeError(`a bytes32 has 32 bytes, not ${value.length}`);
  return value;
}
