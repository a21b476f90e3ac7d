import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes a file whole or not at all: a reader never sees half of it. The directory is made. */
export async function writeAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeFile(draft, bytes);
  await rename(draft, path);
}

/** A directory that records are written into by name. */
export function directoryWriter(directory: string): { write(name: string, bytes: Uint8Array): Promise<void> } {
  return { write: (name, bytes) => writeAtomically(join(directory, name), bytes) };
}
