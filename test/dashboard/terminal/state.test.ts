import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DevnetEvent } from '../../../dashboard/model.ts';
import {
  INITIAL_STATE,
  NAME_COLUMNS_MAX,
  ROWS_MAX,
  reduce,
  SERVICES_MAX,
  STEPS_MAX,
  type State,
  TITLES_EVERY_REPORTS,
  WATCHERS_MAX,
} from '../../../dashboard/terminal/state.ts';
import { TEXT_CHARACTERS_MAX } from '../../../dashboard/terminal/text.ts';
import { anyEvent, report, service } from './events.ts';

const stateAfter = (events: readonly DevnetEvent[], from: State = INITIAL_STATE) => events.reduce(reduce, from);

describe('the state of the terminal', () => {
  it('stays within its limits, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (events, rounds) => {
        let state = INITIAL_STATE;
        for (let round = 0; round < rounds; round++) state = stateAfter(events, state);
        expect(state.rows.length).toBe(Math.min(state.rowsTotal, ROWS_MAX));
        expect(state.rowsTotal).toBeLessThanOrEqual(events.length * rounds);
        expect(state.steps.length).toBeLessThanOrEqual(STEPS_MAX);
        expect(state.watchers.length).toBeLessThanOrEqual(WATCHERS_MAX);
        expect(state.nameColumns).toBeLessThanOrEqual(NAME_COLUMNS_MAX);
        for (const row of state.rows) {
          if (row.kind === 'report') expect(row.services.length).toBeLessThanOrEqual(SERVICES_MAX);
          if (row.kind === 'note') expect(row.text.length).toBeLessThanOrEqual(TEXT_CHARACTERS_MAX);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the newest rows', () => {
    const notes = Array.from({ length: ROWS_MAX + 5 }, (_, i): DevnetEvent => ({ type: 'note', text: `note ${i}` }));
    const { rows, rowsTotal } = stateAfter(notes);
    expect(rows[0]).toEqual({ kind: 'note', text: 'note 5' });
    expect(rowsTotal).toBe(ROWS_MAX + 5);
  });

  it('never changes a state that it was given', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 10 }), anyEvent, (events, event) => {
        const state = stateAfter(events);
        const copy = structuredClone(state);
        reduce(state, event);
        expect(state).toEqual(copy);
      }),
      { numRuns: 50 },
    );
  });

  it('closes the step of the same text and keeps the others', () => {
    const state = stateAfter([
      { type: 'step', text: 'a', done: false, atMillis: 100 },
      { type: 'step', text: 'b', done: false, atMillis: 200 },
      { type: 'step', text: 'a', done: true, atMillis: 1_100 },
      { type: 'step', text: 'never begun', done: true, atMillis: 1_200 },
    ]);
    expect(state.steps).toEqual([{ text: 'b', startedAtMillis: 200 }]);
    expect(state.rows).toEqual([
      { kind: 'step', text: 'a', elapsedMillis: 1_000 },
      { kind: 'step', text: 'never begun', elapsedMillis: undefined },
    ]);
  });

  it('makes news of a watcher that breaks or comes back, not of one that starts', () => {
    const states = ['starting', 'up', 'killed', 'killed', 'starting', 'up', 'lying', 'up'] as const;
    const { rows, watchers } = stateAfter(states.map((state) => ({ type: 'watcher', id: 2, state })));
    expect(rows.map((row) => row.kind === 'watcher' && row.state)).toEqual(['killed', 'up', 'lying', 'up']);
    expect(watchers).toEqual([{ id: 2, state: 'up', broken: false }]);
  });

  it('orders watchers by id, however they come up', () => {
    const { watchers } = stateAfter([4, 0, 11, 2].map((id) => ({ type: 'watcher', id, state: 'up' })));
    expect(watchers.map(({ id }) => id)).toEqual([0, 2, 4, 11]);
  });

  it('explains a missing p99 once and repeats the column titles now and then', () => {
    const reports = Array.from({ length: TITLES_EVERY_REPORTS + 1 }, (_, epoch) => report(epoch, [service('a')]));
    const entries = stateAfter(reports).rows.filter((row) => row.kind === 'report');
    expect(entries.filter(({ hint }) => hint)).toEqual([entries[0]]);
    expect(entries.map(({ titles }) => titles)).toEqual([true, false, false, false, false, true]);
  });
});
