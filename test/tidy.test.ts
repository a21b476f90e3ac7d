import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
// Tracked files and new ones alike: a file must be tidy before it is committed.
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
  .toString()
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const SOURCES = FILES.filter((file) => /\.(ts|sol)$/.test(file));
const TYPESCRIPT = FILES.filter((file) => file.endsWith('.ts'));

/** Who may import whom. A room that is not listed may import everything. */
const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  protocol: ['protocol'],
  platform: ['protocol', 'platform'],
  ledger: ['protocol', 'platform', 'ledger'],
  node: ['protocol', 'platform', 'ledger', 'node'],
  aggregator: ['protocol', 'platform', 'ledger', 'aggregator'],
  audit: ['protocol', 'platform', 'audit'],
  dashboard: ['protocol', 'platform', 'dashboard'],
  sdk: ['protocol', 'sdk'],
};

/** Packages that protocol/ may use: pure ones. */
const PURE_PACKAGES = ['@chainsafe/ssz', '@noble/hashes/sha3.js', 'viem'];

/** Longer than 400 lines, with the reason. */
const LONG: Readonly<Record<string, string>> = {
  'protocol/abi.ts': 'generated from the contracts',
  'contracts/src/MeasurementOracle.sol':
    'one contract by design: certificates, roots, rewards and refunds share a storage word',
  'contracts/src/WatcherRegistry.sol':
    'one contract by design: a second one would cost every report another cold account',
};
const LINES_MAX = 400;

function importsOf(file: string): string[] {
  return [
    ...read(file).matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gm),
  ].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

const roomOf = (file: string) => file.split('/')[0]!;
const resolved = (file: string, target: string) => normalize(join(dirname(file), target));

describe('the rooms of the house', () => {
  test('imports go only in the allowed directions', () => {
    const wrong = TYPESCRIPT.flatMap((file) => {
      const allowed = DIRECTIONS[roomOf(file)];
      if (!allowed || !file.includes('/')) return [];
      return importsOf(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => resolved(file, target))
        .filter((target) => !allowed.includes(roomOf(target)))
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test('a stage imports no sibling stage; only wire.ts knows them all', () => {
    const wrong = TYPESCRIPT.filter(
      (file) => /^(node|aggregator)\/[a-z-]+\.ts$/.test(file) && !file.endsWith('/wire.ts'),
    )
      .flatMap((file) => importsOf(file).map((target) => ({ file, target: resolved(file, target) })))
      .filter(({ target }) => /^(node|aggregator)\/[a-z-]+\.ts$/.test(target) && target !== 'node/artefacts.ts')
      .map(({ file, target }) => `${file} imports ${target}`);
    expect(wrong).toEqual([]);
  });

  test('protocol/ is pure: no clock, no randomness, no input or output, only pure packages', () => {
    const files = TYPESCRIPT.filter((file) => file.startsWith('protocol/'));
    expect(files.length).toBeGreaterThan(20);
    const packages = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !target.startsWith('.') && !PURE_PACKAGES.includes(target))
        .map((target) => `${file} imports ${target}`),
    );
    const impure = files.filter((file) =>
      /Date\.now|new Date|Math\.random|performance\.|setTimeout|process\.|parseFloat|fetch\(/.test(read(file)),
    );
    expect([...packages, ...impure]).toEqual([]);
  });

  test('sdk/ runs wherever viem does: no package but viem, Node only to read files, and its entry is for strangers', () => {
    const files = TYPESCRIPT.filter((file) => file.startsWith('sdk/') && !file.startsWith('sdk/examples/'));
    expect(files.length).toBeGreaterThan(20);
    const packages = files.flatMap((file) => importsOf(file).filter((target) => !target.startsWith('.')));
    expect([...new Set(packages)].sort()).toEqual(['node:fs/promises', 'node:path', 'viem', 'viem/actions']);
    const inside = TYPESCRIPT.filter((file) => !file.startsWith('test/')).filter((file) =>
      importsOf(file).some((target) => target.startsWith('.') && resolved(file, target) === 'sdk/index.ts'),
    );
    expect(inside).toEqual([]);
  });

  test('imports run in no circle', () => {
    const graph = new Map(
      TYPESCRIPT.map((file) => [
        file,
        importsOf(file)
          .filter((target) => target.startsWith('.'))
          .map((target) => resolved(file, target)),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) walk(file, []);
    expect(circles).toEqual([]);
  });
});

describe('habits', () => {
  test('no file is longer than 400 lines without a reason', () => {
    const long = SOURCES.filter((file) => !file.startsWith('test/') && !file.startsWith('contracts/test/')).filter(
      (file) => read(file).split('\n').length - 1 > LINES_MAX && !LONG[file],
    );
    expect(long).toEqual([]);
  });

  test('nothing is left behind: no unfinished notes, no focused or silently skipped tests', () => {
    const marks = new RegExp(['TO', 'DO|FIX', 'ME|\\.on', 'ly\\(|\\.sk', 'ip\\('].join(''));
    expect(SOURCES.filter((file) => marks.test(read(file)))).toEqual([]);
  });

  test('there are no barrels', () => {
    expect(TYPESCRIPT.filter((file) => /^export \*/m.test(read(file)))).toEqual([]);
  });

  test('tests wait for conditions, never for time', () => {
    const sleeping = TYPESCRIPT.filter((file) => file.startsWith('test/')).filter((file) =>
      /setTimeout\([a-z]+, *[0-9_]{3,}\)|sleep\(\d/.test(read(file)),
    );
    expect(sleeping).toEqual([]);
  });

  test('every dependency is pinned and used', () => {
    const manifest = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    const loose = Object.entries(all).filter(([, version]) => !/^(\d+\.\d+\.\d+|file:.*)$/.test(version));
    const text = FILES.filter(
      (file) => /\.(ts|js|cjs|sol|toml|json)$/.test(file) && !/^package(-lock)?\.json$/.test(file),
    )
      .map(read)
      .join('\n');
    const tools: Readonly<Record<string, string>> = {
      '@biomejs/biome': 'npm run style',
      '@foundry-rs/forge': 'npm test',
      '@types/node': 'tsc',
      'plumbline-toolchain': 'brings Node 24',
      typescript: 'npm run types',
    };
    const unused = Object.keys(all).filter((name) => !text.includes(name) && !tools[name]);
    expect({ loose, unused }).toEqual({ loose: [], unused: [] });
  });
});
