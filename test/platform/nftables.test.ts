import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nftRules } from '../../scripts/egress.ts';

const NOBODY = '65534';
const FORBIDDEN = ['10.7.7.7', '169.254.169.254', 'fd00::7'];
/** Somebody's public addresses, given to an interface of a namespace that no packet leaves. */
const PUBLIC = ['9.9.9.9', '2620:fe::fe'];

const works = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const isPossible = process.getuid?.() === 0 && works('nft', '--version') && works('ip', 'netns', 'list');

/** Connects to each address from within, one after the other; prints what came of it. */
const CLIENT = `
const { connect } = require('node:net');
const [port, ...hosts] = process.argv.slice(1);
const reach = (host) => new Promise((resolve) => {
  const socket = connect({ host, port: Number(port), autoSelectFamily: false });
  const end = (word) => (socket.destroy(), resolve(host + ' ' + word));
  socket.once('connect', () => end('reached')).once('error', () => end('dropped'));
  setTimeout(end, 1500, 'dropped');
});
(async () => { for (const host of hosts) console.log(await reach(host)); })();
`;
const SERVER = `
const { createServer } = require('node:net');
createServer((socket) => socket.on('error', () => {}).end()).listen(8080, '::', () => console.log('listening'));
`;

describe.skipIf(!isPossible)('the nftables ruleset (left out without nft, ip or root)', () => {
  it('drops what the watcher may not reach, lets through what it may, and is nobody else', async () => {
    const name = `plegress-${process.pid}`;
    const folder = mkdtempSync(join(tmpdir(), 'plegress-'));
    const run = (...args: string[]) => execFileSync('ip', args);
    const inside = (...args: string[]) => ['netns', 'exec', name, ...args];
    run('netns', 'add', name);
    try {
      run('-n', name, 'link', 'set', 'lo', 'up');
      for (const address of [...FORBIDDEN, ...PUBLIC]) {
        run('-n', name, 'addr', 'add', address, 'dev', 'lo', ...(address.includes(':') ? ['nodad'] : []));
      }
      const rules = join(folder, 'rules.nft');
      writeFileSync(rules, nftRules(NOBODY));
      // Twice: loading it again replaces it.
      for (let i = 0; i < 2; i++) run(...inside('nft', '-f', rules));
      const server = spawn('ip', inside(process.execPath, '-e', SERVER), { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        const { promise, resolve } = Promise.withResolvers<void>();
        server.stdout.once('data', () => resolve());
        await promise;
        const from = (user: string) => {
          const who = ['setpriv', '--reuid', user, '--clear-groups'];
          const command = inside(...who, process.execPath, '-e', CLIENT, '8080', ...FORBIDDEN, ...PUBLIC);
          return execFileSync('ip', command).toString().trim().split('\n');
        };
        expect(from(NOBODY)).toEqual([
          ...FORBIDDEN.map((address) => `${address} dropped`),
          ...PUBLIC.map((address) => `${address} reached`),
        ]);
        expect(from('0')).toEqual([...FORBIDDEN, ...PUBLIC].map((address) => `${address} reached`));
      } finally {
        server.kill('SIGKILL');
      }
    } finally {
      run('netns', 'del', name);
      rmSync(folder, { recursive: true });
    }
  });
});
