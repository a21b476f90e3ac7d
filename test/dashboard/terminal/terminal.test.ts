import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DevnetEvent } from '../../../dashboard/model.ts';
import { SPINNER_MILLIS } from '../../../dashboard/terminal/footer.ts';
import { renderFrame } from '../../../dashboard/terminal/render.ts';
import { INITIAL_STATE, ROWS_MAX, reduce } from '../../../dashboard/terminal/state.ts';
import { createTerminal, type TerminalOptions } from '../../../dashboard/terminal/terminal.ts';
import { anyEvent, STORY } from './events.ts';
import { Screen } from './screen.ts';

const NO_COLOR = { NO_COLOR: '1', TERM: 'xterm-256color' };
const COLOR = { TERM: 'xterm-256color' };
const TITLE_LINES = 2;

/** Time that passes only when told. */
function manualClock() {
  let millis = 0;
  let due: { atMillis: number; fn: () => void }[] = [];
  const after = (delayMillis: number, fn: () => void) => {
    const timer = { atMillis: millis + delayMillis, fn };
    due.push(timer);
    const cancel = () => {
      due = due.filter((other) => other !== timer);
    };
    return { cancel };
  };
  const pass = (delayMillis: number) => {
    const end = millis + delayMillis;
    for (let next = due[0]; next !== undefined && next.atMillis <= end; next = due[0]) {
      due.shift();
      millis = next.atMillis;
      next.fn();
    }
    millis = end;
  };
  return { now: () => millis, after, pass, timers: () => due.length };
}

function open(columns: number, options: Partial<TerminalOptions> = {}) {
  const screen = new Screen(columns);
  const clock = manualClock();
  const terminal = createTerminal({ out: screen, tty: true, columns, clock, environment: NO_COLOR, ...options });
  return { screen, clock, ...terminal };
}

describe('without a TTY', () => {
  const written = (events: readonly DevnetEvent[], options: Partial<TerminalOptions> = {}) => {
    let text = '';
    const write = (chunk: string) => {
      text += chunk;
    };
    const terminal = createTerminal({ out: { write }, tty: false, columns: 80, clock: manualClock(), ...options });
    for (const event of events) terminal.show(event);
    terminal.close();
    terminal.show({ type: 'note', text: 'too late' });
    return text;
  };

  it('writes one line an event and not one escape byte', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (events) => {
        const text = written(events, { environment: COLOR });
        expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
        expect(text.split('\n').length).toBe(events.length + 1);
      }),
      { numRuns: 100 },
    );
  });

  it('tells the story in plain words', async () => {
    await expect(written(STORY)).toMatchFileSnapshot('plain.txt');
  });

  it('writes the events themselves as JSON when asked', () => {
    const lines = written(STORY, { json: true, tty: true }).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(STORY)));
  });

  it('is what a dumb terminal gets', () => {
    expect(written(STORY, { tty: true, environment: { TERM: 'dumb' } })).toBe(written(STORY));
  });
});

describe('on a TTY', () => {
  it('shows the history and then the footer, and never eats a line', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 15 }), fc.integer({ min: 30, max: 120 }), (events, columns) => {
        const { screen, clock, show, close } = open(columns);
        for (const event of events) {
          show(event);
          clock.pass(SPINNER_MILLIS * 3);
        }
        const state = events.reduce(reduce, INITIAL_STATE);
        // The footer is one column narrower than the history, so each is taken from a frame of its own width.
        const view = { colour: false, nowMillis: clock.now(), epochs: undefined, keys: true };
        const bare = { ...state, rows: [] };
        const footer = renderFrame(bare, { ...view, columns: columns - 1 });
        const all = renderFrame(state, { ...view, columns });
        const history = all.slice(0, all.length - renderFrame(bare, { ...view, columns }).length);
        expect(state.rowsTotal).toBeLessThanOrEqual(ROWS_MAX);
        expect(screen.text.slice(TITLE_LINES)).toEqual([...history, ...footer]);
        close();
        expect(screen.text.slice(TITLE_LINES)).toEqual([...history, '']);
      }),
      { numRuns: 100 },
    );
  });

  it('hides the cursor and gives it back, once, with everything else', () => {
    const exits = process.listenerCount('exit');
    const { screen, clock, show, close } = open(80);
    for (const event of STORY) show(event);
    expect(screen.cursorVisible).toBe(false);
    close();
    close();
    show({ type: 'note', text: 'too late' });
    expect(screen.cursorVisible).toBe(true);
    expect(screen.written.split('\x1b[?25h')).toHaveLength(2);
    expect(screen.written.endsWith('\x1b[?25h')).toBe(true);
    expect(screen.written).not.toContain('\x1b[?1049');
    expect([clock.timers(), screen.listeners, process.listenerCount('exit')]).toEqual([0, 0, exits]);
  });

  it('writes nothing while nothing changes', () => {
    const { screen, clock, show, close } = open(80);
    show({ type: 'ready', directory: '/tmp', rpc: 'http://127.0.0.1', atMillis: 0 });
    const before = screen.written.length;
    clock.pass(10_000);
    expect(screen.written.length).toBe(before);
    close();
  });

  it('turns the spinner and counts the time of a step', () => {
    const { screen, clock, show, close } = open(80);
    show({ type: 'step', text: 'compile', done: false, atMillis: 0 });
    expect(screen.text.at(-1)).toBe('⠋ compile · 0.0 s');
    clock.pass(1_200);
    expect(screen.text.at(-1)).toBe('⠹ compile · 1.2 s');
    close();
  });

  it('counts down to the next epoch once the genesis is known', () => {
    let genesisMillis: number | undefined;
    const epochs = () => (genesisMillis === undefined ? undefined : { genesisMillis, epochMillis: 5_000 });
    const { screen, clock, show, close } = open(80, { epochs });
    show({ type: 'ready', directory: '', rpc: '', atMillis: 0 });
    show({ type: 'watcher', id: 0, state: 'up' });
    expect(screen.text).toContain('watchers  ● 0');
    genesisMillis = 0;
    clock.pass(6_000);
    expect(screen.text).toContain('watchers  ● 0   epoch 2 starts in 4 s');
    close();
  });

  it('draws again for the new width when the window changes', () => {
    const { screen, show, close } = open(120);
    for (const event of STORY) show(event);
    screen.resize(60);
    expect(screen.text.slice(-3).every((line) => line.length < 60)).toBe(true);
    expect(screen.text.at(-1)).toBe('k kill · s slow · l lie · r restart · q quit');
    close();
  });

  it('uses colours unless NO_COLOR says otherwise', () => {
    const coloured = open(80, { environment: COLOR });
    const plain = open(80);
    for (const event of STORY) {
      coloured.show(event);
      plain.show(event);
    }
    expect(coloured.screen.written).toContain('\x1b[32m');
    expect(plain.screen.written).not.toMatch(/\[\d*m/);
    expect(coloured.screen.text.map((line) => stripVTControlCharacters(line))).toEqual(plain.screen.text);
    coloured.close();
    plain.close();
  });
});
