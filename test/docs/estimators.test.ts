import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLOT_TITLE, plotSvg, ROWS_MAX, rowsOf } from '../../scripts/bench/plot.ts';

const page = readFileSync(new URL('../../docs/MEASUREMENT.md', import.meta.url), 'utf8');

describe('the plot of bounds', () => {
  it('shows the table of its page (else run: npm run bench:estimators -- --write)', () => {
    const plot = readFileSync(new URL('../../docs/estimators.svg', import.meta.url), 'utf8');
    expect(plot).toBe(plotSvg(PLOT_TITLE, rowsOf(page, 'estimators')));
  });

  it('marks what holds in fewer than 95 % of cases', () => {
    const svg = plotSvg('t', [
      { name: 'a < b', percent: 94.9 },
      { name: 'c', percent: 95 },
    ]);
    expect([...svg.matchAll(/class="(below|holds)"\/>/g)].map(([, kind]) => kind)).toEqual(['below', 'holds']);
    expect(svg).toContain('a &lt; b');
  });

  it('refuses a page without the table, and one that is too long', () => {
    expect(() => rowsOf('nothing', 'estimators')).toThrow('estimators');
    const line = '| b | 1 | 99.00 | yes |\n';
    const long = `<!-- x: y -->\n| h |\n|---|\n${line.repeat(ROWS_MAX + 1)}<!-- x end -->`;
    expect(() => rowsOf(long, 'x')).toThrow(`${ROWS_MAX}`);
  });
});
