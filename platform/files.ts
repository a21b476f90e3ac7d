import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, PlumblineError } from '../protocol/error.ts';

/** Writes a file whole or not at all: a reader never sees half of it. The directory is made. */
export async function writeAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeFile(draft, bytes);
  await rename(draft, path);
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

/** A directory on the disk, made with the first file. */
export function directoryFolder(directory: string): Folder {
  return {
    write: (name, bytes) => writeAtomically(join(directory, name), bytes),
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
