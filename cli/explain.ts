import { Command, InvalidArgumentError } from 'commander';
import { AUDIT_EXIT } from '../audit/check.ts';
import { explain } from '../audit/explain.ts';
import { explanationJson, renderExplanation } from '../audit/explain-table.ts';
import {
  type AuditIo,
  collect,
  disposable,
  EPOCH_MAX,
  foldersOf,
  guarded,
  placeOf,
  processIo,
  type Where,
  withPlace,
} from './audit.ts';

type Flags = Where & { service?: string; archive: string[]; json: boolean };

function epochOf(text: string): number {
  if (/^[0-9]+$/.test(text) && Number(text) <= EPOCH_MAX) return Number(text);
  throw new InvalidArgumentError(`An epoch is a whole number up to ${EPOCH_MAX}.`);
}

/** `plumbline explain EPOCH`: who saw what of each service, whether it counted, and why not. */
export function explainCommand(io: AuditIo = processIo()): Command {
  const command = new Command('explain')
    .description('show, per watcher, what it saw in an epoch, what counted and why not')
    .argument('<epoch>', 'an epoch with a report', epochOf)
    .option(
      '--service <id>',
      'one service: its id, a beginning of it that no other has (0x and 4 digits at least), or its URL',
    )
    .option('--archive <folder>', 'folder of epoch records; may be repeated', collect, []);
  return withPlace(command)
    .addHelpText('after', '\nExit code: 0 explained, 2 usage, 3 could not find out.')
    .action((epoch: number, flags: Flags) => guarded(io, () => run(epoch, flags, io), 'explain'))
    .exitOverride();
}

async function run(epoch: number, flags: Flags, io: AuditIo): Promise<void> {
  const place = await placeOf(flags);
  const folders = await foldersOf(flags, place);
  const archives = folders.map(({ archive }) => archive);
  const notes = folders.map((folder) => folder.notes);
  await using source = disposable(await place.open());
  const found = await explain({ ...source, archives, notes }, epoch, flags.service);
  for (const line of flags.json ? [JSON.stringify(explanationJson(found))] : renderExplanation(found)) io.out(line);
  io.exit(AUDIT_EXIT.follows);
}
