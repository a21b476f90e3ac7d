import { BaseError, ContractFunctionRevertedError, ContractFunctionZeroDataError } from 'viem';
import { errorMessage, PlumblineError } from '../protocol/error.ts';
import { decodeRefusal } from './refusal.ts';

/**
 * Whatever was thrown, as an error with a code: a Refusal where a contract reverted, `no-contract` where there is none,
 * `field` for a value that does not fit its type, `rpc` for what else viem says, `unexpected` for the rest. viem's long message is
 * left to the cause, because it may show the RPC's URL with its key.
 * @param what was tried, for the message
 */
export function failureOf(what: string, error: unknown): PlumblineError {
  if (error instanceof PlumblineError) return error;
  if (!(error instanceof BaseError))
    return new PlumblineError('unexpected', `${what}: ${errorMessage(error)}`, {}, error);
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (reverted instanceof ContractFunctionRevertedError) return decodeRefusal(what, reverted.raw ?? '0x', error);
  if (error.walk((cause) => cause instanceof ContractFunctionZeroDataError)) {
    const remedy = 'compare the deployment file and the chain that the client talks to';
    return new PlumblineError('no-contract', `${what}: no such contract at this address; ${remedy}`, {}, error);
  }
  const text = `${what}: ${error.shortMessage.split('\n')[0]}`;
  if (error.walk(isEncoding)) return new PlumblineError('field', text, {}, error);
  return new PlumblineError('rpc', text, {}, error);
}

/** A value that does not fit its type in the contract: nothing was asked. */
function isEncoding(cause: unknown): boolean {
  const names =
    /^(AbiEncoding|InvalidAbiEncoding|InvalidAddress|InvalidArray|IntegerOutOfRange|SizeExceeds|SizeOverflow)/;
  return cause instanceof Error && names.test(cause.name);
}

/** Runs a call and throws what failureOf makes of an error. */
export async function orFailure<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw failureOf(what, error);
  }
}
