/**
 * What the contracts cost, as whole transactions with cold storage, measured by forge (contracts/test/Gas.t.sol) and kept in
 * contracts/snapshots: `npm run bench:gas`, with `--json` one line at the end. Exits with 1 when a target is missed. Gas is
 * deterministic, so the machine's load decides nothing.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RUNTIME_BYTES_MAX } from '../compile.ts';
import { forgePath } from '../forge.ts';

type Row = {
  readonly name: string;
  readonly value: number;
  readonly unit: 'gas' | 'bytes' | '%';
  /** At most; null for a row that only informs. */
  readonly target: number | null;
  /** Value in parts of the floor of `submitReport`, where that says something. */
  readonly ratio?: number;
  readonly holds: boolean;
};

const CONTRACTS = join(import.meta.dirname, '../../contracts');

/** Snapshot name and the most that it may cost; null informs. */
const REPORT_TARGETS: readonly (readonly [string, number | null])[] = [
  ['4 seats, all signed', 185_000],
  ['64 seats, all signed', 185_000],
  ['512 seats, all signed', 185_000],
  ['per non-signer, no rewards', 10_000],
  ['per non-signer, rewards running', 10_000],
  ['per silent seat, rewards running', 10_000],
];
const OPERATION_TARGETS: readonly (readonly [string, number | null])[] = [
  ['register the 64th watcher', 480_000],
  ['register with the longest metadata', 480_000],
  ['prove an equivocation', 500_000],
  ['keep a new value, proof of 8 hashes', 90_000],
  ['seal 64 seats', null],
];
/** Of agreements: one settlement, and one of twenty in a transaction. */
const MARKET_TARGETS: readonly (readonly [string, number | null])[] = [
  ['settle: met', 100_000],
  ['settle: credited', 100_000],
  ['settle: breached', 100_000],
  ['settle: inconclusive', 100_000],
  ["settle: met, the provider's first", 100_000],
  ["settle: credited, the customer's first", 100_000],
  ['settle: met, after the provider withdrew everything', 100_000],
  ['settleMany of 20', 20 * 60_000],
  ['market: match', null],
];

/** What no implementation avoids (EIP-2537): intrinsic gas, a pairing check of two pairs, two maps and an addition. */
const INTRINSIC = 21_000;
const PAIRING = 102_900;
const MAPS_AND_ADD = 2 * 5_500 + 375;

type Snapshots = Readonly<Record<string, Readonly<Record<string, number>>>>;

function readSnapshots(): Snapshots {
  const folder = join(CONTRACTS, 'snapshots');
  const groups = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return Object.fromEntries(
    groups.map((file) => {
      const values = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, string>;
      return [
        file.replace('.json', ''),
        Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)])),
      ];
    }),
  );
}

/** Runs the gas tests, which write the snapshots. Their failures are told; the rows say what misses. */
function measure(): void {
  const { status } = spawnSync(forgePath(), ['test', '--match-contract', 'GasTest'], {
    cwd: CONTRACTS,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) console.error('some gas tests failed: cd contracts && forge test --match-contract GasTest');
}

function rowsOf(group: Readonly<Record<string, number>>, targets: typeof REPORT_TARGETS, floor?: number): Row[] {
  return targets.map(([name, target]) => {
    const value = group[name] ?? Number.NaN;
    const ratio = floor !== undefined && name.includes('all signed') ? { ratio: value / floor } : {};
    return { name, value, unit: 'gas', target, ...ratio, holds: target === null || value <= target };
  });
}

/** Where the gas of a report of 64 seats goes. */
function breakdownRows(report: Readonly<Record<string, number>>, calldata: number): Row[] {
  const total = report['64 seats, all signed']!;
  const parts: [string, number][] = [
    ['intrinsic', INTRINSIC],
    ['calldata', calldata],
    ['pairing', PAIRING],
    ['maps and addition', MAPS_AND_ADD],
    ['the rest of hash to curve', report['part: hash to curve']! - MAPS_AND_ADD],
    ['the rest of the pairing check', report['part: pairing check']! - PAIRING],
  ];
  const rest = parts.reduce((left, [, gas]) => left - gas, total);
  const all: [string, number][] = [...parts, ['rest: storage, log, set, checks', rest]];
  return all.map(([name, value]) => {
    return { name: `of 64 seats: ${name}`, value, unit: 'gas', target: null, holds: true };
  });
}

function print({ name, value, unit, target, ratio, holds }: Row): void {
  const figure = (n: number) => n.toLocaleString('en-US', { maximumFractionDigits: 2 }).padStart(10);
  const verdict = target === null ? '' : holds ? 'holds' : 'MISSES';
  const times = ratio === undefined ? '' : ` ${ratio.toFixed(3)} x the floor`;
  console.log(
    `${name.padEnd(50)}${figure(value)} ${unit.padEnd(6)}${target === null ? ''.padStart(10) : figure(target)}  ${verdict}${times}`,
  );
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
measure();
const {
  SubmitReport: report = {},
  Operations: operations = {},
  Money: money = {},
  CodeSize: sizes = {},
} = readSnapshots();
const calldata = report['part: calldata'] ?? Number.NaN;
const floor = INTRINSIC + PAIRING + MAPS_AND_ADD + calldata;
const [least, most] = [report['4 seats, all signed']!, report['512 seats, all signed']!];
const spread = ((most - least) / least) * 100;
const rows: Row[] = [
  ...rowsOf(report, REPORT_TARGETS, floor),
  { name: 'difference between 4 and 512 seats', value: spread, unit: '%', target: 2, holds: spread < 2 },
  { name: 'floor of a report', value: floor, unit: 'gas', target: null, holds: true },
  ...breakdownRows(report, calldata),
  ...rowsOf(operations, OPERATION_TARGETS),
  ...rowsOf(money, MARKET_TARGETS),
  ...Object.entries(sizes).map(([name, value]): Row => {
    return {
      name: `code of ${name}`,
      value,
      unit: 'bytes',
      target: RUNTIME_BYTES_MAX,
      holds: value <= RUNTIME_BYTES_MAX,
    };
  }),
];
if (values.json) console.log(JSON.stringify({ bench: 'gas', rows }));
else for (const row of rows) print(row);
process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
