import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('a reader that has seen enough, as head has, is no failure', async () => {
  // Whether anybody listens there does not matter: lines are written.
  const args = ['probe', 'http://127.0.0.1:48123/', '--allow-loopback', '--repeat', '5', '--interval', '100'];
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../cli/bin.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, stderr]).toEqual([0, '']);
});
