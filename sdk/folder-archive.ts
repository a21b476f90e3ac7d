import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, PlumblineError } from '../protocol/error.ts';
import { recordBytesMax, recordName } from '../protocol/record.ts';
import { type LeafSource, leavesOfRecord } from './leaf-source.ts';

/**
 * The archive that a watcher writes (`dataDir/archive`), or a copy of it. It throws PlumblineError `archive` when a file cannot be
 * read or is longer than any record of its report, and `decode` when it is no record.
 */
export function folderArchive(folder: string): LeafSource {
  return {
    name: folder,
    leaves: async ({ epoch, batches }) => {
      const bytes = await readBounded(join(folder, recordName(epoch)), recordBytesMax(batches));
      return bytes && leavesOfRecord(bytes);
    },
  };
}

async function readBounded(path: string, bytesMax: number): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path);
    try {
      // Looked at before it is read: a folder may hold anything under that name.
      const { size } = await file.stat();
      if (size > bytesMax) throw new PlumblineError('archive', `${path}: ${size} bytes, at most ${bytesMax}`);
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new PlumblineError('archive', `${path}: cannot be read (${errorCode(error)})`, {}, error);
  }
}
