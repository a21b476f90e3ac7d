import { createServer, type Server } from 'node:net';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../../platform/metrics.ts';
import type { Libp2pNetwork } from '../../../platform/network/libp2p.ts';
import { type Line, recordingLog } from '../../support/simnet/log.ts';
import { contactOf, contactsOf, numbers, peerIds } from './contacts.fixture.ts';
import { bytes, listen, startNode, startNodes, until } from './nodes.fixture.ts';

/** gossipsub's Dlo and Dout as they are set. */
const [MESH_MIN, MESH_OUTBOUND] = [6, 3];
const CONNECTIONS = 16;
/** Half of them are nobody's but kept peers'. */
const STRANGERS = CONNECTIONS / 2;

/** A node that takes every connection and every message, and passes nothing on. */
async function startSink(bootnodes: string[] = []): Promise<Libp2pNetwork> {
  const node = await startNode({ bootnodes });
  listen(node, 'commit', { kind: 'ignore', code: 'sink' });
  return node;
}

/** Strangers that connect to a node until no more of them are let in, and go on trying. */
async function flood(victim: Libp2pNetwork, places = STRANGERS): Promise<string[]> {
  const strangers = await Promise.all(Array.from({ length: places + 4 }, () => startSink(victim.addresses())));
  const ids = strangers.map(({ self }) => self);
  await until(() => victim.peers().filter((peer) => ids.includes(peer)).length === places, 20_000);
  return ids;
}

async function countingServer(): Promise<{ port: number; count: () => number }> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, count: () => connections };
}

describe('a node that an attacker surrounds', { timeout: 90_000 }, () => {
  test('hears honest messages through peers of the registry, and one without them hears nothing', async () => {
    const attackers = await Promise.all(Array.from({ length: 3 }, () => startSink()));
    const bootnodes = attackers.flatMap((node) => node.addresses());
    const [victim, blind] = await Promise.all([
      startNode({ bootnodes, connectionsMax: CONNECTIONS, random: numbers(1) }),
      startNode({ bootnodes, connectionsMax: CONNECTIONS }),
    ]);
    const [heard, heardBlind] = [listen(victim, 'commit'), listen(blind, 'commit')];
    await Promise.all([flood(victim), flood(blind)]);
    for (const one of attackers) await until(() => victim.peers().includes(one.self));

    const seats = await startNodes(4);
    const heardBySeats = seats.map((node) => listen(node, 'commit'));
    // Not of the registry, and connected to one seat only: what it says comes to the victim through others.
    const author = await startNode({ bootnodes: seats[0]!.addresses() });
    listen(author, 'commit');
    await until(() => author.subscribers('commit').length > 0);

    victim.know(contactsOf(seats));
    await until(() => victim.persistent().length === seats.length);
    await until(() => seats.every((node) => node.subscribers('commit').includes(victim.self)));
    await author.publish('commit', bytes('honest'));
    await until(() => heard.includes('honest'), 20_000);
    await until(() => heardBySeats.every((messages) => messages.includes('honest')));
    expect(heardBlind).toEqual([]);
  });

  test('takes peers of the registry into its mesh, though strangers filled it and its bootnodes count as chosen', async () => {
    // As many of its own choice as gossipsub wants in a mesh: it would look for no other.
    const attackers = await Promise.all(Array.from({ length: MESH_OUTBOUND }, () => startSink()));
    const bootnodes = attackers.flatMap((node) => node.addresses());
    const victim = await startNode({ bootnodes, connectionsMax: 64, random: numbers(1) });
    const heard = listen(victim, 'commit');
    await Promise.all(Array.from({ length: MESH_MIN }, () => startSink(victim.addresses())));
    await until(() => victim.mesh('commit').length === MESH_OUTBOUND + MESH_MIN, 20_000);
    // They have enough among themselves to look for nobody either.
    const honest = await startNodes(MESH_MIN + 2);
    for (const one of honest) listen(one, 'commit');
    await until(() => honest.every((one) => one.mesh('commit').length >= MESH_MIN), 20_000);
    const [seat] = honest;
    victim.know(contactsOf([seat!]));
    await until(() => victim.mesh('commit').includes(seat!.self), 40_000);
    await honest.at(-1)!.publish('commit', bytes('x'));
    await until(() => heard.length === 1);
  });

  test('has room for peers of the registry in both directions, and for no more strangers', async () => {
    const victim = await startNode({ connectionsMax: CONNECTIONS });
    const strangers = await flood(victim);
    const identity = await generateKeyPair('Ed25519');
    const incoming = peerIdFromPrivateKey(identity).toString();
    const out = await startNodes(2);
    // Nobody listens where it says that it is: it can only come by itself.
    const gone = contactOf(2, { addresses: [`/ip4/127.0.0.1/tcp/9999/p2p/${incoming}`] });
    victim.know([...contactsOf(out), gone]);
    await until(() => out.every(({ self }) => victim.persistent().includes(self)));

    const stranger = await startNode({ bootnodes: victim.addresses() });
    await startNode({ identity, bootnodes: victim.addresses() });
    await until(() => victim.persistent().includes(incoming));
    const held = victim.peers().filter((peer) => strangers.includes(peer) || peer === stranger.self);
    expect(held.length).toBe(STRANGERS);
  });

  test('keeps its own choice when the connections in all go over their bound', async () => {
    const metrics = createMetrics();
    const victim = await startNode({ connectionsMax: CONNECTIONS / 2, random: numbers(1), metrics });
    listen(victim, 'commit');
    await flood(victim, STRANGERS / 2);
    const seats = await startNodes(7);
    victim.know(contactsOf(seats));
    // One more than the bound less the strangers: the excess has to be somebody's.
    for (const seat of seats) listen(seat, 'commit');
    await until(() => victim.persistent().length === seats.length);
    await until(() => seats.every(({ self }) => victim.subscribers('commit').includes(self)));
    // None was closed and dialled again.
    expect(await metrics.render()).toContain(`plumbline_dials_total{result="connected"} ${seats.length}\n`);
  });
});

describe('addresses that somebody published', { timeout: 60_000 }, () => {
  test('in a range that is denied are never connected to, literal or looked up', async () => {
    const { port, count } = await countingServer();
    const [peer, other] = (await peerIds(2)) as [string, string];
    const lines: Line[] = [];
    let lookUps = 0;
    const resolve = async () => {
      lookUps += 1;
      return ['127.0.0.1'];
    };
    const contacts = [
      contactOf(0, { addresses: [`/ip4/127.0.0.1/tcp/${port}/p2p/${peer}`, 'junk'] }),
      contactOf(1, { addresses: [`/dns4/watcher.example.org/tcp/${port}/p2p/${other}`] }),
    ];
    const strict = await startNode({ allowPrivatePeers: false, resolve, log: recordingLog(lines, {}) });
    strict.know(contacts);
    await until(() => lookUps >= 3);
    expect(count()).toBe(0);
    const reasons = lines.filter(({ message }) => message.includes('on chain')).map(({ fields }) => fields.reason);
    expect(reasons).toEqual([expect.stringContaining('loopback'), expect.stringContaining('is not of the form')]);

    // The same addresses where they are allowed: this is what would have happened.
    const open = await startNode({ resolve });
    open.know(contacts);
    await until(() => count() >= 2);
    expect(open.peers()).toEqual([]);
  });

  test('of another peer than the one that answers there lead to no connection', async () => {
    const [node, impostor] = await startNodes(1).then(async ([one]) => [one!, await startNode()] as const);
    const [peer] = await peerIds(1);
    const address = impostor.addresses()[0]!.replace(impostor.self, peer!);
    node.know([contactOf(0, { addresses: [address] }), ...contactsOf([impostor]).map((one) => ({ ...one, seat: 1 }))]);
    await until(() => node.peers().includes(impostor.self));
    expect(node.persistent()).toEqual([impostor.self]);
  });
});
