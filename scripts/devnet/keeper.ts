import { decodeAbiParameters } from 'viem';
import { type Rpc, revertReason, type Wallet } from '../../platform/chain/client.ts';
import { slaVaultAbi } from '../../protocol/abi.ts';
import { type Hex, toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { type AbiLeaf, LEAF_ABI, type Leaf, leafFromAbi, leafHash, leafToAbi } from '../../protocol/leaf.ts';
import { merkleProof, merkleTree } from '../../protocol/merkle.ts';
import type { EpochRecord } from '../../protocol/record.ts';
import { VERDICT } from '../../protocol/settlement.ts';

export type Settled = {
  readonly agreementId: bigint;
  readonly period: number;
  readonly outcome: string;
  readonly paidToProvider: bigint;
  readonly returnedToCustomer: bigint;
  readonly slashed: bigint;
  readonly txHash: Hex;
};

/** The leaves of a record, which the caller has checked against the root on chain. */
export function leavesOf(record: EpochRecord): Leaf[] {
  return record.leaves.map((bytes) => leafFromAbi(decodeAbiParameters(LEAF_ABI, toHex(bytes))[0] as AbiLeaf));
}

/** True when the leaves are those of the report on chain. */
export function areOnChain(leaves: readonly Leaf[], resultsRoot: Uint8Array): boolean {
  return Buffer.compare(merkleTree(leaves.map(leafHash)).root, resultsRoot) === 0;
}

/**
 * Settles one period by a leaf and its proof, as anybody can; what it pays does not depend on who calls.
 * @throws PlumblineError `settle` with the vault's reason
 */
export async function settlePeriod(
  rpc: Rpc,
  wallet: Wallet,
  vault: Hex,
  due: { agreementId: bigint; period: number; reportEpoch: number; leaf: Leaf; leaves: readonly Leaf[] },
): Promise<Settled> {
  const proof = merkleProof(merkleTree(due.leaves.map(leafHash)), leafHash(due.leaf)).map(toHex);
  const args = [due.agreementId, due.period, BigInt(due.reportEpoch), leafToAbi(due.leaf), proof] as const;
  try {
    const { request } = await rpc.client.simulateContract({
      address: vault,
      abi: slaVaultAbi,
      functionName: 'settle',
      args,
      account: wallet.account,
    });
    const txHash = await wallet.writeContract(request);
    const { blockNumber } = await rpc.client.waitForTransactionReceipt({ hash: txHash });
    const range = { fromBlock: blockNumber, toBlock: blockNumber, strict: true } as const;
    const events = await rpc.client.getContractEvents({
      address: vault,
      abi: slaVaultAbi,
      eventName: 'PeriodSettled',
      ...range,
    });
    const event = events.find(({ transactionHash }) => transactionHash === txHash);
    if (!event) throw new PlumblineError('settle', `transaction ${txHash} settled nothing`);
    const { period, outcome, paidToProvider, returnedToCustomer, slashed } = event.args;
    const name = Object.entries(VERDICT).find(([, number]) => number === outcome)?.[0] ?? String(outcome);
    return { agreementId: due.agreementId, period, outcome: name, paidToProvider, returnedToCustomer, slashed, txHash };
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    throw new PlumblineError('settle', `period ${due.period} cannot be settled: ${revertReason(error)}`, {}, error);
  }
}
