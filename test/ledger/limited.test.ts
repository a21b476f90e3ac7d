import { expect, test } from 'vitest';
import { limited } from '../../ledger/limited.ts';

test('works on so many at a time and no more, and keeps their order', async () => {
  const waiting: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const done = limited([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => waiting.push(resolve));
    running--;
    return 10 * item;
  });
  while (running > 0 || waiting.length > 0) {
    waiting.pop()?.();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(await done).toEqual([10, 20, 30, 40, 50]);
  expect(most).toBe(2);
});

test('nothing to do is done, and a failure is everybody’s', async () => {
  expect(await limited([], 4, async () => 1)).toEqual([]);
  await expect(limited([1, 2], 4, (item) => Promise.reject(new Error(`no ${item}`)))).rejects.toThrow('no 1');
});
