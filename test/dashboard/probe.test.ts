import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probeScreen } from '../../dashboard/probe.ts';
import type { ProbeView } from '../../dashboard/probesummary.ts';
import { probeTable } from '../../dashboard/probetable.ts';
import { painter } from '../../dashboard/terminal/text.ts';
import { OUTCOME } from '../../protocol/sample.ts';

const NAMES = ['resolve', 'connect', 'tls', 'first byte', 'transfer'];
const view: ProbeView = {
  outcome: OUTCOME.good,
  reason: 'ok',
  phases: NAMES.map((name) => ({ name, micros: 12_345 })),
  totalMicros: 49_380,
  stallMicros: 0,
  code: 200,
  detail: '',
};
const plain = painter(false);
const secure = NAMES.map((name) => ({ name }));
const insecure = NAMES.map((name) => ({ name, isLeftOut: name === 'tls' }));
const failed = {
  ...view,
  outcome: OUTCOME.bad,
  reason: 'closedEarly',
  code: undefined,
  detail: `\x1b[31m${'x'.repeat(99)}`,
};

describe('the table of repeated probes', () => {
  it('has all phases in 80 columns, and in 60 those that tell most', () => {
    const wide = probeTable(secure, 80, plain);
    expect(wide.head).toBe('   # code    total  resolve  connect      tls first byte transfer');
    expect(wide.row(0, view)).toEqual(['   1  200  49.4 ms  12.3 ms  12.3 ms  12.3 ms    12.3 ms  12.3 ms  good']);
    expect(probeTable(secure, 60, plain).head).toBe('   # code    total  connect      tls first byte');
    // Probes without TLS do not miss it.
    expect(probeTable(insecure, 60, plain).head).toBe('   # code    total  connect first byte transfer');
    expect(probeTable(secure, 60, plain).row(11, view)).toEqual([
      '  12  200  49.4 ms  12.3 ms  12.3 ms    12.3 ms  good',
    ]);
  });

  it('says what went wrong beside the times, or below them where there is no room, as far as there is', () => {
    const short = { ...failed, detail: 'gone' };
    expect(probeTable(secure, 100, plain).row(0, short)[0]).toMatch(/^ {3}1 {4}- .* bad: closedEarly \(gone\)$/);
    const [times, why, ...more] = probeTable(secure, 60, plain).row(0, failed);
    expect(times).toMatch(/ {2}bad$/);
    expect(why?.length).toBe(60);
    expect(why).toBe(`     closedEarly (${'x'.repeat(41)}…`);
    expect(more).toEqual([]);
  });

  it('stays within any terminal that has room for the times, painted or not', () => {
    const outcome = fc.constantFrom(...Object.values(OUTCOME));
    fc.assert(
      fc.property(
        fc.integer({ min: 30, max: 200 }),
        outcome,
        fc.string(),
        fc.boolean(),
        (columns, one, detail, paints) => {
          const table = probeTable(secure, columns, painter(paints));
          for (const line of [table.head, ...table.row(2_999, { ...failed, outcome: one, detail })])
            expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

describe('the screen of one probe', () => {
  it('breaks what is too long, but not the URL', () => {
    const url = `https://example.org/${'a'.repeat(60)}`;
    const stalled = { ...view, stallMicros: 5_000, detail: 'many words '.repeat(12).trim() };
    const lines = probeScreen(
      [url, '192.0.2.1', 'status 200'],
      stalled,
      'A sentence that goes on and on and on and on.',
      60,
      plain,
    );
    expect(lines.slice(0, 2)).toEqual([url, '192.0.2.1  status 200']);
    for (const line of lines.slice(1)) expect(line.length, line).toBeLessThanOrEqual(60);
    expect(lines.join(' ').replace(/\s+/g, ' ')).toContain('of which this machine may have stalled 5.00 ms');
    expect(probeScreen([url, 'status 200'], stalled, '', 120, plain)[0]).toBe(`${url}  status 200`);
  });
});
