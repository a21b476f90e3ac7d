import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCompiler } from './compiler.ts';
import { CONTRACTS } from './mutation.ts';

const ROOT = join(CONTRACTS, '..');
const COPIED = ['src', 'test', 'foundry.toml', 'snapshots'] as const;
const SOLC_CLIENT = join(import.meta.dirname, 'solc-client.cjs');

/** A copy of contracts/ that mutations are made in. Its own cache and compiler make every one after the first quick. */
export class ContractsCopy {
  readonly path: string;
  readonly #folder: string;
  #compiler: Server | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'contracts');
  }

  static async make(): Promise<ContractsCopy> {
    const copy = new ContractsCopy(await mkdtemp(join(tmpdir(), 'plumbline-mutate-')));
    for (const name of COPIED) await cp(join(CONTRACTS, name), join(copy.path, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy.#folder, 'node_modules'));
    await mkdir(join(copy.#folder, 'test'));
    await cp(join(ROOT, 'test', 'vectors'), join(copy.#folder, 'test', 'vectors'), { recursive: true });
    await cp(SOLC_CLIENT, join(copy.path, 'solc.cjs'));
    await chmod(join(copy.path, 'solc.cjs'), 0o755);
    copy.#compiler = await startCompiler(copy.#folder);
    return copy;
  }

  /** Writes a source, and forgets failures of earlier mutations that forge would play again. */
  async write(file: string, source: string): Promise<void> {
    await writeFile(join(this.path, 'src', file), source);
    for (const kept of ['fuzz', 'invariant', 'test-failures']) {
      await rm(join(this.path, 'cache', kept), { recursive: true, force: true });
    }
  }

  async remove(): Promise<void> {
    this.#compiler?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
