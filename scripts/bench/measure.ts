/** What a bench says of one quantity; `--json` prints a list of these. */
export interface Row {
  readonly name: string;
  /** Null when it was not measured; `reason` says why. */
  readonly value: number | null;
  readonly unit: 'ms' | '1/s' | 'x';
  /** The bound that `value` must keep, above or below by its unit; null for a row that only informs. */
  readonly target: number | null;
  /** The same quantity done the other way, in the same run and unit. */
  readonly baseline: number | null;
  /** How many times better than the baseline. The machine's speed cancels here. */
  readonly ratio: number | null;
  readonly holds: boolean;
  readonly reason?: string;
}

/** Of an odd number of values the one in the middle: other programs on the machine disturb it less than a mean. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Milliseconds of processor time that this thread takes for one run. Nothing here waits, so on an idle machine it is what the
 * clock shows; on a busy one the clock measures the others. (Before Node 23.9: of the whole process, which is more.)
 */
export function millisOf(run: () => void): number {
  return processorMillis(run, process.threadCpuUsage ?? process.cpuUsage);
}

/** The same of all threads of the process. */
export function millisOfAllThreads(run: () => void): number {
  return processorMillis(run, process.cpuUsage);
}

function processorMillis(run: () => void, usage: typeof process.cpuUsage): number {
  const before = usage();
  run();
  const after = usage();
  return (after.user + after.system - before.user - before.system) / 1_000;
}

/** The median of several runs, after one that warms up. */
export function medianMillis(run: () => void, runs: number, measure = millisOf): number {
  run();
  return median(Array.from({ length: runs }, () => measure(run)));
}

/** A time that must stay below its target, beside the baseline's. */
export function timeRow(name: string, value: number, target: number | null, baseline: number | null): Row {
  const ratio = baseline === null ? null : baseline / value;
  return { name, value, unit: 'ms', target, baseline, ratio, holds: target === null || value <= target };
}

/** A rate that must reach its target, and `ratioMin` times the baseline's. */
export function rateRow(name: string, value: number, target: number, baseline: number, ratioMin: number): Row {
  const ratio = value / baseline;
  return { name, value, unit: '1/s', target, baseline, ratio, holds: value >= target && ratio >= ratioMin };
}

/** A factor that must stay below its target. */
export function factorRow(name: string, value: number, target: number): Row {
  return { name, value, unit: 'x', target, baseline: null, ratio: null, holds: value <= target };
}

export function skippedRow(name: string, unit: Row['unit'], reason: string): Row {
  return { name, value: null, unit, target: null, baseline: null, ratio: null, holds: true, reason };
}

export function expectTrue(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the bench is wrong: ${what}`);
}

export function printRow({ name, value, unit, target, baseline, ratio, holds, reason }: Row): void {
  const figure = (n: number | null) => (n === null ? '-' : n.toFixed(unit === 'x' ? 2 : n < 10 ? 2 : 0)).padStart(9);
  const verdict = reason ?? (target === null ? '' : holds ? 'holds' : 'MISSES');
  const factor = (ratio === null ? '-' : `${ratio.toFixed(1)}x`).padStart(8);
  console.log(
    `${name.padEnd(58)}${figure(value)} ${unit.padEnd(4)}${figure(target)}${figure(baseline)}${factor}  ${verdict}`,
  );
}

export const HEADING = `${''.padEnd(58)}${'value'.padStart(9)}     ${['target', 'baseline', 'ratio']
  .map((title, i) => title.padStart(i === 2 ? 8 : 9))
  .join('')}`;
