import type { PeerScoreParams, PeerScoreThresholds, TopicScoreParams } from '@libp2p/gossipsub/score';
import { PEERS_PER_ADDRESS } from './limits.ts';

/**
 * Peer scores of gossipsub, made for a network where a topic carries a handful of messages an epoch. The defaults expect
 * several a second and score down every honest peer that stays below (P3, P3b); here silence costs nothing, and only
 * what an honest node never does lowers a score below zero:
 *
 * | part | from | to | what it is |
 * |---|---|---|---|
 * | P1 time in mesh | 0 | +1 a topic | full after an hour |
 * | P2 first deliveries | 0 | +2 a topic | full at 20 messages that a peer was first to bring, decaying over 10 epochs |
 * | P3, P3b too few deliveries | 0 | 0 | off: an epoch may have one message on a topic, or none |
 * | P4 invalid envelope | -1 × n² | 0 | a bad envelope signature, or a message that the handler rejected |
 * | P5 ours | -10 × points² | +10 or +30 | points: see reputation.ts; +10 for peers drawn from the registry, +30 for configured bootnodes until the former are connected |
 * | P6 same address | -5 × surplus² | 0 | peers behind one address beyond PEERS_PER_ADDRESS; loopback exempt |
 * | P7 protocol misuse | -1 × (n - 6)² | 0 | grafting during back-off, broken promises |
 */
export type ScoreOptions = {
  /** Full topic names. */
  readonly topics: readonly string[];
  readonly epochMillis: number;
  /** P5 of a peer id. */
  readonly ownScore: (peer: string) => number;
};

/** Counters lose what they lose in steps of this length. Milliseconds. */
export const DECAY_INTERVAL_MILLIS = 1_000;
/** A counter below this counts as zero. */
export const DECAY_TO_ZERO = 0.01;
/** The most that topics can add: less than two rejected messages cost. */
export const TOPIC_SCORE_MAX = 15;
/** Above what a silent peer gets for its time alone (5), so that our own draw from the registry leads in every mesh. */
export const PERSISTENT_SCORE = 10;
/** Only a configured bootnode reaches it, so only bootnodes may introduce other peers (peer exchange on PRUNE). */
export const BOOTNODE_SCORE = 30;
export const PENALTY_WEIGHT = -10;

const P1_FULL_MILLIS = 3_600_000;
const P2_FULL_MESSAGES = 20;
const P2_FULL_SCORE = 2;
const P2_DECAY_EPOCHS = 10;
const OFFENCE_DECAY_MILLIS = 600_000;
/** A restart of a mesh peer can cost a graft or two during back-off; six never happen by accident. */
const MISUSE_TOLERATED = 6;

/** The factor per decay interval that brings a counter of 1 to DECAY_TO_ZERO within the time. */
export function decayOver(millis: number): number {
  return DECAY_TO_ZERO ** (DECAY_INTERVAL_MILLIS / Math.max(millis, 2 * DECAY_INTERVAL_MILLIS));
}

export function scoreParameters({ topics, epochMillis, ownScore }: ScoreOptions): Partial<PeerScoreParams> {
  const topic: TopicScoreParams = {
    topicWeight: 1,
    timeInMeshWeight: 1,
    timeInMeshQuantum: P1_FULL_MILLIS,
    timeInMeshCap: 1,
    firstMessageDeliveriesWeight: P2_FULL_SCORE / P2_FULL_MESSAGES,
    firstMessageDeliveriesDecay: decayOver(P2_DECAY_EPOCHS * epochMillis),
    firstMessageDeliveriesCap: P2_FULL_MESSAGES,
    meshMessageDeliveriesWeight: 0,
    meshMessageDeliveriesDecay: 0.5,
    meshMessageDeliveriesCap: 1,
    meshMessageDeliveriesThreshold: 1,
    meshMessageDeliveriesWindow: 0,
    meshMessageDeliveriesActivation: 1_000,
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: 0.5,
    invalidMessageDeliveriesWeight: -1,
    invalidMessageDeliveriesDecay: decayOver(OFFENCE_DECAY_MILLIS),
  };
  return {
    topics: Object.fromEntries(topics.map((name) => [name, topic])),
    topicScoreCap: TOPIC_SCORE_MAX,
    appSpecificScore: ownScore,
    appSpecificWeight: 1,
    IPColocationFactorWeight: -5,
    IPColocationFactorThreshold: PEERS_PER_ADDRESS,
    IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']),
    behaviourPenaltyWeight: -1,
    behaviourPenaltyThreshold: MISUSE_TOLERATED,
    behaviourPenaltyDecay: decayOver(OFFENCE_DECAY_MILLIS),
    decayInterval: DECAY_INTERVAL_MILLIS,
    decayToZero: DECAY_TO_ZERO,
    retainScore: OFFENCE_DECAY_MILLIS,
  };
}

/** One rejected message (-11) takes a stranger out of the mesh, two its gossip, three our messages; at four it is banned. */
export const SCORE_THRESHOLDS: PeerScoreThresholds = {
  gossipThreshold: -40,
  publishThreshold: -90,
  graylistThreshold: -160,
  acceptPXThreshold: BOOTNODE_SCORE,
  // A mesh of which half is worth less takes in better peers, which those from the registry are: strangers who filled it by
  // coming first lose it to them.
  opportunisticGraftThreshold: 8,
};
