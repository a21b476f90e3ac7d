import { createHash } from 'node:crypto';

export const WATCHER = new Uint8Array(32).fill(7);

export function digestFor(seed: string | number): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(String(seed)).digest());
}
