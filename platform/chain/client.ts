import { createPublicClient, createWalletClient, defineChain, http, type PublicClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Hex } from '../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';

/** An RPC that does not answer within this is treated as unreachable for now. */
export const RPC_TIMEOUT_MILLIS = 10_000;
/** Tries of one call; the callers come again with the next poll or view. */
export const RPC_RETRIES = 2;
/** Time between looks for a receipt. */
export const RECEIPT_POLL_MILLIS = 200;

export type Rpc = { readonly client: PublicClient; readonly chainId: number; readonly url: string };

function chainOf(chainId: number, url: string) {
  return defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
}

/** @throws PlumblineError `chain-unreachable` naming the host (never the whole URL: it may hold an API key) */
export async function connectRpc(url: string): Promise<Rpc> {
  const transport = http(url, { timeout: RPC_TIMEOUT_MILLIS, retryCount: RPC_RETRIES, batch: { wait: 1 } });
  let chainId: number;
  try {
    chainId = await createPublicClient({ transport }).getChainId();
  } catch (error) {
    throw new PlumblineError(
      'chain-unreachable',
      `no EVM chain answers at ${hostOf(url)}: check the rpc setting and that the node runs`,
      { host: hostOf(url) },
      error,
    );
  }
  const client = createPublicClient({
    transport,
    chain: chainOf(chainId, url),
    pollingInterval: RECEIPT_POLL_MILLIS,
    cacheTime: 0,
  });
  return { client: client as PublicClient, chainId, url };
}

/** A sender of transactions. The key stays inside the viem account. */
export function walletOf(rpc: Rpc, privateKey: Hex) {
  return createWalletClient({
    account: privateKeyToAccount(privateKey),
    chain: chainOf(rpc.chainId, rpc.url),
    transport: http(rpc.url, { timeout: RPC_TIMEOUT_MILLIS, retryCount: RPC_RETRIES }),
  });
}

export type Wallet = ReturnType<typeof walletOf>;

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return 'the configured rpc (not a URL)';
  }
}

/** The contract's own reason for a revert, as `Name(arguments)`, or the first line of whatever went wrong. */
export function revertReason(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('data' in cause && cause.data && typeof cause.data === 'object' && 'errorName' in cause.data) {
      const { errorName, args } = cause.data as { errorName: string; args?: readonly unknown[] };
      return `${errorName}(${(args ?? []).map(String).join(', ')})`;
    }
  }
  return errorMessage(error);
}
