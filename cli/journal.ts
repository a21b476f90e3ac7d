import { access, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { createBls } from '../platform/bls/create.ts';
import { readKeystore } from '../platform/bls/keystore.ts';
import {
  checkInterchangeBytes,
  decodeInterchange,
  encodeInterchange,
  type InterchangeOwner,
} from '../platform/store/interchange.ts';
import { type Journal, openJournal } from '../platform/store/journal.ts';
import { openLevelStore } from '../platform/store/level.ts';
import { fromHex, keccak } from '../protocol/bytes.ts';
import { errorCode, PlumblineError } from '../protocol/error.ts';
import { readConfig, readDeployment, WatchConfig } from './config.ts';

type ExportFlags = { config: string; out: string };
type ImportFlags = { config: string; in: string };

/** `plumbline journal`: carries what a key has signed to another machine. Only while the watcher is stopped. */
export function journalCommand(out: (line: string) => void = console.log): Command {
  const journal = new Command('journal').description('carry the signing journal to another machine').exitOverride();
  journal
    .command('export')
    .description('write what this key has signed to a file; the watcher must be stopped, and stay so')
    .requiredOption('--config <file>', 'configuration of the watcher')
    .requiredOption('--out <file>', 'file to write; never overwritten')
    .exitOverride()
    .action(async ({ config, out: path }: ExportFlags) => {
      const settings = await readConfig(config, WatchConfig);
      const owner = await ownerOf(settings);
      // Opening would make an empty database, and an empty file says that nothing was signed.
      await access(join(settings.dataDir, 'db')).catch((error: unknown) => {
        throw new PlumblineError('journal-missing', `${settings.dataDir} has no database: check dataDir`, {}, error);
      });
      const dump = await withJournal(settings, owner, true, (held) => held.dump());
      await writeNew(path, encodeInterchange(owner, dump));
      out(`${dump.slots.length} slots to ${path}; do not start this watcher here again`);
    });
  journal
    .command('import')
    .description('take in what this key has signed elsewhere; the watcher must be stopped')
    .requiredOption('--config <file>', 'configuration of the watcher')
    .requiredOption('--in <file>', 'file that was exported')
    .exitOverride()
    .action(async ({ config, in: path }: ImportFlags) => {
      const settings = await readConfig(config, WatchConfig);
      const owner = await ownerOf(settings);
      const dump = decodeInterchange(owner, await read(path));
      const added = await withJournal(settings, owner, false, (held) => held.merge(dump));
      out(`${added} slots were new; below epoch ${dump.closedBelow} nothing new is signed`);
    });
  return journal;
}

async function ownerOf({ keystore, keystorePasswordFile, deployment }: WatchConfig): Promise<InterchangeOwner> {
  const bls = await createBls(() => {});
  const publicKey = bls.publicKey(await readKeystore(keystore, keystorePasswordFile));
  const { chainId, oracle } = await readDeployment(deployment);
  return { chainId, oracle: fromHex(oracle), watcher: keccak(bls.publicKeyToEvm(publicKey)) };
}

/** LevelDB's lock is what says that the watcher is stopped. @throws PlumblineError `store-locked` when it is not */
async function withJournal<T>(
  { dataDir }: WatchConfig,
  { watcher }: InterchangeOwner,
  expectExisting: boolean,
  work: (journal: Journal) => Promise<T>,
): Promise<T> {
  const store = await openLevelStore(join(dataDir, 'db'));
  try {
    return await work(await openJournal(store, { watcher, expectExisting }));
  } finally {
    await store.close();
  }
}

async function read(path: string): Promise<string> {
  try {
    checkInterchangeBytes((await stat(path)).size);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    throw fileError(path, `cannot be read (${errorCode(error)}); check the path`, error);
  }
}

/** On the disk when it resolves: whoever exports is about to wipe the machine. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(path, `cannot be written (${errorCode(error)}); name a new file in an existing directory`, error);
  }
}

function fileError(path: string, what: string, cause: unknown): PlumblineError {
  return new PlumblineError('interchange-file', `${path}: ${what}`, { path }, cause);
}
