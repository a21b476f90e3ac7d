import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog, hideFromLogs, LOG_STRING_MAX, type Log, silentLog } from '../../platform/log.ts';
import { PlumblineError } from '../../protocol/error.ts';

let directory: string;
let file: string;
let log: Log;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plumbline-log-'));
  file = join(directory, 'deep', 'node.log');
  log = createLog({ level: 'debug', destination: file, name: 'node' });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function lines(): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a line has a level in words, a time, the name, the fields and the message', async () => {
  log.child({ epoch: 4 }).info({ view: 1 }, 'attested');
  const [line] = await lines();
  expect(line).toMatchObject({ level: 'info', name: 'node', epoch: 4, view: 1, msg: 'attested' });
  expect(Date.parse(line!.time as string)).not.toBeNaN();
});

test('secrets are replaced at any depth, in children too', async () => {
  log.info({ config: { keys: [{ secretKey: 'k1', PASSWORD: 'k2' }] }, salt: Uint8Array.of(1) }, 'm');
  log.child({ mnemonic: 'k3' }).info({}, 'm');
  const text = await readFile(file, 'utf8');
  expect(text).not.toMatch(/k1|k2|k3|0x01/);
  expect((await lines())[0]).toMatchObject({ config: { keys: [{ secretKey: '[redacted]', PASSWORD: '[redacted]' }] } });
});

test('credentials inside URLs are replaced', async () => {
  log.info({ url: 'https://me:hunter2@rpc.example/?x=1&apikey=abc&y=2' }, 'm');
  expect((await lines())[0]).toMatchObject({ url: 'https://[redacted]@rpc.example/?x=1&apikey=[redacted]&y=2' });
});

test('hidden text never appears, not even in a message or a stack', async () => {
  hideFromLogs('v2/super-"secret"-path');
  hideFromLogs('ab');
  log.error({ err: new Error('GET https://x/v2/super-"secret"-path failed') }, 'at v2/super-"secret"-path, ab');
  expect(await readFile(file, 'utf8')).not.toContain('secret');
  expect((await lines())[0]).toMatchObject({ msg: 'at [redacted], ab' });
});

test('integers, bytes, errors, cycles and long texts print', async () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const err = new PlumblineError('code-x', 'broken', { stake: 3n }, new Error('below'));
  log.warn({ stake: 2n ** 70n, hash: Uint8Array.of(1, 255), err, cycle, long: 'x'.repeat(LOG_STRING_MAX + 5) }, 'm');
  const [line] = await lines();
  expect(line).toMatchObject({
    stake: '1180591620717411303424',
    hash: '0x01ff',
    err: { code: 'code-x', message: 'broken', evidence: { stake: '3' }, cause: { message: 'below' } },
  });
  expect(line!.long).toMatch(/\[5 more\]$/);
});

test('a level below the chosen one writes nothing, nor does the silent log', async () => {
  createLog({ level: 'warn', destination: file, name: 'node' }).info({}, 'm');
  silentLog.child({}).error({}, 'm');
  expect(await readFile(file, 'utf8')).toBe('');
});
