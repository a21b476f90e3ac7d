import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onAbort } from '../../platform/on-abort.ts';

describe('waiting for a signal', () => {
  test('calls everybody once, in their order, and puts one listener on the signal', () => {
    const abort = new AbortController();
    const called: number[] = [];
    for (let i = 0; i < 3; i++) onAbort(abort.signal, () => called.push(i));
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    abort.abort();
    abort.abort();
    expect(called).toEqual([0, 1, 2]);
  });

  test('never calls who comes after the signal', () => {
    const abort = new AbortController();
    abort.abort();
    const called: number[] = [];
    onAbort(abort.signal, () => called.push(1));
    abort.abort();
    expect(called).toEqual([]);
  });

  test('whoever is taken back is not called, in whatever order, also by one who is called', () => {
    const Steps = fc.array(fc.record({ back: fc.nat(9), takes: fc.nat(9) }), { maxLength: 10 });
    fc.assert(
      fc.property(Steps, (steps) => {
        const abort = new AbortController();
        const [called, expected] = [[] as number[], [] as number[]];
        const backs = steps.map(({ takes }, i) =>
          onAbort(abort.signal, () => {
            called.push(i);
            backs[i]!();
            backs[takes]?.();
          }),
        );
        const gone = new Set<number>();
        for (const { back } of steps.slice(0, 3)) {
          backs[back]?.();
          backs[back]?.();
          gone.add(back);
        }
        steps.forEach(({ takes }, i) => {
          if (gone.has(i)) return;
          expected.push(i);
          gone.add(takes);
        });
        abort.abort();
        expect(called).toEqual(expected);
      }),
    );
  });

  test('one who comes while others are called comes too late', () => {
    const abort = new AbortController();
    const called: string[] = [];
    onAbort(abort.signal, () => {
      called.push('first');
      onAbort(abort.signal, () => called.push('late'));
    });
    abort.abort();
    expect(called).toEqual(['first']);
  });
});
