import { Command, InvalidArgumentError } from 'commander';
import { connectRpc, type Rpc, walletOf } from '../platform/chain/client.ts';
import { requireFinality, requireGenesis, requireRoom, requireToken } from '../platform/deploy/checks.ts';
import { readState, type State, sendAll } from '../platform/deploy/deploy.ts';
import { opcodesIn, requireOpcodes } from '../platform/deploy/opcodes.ts';
import type { Artifacts, DeploySettings } from '../platform/deploy/plan.ts';
import { requirePrecompiles } from '../platform/deploy/precompiles.ts';
import { feesOf, GAS_MARGIN_PERCENT, type Landed } from '../platform/deploy/send.ts';
import { simulate } from '../platform/deploy/simulate.ts';
import { PlumblineError } from '../protocol/error.ts';
import { compileContracts } from '../scripts/compile.ts';
import { type Deployment, readConfig } from './config.ts';
import { DeployConfig, sendSettingsOf, settingsOf } from './deployconfig.ts';
import { readEarlier, verifyRecord, writeDeployment } from './deploymentfile.ts';
import { deployTable, type Price } from './deploytable.ts';
import { readPrivateKey } from './platform.ts';

/** Names the file with the deployer's private key: neither the key nor its place stands on a command line. */
export const KEY_FILE_VARIABLE = 'PLUMBLINE_DEPLOYER_KEY_FILE';

type Flags = {
  rpc: string;
  config: string;
  out?: string;
  send: boolean;
  steps?: number;
  verify: boolean;
  overwrite: boolean;
};

/** `plumbline deploy`: puts the contracts on any EVM chain with the BLS12-381 precompiles. Without --send it only reads. */
export function deployCommand(out: (line: string) => void = console.log): Command {
  return new Command('deploy')
    .description('deploy the contracts on a chain with EIP-2537 precompiles; a dry run without --send')
    .requiredOption('--rpc <url>', 'JSON-RPC endpoint')
    .requiredOption('--config <file>', 'YAML file with the chain, the deployer, stakes, delays and parameters')
    .option('--out <file>', 'deployment file (default: deployments/<chain id>.json)')
    .option('--send', `send what is missing, with the key in the file that ${KEY_FILE_VARIABLE} names`, false)
    .option('--steps <count>', 'send at most so many transactions, then stop', positive)
    .option('--verify', 'only compare the chain with the configuration and the deployment file', false)
    .option('--overwrite', 'replace a deployment file that names other addresses', false)
    .action((flags: Flags) => run(flags, out));
}

async function run(flags: Flags, out: (line: string) => void): Promise<void> {
  const config = await readConfig<DeployConfig>(flags.config, DeployConfig);
  const rpc = await connectRpc(flags.rpc);
  const { chainId } = rpc;
  if (chainId !== config.chainId) {
    throw new PlumblineError(
      'wrong-chain',
      `the rpc serves chain ${chainId}, ${flags.config} is for ${config.chainId}: check both`,
      { chainId, expected: config.chainId },
    );
  }
  const artifacts = await compileContracts();
  await checkChain(rpc, config, artifacts, out);
  const settings = settingsOf(config);
  const state = await readState(rpc, artifacts, config.deployer, settings);
  const file = flags.out ?? `deployments/${chainId}.json`;
  const earlier = flags.overwrite && !flags.verify ? undefined : await readEarlier(file, rpc, state);
  if (flags.verify) return verify(rpc, state, earlier, file, out);
  if (state.transactions.length === 0) return finish(rpc, config, state, earlier, file, new Map(), out);
  await dryRun(rpc, artifacts, settings, state, config, out);
  if (!flags.send) {
    out(`Nothing was sent. To go on: ${commandToGoOn(flags)}`);
    return;
  }
  const landed = await sendSome(rpc, state, config, flags.steps, out);
  const after = await readState(rpc, artifacts, config.deployer, settings);
  if (after.transactions.length === 0) return finish(rpc, config, after, earlier, file, landed, out);
  out(`${after.transactions.length} transactions are left. To go on: ${commandToGoOn(flags)}`);
}

async function checkChain(rpc: Rpc, config: DeployConfig, artifacts: Artifacts, out: (line: string) => void) {
  const opcodes = opcodesIn(Object.values(artifacts).map(({ bytecode }) => bytecode));
  const [names, , finality] = await Promise.all([
    requirePrecompiles(rpc),
    requireOpcodes(rpc, opcodes),
    requireFinality(rpc),
    requireToken(rpc, config.stakeToken),
  ]);
  out(`chain ${rpc.chainId}: precompiles ${names.join(', ')}; opcodes ${opcodes.join(', ')}`);
  const { epochSeconds } = settingsOf(config);
  const covered = (config.activationDelayEpochs - 2) * epochSeconds >= finality.lagSeconds;
  const warning = covered ? '' : '; a set should activate two epochs later than that: raise activationDelayEpochs';
  out(`newest final block ${finality.block}, ${finality.lagSeconds} s before the newest${warning}`);
}

/** Simulates what is left, prints the table, and refuses what cannot be sent. */
async function dryRun(
  rpc: Rpc,
  artifacts: Artifacts,
  { genesis }: DeploySettings,
  state: State,
  config: DeployConfig,
  out: (line: string) => void,
): Promise<void> {
  const { transactions, factory } = state;
  if (transactions.some(({ name }) => name === 'WatcherRegistry')) await requireGenesis(rpc, genesis);
  const estimates = await simulate(rpc, artifacts, factory.deployer, transactions);
  const gasLimit = await requireRoom(rpc, transactions, estimates);
  const [{ baseFeePerGas }, fees, balance] = await Promise.all([
    rpc.client.getBlock(),
    feesOf(rpc, sendSettingsOf(config)),
    rpc.client.getBalance({ address: factory.deployer }),
  ]);
  const gas = estimates.reduce((sum, one) => sum + one.gas, 0n);
  const price: Price = {
    today: (baseFeePerGas ?? 0n) + fees.maxPriorityFeePerGas,
    most: fees.maxFeePerGas,
    balance,
    needed: ((gas * (100n + GAS_MARGIN_PERCENT)) / 100n) * fees.maxFeePerGas,
  };
  out(`deployer ${factory.deployer}, block gas limit ${gasLimit.toLocaleString('en-US')}`);
  for (const line of deployTable(state, estimates, price)) out(line);
  if (balance >= price.needed) return;
  throw new PlumblineError(
    'deploy-balance',
    `deployer ${factory.deployer} has ${balance} wei and may need ${price.needed}: send it ${price.needed - balance} more`,
    { balance: balance.toString(), needed: price.needed.toString() },
  );
}

async function sendSome(
  rpc: Rpc,
  state: State,
  config: DeployConfig,
  steps: number | undefined,
  out: (line: string) => void,
): Promise<ReadonlyMap<string, Landed>> {
  const keyFile = process.env[KEY_FILE_VARIABLE];
  if (!keyFile) {
    throw new PlumblineError(
      'deploy-key',
      `--send needs the environment variable ${KEY_FILE_VARIABLE}: the path of a file with the deployer’s private key, mode 0600`,
    );
  }
  const wallet = walletOf(rpc, await readPrivateKey(keyFile, 'deployer key'));
  if (wallet.account.address.toLowerCase() !== config.deployer.toLowerCase()) {
    throw new PlumblineError(
      'deploy-key',
      `the key in ${keyFile} is of ${wallet.account.address}, the configuration names the deployer ${config.deployer}: correct one`,
    );
  }
  return sendAll(rpc, wallet, state.transactions.slice(0, steps), sendSettingsOf(config), ({ name }, landed) => {
    if (landed) out(`created ${name} in block ${landed.block}, ${landed.transaction}`);
  });
}

async function finish(
  rpc: Rpc,
  config: DeployConfig,
  state: State,
  earlier: Deployment | undefined,
  file: string,
  landed: ReadonlyMap<string, Landed>,
  out: (line: string) => void,
): Promise<void> {
  if (earlier?.record) return verify(rpc, state, earlier, file, out);
  const { record } = await writeDeployment(file, rpc, config, state, earlier, landed);
  out(`all ${record!.contracts.length} contracts stand; written to ${file}`);
}

async function verify(
  rpc: Rpc,
  state: State,
  earlier: Deployment | undefined,
  file: string,
  out: (line: string) => void,
): Promise<void> {
  const [missing] = state.transactions;
  if (missing !== undefined || earlier === undefined) {
    throw new PlumblineError(
      'deploy-incomplete',
      missing
        ? `${missing.name} is not on chain ${rpc.chainId}: deploy first`
        : `there is no ${file}: deploy first, or name it with --out`,
      { file },
    );
  }
  const count = await verifyRecord(rpc, state, earlier);
  out(
    `all ${state.plan.steps.length} contracts of chain ${rpc.chainId} are as configured; ${file} agrees on ${count} of them`,
  );
}

/** As it can be pasted; a URL with more than a host may hold an API key and is not repeated. */
function commandToGoOn({ rpc, config, out, overwrite }: Flags): string {
  const plain = /^https?:\/\/[\w.:[\]-]+\/?$/.test(rpc) ? rpc : '"$RPC"';
  const path = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
  const rest = [...(out ? ['--out', path(out)] : []), ...(overwrite ? ['--overwrite'] : [])];
  return ['plumbline deploy --rpc', plain, '--config', path(config), ...rest, '--send'].join(' ');
}

function positive(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1 to 9,999.');
}
