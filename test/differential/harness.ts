import { type Abi, decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem';
import { startAnvil } from '../../platform/chain/anvil.ts';
import { connectRpc, walletOf } from '../../platform/chain/client.ts';
import type { Hex } from '../../protocol/bytes.ts';
import { compileSources } from '../../scripts/compile.ts';
import { account } from '../../scripts/devnet/accounts.ts';

/** A refused precompile burns half a million; a batch of them is more than a block of a real chain holds. */
const GAS_MAX = 30_000_000_000n;

/** One question to a harness contract. */
export type Call = { readonly name: string; readonly args: readonly unknown[] };
/** What it returned, or the error that it reverted with, as `Name(arguments)`. */
export type Reply = { readonly value: unknown } | { readonly error: string };

export type Harness = {
  /** Answers all of them in one eth_call. */
  ask(calls: readonly Call[]): Promise<Reply[]>;
  stop(): Promise<void>;
};

/** A contract of contracts/test/harness, compiled as the deployed ones are, on a chain of its own. */
export async function startHarness(name: string): Promise<Harness> {
  const { [name]: compiled } = await compileSources({ [name]: `test/harness/${name}.sol` });
  const { abi, bytecode } = compiled!;
  const anvil = await startAnvil({ chainId: 31_337, args: ['--gas-limit', `${GAS_MAX}`] });
  const rpc = await connectRpc(anvil.url);
  const hash = await walletOf(rpc, account(0).privateKey).deployContract({ abi, bytecode, args: [] });
  const { contractAddress } = await rpc.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });

  const ask = async (calls: readonly Call[]): Promise<Reply[]> => {
    const list = calls.map((call) => encodeFunctionData({ abi, functionName: call.name, args: call.args }));
    const data = encodeFunctionData({ abi, functionName: 'batch', args: [list] });
    const answer = await rpc.client.call({ to: contractAddress!, data, gas: GAS_MAX });
    const answers = decodeFunctionResult({ abi, functionName: 'batch', data: answer.data! }) as readonly Answer[];
    return answers.map((one, i) => replyOf(abi, calls[i]!.name, one));
  };
  return { ask, stop: () => anvil.stop() };
}

type Answer = { readonly ok: boolean; readonly data: Hex };

function replyOf(abi: Abi, functionName: string, { ok, data }: Answer): Reply {
  if (ok) return { value: decodeFunctionResult({ abi, functionName, data }) };
  if (data === '0x') return { error: 'no reason' };
  const { errorName, args } = decodeErrorResult({ abi, data });
  return { error: `${errorName}(${(args ?? []).join(',')})` };
}
