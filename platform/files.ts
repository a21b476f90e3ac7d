import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, PlumblineError } from '../protocol/error.ts';

/** A draft this old was left by a process that died while it wrote: no file of ours takes a minute. */
export const DRAFT_MILLIS_MAX = 60_000;
const DRAFT = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Writes a file whole or not at all: a reader never sees half of it. The directory is made. */
export async function writeAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, bytes);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Removes what kill -9 left of files that were never whole. Another process may be writing here: its drafts are young. */
async function sweepDrafts(directory: string): Promise<void> {
  const names = (await readdir(directory).catch(unlessMissing)) ?? [];
  for (const name of names.filter((one) => DRAFT.test(one))) {
    const path = join(directory, name);
    const { mtimeMs } = (await stat(path).catch(unlessMissing)) ?? { mtimeMs: Date.now() };
    if (mtimeMs < Date.now() - DRAFT_MILLIS_MAX) await rm(path, { force: true });
  }
}

/** Files by name. */
export interface Folder {
  /** Whole or not at all. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Undefined when there is no such file. @throws PlumblineError `archive` when it is longer than `bytesMax` */
  read(name: string, bytesMax: number): Promise<Uint8Array | undefined>;
  /** In no order; empty when the folder was never written to. */
  names(): Promise<string[]>;
  /** No error when it is gone already. */
  remove(name: string): Promise<void>;
}

/** A directory on the disk, made with the first file. Old drafts in it go before that. */
export function directoryFolder(directory: string): Folder {
  let swept: Promise<void> | undefined;
  return {
    write: async (name, bytes) => {
      // A sweep that fails is none of this file's troubles: what stands in its way will stand in the way of the file too.
      swept ??= sweepDrafts(directory).catch(() => {});
      await swept;
      await writeAtomically(join(directory, name), bytes);
    },
    read: async (name, bytesMax) => {
      const file = await open(join(directory, name)).catch(unlessMissing);
      if (!file) return undefined;
      try {
        // Looked at before it is read: a folder may hold anything under that name.
        const { size } = await file.stat();
        if (size <= bytesMax) return new Uint8Array(await file.readFile());
        throw new PlumblineError(
          'archive',
          `${join(directory, name)}: ${size} bytes, at most ${bytesMax}; move it away`,
        );
      } finally {
        await file.close();
      }
    },
    names: async () => (await readdir(directory).catch(unlessMissing)) ?? [],
    remove: (name) => rm(join(directory, name), { force: true }),
  };
}

function unlessMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
}
