import { describe, expect, test, vi } from 'vitest';
import { createMetrics } from '../../../platform/metrics.ts';
import { messageId } from '../../../platform/network/gossip.ts';
import { MESSAGE_BYTES_MAX } from '../../../platform/network/limits.ts';
import { TOPICS } from '../../../platform/network/network.ts';
import { ACCEPT, bytes, listen, meshed, startNode, startNodes, text, until } from './nodes.fixture.ts';

describe('gossip on loopback', { timeout: 60_000 }, () => {
  test('five nodes hear each other on every topic, once each, and never themselves', async () => {
    const nodes = await startNodes(5);
    const heard = nodes.map((node) => TOPICS.map((topic) => listen(node, topic)));
    await Promise.all(TOPICS.map((topic) => meshed(nodes, topic)));
    await Promise.all(
      nodes.flatMap((node, i) => TOPICS.map((topic) => node.publish(topic, bytes(`${topic} of ${i}`)))),
    );
    for (const [i, ofNode] of heard.entries()) {
      for (const [t, topic] of TOPICS.entries()) {
        const wanted = [0, 1, 2, 3, 4].filter((j) => j !== i).map((j) => `${topic} of ${j}`);
        await until(() => ofNode[t]!.length >= wanted.length);
        expect([...ofNode[t]!].sort()).toEqual(wanted);
      }
    }
  });

  test('a message crosses a node in the middle when that one accepts it', async () => {
    const middle = await startNode();
    const [left, right] = [
      await startNode({ bootnodes: middle.addresses() }),
      await startNode({ bootnodes: middle.addresses() }),
    ];
    const heard = [left, middle, right].map((node) => listen(node, 'commit'));
    await until(() => middle.mesh('commit').length === 2 && left.subscribers('commit').length === 1);
    await left.publish('commit', bytes('hello'));
    await until(() => heard[2]!.length === 1);
    expect(heard).toEqual([[], ['hello'], ['hello']]);
  });

  test('a rejected message is not passed on and costs its sender score, until it is banned', async () => {
    const metrics = createMetrics();
    const middle = await startNode({ metrics });
    const [left, right] = [
      await startNode({ bootnodes: middle.addresses() }),
      await startNode({ bootnodes: middle.addresses() }),
    ];
    const heardRight = listen(right, 'commit');
    listen(left, 'commit');
    middle.subscribe('commit', 1_000, async (_from, data) =>
      text(data).startsWith('bad') ? { kind: 'reject', code: 'bad-signature' } : ACCEPT,
    );
    await until(() => middle.mesh('commit').length === 2 && left.subscribers('commit').length === 1);
    await left.publish('commit', bytes('bad 1'));
    await until(() => middle.score(left.self) < 0);
    expect(middle.score(right.self)).toBeGreaterThanOrEqual(0);
    await left.publish('commit', bytes('good'));
    await until(() => heardRight.length > 0);
    for (const n of [2, 3, 4]) await left.publish('commit', bytes(`bad ${n}`));
    await until(() => !middle.peers().includes(left.self));
    expect(heardRight).toEqual(['good']);
    expect(await metrics.render()).toContain('{topic="commit",verdict="reject",code="bad-signature"} 4');
    expect(await metrics.render()).toContain('plumbline_peers_banned_total{code="bad-signature"} 1');
    // Kept out although it dials again and again.
    const dialled = vi.waitFor(() => expect(middle.peers()).toContain(left.self), { timeout: 1_500 });
    await expect(dialled).rejects.toThrow();
  });

  test('an ignored message is not passed on and costs nothing; a failing handler ignores', async () => {
    const metrics = createMetrics();
    const middle = await startNode({ metrics });
    const [left, right] = [
      await startNode({ bootnodes: middle.addresses() }),
      await startNode({ bootnodes: middle.addresses() }),
    ];
    const heardRight = listen(right, 'commit');
    const order: string[] = [];
    middle.subscribe('commit', 1_000, async (_from, data) => {
      order.push(text(data));
      if (text(data) === 'throw') throw new Error('handler broke');
      return text(data) === 'late' ? { kind: 'ignore', code: 'late' } : ACCEPT;
    });
    listen(left, 'commit');
    await until(() => middle.mesh('commit').length === 2 && left.subscribers('commit').length === 1);
    for (const message of ['late', 'throw', 'good']) await left.publish('commit', bytes(message));
    await until(() => heardRight.length > 0);
    expect(order.sort()).toEqual(['good', 'late', 'throw']);
    expect(heardRight).toEqual(['good']);
    expect(middle.score(left.self)).toBeGreaterThanOrEqual(0);
    expect(await metrics.render()).toContain('{topic="commit",verdict="ignore",code="handler-error"} 1');
  });

  test('a message over the topic’s bound never reaches the handler', async () => {
    const metrics = createMetrics();
    const receiver = await startNode({ metrics });
    const sender = await startNode({ bootnodes: receiver.addresses() });
    const heard = listen(receiver, 'reveal', ACCEPT, 100);
    listen(sender, 'reveal', ACCEPT, 10_000);
    await meshed([receiver, sender], 'reveal');
    await sender.publish('reveal', new Uint8Array(101));
    await sender.publish('reveal', new Uint8Array(100));
    await until(() => heard.length > 0);
    await until(async () => (await metrics.render()).includes('{topic="reveal",verdict="reject",code="too-large"} 1'));
    expect(heard.map((message) => message.length)).toEqual([100]);
    await until(() => receiver.score(sender.self) < 0);
  });

  test('the largest message arrives whole', async () => {
    const [sender, receiver] = (await startNodes(2)) as [
      Awaited<ReturnType<typeof startNode>>,
      Awaited<ReturnType<typeof startNode>>,
    ];
    const lengths: number[] = [];
    receiver.subscribe('reveal', MESSAGE_BYTES_MAX, async (_from, data) => {
      lengths.push(data.length);
      return ACCEPT;
    });
    listen(sender, 'reveal', ACCEPT, MESSAGE_BYTES_MAX);
    await meshed([sender, receiver], 'reveal');
    await sender.publish('reveal', new Uint8Array(MESSAGE_BYTES_MAX).fill(1));
    await until(() => lengths.length > 0);
    expect(lengths).toEqual([MESSAGE_BYTES_MAX]);
  });

  test('publishing to nobody, or the same bytes again, is no error; too much or too late is', async () => {
    const node = await startNode();
    listen(node, 'commit');
    await node.publish('commit', bytes('alone'));
    await node.publish('commit', bytes('alone'));
    await node.publish('attestation', bytes('not subscribed'));
    await expect(node.publish('commit', new Uint8Array(1_001))).rejects.toMatchObject({
      code: 'network-message-too-large',
    });
    expect(() => listen(node, 'commit')).toThrowError(expect.objectContaining({ code: 'network-duplicate-handler' }));
    expect(() => listen(node, 'reveal', ACCEPT, MESSAGE_BYTES_MAX + 1)).toThrowError(/bound/);
    await node.stop();
    await node.stop();
    await expect(node.publish('commit', bytes('x'))).rejects.toMatchObject({ code: 'network-stopped' });
    expect(await node.request('batch', bytes('x'), { maxBytes: 10, timeoutMillis: 100 })).toBeUndefined();
  });

  test('nodes of another oracle hear nothing', async () => {
    const ours = await startNode();
    const theirs = await startNode({ bootnodes: ours.addresses(), oracle: `0x${'22'.repeat(20)}` });
    const kin = await startNode({ bootnodes: ours.addresses() });
    const [heardTheirs, heardKin] = [listen(theirs, 'commit'), listen(kin, 'commit')];
    listen(ours, 'commit');
    await until(() => ours.subscribers('commit').includes(kin.self) && ours.peers().length === 2);
    await ours.publish('commit', bytes('x'));
    await until(() => heardKin.length > 0);
    expect(heardTheirs).toEqual([]);
    expect(ours.subscribers('commit')).toEqual([kin.self]);
  });
});

test('a message id depends on the topic and the content alone', () => {
  expect(messageId('a', bytes('x'))).toEqual(messageId('a', bytes('x')));
  expect(messageId('a', bytes('x'))).not.toEqual(messageId('b', bytes('x')));
  expect(messageId('a', bytes('bx'))).not.toEqual(messageId('ab', bytes('x')));
});
