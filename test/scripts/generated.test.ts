import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Every generator that can tell whether what it wrote is still what it would write. */
test.each([['scripts/abi.ts'], ['scripts/lockfile.ts']])('%s has nothing new to write', (script) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(ROOT, script), '--check'], { cwd: ROOT });
  expect(status, `${stdout}${stderr}`).toBe(0);
});
