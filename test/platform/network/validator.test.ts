import type { GossipSub, TopicValidatorFn } from '@libp2p/gossipsub';
import { expect, test, vi } from 'vitest';
import { silentLog } from '../../../platform/log.ts';
import { noMetrics } from '../../../platform/metrics.ts';
import { createGossip } from '../../../platform/network/gossip.ts';
import {
  HANDLERS_PER_PEER_MAX,
  MESSAGE_BYTES_BURST,
  MESSAGE_BYTES_MAX,
  MESSAGES_BURST,
} from '../../../platform/network/limits.ts';
import type { Verdict } from '../../../platform/network/network.ts';

/** The checks in front of the handlers, without a network: what gossipsub would call for each message. */
function setUp() {
  const topicValidators = new Map<string, TopicValidatorFn>();
  const service = { topicValidators, subscribe: () => undefined } as unknown as GossipSub;
  const penalise = vi.fn();
  const clock = { millis: 0 };
  const gossip = createGossip(service, {
    name: (topic) => topic,
    epochMillis: 4_000,
    now: () => clock.millis,
    ownScore: () => 0,
    penalise,
    log: silentLog,
    metrics: noMetrics,
  });
  const receive = (topic: string, from: string, data: Uint8Array) => {
    const peer = { toString: () => from } as Parameters<TopicValidatorFn>[0];
    return topicValidators.get(topic)!(peer, { type: 'unsigned', topic, data });
  };
  return { gossip, penalise, clock, receive };
}

const accept = async (): Promise<Verdict> => ({ kind: 'accept' });

test('a topic that nobody subscribed to passes nothing on', async () => {
  const { receive, penalise } = setUp();
  expect(await receive('commit', 'a', new Uint8Array(1))).toBe('ignore');
  expect(penalise).not.toHaveBeenCalled();
});

test('too large is rejected, one byte less is not', async () => {
  const { gossip, receive, penalise } = setUp();
  gossip.subscribe('commit', 10, accept);
  expect(await receive('commit', 'a', new Uint8Array(10))).toBe('accept');
  expect(await receive('commit', 'a', new Uint8Array(11))).toBe('reject');
  expect(penalise).toHaveBeenCalledExactlyOnceWith('a', 1, 'too-large');
});

test('over its quota of messages a peer is ignored before any work, others are not, and time heals', async () => {
  const { gossip, receive, penalise, clock } = setUp();
  const handler = vi.fn(accept);
  gossip.subscribe('commit', 10, handler);
  for (let i = 0; i < MESSAGES_BURST; i += 1) expect(await receive('commit', 'a', new Uint8Array(1))).toBe('accept');
  expect(await receive('commit', 'a', new Uint8Array(1))).toBe('ignore');
  expect(handler).toHaveBeenCalledTimes(MESSAGES_BURST);
  expect(penalise).toHaveBeenCalledExactlyOnceWith('a', expect.any(Number), 'quota');
  expect(await receive('commit', 'b', new Uint8Array(1))).toBe('accept');
  clock.millis += 1_000;
  expect(await receive('commit', 'a', new Uint8Array(1))).toBe('accept');
});

test('a peer has a quota of bytes too', async () => {
  const { gossip, receive } = setUp();
  gossip.subscribe('reveal', MESSAGE_BYTES_MAX, accept);
  const large = new Uint8Array(MESSAGE_BYTES_MAX);
  const fits = MESSAGE_BYTES_BURST / MESSAGE_BYTES_MAX;
  for (let i = 0; i < fits; i += 1) expect(await receive('reveal', 'a', large)).toBe('accept');
  expect(await receive('reveal', 'a', large)).toBe('ignore');
});

test('handlers at work for one peer are bounded, and a place comes free when one ends', async () => {
  const { gossip, receive, penalise } = setUp();
  const finish: (() => void)[] = [];
  gossip.subscribe('commit', 10, async () => {
    await new Promise<void>((resolve) => finish.push(resolve));
    return { kind: 'accept' };
  });
  const working = Array.from({ length: HANDLERS_PER_PEER_MAX }, () => receive('commit', 'a', new Uint8Array(1)));
  expect(await receive('commit', 'a', new Uint8Array(1))).toBe('ignore');
  expect(penalise).not.toHaveBeenCalled();
  finish.shift()!();
  expect(await Promise.race(working)).toBe('accept');
  const next = receive('commit', 'a', new Uint8Array(1));
  for (const end of finish) end();
  expect(await next).toBe('accept');
});

test('a handler that throws, now or later, ignores', async () => {
  const { gossip, receive, penalise } = setUp();
  gossip.subscribe('commit', 10, () => {
    throw new Error('now');
  });
  gossip.subscribe('reveal', 10, () => Promise.reject(new Error('later')));
  expect(await receive('commit', 'a', new Uint8Array(1))).toBe('ignore');
  expect(await receive('reveal', 'a', new Uint8Array(1))).toBe('ignore');
  expect(penalise).not.toHaveBeenCalled();
});
