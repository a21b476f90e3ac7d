import { expect, it } from 'vitest';
import { remember } from '../../protocol/remember.ts';

it('computes each answer once, tells arguments apart, and forgets all when it is full', () => {
  const asked: string[] = [];
  const remembered = remember((a, b, c) => {
    asked.push(`${a} ${b} ${c}`);
    return { sum: a + b + c };
  }, 4);
  expect(remembered(1, 12, 3)).toBe(remembered(1, 12, 3));
  expect(remembered(11, 2, 3)).toEqual({ sum: 16 });
  expect(remembered(1, 1, 23)).toEqual({ sum: 25 });
  remembered(2, 2, 2);
  expect(asked).toEqual(['1 12 3', '11 2 3', '1 1 23', '2 2 2']);
  remembered(3, 3, 3);
  expect(remembered(1, 12, 3)).toEqual({ sum: 16 });
  expect(asked).toEqual(['1 12 3', '11 2 3', '1 1 23', '2 2 2', '3 3 3', '1 12 3']);
});
