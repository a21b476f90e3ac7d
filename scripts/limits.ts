/**
 * Writes docs/LIMITS.md from the source: `node scripts/limits.ts`. With --check it writes nothing and fails when the page
 * is stale or a bound stands without its reason.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const LIMITS_PATH = 'docs/LIMITS.md';

const ROOT = join(import.meta.dirname, '..');
const ROOMS = ['protocol', 'platform', 'ledger', 'node', 'aggregator', 'audit', 'cli', 'dashboard', 'sdk'] as const;
const CONTRACTS = 'contracts/src';
/** Generated: its names are those of the contracts. */
const GENERATED: ReadonlySet<string> = new Set(['protocol/abi.ts']);

/** A bound says so in its name: a maximum or minimum, a length, a time, a rate, a count that is kept. */
const BOUND =
  /(^|_)(MAX|MIN|MILLIS|MICROS|SECONDS?|EPOCHS|BYTES|CHARACTERS|COLUMNS|ROWS|BURST|POINTS|RETRIES|PER_ADDRESS|SIZE|SEATS|CAP)(_|$)/;
/** Names with such a word that are no bounds. */
const NOT_A_BOUND = /_SCORE$|^ZERO_/;
/** Longest first: REDIAL_MILLIS_MAX counts milliseconds and not something called REDIAL_MILLIS. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/BYTES(_.*)?_PER_SECOND$/, 'bytes/s'],
  [/PER_SECOND(_|$)/, '1/s'],
  [/GAS_CAP$/, 'gas'],
  [/MILLIS(_|$)/, 'ms'],
  [/MICROS(_|$)/, 'µs'],
  [/SECONDS(_|$)/, 's'],
  [/EPOCHS(_|$)/, 'epochs'],
  [/BYTES(_|$)/, 'bytes'],
  [/PPM(_|$)/, 'ppm'],
  [/CHAR(ACTER)?S(_|$)/, 'characters'],
  [/COLUMNS(_|$)/, 'columns'],
  [/ROWS(_|$)/, 'rows'],
  [/BLOCKS(_|$)/, 'blocks'],
  [/POINTS$/, 'points'],
];

export type Limit = {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly file: string;
  /** Empty when the source gives none; then the check fails. */
  readonly reason: string;
};

type Found = { readonly name: string; readonly expression: string; readonly reason: string };

/** Every exported numeric bound of the rooms, by file and in the order of the source; then the contracts'. */
export async function collectLimits(): Promise<Limit[]> {
  const limits: Limit[] = [];
  for (const file of ROOMS.flatMap((room) => filesUnder(room, '.ts'))) {
    const found = constantsOf(read(file), /^export const ([A-Z][A-Z0-9_]*)(?:: number)? = ([^;\n]*);/);
    if (GENERATED.has(file) || !found.some(({ name }) => isBound(name))) continue;
    const values = (await import(join(ROOT, file))) as Record<string, unknown>;
    for (const { name, reason } of found) {
      const value = values[name];
      if (isBound(name) && (typeof value === 'number' || typeof value === 'bigint')) {
        limits.push({ name, value: group(value), unit: unitOf(name), file, reason });
      }
    }
  }
  for (const file of filesUnder(CONTRACTS, '.sol')) {
    const pattern = /^ +uint\d+ (?:public|internal|private) constant ([A-Z][A-Z0-9_]*) = ([^;\n]*);/;
    for (const { name, expression, reason } of constantsOf(read(file), pattern)) {
      if (!isBound(name)) continue;
      limits.push({ name, value: group(evaluate(file, name, expression)), unit: unitOf(name), file, reason });
    }
  }
  return limits;
}

/**
 * The constants of a source that match, each with what the comment above it or behind it says. Constants that stand
 * together without an empty line share the comment above the first.
 */
export function constantsOf(source: string, pattern: RegExp): Found[] {
  const found: Found[] = [];
  let comment: string[] = [];
  let reason = '';
  let open = false;
  for (const line of source.split('\n')) {
    const text = line.trim();
    if (open || /^(\/\*\*|\/\/)/.test(text)) {
      comment.push(text.replace(/^\/\*\*|^\/{2,3}|\*\/$/g, '').replace(/^\* ?/, ''));
      open = (open || text.startsWith('/**')) && !text.endsWith('*/');
      continue;
    }
    const match = pattern.exec(line);
    if (comment.length > 0) reason = tidy(comment.join(' '));
    comment = [];
    const trailing = /; \/\/ (.+)$/.exec(line)?.[1] ?? '';
    if (match)
      found.push({
        name: match[1]!,
        expression: match[2]!,
        reason: tidy(trailing === '' ? reason : `${reason} ${trailing}.`),
      });
    else if (text === '' || !/constant|const /.test(line)) reason = '';
  }
  return found;
}

export function limitsMarkdown(limits: readonly Limit[]): string {
  const rooms = [...ROOMS, 'contracts'].map((room) => {
    const rows = limits
      .filter(({ file }) => file.startsWith(`${room}/`))
      .map(({ name, value, unit, file, reason }) => {
        const where = `[${file.slice(room.length + 1)}](../${file})`;
        return `| \`${name}\` | ${value} | ${unit} | ${where} | ${reason.replaceAll('|', '\\|')} |`;
      });
    if (rows.length === 0) return '';
    return `\n## ${room}/\n\n| bound | value | unit | file | reason |\n|---|---:|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Limits

Every queue, map, decoder, loop and wait has a bound with a name. These are all of them that other code may use: exported
constants of the TypeScript rooms, and the constants of the contracts. Settings that an operator may change are in
[OPERATORS.md](OPERATORS.md#settings); bounds that are parameters of a deployment are in [CONTRACTS.md](CONTRACTS.md#windows).

This page is generated from the source by \`node scripts/limits.ts\`, reasons included; edit the source instead. An empty
unit means a count. Constants that stand together in the source share their reason.
${rooms.join('')}`;
}

function isBound(name: string): boolean {
  return BOUND.test(name) && !NOT_A_BOUND.test(name);
}

function unitOf(name: string): string {
  return UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? '';
}

/** Digits in groups of three. */
function group(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Solidity's integer expressions as they occur in these sources: literals, shifts and names of the same file. */
function evaluate(file: string, name: string, expression: string): bigint {
  const plain = expression.replaceAll('_', '').trim();
  const shift = /^(\d+) << (\d+)$/.exec(plain);
  if (shift) return BigInt(shift[1]!) << BigInt(shift[2]!);
  if (/^\d+$/.test(plain)) return BigInt(plain);
  throw new RangeError(`${file}: ${name} = ${expression} is no expression that scripts/limits.ts reads; teach it`);
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file).replaceAll('\\', '/'))
    .filter((file) => file.endsWith(ending))
    .sort();
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

if (import.meta.main) {
  const limits = await collectLimits();
  const rendered = limitsMarkdown(limits);
  if (process.argv.includes('--check')) {
    const without = limits.filter(({ reason }) => reason === '');
    for (const { file, name } of without) console.error(`${file}: ${name} has no comment that says why`);
    const isStale = read(LIMITS_PATH) !== rendered;
    if (isStale) console.error(`${LIMITS_PATH} is stale: run \`node scripts/limits.ts\``);
    process.exitCode = isStale || without.length > 0 ? 1 : 0;
  } else {
    writeFileSync(join(ROOT, LIMITS_PATH), rendered);
  }
}
