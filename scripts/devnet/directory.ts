import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Finished devnets that are kept for an audit; older ones are removed at the next start. */
export const DEVNETS_KEPT_MAX = 8;

const ROOT = '.plumbline';
const PREFIX = 'devnet-';

/** A new directory for a devnet under .plumbline, or the given one. */
export async function devnetDirectory(wanted: string | undefined): Promise<string> {
  if (wanted) {
    await mkdir(wanted, { recursive: true });
    return wanted;
  }
  await mkdir(ROOT, { recursive: true });
  await removeOld();
  return mkdtemp(join(ROOT, PREFIX));
}

async function removeOld(): Promise<void> {
  const names = (await readdir(ROOT)).filter((name) => name.startsWith(PREFIX));
  const aged = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(ROOT, name))).mtimeMs })));
  for (const name of names) await endOrphan(join(ROOT, name));
  for (const { name } of aged.toSorted((a, b) => b.at - a.at).slice(DEVNETS_KEPT_MAX)) {
    if (!(await isRunning(join(ROOT, name)))) await rm(join(ROOT, name), { recursive: true, force: true });
  }
}

type Processes = { readonly pid: number; readonly pids?: readonly number[] };

async function processesOf(directory: string): Promise<Processes | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, 'devnet.json'), 'utf8')) as Processes;
  } catch {
    return undefined;
  }
}

/** A devnet writes its process id; one that still runs keeps its directory. */
async function isRunning(directory: string): Promise<boolean> {
  const processes = await processesOf(directory);
  return processes !== undefined && isAlive(processes.pid);
}

/**
 * A supervisor that was killed with -9 could not end its EVM; everything else ends with its parent. The process is known by
 * its number and by the directory in its command line, so nobody else's is touched.
 */
async function endOrphan(directory: string): Promise<void> {
  const processes = await processesOf(directory);
  if (!processes || isAlive(processes.pid)) return;
  for (const pid of processes.pids ?? []) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(resolve(directory))) process.kill(pid, 'SIGTERM');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
