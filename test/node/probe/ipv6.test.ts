import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { PROBES } from '../../../node/probe/engine.ts';
import { OPCODE } from '../../../node/probe/frames.ts';
import { encodeJsonQuery } from '../../../node/probe/jsonquery.ts';
import { judge } from '../../../node/probe/judge.ts';
import type { ServiceTarget } from '../../../node/probe/target.ts';
import { encodeDialogue } from '../../../node/probe/websocket.ts';
import { addressText } from '../../../platform/address.ts';
import { REASON } from '../../../protocol/reason.ts';
import { OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { selfSigned } from './certificate.ts';
import { dnsServer, record, reply } from './dns-server.ts';
import { serve, toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';
import { serverFrame, websocketServer } from './websocket-server.ts';

const HOST = '::1';
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === HOST));
const named = {
  first: { resolve: async () => ({ kind: 'addresses' as const, addresses: [HOST] }) },
  second: undefined,
};
const pair = selfSigned('service.example');
const at = (server: Server) => serve(server, HOST);
const answering = (text: string) => createHttpServer((_request, response) => response.end(text));
const extra = encodeJsonQuery({ request: '{}', path: '$.ok' });
const dialogue = encodeDialogue({ message: '', skip: 0 });

const KINDS: [
  name: string,
  serve: () => Promise<AsyncDisposable & { port: number }>,
  url: string,
  Partial<ServiceTarget>,
][] = [
  ['http', () => at(answering('hello')), 'http://[::1]:PORT/', {}],
  [
    'https',
    () => at(createHttpsServer(pair, (_request, response) => response.end('x'))),
    'https://service.example:PORT/',
    {},
  ],
  ['json-rpc', () => at(answering('{"ok":true}')), 'http://[::1]:PORT/', { kind: SERVICE_KIND.jsonRpc, extra }],
  [
    'websocket',
    () => websocketServer((socket) => socket.write(serverFrame(OPCODE.text, 'x')), undefined, HOST),
    'ws://[::1]:PORT/',
    { kind: SERVICE_KIND.websocket, extra: dialogue },
  ],
  ['tcp', () => at(createServer()), 'tcp://[::1]:PORT', { kind: SERVICE_KIND.tcp }],
  [
    'tls',
    () => at(createTlsServer(pair, (socket) => socket.on('error', () => {}))),
    'tls://service.example:PORT',
    { kind: SERVICE_KIND.tls },
  ],
  [
    'dns over UDP',
    () => dnsServer({ udp: (query) => [reply(query, { answers: [record(1, [192, 0, 2, 1])] })] }, HOST),
    'dns://[::1]:PORT/service.example',
    { kind: SERVICE_KIND.dns },
  ],
  [
    'dns over TCP',
    () =>
      dnsServer(
        {
          udp: (query) => [reply(query, { truncated: true })],
          tcp: (query, socket) =>
            socket.end(
              Buffer.concat([
                Buffer.from([0, query.length + 16]),
                reply(query, { answers: [record(1, [192, 0, 2, 1])] }),
              ]),
            ),
        },
        HOST,
      ),
    'dns://service.example:PORT/service.example',
    { kind: SERVICE_KIND.dns },
  ],
];

describe.skipIf(!hasIpv6)('over IPv6 (left out where the machine has no ::1)', () => {
  it.each(KINDS)('%s is probed at ::1, and good', async (_name, open, url, more) => {
    await using server = await open();
    const target = targetAt(url.replace('PORT', String(server.port)), {
      timeoutMillis: 20_000,
      expectedStatus: 0,
      ...more,
    });
    const tools = { ...toolsFor(), resolvers: url.includes('[') ? toolsFor().resolvers : named };
    const trusted = { ...target, authorities: [pair.cert] };
    const result = await PROBES[target.kind]!(tools, trusted, new AbortController().signal);
    expect(judge(result, target), result.detail).toEqual({ outcome: OUTCOME.good, reason: REASON.ok });
    expect(addressText(result.address)).toBe('0:0:0:0:0:0:0:1');
  });
});
