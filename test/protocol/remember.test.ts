import { expect, it } from 'vitest';
import { remember } from '../../protocol/remember.ts';

it('computes each answer once, tells pairs apart, and forgets all when it is full', () => {
  const asked: string[] = [];
  const remembered = remember((a, b) => {
    asked.push(`${a} ${b}`);
    return { sum: a + b };
  }, 3);
  expect(remembered(1, 12)).toBe(remembered(1, 12));
  expect(remembered(11, 2)).toEqual({ sum: 13 });
  remembered(2, 2);
  expect(asked).toEqual(['1 12', '11 2', '2 2']);
  remembered(3, 3);
  expect(remembered(1, 12)).toEqual({ sum: 13 });
  expect(asked).toEqual(['1 12', '11 2', '2 2', '3 3', '1 12']);
});
