import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, PlumblineError } from '../protocol/error.ts';
import { RECORD_BYTES_MAX, recordName } from '../protocol/record.ts';

/** A folder of epoch records: one watcher's, or a downloaded copy. */
export type Archive = {
  /** The path shown for an epoch's record. */
  path(epoch: number): string;
  /** Undefined when the folder has no record of the epoch. @throws PlumblineError `archive` when it cannot be read */
  read(epoch: number): Promise<Uint8Array | undefined>;
};

/** @param shown how the folder is named in verdicts */
export function folderArchive(folder: string, shown = folder): Archive {
  const path = (epoch: number) => join(shown, recordName(epoch));
  return {
    path,
    read: async (epoch) => {
      const file = await open(join(folder, recordName(epoch))).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return undefined;
        throw unreadable(path(epoch), error);
      });
      if (!file) return undefined;
      try {
        // Looked at before it is read: a folder may hold anything under that name.
        const { size } = await file.stat();
        if (size > RECORD_BYTES_MAX) {
          throw new PlumblineError(
            'archive',
            `${path(epoch)}: ${size} bytes, a record has at most ${RECORD_BYTES_MAX}`,
          );
        }
        return new Uint8Array(await file.readFile());
      } catch (error) {
        throw error instanceof PlumblineError ? error : unreadable(path(epoch), error);
      } finally {
        await file.close();
      }
    },
  };
}

function unreadable(path: string, error: unknown): PlumblineError {
  return new PlumblineError(
    'archive',
    `${path}: cannot be read (${errorCode(error)}); check its permissions`,
    {},
    error,
  );
}
