import { parseArgs } from 'node:util';
import { type Blame, blame } from './blame/run.ts';

/**
 * Does a sick watcher blame anybody? Seven watchers of the production's own parts, in virtual time, whose networks are cut or
 * broken for 2 % of the time, alone and in pairs, whose event loops stall and whose clocks jump, beside services of which
 * the truth is known: `npm run bench:blame -- --epochs 7200 --seed 1 --json`. It counts services that were up and are reported
 * in breach, and real outages that are not.
 */
const { values: flags } = parseArgs({
  options: {
    epochs: { type: 'string', default: '7200' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

const WATCHERS = 7;
/** 14 · 7,200 epochs of services that are never down are 100,800 service-epochs. */
const UP = 14;
const FAILING = 6;

const [epochs, seed] = [Number(flags.epochs), Number(flags.seed)];
const found = await blame({ epochs, seed, watchers: WATCHERS, up: UP, failing: FAILING });
const share = (part: number, all: number) => Math.round((1e6 * part) / all) / 1e4;
const rows = [
  row('service-epochs that were up and reported in breach, median', found.blamed.median, '', 0, found.serviceEpochs),
  row('service-epochs that were up and reported in breach, tail', found.blamed.tail, '', 0, found.serviceEpochs),
  reported('median'),
  reported('tail'),
];

function row(name: string, value: number, unit: string, target: number, cases: number) {
  return { name, value, unit, target, cases, holds: value <= target };
}

function reported(which: 'median' | 'tail') {
  const value = share(found.reported[which], found.outages);
  const name = `real outages of two epochs or more reported, ${which}`;
  return { name, value, unit: '%', target: 99.9, cases: found.outages, holds: value >= 99.9 };
}

for (const { name, value, unit, cases, holds } of rows) {
  console.log(
    `${name.padEnd(62)}${String(value).padStart(9)} ${unit.padEnd(2)} of ${cases}  ${holds ? 'holds' : 'MISSES'}`,
  );
}
for (const line of details(found)) console.log(line);
if (flags.json) {
  const { blamedBy, reasons, lost, ...counts } = found;
  const maps = {
    blamedBy: Object.fromEntries(blamedBy),
    reasons: Object.fromEntries(reasons),
    lost: Object.fromEntries(lost),
  };
  console.log(JSON.stringify({ bench: 'blame', seed, epochs, rows, counts: { ...counts, ...maps } }));
}
process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;

function details({
  samples,
  reasons,
  lost,
  blamedBy,
  reports,
  missed,
  stalls,
  jumps,
  windows,
  conclusive,
  sickShare,
}: Blame) {
  const all = samples.reduce((sum, n) => sum + n, 0);
  const list = (map: Map<string, number>) =>
    [...map].sort(([, a], [, b]) => b - a).map(([name, n]) => `  ${String(n).padStart(9)}  ${name}`);
  return [
    `seed ${seed}: ${reports} reports, ${missed} epochs without one; ${conclusive} of ${windows} windows of services that were up are conclusive`,
    `watchers were sick ${(100 * sickShare).toFixed(2)} % of the time; ${stalls} stalls, ${jumps} jumps of a clock`,
    `${all} samples of services that were up: ${samples.join(' good, bad, unknown, fault ')}`.replace(
      / good, bad, unknown, fault /g,
      ' / ',
    ),
    ...list(reasons),
    'batches lost',
    ...list(lost),
    ...(blamedBy.size > 0 ? ['leaves in breach', ...list(blamedBy)] : []),
  ];
}
