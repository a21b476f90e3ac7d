/**
 * Completes package-lock.json after `npm install` behind a registry mirror that lacks other platforms' binaries.
 *
 * Packages such as biome and anvil name one optional package per platform. npm drops those that it cannot fetch from the
 * lock file, and `npm ci` then refuses the lock file as incomplete. This writes the missing entries back with the
 * platform that they are for, so that npm skips them here and fetches them there. With a full registry it changes nothing.
 *
 *   node scripts/lockfile.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Entry = {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
};

const FILE = join(import.meta.dirname, '..', 'package-lock.json');
const OS = ['linux', 'darwin', 'win32', 'android', 'freebsd'];
const CPU: Readonly<Record<string, string>> = { x64: 'x64', amd64: 'x64', arm64: 'arm64', arm: 'arm', ia32: 'ia32' };

/** The platform that a package's name ends with, such as `-linux-arm64-musl`. */
function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> | undefined {
  const parts = name.split('-');
  const os = parts.find((part) => OS.includes(part));
  const cpu = parts.map((part) => CPU[part]).find((part) => part !== undefined);
  if (!os || !cpu) return undefined;
  return { ...(parts.includes('musl') ? { libc: ['musl'] } : {}), os: [os], cpu: [cpu] };
}

const text = readFileSync(FILE, 'utf8');
const lock = JSON.parse(text) as { packages: Record<string, Entry> };
const added: string[] = [];
for (const [parent, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (lock.packages[path] || lock.packages[`${parent}/${path}`] || !platform || !/^\d/.test(version)) continue;
    lock.packages[path] = { version, ...platform, ...(entry.dev ? { dev: true } : {}), optional: true };
    added.push(`${name}@${version}`);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
if (process.argv.includes('--check')) {
  if (added.length > 0) console.error(`package-lock.json lacks ${added.join(', ')}: run node scripts/lockfile.ts`);
  process.exitCode = added.length > 0 ? 1 : 0;
} else if (added.length > 0) {
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${added.length}: ${added.join(', ')}`);
}
