import { keccak256, TransactionReceiptNotFoundError } from 'viem';
import type { Hex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { Rpc, Wallet } from '../chain/client.ts';
import { detailsOf, estimate, tooPoor } from './simulate.ts';
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
/** Time between looks for a transaction. */
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
    if (taken === undefined) throw notTaken(name, from, error);
  }
  return await landed(rpc, name, hash, { from, nonce }, settings);
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
    await pause();
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

/** So often in a row the nonce is taken and there is no receipt before that counts as another's transaction. */
const REPLACED_LOOKS = 5;

/** The receipt is read until it is deep enough: a reorganisation may take it away again. */
async function landed(rpc: Rpc, name: string, hash: Hex, account: Account, settings: SendSettings): Promise<Landed> {
  const { client } = rpc;
  const { confirmations, waitMillis } = settings;
  let looksWithout = 0;
  for (const until = performance.now() + waitMillis; performance.now() < until; await pause()) {
    // An RPC that fails to answer is asked again until the time is over.
    const asked = await Promise.all([
      client.getTransactionCount({ address: account.from }),
      client.getBlockNumber(),
      client.getTransactionReceipt({ hash }).catch(unlessNotFound),
    ]).catch(() => undefined);
    if (asked === undefined) continue;
    const [mined, head, receipt] = asked;
    if (receipt?.status === 'reverted') {
      throw new PlumblineError('deploy', `${name}: its creation reverted in ${hash}`, { hash });
    }
    if (receipt && head - receipt.blockNumber + 1n >= BigInt(confirmations)) {
      return { transaction: hash, block: Number(receipt.blockNumber) };
    }
    // A node may count a transaction a moment before it has the receipt.
    looksWithout = receipt === undefined && mined > account.nonce ? looksWithout + 1 : 0;
    if (looksWithout < REPLACED_LOOKS) continue;
    throw new PlumblineError(
      'deploy-replaced',
      `${name}: another transaction of ${account.from} has taken nonce ${account.nonce} instead of ${hash}; run the command again`,
      { hash, nonce: account.nonce },
    );
  }
  throw new PlumblineError(
    'deploy-timeout',
    `${name}: ${hash} is not ${confirmations} blocks deep after ${waitMillis / 1000} s: it may still land, be dropped or pay too little; ` +
      'run the command again, which keeps what landed (a chain whose blocks come with transactions alone needs confirmations: 1)',
    { hash },
  );
}

type Account = { readonly from: Hex; readonly nonce: number };

function unlessNotFound(error: unknown): undefined {
  if (!(error instanceof TransactionReceiptNotFoundError)) throw error;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PENDING_POLL_MILLIS));
}

function notTaken(name: string, from: Hex, error: unknown): PlumblineError {
  const details = detailsOf(error);
  // Some RPCs look at the balance only now: an estimate without a price costs nothing.
  if (/insufficient funds/i.test(details)) return tooPoor(name, from, details, error);
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
