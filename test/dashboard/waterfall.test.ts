import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BAR_COLUMNS_MAX, BAR_COLUMNS_MIN, formatMicros, renderWaterfall } from '../../dashboard/waterfall.ts';

describe('the waterfall', () => {
  it('shows what a probe that ended without its answer was waiting for, and how long', () => {
    const phases = [
      { name: 'resolve', micros: 50_000 },
      { name: 'connect', micros: 50_000 },
      { name: 'tls', micros: undefined, isLeftOut: true },
      { name: 'first byte', micros: undefined },
      { name: 'transfer', micros: undefined },
    ];
    const [resolve, connect, tls, firstByte, transfer] = renderWaterfall(phases, 62, undefined, 400_000);
    expect(resolve).toMatch(/^resolve +50.0 ms {2}█{4,6}\S?$/);
    expect(connect).toMatch(/^connect +50.0 ms {2,8}\S+$/);
    expect([tls, transfer].map((line) => line!.trim())).toEqual(['tls                  -', 'transfer             -']);
    expect(firstByte).toMatch(/^first byte {4}> 300 ms +░{26,30}$/);
    // Complete phases wait for nothing.
    expect(renderWaterfall(phases.slice(0, 2), 62, undefined, 100_000).join()).not.toContain('░');
  });

  it('begins each bar where the one before ended', () => {
    const phases = [
      { name: 'connect', micros: 10_000 },
      { name: 'tls', micros: undefined },
      { name: 'first byte', micros: 20_000 },
      { name: 'transfer', micros: 10_000 },
    ];
    expect(renderWaterfall(phases, 24 + 20)).toEqual([
      'connect        10.0 ms  █████',
      'tls                  -',
      'first byte     20.0 ms       ██████████',
      'transfer       10.0 ms                 █████',
    ]);
  });

  it('shows a sliver of a phase that is too short for its bar', () => {
    const lines = renderWaterfall(
      [
        { name: 'resolve', micros: 1 },
        { name: 'connect', micros: 1_000_000 },
      ],
      80,
    );
    expect(lines[0]).toMatch(/1 µs {2}▏$/);
  });

  it('stays within its width, whatever the durations', () => {
    const phase = fc.record({ name: fc.constant('x'), micros: fc.option(fc.nat(4_000_000_000), { nil: undefined }) });
    const ended = fc.option(fc.nat(40_000_000_000), { nil: undefined });
    fc.assert(
      fc.property(fc.array(phase, { maxLength: 8 }), fc.nat(300), ended, (phases, columns, endedMicros) => {
        const widest = Math.min(Math.max(columns, 24 + BAR_COLUMNS_MIN), 24 + BAR_COLUMNS_MAX);
        for (const line of renderWaterfall(phases, columns, undefined, endedMicros))
          expect(line.length).toBeLessThanOrEqual(widest);
      }),
    );
  });

  it('shows a sliver within its width also of what begins at the very end', () => {
    const phases = [
      { name: 'connect', micros: 1_000_000 },
      { name: 'transfer', micros: 0 },
    ];
    expect(renderWaterfall(phases, 60).map((line) => line.length)).toEqual([60, 60]);
  });

  it.each([
    [0, '0 µs'],
    [999, '999 µs'],
    [1_000, '1.00 ms'],
    [12_345, '12.3 ms'],
    [123_456, '123 ms'],
    [1_250_000, '1.25 s'],
  ])('writes %i µs as %s', (micros, text) => {
    expect(formatMicros(micros)).toBe(text);
  });
});
