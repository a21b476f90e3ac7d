import { decodeErrorResult, type EstimateGasParameters } from 'viem';
import type { Hex } from '../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import type { Rpc } from '../chain/client.ts';
import type { Artifacts } from './plan.ts';
import type { Creation } from './transactions.ts';

/** `simulated`: run after those before it. `bound`: computed from its size, because the RPC cannot do that. */
export type Estimate = { readonly gas: bigint; readonly how: 'simulated' | 'bound' };

/** Gas of any transaction, of a byte of calldata (EIP-7623's floor), of a byte of code that stays, and of a creation. */
const [BASE_GAS, CALLDATA_BYTE_GAS, CODE_BYTE_GAS, CREATION_GAS] = [21_000n, 40n, 200n, 96_000n];
/** Room for a constructor: the dearest, the oracle's, writes its parameters as code. */
const CONSTRUCTOR_GAS = 500_000n;

/** Creates what it is given and hands the constructor's revert on, which the factory's own way of creating does not. */
const CREATE_AND_TELL: Hex = '0x365f5f37365f5ff03d5f5f3e3d5ffd';

type SimulatedCall = { status: Hex; gasUsed: Hex; returnData: Hex; error?: { message?: string; data?: Hex } };

/**
 * Runs the transactions one after the other on the newest block by eth_simulateV1, each in a block of its own. An RPC without
 * that method gets an eth_estimateGas of the first, and bounds of the others.
 * @throws PlumblineError `deploy` naming the contract that cannot be created, and its constructor's own reason;
 * `deploy-gas-limit` when a block has too little for it
 */
export async function simulate(
  rpc: Rpc,
  artifacts: Artifacts,
  from: Hex,
  transactions: readonly Creation[],
): Promise<readonly Estimate[]> {
  if (transactions.length === 0) return [];
  const blocks = transactions.map(({ to, data }) => ({ calls: [{ from, ...(to && { to }), input: data }] }));
  const calls = await simulateBlocks(rpc, blocks);
  if (calls === undefined) return estimateEach(rpc, from, transactions);
  const failed = calls.findIndex(({ status }) => BigInt(status) !== 1n);
  if (failed < 0) return calls.map(({ gasUsed }) => ({ gas: BigInt(gasUsed), how: 'simulated' }));
  const { name, address, creationCode, creator } = transactions[failed]!;
  await requireGasLeft(rpc, name, BigInt(calls[failed]!.gasUsed));
  // In the creator's place, so that the constructor sees the address that it will have.
  const teller = { [creator]: { code: CREATE_AND_TELL, nonce: '0x1' } };
  const told = await simulateBlocks(rpc, [
    ...blocks.slice(0, failed),
    { stateOverrides: teller, calls: [{ from, to: creator, input: creationCode }] },
  ]);
  throw cannot(name, reasonOf(artifacts, told?.at(-1) ?? calls[failed]!), address);
}

/** What ran out of gas had a whole block's, of which each call inside keeps back 1/64. A constructor that refuses used little. */
async function requireGasLeft({ client, chainId }: Rpc, name: string, gasUsed: bigint): Promise<void> {
  const { gasLimit } = await client.getBlock();
  if (gasUsed * 20n < gasLimit * 19n) return;
  throw new PlumblineError(
    'deploy-gas-limit',
    `${name} needs more gas than the ${gasLimit} of a block of chain ${chainId}: choose another chain`,
    { name, gasLimit: gasLimit.toString() },
  );
}

async function simulateBlocks(rpc: Rpc, blocks: readonly object[]): Promise<SimulatedCall[] | undefined> {
  const params = [{ blockStateCalls: blocks }, 'latest'];
  const request = { method: 'eth_simulateV1', params } as unknown as Parameters<typeof rpc.client.request>[0];
  try {
    const answer = (await rpc.client.request(request, { retryCount: 0 })) as unknown as { calls: SimulatedCall[] }[];
    return answer.map(({ calls }) => calls[0]!);
  } catch {
    // Not there, or not for creations or so many bytes: the estimates tell what an RPC that answers at all can tell.
    return undefined;
  }
}

async function estimateEach(rpc: Rpc, from: Hex, transactions: readonly Creation[]): Promise<Estimate[]> {
  const [first, ...others] = transactions;
  return [
    { gas: await estimate(rpc, from, first!), how: 'simulated' },
    ...others.map(({ data, creationCode }): Estimate => {
      const bytes = (code: Hex) => BigInt((code.length - 2) / 2);
      const gas =
        BASE_GAS +
        CREATION_GAS +
        CONSTRUCTOR_GAS +
        bytes(data) * CALLDATA_BYTE_GAS +
        bytes(creationCode) * CODE_BYTE_GAS;
      return { gas, how: 'bound' };
    }),
  ];
}

/** Gas limit for one transaction whose predecessors are on the chain. @throws PlumblineError `deploy` when it would revert, `deploy-balance` */
export async function estimate(rpc: Rpc, from: Hex, { name, address, to, data }: Creation): Promise<bigint> {
  try {
    return await rpc.client.estimateGas({ account: from, to, data } as EstimateGasParameters);
  } catch (error) {
    const details = detailsOf(error);
    if (/insufficient funds/i.test(details)) throw tooPoor(name, from, details, error);
    throw cannot(name, details, address, error);
  }
}

export function tooPoor(name: string, from: Hex, details: string, error: unknown): PlumblineError {
  return new PlumblineError('deploy-balance', `${name}: ${details}; send the deployer ${from} more`, { from }, error);
}

/** What the RPC itself said, in one line. */
export function detailsOf(error: unknown): string {
  const { details } = error as { details?: unknown };
  return typeof details === 'string' && details !== '' ? errorMessage(details) : errorMessage(error);
}

function reasonOf(artifacts: Artifacts, { returnData, error }: SimulatedCall): string {
  const data = returnData === '0x' ? error?.data : returnData;
  // Also of the others: a constructor calls contracts that are there already.
  const abi = Object.values(artifacts).flatMap((one) => one.abi.filter(({ type }) => type === 'error'));
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi, data: data! });
    return `${errorName}(${args.map(String).join(', ')})`;
  } catch {
    return error?.message ?? 'it reverts without a reason';
  }
}

function cannot(name: string, reason: string, address: Hex, cause?: unknown): PlumblineError {
  return new PlumblineError(
    'deploy',
    `${name} cannot be created: ${reason}; correct the setting that this names`,
    { name, address },
    cause,
  );
}
