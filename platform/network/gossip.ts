import { createHash } from 'node:crypto';
import { type GossipSub, gossipsub, type Message, StrictSign, TopicValidatorResult } from '@libp2p/gossipsub';
import { PlumblineError } from '../../protocol/error.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import {
  FLOOD_BYTES_MAX,
  HANDLER_BYTES_MAX,
  HANDLERS_MAX,
  HANDLERS_PER_PEER_MAX,
  MESSAGE_BYTES_BURST,
  MESSAGE_BYTES_MAX,
  MESSAGE_BYTES_PER_SECOND,
  MESSAGES_BURST,
  MESSAGES_PER_SECOND,
  RPC_BYTES_MAX,
  RPC_CONTROLS_MAX,
  RPC_IDS_MAX,
  RPC_MESSAGES_MAX,
  SEND_BUFFER_BYTES_MAX,
} from './limits.ts';
import { type MessageHandler, TOPICS, type Topic, type Verdict } from './network.ts';
import { createGate, createQuota, type MonotonicMillis } from './quota.ts';
import { SCORE_THRESHOLDS, scoreParameters } from './score.ts';

/** Bytes of a message id. */
const MESSAGE_ID_BYTES = 20;
const HEARTBEAT_MILLIS = 1_000;
/** How often a mesh of low scores takes in better peers. Heartbeats. */
const OPPORTUNISTIC_GRAFT_TICKS = 15;
/** The shortest time that a message is remembered as seen; four epochs when those are longer. Milliseconds. */
const SEEN_MILLIS_MIN = 120_000;
const SEEN_EPOCHS = 4;
/** A dropped message over quota costs this much of a ban: a short burst is forgiven, a flood of a hundred is not. */
const QUOTA_POINTS = 0.04;
const REJECT_POINTS = 1;

/** Mesh for 4 to 64 nodes: up to 16 every node keeps every other; above, eight links each and gossip to a quarter of the rest. */
const MESH = { D: 8, Dlo: 6, Dhi: 16, Dscore: 5, Dout: 3, Dlazy: 8 } as const;

/** What libp2p's GossipSub interface leaves out and its only implementation has. */
type Router = GossipSub & {
  getScore(peer: string): number;
  getMeshPeers(topic: string): string[];
  publish(topic: string, data: Uint8Array, options: { floodPublish: boolean }): Promise<unknown>;
  status: { heartbeatTimeout?: NodeJS.Timeout };
};

type Subscription = { readonly maxBytes: number; readonly onMessage: MessageHandler };

export interface GossipOptions {
  readonly name: (topic: Topic) => string;
  readonly epochMillis: number;
  readonly now: MonotonicMillis;
  /** P5 of the peer score. */
  readonly ownScore: (peer: string) => number;
  readonly penalise: (peer: string, points: number, code: string) => void;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function gossipService({ name, epochMillis, ownScore }: GossipOptions): ReturnType<typeof gossipsub> {
  const topics = TOPICS.map(name);
  return gossipsub({
    ...MESH,
    globalSignaturePolicy: StrictSign,
    emitSelf: false,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    // A place in a mesh is had for the asking: it must not outweigh that a peer is one to keep (dial.ts).
    tagMeshPeers: false,
    // Only a bootnode's introductions are followed; see SCORE_THRESHOLDS.
    doPX: true,
    allowedTopics: topics,
    heartbeatInterval: HEARTBEAT_MILLIS,
    opportunisticGraftTicks: OPPORTUNISTIC_GRAFT_TICKS,
    // A peer that was away for up to five heartbeats is told what it missed.
    mcacheLength: 10,
    mcacheGossip: 5,
    seenTTL: Math.max(SEEN_MILLIS_MIN, SEEN_EPOCHS * epochMillis),
    msgIdFn: (message) => messageId(message.topic, message.data),
    scoreParams: scoreParameters({ topics, epochMillis, ownScore }),
    scoreThresholds: SCORE_THRESHOLDS,
    maxInboundDataLength: RPC_BYTES_MAX,
    maxOutboundBufferSize: SEND_BUFFER_BYTES_MAX,
    decodeRpcLimits: {
      maxSubscriptions: RPC_CONTROLS_MAX,
      maxMessages: RPC_MESSAGES_MAX,
      maxIhaveMessageIDs: RPC_IDS_MAX,
      maxIwantMessageIDs: RPC_IDS_MAX,
      maxIdontwantMessageIDs: RPC_IDS_MAX,
      maxControlMessages: RPC_CONTROLS_MAX,
      maxPeerInfos: 16,
    },
  });
}

/** By content and topic: whoever sends it, the same message is one; on another topic it is another. */
export function messageId(topic: string, data: Uint8Array): Uint8Array {
  return createHash('sha256')
    .update(topic)
    .update(Uint8Array.of(0))
    .update(data)
    .digest()
    .subarray(0, MESSAGE_ID_BYTES);
}

export interface Gossip {
  publish(topic: Topic, data: Uint8Array): Promise<void>;
  subscribe(topic: Topic, maxBytes: number, onMessage: MessageHandler): void;
  score(peer: string): number;
  /** Connected peers that listen on the topic. */
  subscribers(topic: Topic): string[];
  /** The peers among them that messages of others are passed on to. */
  mesh(topic: Topic): string[];
  /** Runs what stops the service, and then the heartbeat timer that its own `stop` leaves behind. */
  stopWith(stop: () => Promise<void>): Promise<void>;
}

/** Puts the checks that cost nothing in front of the handlers: size, quota, room. */
export function createGossip(service: GossipSub, options: GossipOptions): Gossip {
  const { name, now, penalise, log, metrics } = options;
  const router = service as Router;
  const subscriptions = new Map<Topic, Subscription>();
  const messages = createQuota({ burst: MESSAGES_BURST, perSecond: MESSAGES_PER_SECOND }, now);
  const bytes = createQuota({ burst: MESSAGE_BYTES_BURST, perSecond: MESSAGE_BYTES_PER_SECOND }, now);
  const gate = createGate({ perKey: HANDLERS_PER_PEER_MAX, all: HANDLERS_MAX, weight: HANDLER_BYTES_MAX });

  const judge = async (topic: Topic, from: string, data: Uint8Array): Promise<Verdict> => {
    const subscription = subscriptions.get(topic);
    if (!subscription) return { kind: 'ignore', code: 'not-subscribed' };
    // [reject] at most the topic's bound: every honest peer checks the same bound before it forwards
    if (data.length > subscription.maxBytes) return { kind: 'reject', code: 'too-large' };
    // [ignore] within the sender's quota: the message may be sound, only its sender is too fast
    const key = `${topic} ${from}`;
    if (!messages.take(key) || !bytes.take(key, data.length)) {
      penalise(from, QUOTA_POINTS, 'quota');
      return { kind: 'ignore', code: 'quota' };
    }
    // [ignore] there is room to work on it
    const leave = gate.enter(from, data.length);
    if (!leave) return { kind: 'ignore', code: 'busy' };
    try {
      return await subscription.onMessage(from, data);
    } catch (err) {
      log.error({ err, topic, from, bytes: data.length }, 'a gossip handler failed');
      return { kind: 'ignore', code: 'handler-error' };
    } finally {
      leave();
    }
  };
  const validator = (topic: Topic) => async (peer: { toString(): string }, message: Message) => {
    const from = peer.toString();
    const verdict = await judge(topic, from, message.data);
    const code = verdict.kind === 'accept' ? 'ok' : verdict.code;
    metrics.increment('plumbline_gossip_messages_total', { topic, verdict: verdict.kind, code });
    if (verdict.kind === 'accept') return TopicValidatorResult.Accept;
    log.debug({ topic, from, verdict: verdict.kind, code }, 'gossip message dropped');
    if (verdict.kind === 'ignore') return TopicValidatorResult.Ignore;
    penalise(from, REJECT_POINTS, code);
    return TopicValidatorResult.Reject;
  };
  for (const topic of TOPICS) service.topicValidators.set(name(topic), validator(topic));

  return {
    publish: async (topic, data) => {
      const maxBytes = subscriptions.get(topic)?.maxBytes ?? MESSAGE_BYTES_MAX;
      if (data.length > maxBytes) {
        throw new PlumblineError(
          'network-message-too-large',
          `a ${topic} of ${data.length} bytes is over the topic's bound of ${maxBytes}: every peer would reject it; send less`,
          { topic, bytes: data.length, maxBytes },
        );
      }
      await router.publish(name(topic), data, { floodPublish: data.length <= FLOOD_BYTES_MAX });
      metrics.increment('plumbline_gossip_published_total', { topic });
    },
    subscribe: (topic, maxBytes, onMessage) => {
      if (subscriptions.has(topic)) {
        throw new PlumblineError(
          'network-duplicate-handler',
          `topic ${topic} has its handler; a topic has exactly one`,
        );
      }
      if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > MESSAGE_BYTES_MAX) {
        throw new PlumblineError(
          'network-bound',
          `the bound of topic ${topic} must be a whole number from 1 to ${MESSAGE_BYTES_MAX} bytes, not ${maxBytes}`,
        );
      }
      subscriptions.set(topic, { maxBytes, onMessage });
      service.subscribe(name(topic));
    },
    score: (peer) => router.getScore(peer),
    subscribers: (topic) => service.getSubscribers(name(topic)).map(String),
    mesh: (topic) => router.getMeshPeers(name(topic)),
    stopWith: async (stop) => {
      const { heartbeatTimeout } = router.status;
      await stop();
      clearTimeout(heartbeatTimeout);
    },
  };
}
