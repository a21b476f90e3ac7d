import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createService, type ServiceMessage, type ServiceReport } from '../../scripts/devnet/service.ts';
import { get, serve } from '../node/probe/raw-server.ts';

const OPTIONS = { name: 'test', delayMillis: 0, jitterMillis: 0, failShare: 0, seed: 7, consentText: '' };

/** The service as a child process on a port of its own choice. */
async function started(...args: string[]) {
  const child: ChildProcess = fork('scripts/devnet/service.ts', args, {
    execArgv: [],
    env: { CONSENT_TEXT: 'from env' },
  });
  const [report] = (await once(child, 'message')) as [ServiceReport];
  const tell = async (message: ServiceMessage) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    child.send(message, () => resolve());
    await promise;
  };
  return { child, tell, url: `http://127.0.0.1:${report.port}/` };
}

const textOf = async (url: string) => Buffer.from((await get(url)).body ?? []).toString();

describe('a devnet service', () => {
  it('runs as a process, obeys its parent and ends with it', async () => {
    const { child, tell, url } = await started('--name', 'lion', '--jitter', '0');
    expect(await get(url)).toMatchObject({ statusCode: 200, body: Buffer.from('lion\n') });
    expect(await textOf(`${url}.well-known/plumbline`)).toBe('from env');
    // Messages keep their order: the consent's effect shows that the behaviour changed before it.
    await tell({ type: 'behave', delayMillis: 30, failShare: 1 });
    await tell({ type: 'consent', text: '0x01 0x02\n' });
    await expect.poll(() => textOf(`${url}.well-known/plumbline`)).toBe('0x01 0x02\n');
    const slow = await get(url);
    expect(slow.statusCode).toBe(500);
    expect(slow.totalMicros).toBeGreaterThanOrEqual(29_000);
    expect(JSON.parse(await textOf(`${url}count`))).toEqual({ name: 'lion', requests: 2, failures: 1 });
    const exit = once(child, 'exit');
    child.disconnect();
    expect(await exit).toEqual([0, null]);
  });

  it('fails the same requests for the same seed, in about the share asked for', async () => {
    const statuses = async (seed: number) => {
      await using server = await serve(createService({ ...OPTIONS, failShare: 0.3, seed }).server);
      const result: number[] = [];
      for (let i = 0; i < 100; i++) result.push((await get(server.url)).statusCode);
      return result;
    };
    const first = await statuses(1);
    expect(await statuses(1)).toEqual(first);
    expect(await statuses(2)).not.toEqual(first);
    const failed = first.filter((status) => status === 500).length;
    expect(failed).toBeGreaterThan(15);
    expect(failed).toBeLessThan(45);
  });

  it('has no consent and no other page until told', async () => {
    await using server = await serve(createService(OPTIONS).server);
    expect((await get(`${server.url}.well-known/plumbline`)).statusCode).toBe(404);
    expect((await get(`${server.url}other`)).statusCode).toBe(404);
    expect(JSON.parse(await textOf(`${server.url}count`))).toEqual({ name: 'test', requests: 0, failures: 0 });
  });

  it('refuses an impossible behaviour', () => {
    expect(() => createService({ ...OPTIONS, failShare: 1.5 })).toThrowError(/0\.\.1/);
    expect(() => createService({ ...OPTIONS, delayMillis: Number.NaN })).toThrowError(/--delay/);
  });
});
