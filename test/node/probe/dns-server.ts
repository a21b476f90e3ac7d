import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type Socket } from 'node:net';

/** What a test's name server saw and sends. Bytes are put together by hand: the probe's own codec must not be its own judge. */
export type DnsServer = AsyncDisposable & {
  port: number;
  udp: Buffer[];
  tcp: Buffer[];
};

export type Handlers = {
  /** Datagrams to send for a question. */
  udp: (query: Buffer, count: number, from: RemoteInfo) => Buffer[];
  /** What to write on the connection, length included. */
  tcp?: (query: Buffer, socket: Socket) => void;
};

/** A real name server: UDP and TCP on one port of the address. */
export async function dnsServer(handlers: Handlers, address = '127.0.0.1'): Promise<DnsServer> {
  for (;;) {
    const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const tcp = createServer();
    const seen: { udp: Buffer[]; tcp: Buffer[] } = { udp: [], tcp: [] };
    const sockets = new Set<Socket>();
    udp.on('message', (query: Buffer, from: RemoteInfo) => {
      seen.udp.push(query);
      for (const answer of handlers.udp(query, seen.udp.length, from)) udp.send(answer, from.port, from.address);
    });
    tcp.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => {
        const query = bytes.subarray(2);
        seen.tcp.push(query);
        handlers.tcp?.(query, socket);
      });
    });
    const bound = Promise.withResolvers<void>();
    udp.bind(0, address, () => bound.resolve());
    await bound.promise;
    const { port } = udp.address();
    const listening = Promise.withResolvers<boolean>();
    tcp.once('error', () => listening.resolve(false)).listen(port, address, () => listening.resolve(true));
    const close = async () => {
      udp.close();
      for (const socket of sockets) socket.destroy();
      tcp.close();
    };
    // Somebody else may have the TCP port of that number.
    if (await listening.promise) return { port, ...seen, [Symbol.asyncDispose]: close };
    await close();
  }
}

export type Reply = {
  rcode?: number;
  truncated?: boolean;
  id?: number;
  flags?: number;
  answers?: Buffer[];
  count?: number;
};

/** A reply to a query: its question repeated, and these records. */
export function reply(
  query: Buffer,
  { rcode = 0, truncated = false, id, flags, answers = [], count }: Reply = {},
): Buffer {
  const head = Buffer.from(query.subarray(0, 12));
  if (id !== undefined) head.writeUInt16BE(id, 0);
  head.writeUInt16BE(flags ?? 0x8400 | (truncated ? 0x0200 : 0) | rcode, 2);
  head.writeUInt16BE(count ?? answers.length, 6);
  return Buffer.concat([head, query.subarray(12), ...answers]);
}

/** A record that belongs to the name in the question, which it points to. */
export function record(type: number, data: readonly number[] | Buffer, ttlSeconds = 60, owner = [0xc0, 12]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttlSeconds, 4);
  const length = Buffer.from([data.length >> 8, data.length & 0xff]);
  return Buffer.concat([Buffer.from(owner), head, length, Buffer.from(data)]);
}

/** A message with its length in front. */
export function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]);
}

/** A name in wire format. */
export function wireName(name: string): Buffer {
  return Buffer.from([...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0]);
}
