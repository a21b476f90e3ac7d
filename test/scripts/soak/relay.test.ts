import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openSockets } from '../../../scripts/soak/relay.ts';

const open: Server[] = [];
let folder: string;
afterEach(async () => {
  for (const server of open.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

test('a connection to the socket is one to the port, until either ends it', async () => {
  folder = await mkdtemp(join(tmpdir(), 'plsoak-test-'));
  const service = createServer((request, response) => response.end(`you asked for ${request.url}`));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  open.push(service, ...(await openSockets(folder, [port])));
  const socket = connect(join(folder, `${port}.sock`));
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.write('GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  expect(answer).toContain('you asked for /here');
});
