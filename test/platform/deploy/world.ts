import { startAnvil } from '../../../platform/chain/anvil.ts';
import { connectRpc, walletOf } from '../../../platform/chain/client.ts';
import type { DeploySettings } from '../../../platform/deploy/plan.ts';
import type { SendSettings } from '../../../platform/deploy/send.ts';
import { STANDARD } from '../../../protocol/parameters.ts';
import { compileContracts } from '../../../scripts/compile.ts';
import { account } from '../../../scripts/devnet/accounts.ts';

export const DEPLOYER = account(0);
export const SENDING: SendSettings = { confirmations: 1, feeWeiMax: undefined, waitMillis: 30_000 };

/** A chain without contracts, and who deploys there. */
export async function openBareChain(args: readonly string[] = [], chainId = 31_337) {
  const anvil = await startAnvil({ chainId, args });
  const rpc = await connectRpc(anvil.url);
  const artifacts = await compileContracts();
  const call = (method: string, params: readonly unknown[] = []) =>
    rpc.client.request({ method, params } as unknown as Parameters<typeof rpc.client.request>[0]);
  return { anvil, rpc, artifacts, call, wallet: walletOf(rpc, DEPLOYER.privateKey) };
}

/** What a deployment asks for, but for what a test changes. */
export function settingsWith(changed: Partial<DeploySettings> = {}): DeploySettings {
  return {
    ...STANDARD,
    genesis: 2_000_000_000,
    stakeToken: undefined,
    stakeMin: 10n ** 18n,
    effectiveStakeCap: 10n ** 21n,
    activationDelayEpochs: 15,
    exitDelayEpochs: 60,
    ...changed,
  };
}
