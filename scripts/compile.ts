import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import type { Abi } from 'viem';
import { PlumblineError } from '../protocol/error.ts';

/** Contracts that can be deployed, by the name of their file under contracts/src and the path to it. */
const CONTRACT_SOURCES = {
  Erc20StakeSource: 'src/Erc20StakeSource.sol',
  WatcherRegistry: 'src/WatcherRegistry.sol',
  ServiceRegistry: 'src/ServiceRegistry.sol',
  MeasurementOracle: 'src/MeasurementOracle.sol',
  EquivocationCourt: 'src/EquivocationCourt.sol',
  SlaVault: 'src/SlaVault.sol',
  SlaMarket: 'src/SlaMarket.sol',
  ObjectiveTemplates: 'src/ObjectiveTemplates.sol',
  AggregatorV3Adapter: 'src/adapters/AggregatorV3Adapter.sol',
  FailoverRouter: 'src/examples/FailoverRouter.sol',
  DevnetToken: 'src/devnet/DevnetToken.sol',
  DeploymentFactory: 'src/DeploymentFactory.sol',
} as const;

export type ContractName = keyof typeof CONTRACT_SOURCES;
export const CONTRACT_NAMES = Object.keys(CONTRACT_SOURCES) as ContractName[];

export interface CompiledContract {
  /** The same with literal types is in protocol/abi.ts. */
  abi: Abi;
  /** Creation code, 0x-hex, without constructor arguments. */
  bytecode: `0x${string}`;
  /** The code that the chain keeps, 0x-hex, with zeros where `immutables` are. */
  runtime: `0x${string}`;
  /** Places in `runtime` that the constructor fills, in bytes. */
  immutables: readonly { start: number; length: number }[];
}

export type CompiledContracts = Record<ContractName, CompiledContract>;

/** By the name of a contract the path of its file under contracts/. */
export type Sources<Name extends string> = Readonly<Record<Name, string>>;

/** The largest runtime code that EIP-170 lets a chain store, in bytes. */
export const RUNTIME_BYTES_MAX = 24_576;

const ROOT = join(import.meta.dirname, '..');
const CONTRACTS = join(ROOT, 'contracts');
const CACHE = join(ROOT, '.plumbline', 'contracts');
const requireFromHere = createRequire(import.meta.url);

/**
 * Compiles contracts/src with the npm `solc` in a child process, or returns what an earlier call compiled from the same sources,
 * settings and compiler (kept in .plumbline/contracts). Several processes may call it at once.
 *
 * Throws `contracts-not-compiled` with the compiler's messages, `contract-too-large`, or `foundry-setting-missing`.
 */
export function compileContracts(): Promise<CompiledContracts> {
  return compileSources(CONTRACT_SOURCES);
}

/** The same for any contracts under contracts/src or contracts/test. */
export async function compileSources<Name extends string>(
  wanted: Sources<Name>,
): Promise<Record<Name, CompiledContract>> {
  const input = JSON.stringify(await standardInput(wanted));
  const { version } = requireFromHere('solc/package.json') as { version: string };
  const hash = createHash('sha256').update(version).update('\0').update(input).digest('hex');
  const cached = await readCache<Name>(hash);
  if (cached) return cached;
  const contracts = readOutput(wanted, JSON.parse(await runSolc(input)) as SolcOutput);
  await writeCache(hash, contracts);
  return contracts;
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[];
  contracts?: Record<string, Record<string, SolcContract>>;
}

interface SolcContract {
  abi: Abi;
  evm: {
    bytecode: { object: string };
    deployedBytecode: { object: string; immutableReferences?: Record<string, { start: number; length: number }[]> };
  };
}

async function standardInput(wanted: Sources<string>): Promise<object> {
  const settings = await readFoundrySettings();
  const sources: Record<string, { content: string }> = {};
  const waiting: string[] = Object.values(wanted);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (sources[name]) continue;
    const content = await readFile(await sourcePath(name), 'utf8');
    sources[name] = { content };
    for (const match of content.matchAll(/^\s*import\s[^;]*?"([^"]+)"/gm)) {
      const imported = match[1]!;
      waiting.push(imported.startsWith('.') ? posix.join(posix.dirname(name), imported) : imported);
    }
  }
  const outputs = [
    'abi',
    'evm.bytecode.object',
    'evm.deployedBytecode.object',
    'evm.deployedBytecode.immutableReferences',
  ];
  const outputSelection = Object.fromEntries(Object.entries(wanted).map(([name, file]) => [file, { [name]: outputs }]));
  // Sorted, so that the same sources always give the same hash.
  const sorted = Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { language: 'Solidity', sources: sorted, settings: { ...settings, outputSelection } };
}

/** What a deployment's record says of the compiler, so that anybody can compile the same code. */
export async function compilerOf(): Promise<{ solc: string; settings: object }> {
  const { version } = requireFromHere('solc/package.json') as { version: string };
  return { solc: version, settings: await readFoundrySettings() };
}

/** Where a source lives: ours under contracts/, a library's in its npm package (solady keeps its sources under src/). */
async function sourcePath(name: string): Promise<string> {
  if (/^(src|test)\//.test(name)) return join(CONTRACTS, name);
  const packages: Record<string, string> = { '@openzeppelin/contracts/': '', 'solady/': 'src' };
  for (const [prefix, folder] of Object.entries(packages)) {
    if (!name.startsWith(prefix)) continue;
    const root = dirname(requireFromHere.resolve(`${prefix}package.json`));
    return join(root, folder, name.slice(prefix.length));
  }
  throw new PlumblineError(
    'contracts-not-compiled',
    `no npm package is known for ${name}; add it to scripts/compile.ts`,
  );
}

/** The compiler settings, from contracts/foundry.toml: forge and we must produce the same code. */
async function readFoundrySettings(): Promise<object> {
  const toml = await readFile(join(CONTRACTS, 'foundry.toml'), 'utf8');
  const profile = toml.split(/^\[profile\.default\]$/m)[1]?.split(/^\[/m)[0] ?? '';
  const setting = (key: string): string => {
    const value = profile.match(new RegExp(`^${key} = "?([^"\\n]*)"?$`, 'm'))?.[1];
    if (value !== undefined) return value;
    throw new PlumblineError(
      'foundry-setting-missing',
      `[profile.default] of contracts/foundry.toml lacks ${key}; add it`,
    );
  };
  return {
    optimizer: { enabled: setting('optimizer') === 'true', runs: Number(setting('optimizer_runs')) },
    evmVersion: setting('evm_version'),
    viaIR: setting('via_ir') === 'true',
    metadata: { bytecodeHash: setting('bytecode_hash'), appendCBOR: setting('cbor_metadata') === 'true' },
  };
}

/** Runs contracts/solc.cjs in a child, so that neither this thread nor its memory carries the compiler. */
function runSolc(input: string): Promise<string> {
  const child = spawn(process.execPath, [join(CONTRACTS, 'solc.cjs'), '--standard-json'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(chunks).toString('utf8'));
      reject(
        new PlumblineError('contracts-not-compiled', `solc ended with ${signal ?? code}; its own words are above`, {
          code,
        }),
      );
    });
    // A child that dies early breaks the pipe; `close` then tells why.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

function readOutput<Name extends string>(wanted: Sources<Name>, output: SolcOutput): Record<Name, CompiledContract> {
  const errors = (output.errors ?? []).filter((message) => message.severity === 'error');
  if (errors.length > 0) {
    const text = errors.map((error) => error.formattedMessage).join('\n');
    throw new PlumblineError('contracts-not-compiled', `solc refused the contracts; correct:\n${text}`);
  }
  const entries = Object.entries<string>(wanted).map(([name, file]) => {
    const { abi, evm } = output.contracts![file]![name]!;
    const runtimeBytes = evm.deployedBytecode.object.length / 2;
    if (runtimeBytes > RUNTIME_BYTES_MAX) {
      const message = `${name} has ${runtimeBytes} bytes of code, more than ${RUNTIME_BYTES_MAX} (EIP-170); split it`;
      throw new PlumblineError('contract-too-large', message, { name, runtimeBytes });
    }
    const immutables = Object.values(evm.deployedBytecode.immutableReferences ?? {}).flat();
    return [
      name,
      { abi, bytecode: `0x${evm.bytecode.object}`, runtime: `0x${evm.deployedBytecode.object}`, immutables },
    ];
  });
  return Object.fromEntries(entries) as Record<Name, CompiledContract>;
}

async function readCache<Name extends string>(hash: string): Promise<Record<Name, CompiledContract> | undefined> {
  try {
    return JSON.parse(await readFile(join(CACHE, `${hash}.json`), 'utf8')) as Record<Name, CompiledContract>;
  } catch {
    return undefined; // absent, or damaged: compiling replaces it
  }
}

/** A reader sees the whole file or none. */
async function writeCache(hash: string, contracts: Record<string, CompiledContract>): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const temporary = join(CACHE, `${hash}.${randomUUID()}.tmp`);
  await writeFile(temporary, JSON.stringify(contracts));
  await rename(temporary, join(CACHE, `${hash}.json`));
}

if (import.meta.main) {
  const started = performance.now();
  const contracts = await compileContracts();
  for (const name of CONTRACT_NAMES) {
    console.log(`${name.padEnd(20)} ${(contracts[name].bytecode.length - 2) / 2} bytes of creation code`);
  }
  console.log(`ready in ${Math.round(performance.now() - started)} ms`);
}
