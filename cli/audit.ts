import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import {
  type Archive,
  type EvidenceFolder,
  folderArchive,
  folderEvidence,
  folderNotes,
  type NoteFolder,
} from '../audit/archive.ts';
import { AUDIT_EXIT } from '../audit/check.ts';
import { decentralization } from '../audit/decentralization.ts';
import { leaders } from '../audit/leaders.ts';
import { leadersJson, renderLeaders } from '../audit/leaders-table.ts';
import { renderVerdict, verdictJson } from '../audit/render.ts';
import { replay } from '../audit/replay.ts';
import { openSource, type Source, type SourceOptions } from '../audit/source.ts';
import { decentralizationJson, renderDecentralization } from '../audit/table.ts';
import { errorCode, errorMessage, PlumblineError } from '../protocol/error.ts';
import { type Deployment, readConfig, readDeployment } from './config.ts';

export type Where = { devnet?: string; rpc?: string; deployment?: string };
type ReplayFlags = Where & { epoch: number; archive: string[]; trustEarlier: boolean; json: boolean };
type DecentralizationFlags = Where & { last?: number; json: boolean };
type LeadersFlags = DecentralizationFlags & { archive: string[] };

export type AuditIo = {
  out(line: string): void;
  error(line: string): void;
  /** Sets the exit code; the last call counts. */
  exit(code: number): void;
};

/** What a devnet writes about itself into its directory; of this the audit needs no more. */
const Devnet = z.object({
  pid: z.int().positive().optional(),
  rpc: z.url({ protocol: /^https?$/ }),
  watchers: z.array(z.object({ id: z.int().nonnegative(), directory: z.string().min(1) })).max(512),
});

/** Codes that say "you asked for something that is not there", not "it could not be found out". */
const USAGE_CODES: ReadonlySet<string> = new Set(['config', 'usage', 'wrong-chain']);
const PROGRESS_MILLIS = 5_000;
/** An epoch beyond this is a time stamp by mistake. */
export const EPOCH_MAX = 2 ** 40;

/** `plumbline audit`: what a stranger can find out with the chain and the stored records alone. */
export function auditCommand(io: AuditIo = processIo()): Command {
  const audit = new Command('audit').description('check a network from its chain and its archive alone');
  const replayOne = new Command('replay')
    .description('compute the report of an epoch again from the stored, signed batches, and compare it with the chain')
    .requiredOption('--epoch <n>', 'the epoch', whole('epoch', 0, EPOCH_MAX))
    .option('--archive <folder>', 'folder of epoch records; may be repeated', collect, [])
    .option('--trust-earlier', 'check signatures only of this epoch; earlier batches by their hashes', false)
    .action((flags: ReplayFlags) => guarded(io, () => runReplay(flags, io)));
  const spread = new Command('decentralization')
    .description('who holds, signs, measures and leads, and how concentrated that is')
    .option('--last <epochs>', 'only this many epochs up to the newest report', whole('last', 1, EPOCH_MAX))
    .action((flags: DecentralizationFlags) => guarded(io, () => runDecentralization(flags, io)));
  const leading = new Command('leaders')
    .description('what leaders did with their views, which batches they left out, and what was signed twice')
    .option('--last <epochs>', 'only this many epochs up to the newest closed one', whole('last', 1, EPOCH_MAX))
    .option('--archive <folder>', 'folder of records and evidence; may be repeated', collect, [])
    .action((flags: LeadersFlags) => guarded(io, () => runLeaders(flags, io)));
  for (const command of [replayOne, spread, leading]) {
    withPlace(command).addHelpText(
      'after',
      '\nExit code: 0 it holds, 1 something is wrong, 2 usage, 3 could not find out.',
    );
    audit.addCommand(command.exitOverride());
  }
  return audit.exitOverride();
}

/** The options that say which network, and in which form to answer. */
export function withPlace(command: Command): Command {
  return command
    .option('--devnet <dir>', 'directory of a devnet, running or stopped')
    .option('--rpc <url>', 'JSON-RPC endpoint of any other chain; with --deployment')
    .option('--deployment <file>', 'deployment file with the addresses')
    .option('--json', 'one line of JSON instead of text', false);
}

async function runReplay(flags: ReplayFlags, io: AuditIo): Promise<void> {
  const place = await placeOf(flags);
  const archives = (await foldersOf(flags, place)).map(({ archive }) => archive);
  if (archives.length === 0) throw new PlumblineError('usage', 'no records to replay: give --archive FOLDER');
  await using source = disposable(await place.open());
  const options = { epoch: flags.epoch, earlierSignatures: !flags.trustEarlier };
  const verdict = await replay(
    { ...source, archives, onEpoch: progress(`replaying up to ${flags.epoch}: epoch`, io) },
    options,
  );
  for (const line of flags.json ? [JSON.stringify(verdictJson(verdict))] : renderVerdict(verdict)) io.out(line);
  io.exit(verdict.exit);
}

async function runDecentralization(flags: DecentralizationFlags, io: AuditIo): Promise<void> {
  const place = await placeOf(flags);
  await using source = disposable(await place.open());
  const found = await decentralization(source.chain, flags.last);
  for (const line of flags.json ? [JSON.stringify(decentralizationJson(found))] : renderDecentralization(found)) {
    io.out(line);
  }
  io.exit(AUDIT_EXIT.follows);
}

async function runLeaders(flags: LeadersFlags, io: AuditIo): Promise<void> {
  const place = await placeOf(flags);
  const folders = await foldersOf(flags, place);
  await using source = disposable(await place.open());
  const archives = folders.map(({ archive }) => archive);
  const evidence = folders.map((folder) => folder.evidence);
  const onEpoch = progress('looking at epoch', io);
  const found = await leaders({ ...source, archives, evidence, onEpoch }, flags.last);
  for (const line of flags.json ? [JSON.stringify(leadersJson(found))] : renderLeaders(found)) io.out(line);
  io.exit(found.damage.length > 0 ? AUDIT_EXIT.wrong : AUDIT_EXIT.follows);
}

type Stores = { readonly archive: Archive; readonly evidence: EvidenceFolder; readonly notes: NoteFolder };
type Place = { readonly open: () => Promise<Source>; readonly folders: readonly Stores[] };

/** The folders named by flags, or else those of the devnet. */
export async function foldersOf({ archive }: { archive: string[] }, place: Place): Promise<readonly Stores[]> {
  const explicit = await Promise.all(archive.map(explicitFolder));
  return explicit.length > 0 ? explicit : place.folders;
}

/** Where chain and records are: a devnet's directory says both, otherwise the flags do. */
export async function placeOf(flags: Where): Promise<Place> {
  const { devnet, rpc, deployment } = flags;
  if (devnet !== undefined && rpc === undefined && deployment === undefined) {
    const described = await readConfig(join(devnet, 'devnet.json'), Devnet);
    const addresses = await readDeployment(join(devnet, 'deployment.json'));
    const statePath = join(devnet, 'anvil-state.json');
    const hasState = await access(statePath).then(
      () => true,
      () => false,
    );
    const stored = hasState ? { statePath, hasEnded: hasEnded(described.pid) } : {};
    const folders = described.watchers.map(({ directory }) => {
      const folder = join(directory, 'archive');
      return storesIn(join(devnet, folder), folder);
    });
    return { open: () => open(described.rpc, addresses, stored), folders };
  }
  if (devnet === undefined && rpc !== undefined && deployment !== undefined) {
    const addresses = await readDeployment(deployment);
    return { open: () => open(rpc, addresses, {}), folders: [] };
  }
  throw new PlumblineError('usage', 'say which network: either --devnet DIR, or --rpc URL with --deployment FILE');
}

type Stored = Pick<SourceOptions, 'statePath' | 'hasEnded'>;

function open(rpc: string, deployment: Deployment, stored: Stored): Promise<Source> {
  return openSource({ rpc, chainId: deployment.chainId, addresses: deployment, ...stored });
}

/** Whether the process that wrote devnet.json is gone. */
function hasEnded(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

function storesIn(folder: string, shown = folder): Stores {
  return {
    archive: folderArchive(folder, shown),
    evidence: folderEvidence(folder, shown),
    notes: folderNotes(folder, shown),
  };
}

async function explicitFolder(folder: string): Promise<Stores> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return storesIn(folder);
  throw new PlumblineError('usage', `--archive ${folder}: no such folder`);
}

/** A line now and then on an audit that takes long. */
function progress(what: string, io: AuditIo): (epoch: number) => void {
  let told = performance.now();
  return (epoch) => {
    if (performance.now() - told < PROGRESS_MILLIS) return;
    told = performance.now();
    io.error(`${what} ${epoch}`);
  };
}

export function disposable(source: Source): Source & AsyncDisposable {
  return { ...source, [Symbol.asyncDispose]: () => source.close() };
}

/** Errors as one line: code, what, remedy. Not being able to find out is an answer of its own. */
export async function guarded(io: AuditIo, run: () => Promise<void>, command = 'audit'): Promise<void> {
  // An exit, unlike death by a signal, ends the chain that this command may have started.
  const quit = () => process.exit(AUDIT_EXIT.unknown);
  process.once('SIGTERM', quit).once('SIGINT', quit);
  try {
    await run();
  } catch (error) {
    const code = errorCode(error);
    io.error(`plumbline ${command}: ${errorMessage(error)} [${code}]`);
    io.exit(USAGE_CODES.has(code) ? AUDIT_EXIT.usage : AUDIT_EXIT.unknown);
  } finally {
    process.off('SIGTERM', quit).off('SIGINT', quit);
  }
}

function whole(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`--${name} is a whole number from ${min} to ${max}.`);
  };
}

export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

export function processIo(): AuditIo {
  return {
    out: (line) => console.log(line),
    error: (line) => console.error(line),
    exit: (code) => {
      process.exitCode = code;
    },
  };
}
