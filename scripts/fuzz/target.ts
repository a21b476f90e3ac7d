import { equalBytes } from '../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import { mutateBytes } from './mutate.ts';
import type { Random } from './random.ts';
import { mutateValue } from './structure.ts';

/** What a run may use besides its inputs. */
export type Surroundings = {
  /** A folder of its own, for what reads files. */
  readonly scratch: string;
};

/** One decoder or validator under test. */
export type Target = {
  readonly name: string;
  /** Its state fills up soon: most of its sessions end after a few inputs. */
  readonly isShort?: boolean;
  /** Time that one input may take, when it is not INPUT_MICROS_MAX. */
  readonly microsMax?: number;
  /** A fresh state, for the inputs of one session. */
  open(surroundings: Surroundings): Session;
};

export type Session = {
  /** An input, from the draws alone: whatever inputs came before. */
  generate(random: Random): Uint8Array;
  /**
   * Gives it to the code under test. Resolves with whether it was accepted; anything thrown is a failure of that code.
   */
  run(bytes: Uint8Array): boolean | Promise<boolean>;
  /** Looks at the state after the last input; throws when it has outgrown its bounds. */
  close?(): void;
};

/** The code under test broke a promise. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export function claim(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violation(what);
}

export type Decoder<T> = {
  readonly name: string;
  /** Valid values; inputs are these, changed. */
  readonly values: readonly T[];
  /** As large as the format allows; used now and then. */
  readonly large?: readonly T[];
  encode(value: T): Uint8Array;
  /** Throws PlumblineError for what it does not accept. */
  decode(bytes: Uint8Array): unknown;
  /** Encodes what `decode` gave; `encode` unless told otherwise. */
  again?(decoded: unknown): Uint8Array;
  /** Whether an error is a refusal; only PlumblineErrors are unless told otherwise. */
  refuses?(error: unknown): boolean;
};

/** One in so many inputs is made from a large value: they cost a hundred times more. */
const LARGE_EVERY = 4_000;

/** Only PlumblineErrors, no change to the input, and whatever decodes encodes to the same bytes. */
export function decoderTarget<T>(decoder: Decoder<T>): Target {
  const refuses = decoder.refuses ?? ((error: unknown) => error instanceof PlumblineError);
  const again = decoder.again ?? ((decoded: unknown) => decoder.encode(decoded as T));
  const donors = { inputs: decoder.values.map((value) => decoder.encode(value)) };
  const generate = (random: Random): Uint8Array => {
    const pool = decoder.large && random.oneIn(LARGE_EVERY) ? decoder.large : decoder.values;
    const value = random.pick(pool);
    const bytes = random.oneIn(3) ? decoder.encode(value) : encodedNear(random, value, decoder.encode);
    return random.oneIn(2) ? mutateBytes(random, bytes, donors) : bytes;
  };
  const run = (bytes: Uint8Array): boolean => {
    const before = bytes.slice();
    let decoded: unknown;
    try {
      decoded = decoder.decode(bytes);
    } catch (error) {
      if (refuses(error)) return false;
      throw error;
    }
    claim(equalBytes(before, bytes), 'the decoder changed its input');
    let encoded: Uint8Array;
    try {
      encoded = again(decoded);
    } catch (error) {
      throw new Violation(`accepted what cannot be encoded: ${errorMessage(error)}`);
    }
    claim(equalBytes(encoded, bytes), 'accepted bytes that are not the canonical encoding of what they decode to');
    return true;
  };
  return { name: decoder.name, open: () => ({ generate, run }) };
}

/** A value changed in one to three fields, encoded; the value as it is when its format has no room for the change. */
export function encodedNear<T>(random: Random, value: T, encode: (value: T) => Uint8Array): Uint8Array {
  let changed = value;
  for (let left = 1 + random.below(3); left > 0; left--) changed = mutateValue(random, changed);
  try {
    return encode(changed);
  } catch {
    return encode(value);
  }
}
