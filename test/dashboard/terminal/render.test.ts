import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DevnetEvent } from '../../../dashboard/model.ts';
import { COLUMNS_MIN, renderFrame } from '../../../dashboard/terminal/render.ts';
import { INITIAL_STATE, reduce } from '../../../dashboard/terminal/state.ts';
import { disagree } from '../../../dashboard/terminal/table.ts';
import { columnsOf } from '../../../dashboard/terminal/text.ts';
import { anyEvent, bounds, HASH, report, STORY, service } from './events.ts';

const EPOCHS = { genesisMillis: 4_000, epochMillis: 5_000 };
const VIEW = { columns: 80, colour: false, nowMillis: 22_500, epochs: EPOCHS, keys: true };

function frame(events: readonly DevnetEvent[], view: Partial<typeof VIEW> = {}): string[] {
  return renderFrame(events.reduce(reduce, INITIAL_STATE), { ...VIEW, ...view });
}

describe('a frame', () => {
  it.each([80, 60])('of %i columns looks as it did', async (columns) => {
    await expect(`${frame(STORY, { columns }).join('\n')}\n`).toMatchFileSnapshot(`frame-${columns}.txt`);
  });

  it('fits its width and holds nothing that a terminal would obey', () => {
    const columns = fc.integer({ min: COLUMNS_MIN, max: 160 });
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), columns, fc.nat(), (events, width, nowMillis) => {
        for (const line of frame(events, { columns: width, nowMillis })) {
          expect(line).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2028\u2029]/u);
          expect(columnsOf(line)).toBeLessThanOrEqual(width);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('takes any name for an outcome', () => {
    const named = STORY.map((event) =>
      event.type === 'settlement' ? { ...event, settlement: { ...event.settlement, outcome: 'toString' } } : event,
    );
    expect(frame(named).join()).toContain('toString');
  });

  it('says the same in colour', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 12 }), fc.integer({ min: 20, max: 120 }), (events, columns) => {
        const coloured = frame(events, { columns, colour: true });
        expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(frame(events, { columns }));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps columns where they were, whatever the numbers', () => {
    const rows = [
      service('a', { availabilityPpm: bounds(1_000_000, 1_000_000, 1_000_000) }),
      service('b', { availabilityPpm: bounds(0, 0, 40_000), latencyP50Us: bounds(417, 400, 444) }),
      service('c', {
        latencyP50Us: bounds(1_204_000, 1_100_000, 1_310_000),
        latencyP99Us: bounds(9_996, 9_000, 11_000),
      }),
    ];
    const lines = frame([report(0, rows)]).filter((line) => /7\/7 {4}212/.test(line));
    expect(lines).toEqual([
      '  a          100 % [100, 100]    20.9 ms [20.1, 21.8]     –     7/7    212/2',
      '  b            0 % [0, 4.0]      0.42 ms [0.40, 0.44]     –     7/7    212/2',
      '  c         99.2 % [97.1, 99.9]  1204 ms [1100, 1310]  10.0 ms  7/7    212/2',
    ]);
  });

  it.each([
    ['met', '10.00', '0.00', '0.00', 'provider paid 10.00'],
    ['breached', '0.00', '10.00', '25.00', "customer got 10.00 back + 25.00 slashed from the provider's bond"],
    ['credited', '8.00', '2.00', '0', 'provider paid 8.00, customer got 2.00 back'],
    ['inconclusive', '0', '10.00', '0', 'customer got 10.00 back'],
    ['abandoned', '0', '0', '0', 'nothing moved'],
  ])('tells of a period that is %s who got what', (outcome, paidToProvider, returnedToCustomer, slashed, money) => {
    const amounts = { paidToProvider, returnedToCustomer, slashed };
    const settlement = { service: 'api', period: 4, outcome, ...amounts, txHash: HASH };
    const lines = frame([{ type: 'settlement', settlement }], { columns: 120 });
    expect(lines[0]).toContain(` api · period 4 · ${outcome} · ${money}`);
  });

  it('counts the watchers of a set too large to name each', () => {
    const events = Array.from({ length: 64 }, (_, id): DevnetEvent => {
      return { type: 'watcher', id, state: id === 9 ? 'killed' : 'up' };
    });
    const ready: DevnetEvent = { type: 'ready', directory: '', rpc: '', atMillis: 0 };
    expect(frame([...events, ready])).toContain('watchers  ● 63 up  ✗ 1 killed (9)   epoch 4 in 2 s');
  });

  it('explains keys only where there are keys', () => {
    expect(frame(STORY).join('\n')).toContain('q quit');
    expect(frame(STORY, { keys: false }).join('\n')).not.toContain('q quit');
  });
});

describe('the mark for watchers that disagree', () => {
  const at = (spreadPpm: number, good: number, bad: number) =>
    disagree(service('x', { spreadPpm, samples: { good, bad, unknown: 0, fault: 0 } }));

  it('needs more than chance explains', () => {
    // Thirty samples a watcher of a service that fails three in ten: quartiles 11 % apart are luck.
    expect(at(110_000, 147, 63)).toBe(false);
    expect(at(600_000, 147, 63)).toBe(true);
    expect(at(50_000, 70_000, 7)).toBe(true);
    expect(at(19_000, 70_000, 7)).toBe(false);
  });

  it('is not given without samples', () => {
    expect(at(1_000_000, 0, 0)).toBe(false);
  });
});
