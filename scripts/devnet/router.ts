import { encodeFunctionData } from 'viem';
import { type Rpc, revertReason, type Wallet } from '../../platform/chain/client.ts';
import { failoverRouterAbi, measurementOracleAbi } from '../../protocol/abi.ts';
import { type Hex, toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { type Leaf, leafHash, leafToAbi, STAT } from '../../protocol/leaf.ts';
import { merkleProof, merkleTree } from '../../protocol/merkle.ts';
import type { CompiledContract } from '../compile.ts';
import { OBJECTIVES, ROUTE_AGE_SECONDS, SETTLE_WINDOW_EPOCHS } from './plan.ts';

/** A switch of the router, as its event tells it. Services by their ids. */
export type Switched = { readonly from: Hex; readonly to: Hex; readonly txHash: Hex };

/** Deploys the router of the devnet: it starts at the first of the services and keeps to the providers' own promises. */
export async function deployRouter(
  rpc: Rpc,
  wallet: Wallet,
  { abi, bytecode }: CompiledContract,
  oracle: Hex,
  serviceIds: readonly Hex[],
): Promise<Hex> {
  const args = [oracle, serviceIds, OBJECTIVES, SETTLE_WINDOW_EPOCHS, 0, BigInt(ROUTE_AGE_SECONDS)];
  const hash = await wallet.deployContract({ abi, bytecode, args });
  const { contractAddress } = await rpc.client.waitForTransactionReceipt({ hash });
  if (contractAddress) return contractAddress;
  throw new PlumblineError('devnet-setup', `the router's creation reverted in ${hash}`);
}

/**
 * Proves the leaves that the router looks at into the oracle, as anybody can, and has it switch if it would.
 * @returns undefined when it has no reason to
 * @throws PlumblineError `failover` with the contract's reason
 */
export async function tryFailover(
  rpc: Rpc,
  wallet: Wallet,
  { oracle, router }: { readonly oracle: Hex; readonly router: Hex },
  due: { readonly reportEpoch: number; readonly routed: readonly Leaf[]; readonly leaves: readonly Leaf[] },
): Promise<Switched | undefined> {
  const tree = merkleTree(due.leaves.map(leafHash));
  try {
    for (const leaf of due.routed) {
      const proof = merkleProof(tree, leafHash(leaf)).map(toHex);
      for (const { metric } of OBJECTIVES) {
        if (leaf.stats[metric]?.status !== STAT.present) continue;
        const args = [leafToAbi(leaf), BigInt(due.reportEpoch), proof, metric] as const;
        const data = encodeFunctionData({ abi: measurementOracleAbi, functionName: 'proveAndStore', args });
        const hash = await wallet.sendTransaction({ to: oracle, data });
        await rpc.client.waitForTransactionReceipt({ hash });
      }
    }
    const call = { address: router, abi: failoverRouterAbi, functionName: 'failover' } as const;
    const would = await rpc.client.simulateContract({ ...call, account: wallet.account }).catch(() => undefined);
    if (!would) return undefined;
    const txHash = await wallet.writeContract(would.request);
    const { blockNumber } = await rpc.client.waitForTransactionReceipt({ hash: txHash });
    const range = { fromBlock: blockNumber, toBlock: blockNumber, strict: true } as const;
    const events = await rpc.client.getContractEvents({ ...call, eventName: 'Switched', ...range });
    const event = events.find(({ transactionHash }) => transactionHash === txHash);
    return event ? { from: event.args.from, to: event.args.to, txHash } : undefined;
  } catch (error) {
    throw new PlumblineError('failover', `the router cannot be told: ${revertReason(error)}`, {}, error);
  }
}
