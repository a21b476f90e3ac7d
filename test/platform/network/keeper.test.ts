import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { describe, expect, onTestFinished, test } from 'vitest';
import { redialWait } from '../../../platform/network/dial.ts';
import { parseBootnodes } from '../../../platform/network/keeper.ts';
import { networkPrefix } from '../../../platform/network/libp2p.ts';
import { REDIAL_MILLIS_MIN } from '../../../platform/network/limits.ts';
import { bytes, listen, meshed, ORACLE, startNode, startNodes, until } from './nodes.fixture.ts';

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';

type Child = { process: ChildProcessByStdio<null, Readable, null>; lines: string[]; address: string };

async function startChild(identity: string, address: string, bootnodes: string[] = []): Promise<Child> {
  const program = join(import.meta.dirname, 'node.child.ts');
  const args = [program, identity, address, ORACLE, ...bootnodes];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => void lines.push(line));
  await until(() => lines.length > 0, 20_000);
  return { process: child, lines, address: lines[0]! };
}

describe('configured peers', { timeout: 60_000 }, () => {
  test('a node that was killed and comes back on its port is found again, and gossip works both ways', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'plumbline-network-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const identity = join(directory, 'identity');
    const first = await startChild(identity, '/ip4/127.0.0.1/tcp/0');
    const node = await startNode({ bootnodes: [first.address] });
    const heard = listen(node, 'reveal');
    listen(node, 'commit');
    await until(() => node.subscribers('commit').length === 1);
    await node.publish('commit', bytes('one'));
    await until(() => heard.includes('one'));

    const closed = once(first.process, 'close');
    first.process.kill('SIGKILL');
    await closed;
    await until(() => node.peers().length === 0);
    // Dials fail for a while before it is back.
    const listenAddress = first.address.slice(0, first.address.indexOf('/p2p/'));
    const again = await startChild(identity, listenAddress);
    const started = performance.now();
    expect(again.address).toBe(first.address);
    await until(() => node.subscribers('commit').length === 1);
    expect(performance.now() - started).toBeLessThan(2_000);
    await node.publish('commit', bytes('two'));
    await until(() => again.lines.includes('heard two') && heard.includes('two'));
  });

  test('a peer that starts later than we do is found', async () => {
    const late = await startNode();
    const [address] = late.addresses();
    const [, , , , port] = address!.split('/');
    await late.stop();
    const identity = await generateKeyPair('Ed25519');
    const early = await startNode({ bootnodes: [`/ip4/127.0.0.1/tcp/${port}/p2p/${identity.publicKey}`] });
    expect(early.peers()).toEqual([]);
    const later = await startNode({ identity, listen: [`/ip4/127.0.0.1/tcp/${port}`] });
    await until(() => early.peers().includes(later.self));
  });

  test('eight nodes that start at once and all list each other all connect and all hear each other', async () => {
    const identities = await Promise.all(Array.from({ length: 8 }, () => generateKeyPair('Ed25519')));
    // Ports first, so that everybody can be told everybody's address before anybody starts.
    const probes = await Promise.all(identities.map((identity) => startNode({ identity })));
    const addresses = probes.flatMap((probe) => probe.addresses());
    await Promise.all(probes.map((probe) => probe.stop()));
    const listenOn = (address: string) => [address.slice(0, address.indexOf('/p2p/'))];
    const nodes = await Promise.all(
      identities.map((identity, i) => startNode({ identity, listen: listenOn(addresses[i]!), bootnodes: addresses })),
    );
    const heard = nodes.map((node) => listen(node, 'attestation'));
    await meshed(nodes, 'attestation');
    expect(nodes.map((node) => node.peers().length)).toEqual(Array(8).fill(7));
    await Promise.all(nodes.map((node, i) => node.publish('attestation', bytes(`${i}`))));
    await until(() => heard.every((messages) => messages.length === 7));
  });

  test('one bootnode is enough for gossip among many', async () => {
    const hub = await startNode();
    const nodes = await Promise.all(Array.from({ length: 11 }, () => startNode({ bootnodes: hub.addresses() })));
    const heard = [hub, ...nodes].map((node) => listen(node, 'commit'));
    await until(() => hub.mesh('commit').length === nodes.length);
    await until(() => nodes.every((node) => node.subscribers('commit').length > 0));
    await nodes[3]!.publish('commit', bytes('x'));
    await until(() => heard.filter((messages) => messages.length === 1).length === nodes.length);
  });

  test('our own address among the bootnodes is skipped', async () => {
    const identity = await generateKeyPair('Ed25519');
    const node = await startNode({ identity, bootnodes: [`/ip4/127.0.0.1/tcp/9/p2p/${identity.publicKey}`] });
    expect(node.self).toBe(identity.publicKey.toString());
    expect(node.peers()).toEqual([]);
  });

  test('a port that is taken is named', async () => {
    const [node] = await startNodes(1);
    const taken = node!.addresses()[0]!.split('/p2p/')[0]!;
    await expect(startNode({ listen: [taken] })).rejects.toMatchObject({
      code: 'network-listen',
      message: expect.stringContaining(taken),
    });
  });
});

test('bootnodes of one peer are one, and a bootnode without a peer id is refused', () => {
  const parsed = parseBootnodes([`/ip4/192.0.2.1/tcp/1/p2p/${PEER}`, `/dns4/a.example/tcp/2/p2p/${PEER}`]);
  expect(parsed).toHaveLength(1);
  expect(parsed[0]!.addresses).toHaveLength(2);
  for (const bad of ['/ip4/192.0.2.1/tcp/1', 'nonsense', '', '/ip4/192.0.2.1/tcp/1/p2p/xyz']) {
    expect(() => parseBootnodes([bad])).toThrowError(expect.objectContaining({ code: 'network-bootnode' }));
  }
});

test('the wait before a redial doubles up to its maximum', () => {
  expect(redialWait(0, 1_000)).toBe(0);
  for (const [failures, wait] of [
    [1, REDIAL_MILLIS_MIN],
    [2, REDIAL_MILLIS_MIN * 2],
    [3, 1_000],
    [1_000, 1_000],
  ] as const) {
    const drawn = redialWait(failures, 1_000);
    expect(drawn).toBeLessThanOrEqual(wait);
    expect(drawn).toBeGreaterThanOrEqual(wait * 0.75);
  }
});

test('a network is named by chain and oracle, in lower case', () => {
  expect(networkPrefix(1, ORACLE)).toBe(`/plumbline/1/${ORACLE.toLowerCase()}`);
  for (const [chainId, oracle] of [
    [0, ORACLE],
    [1.5, ORACLE],
    [1, '0x12'],
    [1, `${ORACLE}0`],
  ] as const) {
    expect(() => networkPrefix(chainId, oracle)).toThrowError(expect.objectContaining({ code: 'network-oracle' }));
  }
});
