import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlumblineError } from '../protocol/error.ts';
import { CONTRACT_NAMES, compileContracts } from './compile.ts';

// Writes protocol/abi.ts, the contracts' ABIs with literal types for viem. With --check it writes nothing and fails when
// the file is not what the contracts give.

const ROOT = join(import.meta.dirname, '..');
const FILE = 'protocol/abi.ts';
const HEADER = `// Generated from contracts/src by scripts/abi.ts. Do not edit: change the contracts and run \`node scripts/abi.ts\`.
`;

async function render(): Promise<string> {
  const contracts = await compileContracts();
  const constants = CONTRACT_NAMES.map((name) => {
    const constant = `${name[0]!.toLowerCase()}${name.slice(1)}Abi`;
    return `export const ${constant} = ${JSON.stringify(contracts[name].abi)} as const;\n`;
  });
  return format([HEADER, ...constants].join('\n'));
}

/** Formats as biome would in place, so that the tree-wide format check agrees with the generated file. */
function format(source: string): string {
  const script = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const result = spawnSync(process.execPath, [script, 'format', `--stdin-file-path=${FILE}`], {
    cwd: ROOT,
    input: source,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return result.stdout;
  throw new PlumblineError('abi-not-formatted', `biome could not format ${FILE}: ${result.stderr}; run npm ci`);
}

const rendered = await render();
const path = join(ROOT, FILE);
if (process.argv.includes('--check')) {
  let current = '';
  try {
    current = readFileSync(path, 'utf8');
  } catch {
    // an absent file is a stale one
  }
  if (current !== rendered) {
    console.error(`${FILE} is stale: run \`node scripts/abi.ts\` and commit the result`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, rendered);
  console.log(`wrote ${FILE}`);
}
