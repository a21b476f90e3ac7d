import { erc20Abi } from 'viem';
import type { Hex } from '../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import type { Rpc } from '../chain/client.ts';
import type { Estimate } from './simulate.ts';
import type { Creation } from './transactions.ts';

/** Chain ids of local chains (anvil and hardhat, geth --dev): only there the worthless token may be staked. */
export const LOCAL_CHAIN_IDS: readonly number[] = [31_337, 1_337];

/** The creation code that EIP-3860 lets a transaction have, in bytes. */
export const CREATION_CODE_BYTES_MAX = 49_152;

/** Registrations and the first seal need time between the deployment and epoch 0. */
export const GENESIS_LEAD_SECONDS_MIN = 600;
/** A genesis further ahead is a mistyped year. */
export const GENESIS_LEAD_SECONDS_MAX = 366 * 86_400;

export type Finality = { readonly block: number; readonly lagSeconds: number };

/**
 * Watchers anchor reports in final blocks, so the chain must tell which those are.
 * @throws PlumblineError `no-finality`
 */
export async function requireFinality({ client, chainId }: Rpc): Promise<Finality> {
  try {
    const [final, latest] = await Promise.all([client.getBlock({ blockTag: 'finalized' }), client.getBlock()]);
    return { block: Number(final.number), lagSeconds: Number(latest.timestamp - final.timestamp) };
  } catch (error) {
    throw new PlumblineError(
      'no-finality',
      `chain ${chainId} does not say which block is final (block tag "finalized": ${errorMessage(error)}): ` +
        'use an RPC that does, or another chain',
      { chainId },
      error,
    );
  }
}

/** @throws PlumblineError `deploy-token` when there is none, or what stands there does not answer as an ERC-20 does */
export async function requireToken({ client, chainId }: Rpc, token: Hex | undefined): Promise<void> {
  if (token === undefined) {
    if (LOCAL_CHAIN_IDS.includes(chainId)) return;
    throw new PlumblineError(
      'deploy-token',
      `chain ${chainId} is no local chain, so stakeToken must name an ERC-20 on it: the devnet’s token is worth nothing`,
      { chainId },
    );
  }
  const read = (functionName: 'totalSupply' | 'balanceOf') =>
    client.readContract({
      address: token,
      abi: erc20Abi,
      functionName,
      args: functionName === 'balanceOf' ? [token] : [],
    } as Parameters<typeof client.readContract>[0]);
  try {
    await Promise.all([read('totalSupply'), read('balanceOf')]);
  } catch (error) {
    throw new PlumblineError(
      'deploy-token',
      `stakeToken ${token} on chain ${chainId} does not answer as an ERC-20: ${errorMessage(error)}; correct the address`,
      { token, chainId },
      error,
    );
  }
}

/** Against the chain's own time: whoever deploys may have a wrong clock. @throws PlumblineError `deploy-genesis` */
export async function requireGenesis({ client, chainId }: Rpc, genesis: number): Promise<void> {
  const now = Number((await client.getBlock()).timestamp);
  const lead = genesis - now;
  if (lead >= GENESIS_LEAD_SECONDS_MIN && lead <= GENESIS_LEAD_SECONDS_MAX) return;
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  throw new PlumblineError(
    'deploy-genesis',
    `genesis ${iso(genesis)} must be ${GENESIS_LEAD_SECONDS_MIN} s to ${GENESIS_LEAD_SECONDS_MAX / 86_400} days after the newest ` +
      `block of chain ${chainId}, ${iso(now)}`,
    { genesis, now },
  );
}

/** @throws PlumblineError `deploy-gas-limit` naming the first contract that does not fit */
export async function requireRoom(
  { client, chainId }: Rpc,
  transactions: readonly Creation[],
  estimates: readonly Estimate[],
): Promise<bigint> {
  const { gasLimit } = await client.getBlock();
  transactions.forEach(({ name, creationCode }, i) => {
    const bytes = (creationCode.length - 2) / 2;
    if (estimates[i]!.gas <= gasLimit && bytes <= CREATION_CODE_BYTES_MAX) return;
    throw new PlumblineError(
      'deploy-gas-limit',
      `${name} needs ${estimates[i]!.gas} gas and ${bytes} bytes of creation code; a block of chain ${chainId} has ${gasLimit} gas, ` +
        `a transaction ${CREATION_CODE_BYTES_MAX} bytes (EIP-3860): choose another chain`,
      { name, gasLimit: gasLimit.toString() },
    );
  });
  return gasLimit;
}
