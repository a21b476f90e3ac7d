import { equalBytes } from './bytes.ts';
import { errorMessage, PlumblineError } from './error.ts';

/** What the codec needs of an SSZ type; every wire and store artefact is one. */
export type Codec<T> = {
  serialize(value: T): Uint8Array;
  deserialize(bytes: Uint8Array): T;
};

/**
 * Decodes exactly one canonical value. The length is checked before any allocation, and the value is encoded
 * again and compared: two encodings of one value would give two hashes to one artefact.
 * @throws PlumblineError `decode` naming the artefact and the bound.
 */
export function decodeExact<T>(name: string, type: Codec<T>, bytes: Uint8Array, bytesMax: number): T {
  if (bytes.length > bytesMax) {
    throw new PlumblineError('decode', `${name}: ${bytes.length} bytes, at most ${bytesMax} are allowed`);
  }
  let value: T;
  let again: Uint8Array;
  try {
    value = type.deserialize(bytes);
    again = type.serialize(value);
  } catch (error) {
    throw new PlumblineError('decode', `${name}: not a valid encoding (${errorMessage(error)})`, {}, error);
  }
  if (!equalBytes(again, bytes)) throw new PlumblineError('decode', `${name}: not the canonical encoding`);
  return value;
}
