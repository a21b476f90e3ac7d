import { describe, expect, it } from 'vitest';
import { type Accumulator, accumulatorLeaf, type Window, windowKey } from '../../protocol/accumulator.ts';
import { toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { computeReport } from '../../protocol/report.ts';
import {
  accumulatorRoot,
  decodeState,
  encodeState,
  GENESIS_STATE,
  type State,
  StateSsz,
} from '../../protocol/state.ts';
import { contextOf, countedBy, drawn } from '../../scripts/vectors/world.ts';

const keyOf = (w: Window) => windowKey(w.serviceId, w.windowStart, w.windowEpochs);

function stateAfter(epochs: readonly number[]): State {
  return epochs.reduce<State>((state, epoch) => {
    const context = contextOf(epoch);
    return computeReport(state, context, countedBy(context, [0, 1, 2, 3])).next;
  }, GENESIS_STATE);
}

const STATE = stateAfter([0, 1, 2]);
const windowsOf = (state: State): Window[] => [...state.windows.values()];
const rootOf = (windows: readonly Window[], closed: readonly Uint8Array[] = STATE.closedLeaves) =>
  toHex(accumulatorRoot(windows, closed));
const ROOT = rootOf(windowsOf(STATE));

describe('a snapshot', () => {
  it('comes back as it was', () => {
    const again = decodeState(encodeState(STATE), keyOf);
    expect(again.epoch).toBe(2);
    expect(again.history).toEqual(STATE.history);
    expect(again.closedLeaves).toEqual(STATE.closedLeaves);
    expect(new Map([...again.windows].sort())).toEqual(new Map([...STATE.windows].sort()));
    expect(encodeState(again)).toEqual(encodeState(STATE));
  });

  it('has one encoding, whatever the order of the map', () => {
    const shuffled = { ...STATE, windows: new Map([...STATE.windows].reverse()) };
    expect(encodeState(shuffled)).toEqual(encodeState(STATE));
  });

  it('is not made of the genesis state, whose epoch no number of the wire holds', () => {
    expect(() => encodeState(GENESIS_STATE)).toThrow(RangeError);
  });

  it('refuses a window without accumulators: no root vouches for its count of epochs', () => {
    const forged: Window = { ...windowsOf(STATE)[0]!, windowStart: 4, epochsCounted: 1_000, accumulators: [] };
    const windows = new Map(STATE.windows).set(keyOf(forged), forged);
    expect(rootOf([...windows.values()])).toBe(ROOT);
    expect(() => decodeState(encodeState({ ...STATE, windows }), keyOf)).toThrow(PlumblineError);
  });

  it('refuses a histogram whose buckets are out of order: the root is over ordered ones', () => {
    const flat = StateSsz.deserialize(encodeState(STATE));
    const buckets = flat.windows.flatMap((w) => w.accumulators).find(({ latency }) => latency.length > 1)!.latency;
    buckets.reverse();
    expect(() => decodeState(StateSsz.serialize(flat), keyOf)).toThrow(/out of order/);
    buckets.reverse();
    expect(decodeState(StateSsz.serialize(flat), keyOf).epoch).toBe(2);
    buckets.push(buckets.at(-1)!);
    expect(() => decodeState(StateSsz.serialize(flat), keyOf)).toThrow(PlumblineError);
  });
});

describe('accumulatorRoot', () => {
  it('does not depend on the order of windows or watchers', () => {
    const reversed = windowsOf(STATE)
      .map((window) => ({ ...window, accumulators: [...window.accumulators].reverse() }))
      .reverse();
    expect(rootOf(reversed, [...STATE.closedLeaves].reverse())).toBe(ROOT);
  });

  it('changes with every field of every accumulator and window', () => {
    const windows = windowsOf(STATE);
    const roots = new Set([ROOT]);
    let tried = 1;
    const change = (at: number, changed: Window) => {
      roots.add(rootOf(windows.with(at, changed)));
      tried++;
    };
    windows.slice(0, 2).forEach((window, at) => {
      change(at, { ...window, serviceId: drawn('other') });
      change(at, { ...window, windowStart: window.windowStart + 1 });
      change(at, { ...window, windowEpochs: window.windowEpochs + 1 });
      change(at, { ...window, epochsCounted: window.epochsCounted + 1 });
      const [first] = window.accumulators as [Accumulator];
      for (const name of Object.keys(first) as (keyof Accumulator)[]) {
        const value = first[name];
        const other =
          value instanceof Uint8Array
            ? drawn('other')
            : Array.isArray(value)
              ? [...value, 800, 1]
              : typeof value === 'bigint'
                ? value + 1n
                : value === 0
                  ? 1
                  : Number(value) - 1;
        change(at, { ...window, accumulators: window.accumulators.with(0, { ...first, [name]: other }) });
      }
    });
    expect(roots.size).toBe(tried);
  });

  it('changes when a window, an accumulator or a closed leaf is left out', () => {
    const windows = windowsOf(STATE);
    const [first] = windows as [Window];
    const roots = [
      ROOT,
      rootOf(windows.slice(1)),
      rootOf(windows.with(0, { ...first, accumulators: first.accumulators.slice(1) })),
      rootOf(windows, STATE.closedLeaves.slice(1)),
      rootOf([], []),
    ];
    expect(new Set(roots).size).toBe(roots.length);
  });

  it('cannot be met by passing open accumulators off as closed ones', () => {
    const [first, ...rest] = windowsOf(STATE) as [Window, ...Window[]];
    const hidden = first.accumulators.map((accumulator) => accumulatorLeaf(first, accumulator));
    expect(rootOf(rest, [...STATE.closedLeaves, ...hidden])).not.toBe(ROOT);
  });
});
