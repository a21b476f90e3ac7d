import { createSocket, type Socket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { createEgressPolicy } from '../../../node/probe/egress.ts';
import { pinAddress } from '../../../node/probe/pin.ts';
import { dnsResolver, type Resolution, type Resolver } from '../../../node/probe/resolve.ts';
import { OWN_ADDRESS } from '../../../platform/egress.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';

const NXDOMAIN = 3;
const SERVFAIL = 2;
const TYPE_A = 1;

const TYPE_TXT = 16;

/** A DNS server that answers every A question with `addresses` (or `rcode`), TXT with `texts`, every other with no data. */
async function dnsServer(rcode: number, addresses: string[], silent = false, texts: string[] = []) {
  const socket: Socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    if (silent) return;
    const end = question.indexOf(0, 12) + 5;
    const type = question.readUInt16BE(end - 4);
    const answers = type === TYPE_A ? addresses : type === TYPE_TXT ? texts : [];
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(0x8180 | rcode, 2);
    head.writeUInt16BE(answers.length, 6);
    head.fill(0, 8);
    const records = answers.map((answer) => {
      const data = type === TYPE_A ? answer.split('.').map(Number) : strings(answer);
      return Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length, ...data]);
    });
    socket.send(Buffer.concat([head, question.subarray(12, end), ...records]), from.port, from.address);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, '127.0.0.1', resolve);
  await promise;
  const server = `127.0.0.1:${socket.address().port}`;
  return { server, [Symbol.asyncDispose]: async () => void socket.close() };
}

/** A text as TXT records hold it: strings of at most 100 bytes here, each behind its length. */
function strings(text: string): number[] {
  const parts = text.match(/.{1,100}/g) ?? [];
  return parts.flatMap((part) => [part.length, ...Buffer.from(part)]);
}

describe('the DNS resolver', () => {
  it('joins the strings of a text, and tells none from a resolver that fails', async () => {
    const long = 'x'.repeat(150);
    await using dns = await dnsServer(0, [], false, ['short', long]);
    await using none = await dnsServer(NXDOMAIN, []);
    await using broken = await dnsServer(SERVFAIL, []);
    const texts = (server: string) => dnsResolver([server]).texts!('_plumbline.service.example', 5_000);
    expect(await texts(dns.server)).toEqual({ kind: 'texts', texts: ['short', long] });
    expect(await texts(none.server)).toEqual({ kind: 'missing' });
    expect((await texts(broken.server)).kind).toBe('failed');
  });

  it('gives addresses of either family', async () => {
    await using dns = await dnsServer(0, ['192.0.2.1', '192.0.2.2']);
    const resolution = await dnsResolver([dns.server]).resolve('service.example', 5_000);
    expect(resolution).toEqual({ kind: 'addresses', addresses: ['192.0.2.1', '192.0.2.2'] });
  });

  it('tells a name that does not exist from a resolver that fails', async () => {
    await using none = await dnsServer(NXDOMAIN, []);
    await using empty = await dnsServer(0, []);
    await using broken = await dnsServer(SERVFAIL, []);
    expect(await dnsResolver([none.server]).resolve('gone.example', 5_000)).toEqual({ kind: 'missing' });
    expect(await dnsResolver([empty.server]).resolve('empty.example', 5_000)).toEqual({ kind: 'missing' });
    expect((await dnsResolver([broken.server]).resolve('any.example', 5_000)).kind).toBe('failed');
  });

  it('gives up a silent server within its budget', async () => {
    await using dns = await dnsServer(0, [], true);
    expect((await dnsResolver([dns.server]).resolve('slow.example', 20)).kind).toBe('failed');
  });

  it('asks nobody for an address or for localhost', async () => {
    const resolver = dnsResolver(['127.0.0.1:1']);
    expect(await resolver.resolve('192.0.2.7', 1)).toEqual({ kind: 'addresses', addresses: ['192.0.2.7'] });
    const loopback = { kind: 'addresses', addresses: ['127.0.0.1', '::1'] };
    expect(await resolver.resolve('localhost', 1)).toEqual(loopback);
    expect(await resolver.resolve('any.localhost', 1)).toEqual(loopback);
  });
});

const found = (...addresses: string[]): Resolution => ({ kind: 'addresses', addresses });
const missing: Resolution = { kind: 'missing' };
const failed: Resolution = { kind: 'failed', detail: 'SERVFAIL' };

type Row = [name: string, first: Resolution, second: Resolution | undefined, expected: string | Reason];

const ROWS: Row[] = [
  ['one good answer is enough', found('8.8.8.8', '1.1.1.1'), undefined, '8.8.8.8'],
  ['one forbidden address among good ones refuses all', found('8.8.8.8', '10.0.0.1'), undefined, REASON.egressRefused],
  ['a failing resolver is ours', failed, found('8.8.8.8'), REASON.nameUnresolved],
  ['one resolver alone proves no absence', missing, undefined, REASON.nameUnresolved],
  ['resolvers that differ prove no absence', missing, found('8.8.8.8'), REASON.nameUnresolved],
  ['a failing second opinion proves no absence', missing, failed, REASON.nameUnresolved],
  ['two resolvers prove an absence', missing, missing, REASON.nameMissing],
  ['two resolvers prove a forbidden address', found('10.0.0.1'), found('192.168.0.1'), REASON.forbiddenAddress],
  ['a split horizon proves nothing', found('10.0.0.1'), found('8.8.8.8'), REASON.egressRefused],
  ['an address of our own accuses nobody', found('9.9.9.9'), found('9.9.9.9'), REASON.egressRefused],
];

describe('pinning an address', () => {
  const egress = createEgressPolicy({ allowLoopback: false, ownAddresses: () => ['9.9.9.9'] });
  const answering = (resolution: Resolution): Resolver => ({ resolve: async () => resolution });

  it.each(ROWS)('%s', async (_name, first, second, expected) => {
    const resolvers = { first: answering(first), second: second && answering(second) };
    const pin = await pinAddress('service.example', resolvers, egress, 1_000, () => 0);
    expect('address' in pin ? pin.address : pin.reason).toBe(expected);
  });

  it('gives the second resolver only what the first one left of the budget', async () => {
    const budgets: number[] = [];
    const resolver: Resolver = {
      resolve: async (_host, millisMax) => {
        budgets.push(millisMax);
        return missing;
      },
    };
    const resolvers = { first: resolver, second: resolver };
    await pinAddress('gone.example', resolvers, egress, 1_000, () => 400);
    expect(budgets).toEqual([1_000, 600]);
    const late = await pinAddress('gone.example', resolvers, egress, 1_000, () => 1_000);
    expect(late).toMatchObject({ reason: REASON.nameUnresolved });
    expect(budgets).toEqual([1_000, 600, 1_000]);
  });

  it('names the rule in its detail', async () => {
    const resolvers = { first: answering(found('9.9.9.9')), second: undefined };
    const pin = await pinAddress('own.example', resolvers, egress, 1_000, () => 0);
    expect('detail' in pin && pin.detail).toContain(OWN_ADDRESS);
  });
});
