import type { Bls } from '../platform/bls/bls.ts';
import { createBls } from '../platform/bls/create.ts';
import { type Anvil, startAnvil } from '../platform/chain/anvil.ts';
import type { Chain } from '../platform/chain/chain.ts';
import { connectRpc } from '../platform/chain/client.ts';
import { type Addresses, openChain } from '../platform/chain/oracle.ts';
import type { Hex } from '../protocol/bytes.ts';
import { errorCode, PlumblineError } from '../protocol/error.ts';
import type { TransactionReader } from './certificate.ts';

/** A chain to audit. Nothing is ever sent to it. */
export type Source = {
  readonly chain: Chain;
  readonly transactions: TransactionReader;
  readonly bls: Bls;
  /** True when the chain was loaded from a state file because no node answered. */
  readonly isStored: boolean;
  close(): Promise<void>;
};

export type SourceOptions = {
  readonly rpc: string;
  readonly chainId: number;
  readonly addresses: Addresses;
  /** What a stopped devnet left; used when the rpc does not answer. */
  readonly statePath?: string;
  /** True when the devnet is known to have ended: another program may have its port by now. */
  readonly hasEnded?: boolean;
};

/** @throws PlumblineError `chain-unreachable`, `wrong-chain`, `no-oracle`, `anvil` */
export async function openSource(options: SourceOptions): Promise<Source> {
  const { chainId, addresses } = options;
  const { rpc, anvil } = await connect(options);
  const close = async (): Promise<void> => anvil?.stop();
  try {
    if (rpc.chainId !== chainId) {
      const what = `the rpc serves chain ${rpc.chainId}, the deployment file names ${chainId}: check both`;
      throw new PlumblineError('wrong-chain', what);
    }
    // Slower is all that a fallback is, and an audit is not in a hurry.
    const bls = await createBls(() => undefined);
    const chain = await openChain({
      rpc,
      addresses,
      decodeKey: bls.publicKeyFromEvm,
      encodeSignature: bls.signatureToEvm,
      wallet: undefined,
    });
    const transactions: TransactionReader = async (hash) => {
      try {
        const { to, input } = await rpc.client.getTransaction({ hash: hash as Hex });
        return { to, input };
      } catch (error) {
        if (error instanceof Error && error.name === 'TransactionNotFoundError') return undefined;
        throw error;
      }
    };
    return { chain, transactions, bls, isStored: anvil !== undefined, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function connect({ rpc: url, chainId, statePath, hasEnded }: SourceOptions) {
  if (statePath === undefined) return { rpc: await connectRpc(url), anvil: undefined };
  try {
    if (!hasEnded) return { rpc: await connectRpc(url), anvil: undefined };
  } catch (error) {
    if (errorCode(error) !== 'chain-unreachable') throw error;
  }
  const anvil: Anvil = await startAnvil({ chainId, statePath });
  try {
    return { rpc: await connectRpc(anvil.url), anvil };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}
