import { readFileSync, writeFileSync } from 'node:fs';
import { toHex } from '../../protocol/bytes.ts';

/**
 * One file of test/vectors: `node scripts/vectors/<name>.ts` writes it, with `--check` it only says whether it is stale.
 * Vectors depend on nothing but this repository, so two machines write the same bytes.
 */

/** JSON with words as full-width hex: bytes as they are, bigints as 32 bytes, numbers as numbers. */
export function vectorJson(value: unknown): string {
  return `${JSON.stringify(value, (_, v) => (v instanceof Uint8Array ? toHex(v) : v), 2)}\n`;
}

export function vectorUrl(name: string): URL {
  return new URL(`../../test/vectors/${name}`, import.meta.url);
}

export function emitVector(name: string, value: unknown): void {
  const text = vectorJson(value);
  if (!process.argv.includes('--check')) {
    writeFileSync(vectorUrl(name), text);
  } else if (readFileSync(vectorUrl(name), 'utf8') !== text) {
    console.error(
      `test/vectors/${name} is not what the code gives: run node scripts/vectors/${name.replace('json', 'ts')}`,
    );
    process.exitCode = 1;
  }
}
