import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createMetrics } from '../../../platform/metrics.ts';
import { type Libp2pNetwork, networkPrefix } from '../../../platform/network/libp2p.ts';
import { REQUESTS_BURST } from '../../../platform/network/limits.ts';
import { bytes, ORACLE, startNode, text, until } from './nodes.fixture.ts';

const BATCH = `${networkPrefix(31_337, ORACLE)}/1/req/batch`;
const OPTIONS = { maxBytes: 1_000, timeoutMillis: 5_000 };
const frame = (body: string, length = body.length) => {
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, length);
  return Uint8Array.from([...header, ...bytes(body)]);
};

/** A peer that speaks the transport and answers requests for batches as the test says. */
async function rawPeer(onStream?: (stream: Stream) => void): Promise<Libp2p> {
  const peer = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  onTestFinished(() => peer.stop());
  if (onStream) await peer.handle(BATCH, onStream);
  return peer;
}

/** A node that is connected to the raw peer. */
async function nodeBeside(peer: Libp2p): Promise<Libp2pNetwork> {
  const node = await startNode({ bootnodes: peer.getMultiaddrs().map(String) });
  await until(() => node.peers().length === 1);
  return node;
}

describe('requests between two nodes', { timeout: 30_000 }, () => {
  let server: Libp2pNetwork;
  let client: Libp2pNetwork;
  beforeEach(async () => {
    server = await startNode();
    client = await startNode({ bootnodes: server.addresses() });
    await until(() => client.peers().length === 1);
  });

  test('an answer comes back whole, and the handler knows who asked', async () => {
    await server.serve('batch', 100, async (from, request) => bytes(`${text(request)} for ${from}`));
    const answer = await client.request('batch', bytes('b1'), OPTIONS);
    expect(text(answer)).toBe(`b1 for ${client.self}`);
    expect(text(await client.request('batch', bytes('b2'), { ...OPTIONS, peer: server.self }))).toContain('b2');
  });

  test('an empty request and a long answer are fine', async () => {
    const long = new Uint8Array(5_000_000).map((_, i) => i);
    await server.serve('state', 0, async () => long);
    const answer = await client.request('state', new Uint8Array(), { maxBytes: long.length, timeoutMillis: 10_000 });
    expect(answer && Buffer.compare(answer, long)).toBe(0);
  });

  test('nothing, an error and an unserved kind all come back as undefined', async () => {
    await server.serve('batch', 100, async () => undefined);
    await server.serve('epoch', 100, () => Promise.reject(new Error('broken')));
    for (const kind of ['batch', 'epoch', 'state'] as const) {
      expect(await client.request(kind, bytes('x'), OPTIONS)).toBeUndefined();
    }
  });

  test('an answer over the asker’s bound is refused', async () => {
    await server.serve('batch', 100, async () => new Uint8Array(1_001));
    expect(await client.request('batch', bytes('x'), OPTIONS)).toBeUndefined();
  });

  test('a request over the server’s bound never reaches the handler', async () => {
    const handler = vi.fn(async () => bytes('y'));
    await server.serve('batch', 3, handler);
    expect(await client.request('batch', bytes('four'), OPTIONS)).toBeUndefined();
    expect(handler).not.toHaveBeenCalled();
    expect(text(await client.request('batch', bytes('two'), OPTIONS))).toBe('y');
  });

  test('a handler that never answers costs the asker its time-out and no more', async () => {
    await server.serve('batch', 100, () => new Promise(() => undefined));
    const started = performance.now();
    expect(await client.request('batch', bytes('x'), { maxBytes: 10, timeoutMillis: 300 })).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('a kind is served once', async () => {
    await server.serve('batch', 100, async () => undefined);
    await expect(server.serve('batch', 100, async () => undefined)).rejects.toMatchObject({
      code: 'network-duplicate-handler',
    });
  });

  test('a peer that asks too fast is refused, and served again later', async () => {
    const handler = vi.fn(async () => bytes('y'));
    await server.serve('batch', 100, handler);
    const asked = Array.from({ length: REQUESTS_BURST * 2 }, () => () => client.request('batch', bytes('x'), OPTIONS));
    let answered = 0;
    for (const ask of asked) if (await ask()) answered += 1;
    expect(answered).toBeGreaterThanOrEqual(REQUESTS_BURST);
    expect(answered).toBeLessThan(asked.length);
    expect(handler).toHaveBeenCalledTimes(answered);
    await until(async () => (await client.request('batch', bytes('x'), OPTIONS)) !== undefined);
  });

  test('stopping either side ends what is under way', async () => {
    let asked = false;
    await server.serve('batch', 100, () => {
      asked = true;
      return new Promise(() => undefined);
    });
    const pending = client.request('batch', bytes('x'), { maxBytes: 10, timeoutMillis: 60_000 });
    await until(() => asked);
    await client.stop();
    expect(await pending).toBeUndefined();
  });
});

describe('requests among several', { timeout: 30_000 }, () => {
  test('peers are asked until one has an acceptable answer', async () => {
    const client = await startNode();
    const answers = [undefined, 'wrong', 'right', undefined];
    for (const answer of answers) {
      const peer = await startNode({ bootnodes: client.addresses() });
      await peer.serve('batch', 100, async () => (answer ? bytes(answer) : undefined));
    }
    await until(() => client.peers().length === answers.length);
    const accept = (answer: Uint8Array) => {
      if (text(answer) === 'wrong') throw new Error('does not decode');
      return text(answer) === 'right';
    };
    for (let round = 0; round < 5; round += 1) {
      expect(text(await client.request('batch', bytes('x'), { ...OPTIONS, accept }))).toBe('right');
    }
    expect(await client.request('batch', bytes('x'), { ...OPTIONS, accept: () => false })).toBeUndefined();
  });

  test('asking an unknown peer, or somebody who is no peer id, comes back as undefined', async () => {
    const client = await startNode();
    expect(await client.request('batch', bytes('x'), { ...OPTIONS, peer: 'nonsense' })).toBeUndefined();
    const { publicKey } = await generateKeyPair('Ed25519');
    expect(await client.request('batch', bytes('x'), { ...OPTIONS, peer: publicKey.toString() })).toBeUndefined();
    expect(await client.request('batch', bytes('x'), OPTIONS)).toBeUndefined();
  });
});

describe('a misbehaving server', { timeout: 30_000 }, () => {
  test.each<[string, (stream: Stream) => void]>([
    ['is silent', () => undefined],
    ['sends half a header', (stream) => void stream.send(frame('answer').subarray(0, 3))],
    ['sends a giant length', (stream) => void stream.send(frame('answer', 2 ** 32 - 1))],
    ['sends more than it announced', (stream) => void stream.send(frame('answer', 3))],
    ['stops in the middle', (stream) => void stream.send(frame('answer', 100))],
    [
      'closes in the middle',
      (stream) => {
        stream.send(frame('answer', 100));
        void stream.close();
      },
    ],
    ['closes at once', (stream) => void stream.close()],
    ['resets', (stream) => stream.abort(new Error('no'))],
    [
      'resets in the middle',
      (stream) => {
        stream.send(frame('answer', 100));
        stream.abort(new Error('no'));
      },
    ],
  ])('that %s is given up within the time-out', async (_name, onStream) => {
    const peer = await rawPeer(onStream);
    const node = await nodeBeside(peer);
    const started = performance.now();
    expect(await node.request('batch', bytes('x'), { maxBytes: 1_000, timeoutMillis: 700 })).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2_500);
    // No stream is left behind.
    await until(() =>
      peer.getConnections().every(({ streams }) => streams.every(({ protocol }) => protocol !== BATCH)),
    );
  });

  test('that closes early is known at once, without waiting for the time-out', async () => {
    const node = await nodeBeside(await rawPeer((stream) => void stream.close()));
    const started = performance.now();
    expect(await node.request('batch', bytes('x'), { maxBytes: 1_000, timeoutMillis: 20_000 })).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('that never completes a handshake is given up within the time-out', async () => {
    const sockets: Socket[] = [];
    const server: Server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { publicKey } = await generateKeyPair('Ed25519');
    const node = await startNode({ bootnodes: [`/ip4/127.0.0.1/tcp/${port}/p2p/${publicKey}`] });
    await until(() => sockets.length > 0);
    expect(node.peers()).toEqual([]);
    expect(
      await node.request('batch', bytes('x'), { ...OPTIONS, timeoutMillis: 300, peer: `${publicKey}` }),
    ).toBeUndefined();
  });
});

describe('a misbehaving asker', { timeout: 30_000 }, () => {
  async function attack(send: (stream: Stream) => void) {
    const metrics = createMetrics();
    const node = await startNode({ metrics });
    const handler = vi.fn(async () => bytes('y'));
    await node.serve('batch', 100, handler);
    const attacker = await rawPeer();
    const connection = await attacker.dial(node.addresses().map((address) => multiaddr(address)));
    const stream = await connection.newStream(BATCH);
    send(stream);
    return { metrics, handler, stream, node };
  }

  test.each<[string, (stream: Stream) => void]>([
    ['a giant length', (stream) => void stream.send(frame('x', 2 ** 31))],
    ['more than it announced', (stream) => void stream.send(frame('xyz', 1))],
    [
      'half a request and closes',
      (stream) => {
        stream.send(frame('x', 50));
        void stream.close();
      },
    ],
  ])('that sends %s is cut off and the handler not troubled', async (_name, send) => {
    const { metrics, handler, stream } = await attack(send);
    await until(() => ['reset', 'closed', 'aborted'].includes(stream.status));
    expect(handler).not.toHaveBeenCalled();
    expect(await metrics.render()).toContain('side="answered",result="failed"} 1');
  });

  test('garbage on the port leaves the node at work', async () => {
    const node = await startNode();
    await node.serve('batch', 100, async () => bytes('y'));
    const port = Number(node.addresses()[0]?.split('/')[4]);
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.end(new Uint8Array(10_000).fill(0xff));
    await new Promise((resolve) => socket.on('close', resolve));
    const client = await startNode({ bootnodes: node.addresses() });
    await until(() => client.peers().length === 1);
    expect(text(await client.request('batch', bytes('x'), OPTIONS))).toBe('y');
  });
});
