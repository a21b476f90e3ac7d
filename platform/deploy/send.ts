import { keccak256 } from 'viem';
import type { Hex } from '../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import type { Rpc, Wallet } from '../chain/client.ts';
import { estimate } from './simulate.ts';
import type { Creation } from './transactions.ts';

export type SendSettings = {
  /** Blocks that a transaction must lie deep, its own included. */
  readonly confirmations: number;
  /** Nothing is sent at a higher price; undefined takes today's. */
  readonly feeWeiMax: bigint | undefined;
  /** Longest wait for one transaction, or for an earlier one of this account. */
  readonly waitMillis: number;
};

/** Where a contract was created. */
export type Landed = { readonly transaction: Hex; readonly block: number };

/** On top of the estimate, in percent: the base of an estimate is a block that is past when the transaction lands. */
export const GAS_MARGIN_PERCENT = 15n;
/** Two full blocks raise the base fee by a quarter; at twice today's a transaction waits out five of them. */
export const BASE_FEE_FACTOR = 2n;
/** Time between looks for an earlier transaction of the account. */
export const PENDING_POLL_MILLIS = 500;

/**
 * Sends one creation and waits until it is so many blocks deep. Run again after any failure: what landed is found on the chain.
 * @throws PlumblineError `deploy-pending`, `deploy-fee`, `deploy-replaced`, `deploy-timeout`, `deploy-balance`, `deploy`
 */
export async function send(rpc: Rpc, wallet: Wallet, creation: Creation, settings: SendSettings): Promise<Landed> {
  const { address: from } = wallet.account;
  const nonce = await freeNonce(rpc, from, settings);
  if (creation.nonce !== undefined && creation.nonce !== nonce) {
    throw new PlumblineError(
      'deploy-replaced',
      `${creation.name}: account ${from} has sent something else with nonce ${creation.nonce}; run the command again`,
    );
  }
  const gas = ((await estimate(rpc, from, creation)) * (100n + GAS_MARGIN_PERCENT)) / 100n;
  const fees = await feesOf(rpc, settings);
  const { to, data, name } = creation;
  const signed = await wallet.signTransaction({
    ...(to && { to }),
    data,
    nonce,
    gas,
    ...fees,
    type: 'eip1559',
    chainId: rpc.chainId,
    account: wallet.account,
    chain: wallet.chain,
  } as Parameters<Wallet['signTransaction']>[0]);
  // Known before it is sent: an RPC that fails to answer may have taken it nevertheless.
  const hash = keccak256(signed);
  try {
    await rpc.client.sendRawTransaction({ serializedTransaction: signed });
  } catch (error) {
    const taken = await rpc.client.getTransaction({ hash }).catch(() => undefined);
    if (taken === undefined) throw notTaken(name, error);
  }
  return await landed(rpc, name, hash, settings);
}

/** The account's next nonce, once nothing of it waits any more. */
async function freeNonce(rpc: Rpc, address: Hex, { waitMillis }: SendSettings): Promise<number> {
  for (const until = performance.now() + waitMillis; ; ) {
    const [mined, next] = await Promise.all([
      rpc.client.getTransactionCount({ address }),
      rpc.client.getTransactionCount({ address, blockTag: 'pending' }),
    ]);
    if (next <= mined) return mined;
    if (performance.now() > until) {
      throw new PlumblineError(
        'deploy-pending',
        `account ${address} has ${next - mined} unmined transactions from nonce ${mined} on: wait for them or replace them ` +
          'with the wallet at a higher fee, then run the command again',
        { mined, next },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PENDING_POLL_MILLIS));
  }
}

/** @throws PlumblineError `deploy-fee` when today's base fee is above the most that was allowed */
export async function feesOf(
  { client }: Rpc,
  { feeWeiMax }: Pick<SendSettings, 'feeWeiMax'>,
): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
  const [{ baseFeePerGas }, tip] = await Promise.all([client.getBlock(), client.estimateMaxPriorityFeePerGas()]);
  const base = baseFeePerGas ?? 0n;
  const wanted = base * BASE_FEE_FACTOR + tip;
  if (feeWeiMax === undefined || wanted <= feeWeiMax) return { maxFeePerGas: wanted, maxPriorityFeePerGas: tip };
  if (feeWeiMax < base) {
    throw new PlumblineError(
      'deploy-fee',
      `the base fee is ${base} wei, above the ${feeWeiMax} that maxFeeGwei allows: raise it, or run the command again later`,
      { base: base.toString() },
    );
  }
  return { maxFeePerGas: feeWeiMax, maxPriorityFeePerGas: tip < feeWeiMax - base ? tip : feeWeiMax - base };
}

async function landed(rpc: Rpc, name: string, hash: Hex, settings: SendSettings): Promise<Landed> {
  const { confirmations, waitMillis } = settings;
  let replaced: Hex | undefined;
  try {
    const { status, blockNumber } = await rpc.client.waitForTransactionReceipt({
      hash,
      confirmations,
      timeout: waitMillis,
      onReplaced: ({ transaction }) => {
        replaced = transaction.hash;
      },
    });
    if (replaced === undefined && status === 'success') return { transaction: hash, block: Number(blockNumber) };
    if (replaced === undefined)
      throw new PlumblineError('deploy', `${name}: its creation reverted in ${hash}`, { hash });
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    throw new PlumblineError(
      'deploy-timeout',
      `${name}: no receipt of ${hash} after ${waitMillis / 1000} s: it may still land, be dropped or pay too little; run the command again, ` +
        'which keeps what landed',
      { hash },
      error,
    );
  }
  throw new PlumblineError(
    'deploy-replaced',
    `${name}: ${hash} was replaced by ${replaced} of the same account; run the command again`,
    { hash, replaced },
  );
}

function notTaken(name: string, error: unknown): PlumblineError {
  const text = errorMessage(error);
  const details = String((error as { details?: unknown }).details ?? text).split('\n')[0]!;
  if (/insufficient funds/i.test(details)) {
    return new PlumblineError('deploy-balance', `${name}: ${details}; send the deployer more`, {}, error);
  }
  if (/underpriced|fee/i.test(details)) {
    const remedy = 'raise maxFeeGwei, or run the command again when the chain is less busy';
    return new PlumblineError('deploy-fee', `${name}: the RPC refuses the price: ${details}; ${remedy}`, {}, error);
  }
  return new PlumblineError(
    'deploy',
    `${name}: the RPC does not take the transaction: ${details}; run the command again`,
    {},
    error,
  );
}
