import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditCommand } from '../../cli/audit.ts';
import { startAnvil } from '../../platform/chain/anvil.ts';
import { connectRpc } from '../../platform/chain/client.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Nothing listens there: port 1 belongs to a service that nobody runs. */
const DEAD = 'http://127.0.0.1:1';
const CHAIN_ID = 31_337;

/** Runs the command as typed, with everything that it writes. */
async function audit(...args: string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  let code = -1;
  const command = auditCommand({
    out: (line) => out.push(line),
    error: (line) => errors.push(line),
    exit: (next) => {
      code = next;
    },
  });
  for (const one of command.commands) one.configureOutput({ writeErr: (text) => errors.push(text.trim()) });
  await command.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error;
    code = 2;
  });
  return { out, errors: errors.join('\n'), code };
}

/** The directory that a devnet leaves behind, around any chain state. */
async function devnet(name: string): Promise<string> {
  const dir = join(folder, name);
  await mkdir(join(dir, 'watchers/0/archive'), { recursive: true });
  const address = `0x${'11'.repeat(20)}`;
  const deployment = { token: address, registry: address, services: address, oracle: address, vault: address };
  await writeFile(join(dir, 'deployment.json'), JSON.stringify({ chainId: CHAIN_ID, deployBlock: 1, ...deployment }));
  const watchers = [{ id: 0, directory: 'watchers/0' }];
  await writeFile(join(dir, 'devnet.json'), JSON.stringify({ rpc: DEAD, watchers, services: [] }));
  return dir;
}

describe('plumbline audit', () => {
  it('wants to know which network', async () => {
    const neither = await audit('replay', '--epoch', '1');
    expect([neither.code, neither.errors]).toEqual([
      2,
      'plumbline audit: say which network: either --devnet DIR, or --rpc URL with --deployment FILE [usage]',
    ]);
    expect((await audit('decentralization', '--rpc', DEAD)).code).toBe(2);
    expect((await audit('leaders', '--rpc', DEAD)).code).toBe(2);
    expect((await audit('leaders', '--last', '0', '--devnet', folder)).code).toBe(2);
    expect((await audit('decentralization', '--rpc', DEAD, '--devnet', folder)).code).toBe(2);
  });

  it('refuses what is no epoch, no folder and no devnet', async () => {
    expect((await audit('replay', '--epoch', '-1', '--devnet', folder)).code).toBe(2);
    expect((await audit('replay', '--devnet', folder)).code).toBe(2);
    const dir = await devnet('usage');
    const missing = await audit('replay', '--epoch', '1', '--devnet', dir, '--archive', join(dir, 'nowhere'));
    expect([missing.code, missing.errors]).toEqual([2, expect.stringContaining('nowhere: no such folder [usage]')]);
    const empty = await audit('replay', '--epoch', '1', '--devnet', join(folder, 'no-devnet'));
    expect([empty.code, empty.errors]).toEqual([2, expect.stringContaining('devnet.json: cannot be read (ENOENT)')]);
  });

  it('cannot tell when no chain answers and none was stored', async () => {
    const dir = await devnet('dead');
    const { code, errors, out } = await audit('replay', '--epoch', '1', '--devnet', dir);
    expect([code, out]).toEqual([3, []]);
    expect(errors).toMatch(/^plumbline audit: no EVM chain answers at 127\.0\.0\.1:1: .* \[chain-unreachable\]$/);
  });

  it('starts the stored chain of a stopped devnet, and ends it whatever it finds there', async () => {
    const dir = await devnet('stopped');
    const state = join(dir, 'anvil-state.json');
    const anvil = await startAnvil({ chainId: CHAIN_ID, args: ['--state', state] });
    // A chain that has answered has its signal handler in place, and so writes its state when it is told to end.
    const { client } = await connectRpc(anvil.url);
    await client.request({ method: 'evm_mine' } as never);
    await anvil.stop();
    const { code, errors } = await audit('decentralization', '--devnet', dir);
    expect([code, errors]).toEqual([3, expect.stringContaining('[no-oracle]')]);
  }, 60_000);
});
