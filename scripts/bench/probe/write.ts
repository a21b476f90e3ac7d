import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import type { Row } from '../measure.ts';

const PAGE = join(import.meta.dirname, '../../../docs/MEASUREMENT.md');
const BEGIN = '<!-- probe:';
const END = '<!-- probe end -->';

/** Puts the rows between the marks of the page. */
export function writeTable(rows: readonly Row[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/MEASUREMENT.md has lost its marks ${BEGIN} … ${END}`);
  const figure = (value: number | null, unit: Row['unit']) =>
    value === null
      ? '–'
      : unit === '1/s'
        ? Math.round(value).toLocaleString('en-US')
        : `${value.toFixed(value < 10 ? 2 : 0)} ms`;
  const lines = rows.map((row) => {
    const { name, value, unit, target, baseline, reason } = row;
    const verdict = reason ?? (target === null ? '–' : row.holds ? 'yes' : '**no**');
    return `| ${name} | ${figure(value, unit)} | ${figure(baseline, unit)} | ${verdict} |`;
  });
  const table = [
    `${BEGIN} ${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown'} -->`,
    '| | Plumbline | blackbox_exporter | holds |',
    '|---|---:|---:|---|',
    ...lines,
    '',
  ].join('\n');
  writeFileSync(PAGE, page.slice(0, from) + table + page.slice(to));
}
