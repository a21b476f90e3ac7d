import { Command } from 'commander';
import { z } from 'zod';
import { connectRpc, walletOf } from '../platform/chain/client.ts';
import { deployContracts, requirePrecompiles } from '../platform/chain/deploy.ts';
import { writeAtomically } from '../platform/files.ts';
import type { Hex } from '../protocol/bytes.ts';
import { MINIMAL, STANDARD } from '../protocol/parameters.ts';
import { compileContracts } from '../scripts/compile.ts';
import { readConfig } from './config.ts';
import { readPrivateKey } from './platform.ts';

const amount = z
  .string()
  .regex(/^\d{1,38}$/, 'a whole number of the token’s smallest unit, in quotes')
  .transform(BigInt);

const DeployConfig = z.strictObject({
  preset: z.enum(['standard', 'minimal']).default('standard'),
  /** File with the private key that pays for the deployment. */
  submitterKeyFile: z.string().min(1),
  /** ERC-20 that watchers stake. */
  stakeToken: z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hex digits'),
  stakeMin: amount,
  effectiveStakeCap: amount,
  activationDelayEpochs: z.int().min(1).max(100_000),
  exitDelayEpochs: z.int().min(1).max(1_000_000),
  /** Seconds from now to epoch 0: time to register watchers and services. */
  genesisDelaySeconds: z.int().min(1).max(10_000_000),
});

/** `plumbline deploy`: puts the contracts on any EVM chain with the BLS12-381 precompiles. */
export function deployCommand(): Command {
  return new Command('deploy')
    .description('deploy the contracts on a chain with EIP-2537 precompiles')
    .requiredOption('--rpc <url>', 'JSON-RPC endpoint')
    .requiredOption('--config <file>', 'YAML file with stakes, delays and the preset')
    .option('--out <file>', 'where the addresses go', 'deployment.json')
    .option('--send', 'really send the transactions; without it only the checks run', false)
    .action(async (options: { rpc: string; config: string; out: string; send: boolean }) => {
      const config = await readConfig(options.config, DeployConfig);
      const rpc = await connectRpc(options.rpc);
      await requirePrecompiles(rpc);
      const wallet = walletOf(rpc, await readPrivateKey(config.submitterKeyFile));
      const artifacts = await compileContracts();
      const balance = await rpc.client.getBalance({ address: wallet.account.address });
      const plan = { chainId: rpc.chainId, from: wallet.account.address, balanceWei: balance.toString() };
      console.log(JSON.stringify({ plan, preset: config.preset }, null, 2));
      if (!options.send) return console.log('Nothing sent. Add --send to deploy.');
      const deployed = await deployContracts(
        rpc,
        wallet,
        artifacts,
        {
          ...(config.preset === 'minimal' ? MINIMAL : STANDARD),
          genesis: Math.floor(Date.now() / 1000) + config.genesisDelaySeconds,
          stakeToken: config.stakeToken as Hex,
          stakeMin: config.stakeMin,
          effectiveStakeCap: config.effectiveStakeCap,
          activationDelayEpochs: config.activationDelayEpochs,
          exitDelayEpochs: config.exitDelayEpochs,
        },
        (name) => console.log(`deploying ${name}`),
      );
      await writeAtomically(options.out, `${JSON.stringify(deployed, null, 2)}\n`);
      console.log(`addresses written to ${options.out}`);
    });
}
