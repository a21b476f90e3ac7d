import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PlumblineError } from '../protocol/error.ts';

/**
 * forge itself, of the npm package `@foundry-rs/forge`. The script that the package installs as `forge` ends with 0 whatever
 * forge ended with, and leaves it running when it is killed.
 * @throws PlumblineError `forge` when it is not installed for this platform
 */
export function forgePath(): string {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const name = process.platform === 'win32' ? 'forge.exe' : 'forge';
  try {
    const require = createRequire(import.meta.url);
    const beside = createRequire(require.resolve('@foundry-rs/forge/package.json'));
    const found = join(dirname(beside.resolve(`@foundry-rs/forge-${platform}/package.json`)), 'bin', name);
    if (existsSync(found)) return found;
  } catch {
    // Told below.
  }
  throw new PlumblineError('forge', `there is no forge for ${platform}; run npm ci`);
}
