import type { Hex } from '../../protocol/bytes.ts';
import type { Rpc } from '../chain/client.ts';

/** Longest wait for one probe is the RPC's own; gas for it: the dearest asks for 412,000, and its input costs as calldata. */
export const PROBE_GAS_CAP = 3_000_000n;

/** What a call to a precompile came to, as a contract would see it. */
export type Answer = { readonly ok: boolean; readonly output: Hex };

const ADDRESS: Hex = '0x0000000000000000000000000000000000000000';
const word = (value: number, bytes: number) => value.toString(16).padStart(2 * bytes, '0');

/**
 * Runs creation code by eth_call, which answers what it returns. Undefined when the EVM refuses it: an opcode that it lacks.
 * Nothing is sent.
 */
export async function runCode({ client }: Rpc, code: Hex): Promise<Hex | undefined> {
  try {
    const { data } = await client.call({ account: ADDRESS, data: code, gas: PROBE_GAS_CAP });
    return data ?? '0x';
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** The EVM's own refusals, told from an RPC that does not answer. */
function isRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/Timeout|HttpRequest|WebSocket|SocketClosed|LimitExceeded/.test(cause.name)) return false;
    if (cause.name === 'RpcRequestError') return true;
  }
  return false;
}

/**
 * Calls a precompile from inside the EVM with so much gas and no more, as the contracts do: a precompile that is dearer here
 * than they are prepared for is of no use to them. Only opcodes that every EVM since Byzantium has.
 */
export async function callPrecompile(
  rpc: Rpc,
  address: number,
  gasCap: number,
  input: Hex,
): Promise<Answer | undefined> {
  const inputBytes = (input.length - 2) / 2;
  // codecopy(0, HEAD, n); ok = staticcall(gas, address, 0, n, 0, 0); returndatacopy(32, 0, size); mstore(0, ok);
  // return(0, 32 + size)
  const head =
    `61${word(inputBytes, 2)}61${word(HEAD_BYTES, 2)}600039` +
    `6000600061${word(inputBytes, 2)}600060${word(address, 1)}62${word(gasCap, 3)}fa` +
    '6000523d600060203e3d6020016000f3';
  const answer = await runCode(rpc, `0x${head}${input.slice(2)}`);
  if (answer === undefined || answer.length < 66) return undefined;
  return { ok: BigInt(answer.slice(0, 66)) === 1n, output: `0x${answer.slice(66)}` };
}

/** Bytes of the code before the input. */
const HEAD_BYTES = 41;
