import { type Abi, decodeErrorResult } from 'viem';
import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import { CONTRACT_ERRORS, type ContractErrorName } from './contract-errors.ts';
import { REASON_TEXTS } from './reason-texts.ts';
import { argumentsInWords } from './words.ts';

/**
 * Why a contract refused: the name of its error, or
 * - `Error`, `Panic`: Solidity's own (a `require` of a token, an overflow);
 * - `none`: it gave no reason;
 * - `unknown`: an error that no contract of this release has; `data` holds it.
 */
export type RefusalReason = ContractErrorName | 'Error' | 'Panic' | 'none' | 'unknown';

/** A contract said no. `code` is `refused`; branch on `reason`. */
export class Refusal extends PlumblineError {
  readonly reason: RefusalReason;
  /** By the names that the error's parameters have in the contract. */
  readonly args: Readonly<Record<string, unknown>>;
  /** What the contract reverted with. */
  readonly data: Hex;

  constructor(what: string, decoded: Decoded, data: Hex, cause?: unknown) {
    const { reason, args, text } = decoded;
    super('refused', `${what} was refused: ${text}`, { reason, args, data }, cause);
    this.reason = reason;
    this.args = args;
    this.data = data;
  }
}

type Decoded = {
  readonly reason: RefusalReason;
  readonly args: Readonly<Record<string, unknown>>;
  readonly text: string;
};

/**
 * The named reason in what a contract reverted with. Never throws.
 * @param what is refused, for the message: `settle`
 * @param data of the revert; also the `reason` of the event SettlementRefused
 */
export function decodeRefusal(what: string, data: Hex, cause?: unknown): Refusal {
  return new Refusal(what, decode(data), data, cause);
}

function decode(data: Hex): Decoded {
  if (data === '0x') {
    const text = 'none: no reason was given; out of gas, or a contract that is not of this release';
    return { reason: 'none', args: {}, text };
  }
  try {
    const { errorName, args = [], abiItem } = decodeErrorResult({ abi: CONTRACT_ERRORS as Abi, data });
    const inputs = 'inputs' in abiItem ? abiItem.inputs : [];
    const named = Object.fromEntries((args as readonly unknown[]).map((arg, i) => [inputs[i]?.name || `${i}`, arg]));
    return { reason: errorName as RefusalReason, args: named, text: sentence(errorName, named) };
  } catch {
    const text = `unknown: an error that no contract of this release has, ${data.slice(0, 10)}; its data is ${data}`;
    return { reason: 'unknown', args: {}, text };
  }
}

function sentence(errorName: string, args: Readonly<Record<string, unknown>>): string {
  const known = Object.hasOwn(REASON_TEXTS, errorName) ? REASON_TEXTS[errorName as ContractErrorName] : undefined;
  const words = argumentsInWords(errorName, args);
  const text = known ?? (errorName === 'Panic' ? 'a contract failed an assertion' : 'a contract said');
  return words === '' ? `${errorName}: ${text}` : `${errorName}: ${text}; ${words}`;
}
