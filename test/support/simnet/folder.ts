import type { Folder } from '../../../platform/files.ts';

/** Files in memory, looked at by tests. */
export function memoryFolder(files: Map<string, Uint8Array>): Folder {
  return {
    write: async (name, bytes) => void files.set(name, bytes),
    read: async (name) => files.get(name),
    names: async () => [...files.keys()],
    remove: async (name) => void files.delete(name),
  };
}
