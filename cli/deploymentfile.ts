import { spawnSync } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keccak256 } from 'viem';
import type { Rpc } from '../platform/chain/client.ts';
import { deployedOf, type State } from '../platform/deploy/deploy.ts';
import { locate } from '../platform/deploy/locate.ts';
import type { Landed } from '../platform/deploy/send.ts';
import { writeAtomically } from '../platform/files.ts';
import { PlumblineError } from '../protocol/error.ts';
import { compilerOf } from '../scripts/compile.ts';
import { type Deployment, readDeployment } from './config.ts';
import type { DeployConfig } from './deployconfig.ts';
import type { RecordedContract } from './record.ts';

const ROOT = join(import.meta.dirname, '..');
const ADDRESSES = ['token', 'registry', 'services', 'oracle', 'vault', 'market', 'templates'] as const;

/**
 * The file of an earlier run, undefined when there is none.
 * @throws PlumblineError `deploy-file` when it is of another chain or names other addresses than the plan
 */
export async function readEarlier(file: string, rpc: Rpc, state: State): Promise<Deployment | undefined> {
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  const earlier = await readDeployment(file);
  const planned = deployedOf(rpc.chainId, 0, state.plan);
  if (earlier.chainId !== rpc.chainId) {
    throw new PlumblineError(
      'deploy-file',
      `${file} is of chain ${earlier.chainId}, the rpc serves ${rpc.chainId}: name another file with --out`,
      { file },
    );
  }
  const other = ADDRESSES.find((name) => earlier[name]?.toLowerCase() !== planned[name].toLowerCase());
  if (other === undefined) return earlier;
  throw new PlumblineError(
    'deploy-file',
    `${file} names another deployment: its ${other} is ${earlier[other] ?? 'none'}, planned is ${planned[other]}; ` +
      'name another file with --out, or replace this one with --overwrite',
    { file, name: other },
  );
}

/**
 * Holds a file's record against the chain: the code of every contract, and the receipt of its creation.
 * @returns how many contracts it names
 * @throws PlumblineError `deploy-differs` naming the contract
 */
export async function verifyRecord(rpc: Rpc, state: State, { record }: Deployment): Promise<number> {
  if (record === undefined) return 0;
  await Promise.all(
    record.contracts.map(async ({ name, address, transaction, block, codeHash, constructorArguments }) => {
      const refuse = (what: string) =>
        new PlumblineError(
          'deploy-differs',
          `${name} at ${address}: ${what} on chain ${rpc.chainId} differs from the deployment file: wrong file, or wrong chain`,
          { name, address },
        );
      const at = state.plan.steps.findIndex((step) => step.name === name);
      const [step, found] = [state.plan.steps[at], state.found[at]];
      if (step?.address.toLowerCase() !== address.toLowerCase()) throw refuse('the address');
      if (found === undefined || keccak256(found.code) !== codeHash) throw refuse('the code');
      if (step.encodedArgs !== constructorArguments) throw refuse('a constructor argument');
      if (transaction === null) return;
      const receipt = await rpc.client
        .getTransactionReceipt({ hash: transaction as `0x${string}` })
        .catch(() => undefined);
      if (receipt?.status !== 'success' || Number(receipt.blockNumber) !== block)
        throw refuse('the receipt of its creation');
    }),
  );
  return record.contracts.length;
}

/** Writes the file, whole or not at all. Everything must be on the chain. @param landed what this run sent */
export async function writeDeployment(
  file: string,
  rpc: Rpc,
  config: DeployConfig,
  state: State,
  earlier: Deployment | undefined,
  landed: ReadonlyMap<string, Landed>,
): Promise<Deployment> {
  const { steps } = state.plan;
  const recorded = new Map(earlier?.record?.contracts.map((one) => [one.name, one]));
  const known = (name: string): Landed | undefined => {
    const one = recorded.get(name);
    return landed.get(name) ?? (one?.transaction && one.block !== null ? landedOf(one) : undefined);
  };
  const unknown = steps.filter(({ name, reused }) => !reused && !known(name)).map(({ name }) => name);
  const located = unknown.length > 0 ? await locate(rpc, state.factory.address, config.salt, unknown) : new Map();
  const contracts = steps.map(({ name, address, encodedArgs, reused }, i): RecordedContract => {
    const where: Landed | undefined = reused ? undefined : (known(name) ?? located.get(name));
    return {
      name,
      address,
      transaction: where?.transaction ?? null,
      block: where?.block ?? null,
      constructorArguments: encodedArgs,
      codeHash: keccak256(state.found[i]!.code),
    };
  });
  const blocks = contracts.flatMap(({ block }) => (block === null ? [] : [block]));
  if (config.reuseFromBlock !== undefined) blocks.push(config.reuseFromBlock);
  const deployment: Deployment = {
    ...deployedOf(rpc.chainId, Math.min(...blocks), state.plan),
    record: {
      deployer: state.factory.deployer,
      factory: state.factory.address,
      salt: config.salt,
      contracts,
      compiler: (await compilerOf()) as { solc: string; settings: Record<string, unknown> },
      version: await packageVersion(),
      git: gitCommit(),
    },
  };
  await writeAtomically(file, `${JSON.stringify(deployment, null, 2)}\n`);
  return deployment;
}

function landedOf({ transaction, block }: RecordedContract): Landed {
  return { transaction: transaction as `0x${string}`, block: block! };
}

async function packageVersion(): Promise<string> {
  return (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}

function gitCommit(): string | null {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  const { status, stdout } = git('rev-parse', 'HEAD');
  if (status !== 0) return null;
  const dirty = git('status', '--porcelain', '--untracked-files=no').stdout !== '';
  return `${stdout.trim()}${dirty ? '-dirty' : ''}`;
}
