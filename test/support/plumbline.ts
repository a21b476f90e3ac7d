import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../../cli/bin.js');

export type Ended = { code: number | null; stdout: string; stderr: string };

/** The program as somebody types it, in a process of its own. Whoever starts it ends it. */
export function plumbline(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
  return { child, ended };
}

/** The JSON of the last line. */
export function lastJson({ stdout }: Ended): unknown {
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}
