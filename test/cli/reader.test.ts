import { expect, test } from 'vitest';
import { plumbline } from '../support/plumbline.ts';

test('a reader that has seen enough, as head has, is no failure', async () => {
  // Whether anybody listens there does not matter: lines are written.
  const { child, ended } = plumbline(
    ...['probe', 'http://127.0.0.1:48123/', '--allow-loopback', '--repeat', '5', '--interval', '100'],
  );
  child.stdout!.destroy();
  const { code, stderr } = await ended;
  expect([code, stderr]).toEqual([0, '']);
});
