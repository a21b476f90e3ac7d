import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { FAULT_FILE, type Fault, WELL } from '../../../scripts/devnet/fault.ts';

/** Says of itself, in the main thread and in a worker that it starts, what the fault made of it. */
const PROGRAM = `
import { connect } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
const port = Number(process.env.TARGET);
const aheadMillis = Date.now() - (performance.timeOrigin + performance.now());
const reached = await new Promise((resolve) => {
  const socket = connect({ host: '127.0.0.1', port });
  socket.once('connect', () => { resolve(true); socket.destroy(); });
  setTimeout(() => { resolve(false); socket.destroy(); }, 1_000);
});
let worstMillis = 0;
for (let i = 0, last = performance.now(); i < 150; i++) {
  await new Promise((resolve) => setTimeout(resolve, 10));
  worstMillis = Math.max(worstMillis, performance.now() - last);
  last = performance.now();
}
const seen = { aheadMillis, reached, worstMillis };
if (!isMainThread) parentPort.postMessage(seen);
else new Worker(new URL(import.meta.url)).once('message', (worker) => {
  console.log(JSON.stringify([seen, worker]));
  process.exit();
});
`;

async function underFault(
  fault: Partial<Fault>,
): Promise<{ aheadMillis: number; reached: boolean; worstMillis: number }[]> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-fault-'));
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    writeFileSync(join(folder, 'fault.json'), JSON.stringify({ ...WELL, ...fault }));
    writeFileSync(join(folder, 'program.mjs'), PROGRAM);
    const module = pathToFileURL(join(import.meta.dirname, '../../../scripts/devnet/fault.ts')).href;
    const { port } = server.address() as { port: number };
    const env = { ...process.env, [FAULT_FILE]: join(folder, 'fault.json'), TARGET: String(port) };
    const child = spawn(process.execPath, ['--import', module, join(folder, 'program.mjs')], { env });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    await new Promise((resolve) => child.once('close', resolve));
    return JSON.parse(text) as Awaited<ReturnType<typeof underFault>>;
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a devnet’s faults reach every thread of a watcher, and a file without one does nothing', async () => {
  for (const { aheadMillis, reached } of await underFault({})) {
    expect(Math.abs(aheadMillis)).toBeLessThan(1_000);
    expect(reached).toBe(true);
  }
  for (const { aheadMillis, reached } of await underFault({ jumpMillis: 60_000 })) {
    expect(Math.abs(aheadMillis - 60_000)).toBeLessThan(1_000);
    expect(reached).toBe(true);
  }
  for (const { reached } of await underFault({ cut: true })) expect(reached).toBe(false);
  // Only beside the main thread: it is the one that probes that is to stand still.
  const [main, worker] = await underFault({ stallMillis: 700 });
  expect(worker!.worstMillis).toBeGreaterThanOrEqual(690);
  expect(main!.worstMillis).toBeLessThan(690);
});
