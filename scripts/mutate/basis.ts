import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { CONTRACTS } from './mutation.ts';

/**
 * What a result rests on. That a test finds a mutation holds for as long as the test's file, everything that it imports and
 * forge's settings stay what they were; that nothing finds it holds only while no source and no test changes.
 */
export class Basis {
  readonly #sources = new Map<string, string>();
  readonly #settings = readFileSync(join(CONTRACTS, 'foundry.toml'), 'utf8');

  constructor() {
    for (const folder of ['src', 'test']) {
      for (const name of readdirSync(join(CONTRACTS, folder), { recursive: true, encoding: 'utf8' })) {
        const file = posix.join(folder, name.replaceAll('\\', '/'));
        if (file.endsWith('.sol')) this.#sources.set(file, readFileSync(join(CONTRACTS, file), 'utf8'));
      }
    }
  }

  /** @param by `Contract.test`; undefined, or no test, for what rests on everything */
  digest(by: string | undefined): string {
    const contract = by?.split('.')[0];
    const file = [...this.#sources].find(([, source]) => new RegExp(`^contract ${contract} `, 'm').test(source))?.[0];
    const files = file === undefined ? [...this.#sources.keys()] : this.#importsOf(file);
    const hash = createHash('sha256').update(this.#settings);
    for (const one of files.sort()) hash.update(`${one}\0`).update(this.#sources.get(one)!);
    return hash.digest('hex').slice(0, 32);
  }

  /** The file and what it imports of ours, directly or not. */
  #importsOf(file: string): string[] {
    const found = new Set<string>();
    const waiting = [file];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      const source = this.#sources.get(one);
      if (source === undefined || found.has(one)) continue;
      found.add(one);
      for (const match of source.matchAll(/^\s*import\s[^;]*?"(\.[^"]+)"/gm)) {
        waiting.push(posix.join(posix.dirname(one), match[1]!));
      }
    }
    return [...found];
  }
}
