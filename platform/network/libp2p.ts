import { setMaxListeners } from 'node:events';
import { identify } from '@libp2p/identify';
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import { createAddressPolicy } from '../egress.ts';
import type { Log } from '../log.ts';
import { type Metrics, noMetrics } from '../metrics.ts';
import { connectionGater } from './gater.ts';
import { createGossip, type GossipOptions, gossipService } from './gossip.ts';
import { keepConnected, parseBootnodes } from './keeper.ts';
import {
  CONNECTIONS_MAX,
  CONNECTIONS_PENDING_MAX,
  CONNECTIONS_PER_SECOND,
  DIAL_MILLIS,
  NEGOTIATION_MILLIS,
  REDIAL_MILLIS_MAX,
} from './limits.ts';
import type { Network, Topic } from './network.ts';
import { createPersistent, type Persistent } from './persistent.ts';
import { createReputation } from './reputation.ts';
import { createRequests } from './request.ts';
import { nameResolver, type ResolveName } from './resolve.ts';
import { BOOTNODE_SCORE, PENALTY_WEIGHT, PERSISTENT_SCORE } from './score.ts';
import { createSlots } from './slots.ts';

export interface Libp2pOptions {
  readonly chainId: number;
  /** The oracle contract, 0x and 40 hex digits: nodes of another chain or oracle are on other topics. */
  readonly oracle: string;
  /** From `loadIdentity`. */
  readonly identity: PrivateKey;
  /** Length of an epoch: score counters decay in epochs. */
  readonly epochMillis: number;
  /** Multiaddrs; /ip4/127.0.0.1/tcp/0 (a free port, this machine only) when not given. */
  readonly listen?: readonly string[];
  /** Multiaddrs that others should dial instead of the ones we listen on, behind a NAT or a load balancer. */
  readonly announce?: readonly string[];
  /** Multiaddrs with /p2p/<id>: dialled from the start, and again whenever they are gone. Our own is skipped. */
  readonly bootnodes?: readonly string[];
  /** Longest wait before a bootnode is dialled again. Milliseconds. */
  readonly redialMillisMax?: number;
  /** New connections a second from one address; a devnet on one machine needs about its number of nodes. */
  readonly inboundConnectionThreshold?: number;
  readonly connectionsMax?: number;
  /** Peers at loopback and private addresses may be dialled though nobody configured them. A devnet or private network only. */
  readonly allowPrivatePeers?: boolean;
  /** What draws peers from the registry: a number in [0, 1). */
  readonly random?: () => number;
  /** Looks up names in the registry's addresses; the system's DNS servers when not given. */
  readonly resolve?: ResolveName;
  readonly log: Log;
  readonly metrics?: Metrics;
}

/** What only the libp2p network can tell, for tests and for people. */
export interface Libp2pNetwork extends Network {
  /** gossipsub's score of a peer; below 0 it is out of the mesh. Up to a second old. */
  score(peer: string): number;
  /** Connected peers that listen on a topic. */
  subscribers(topic: Topic): string[];
  /** The peers that we pass messages of others on to; a new peer can take a second to get there. */
  mesh(topic: Topic): string[];
  /** Peers drawn from the registry, to be kept connected, among those that are connected. */
  persistent(): string[];
}

/**
 * Starts a node: TCP, noise, yamux, identify, gossipsub and the request protocols. Bootnodes are dialled in the background.
 * @throws PlumblineError `network-oracle`, `network-bootnode` or `network-listen`
 */
export async function createLibp2pNetwork(options: Libp2pOptions): Promise<Libp2pNetwork> {
  const { log, metrics = noMetrics } = options;
  const prefix = networkPrefix(options.chainId, options.oracle);
  const bootnodes = parseBootnodes(options.bootnodes ?? []);
  const bootnodeIds = new Set(bootnodes.map(({ peer }) => peer.toString()));
  const now = (): number => performance.now();
  const reputation = createReputation(now);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  // Peers come in before the two below exist.
  let running: Libp2p | undefined;
  let persistent: Persistent | undefined;
  const isKept = (peer: string): boolean => bootnodeIds.has(peer) || persistent?.isRegistered(peer) === true;
  const policy = createAddressPolicy({ scope: options.allowPrivatePeers ? 'private' : 'public' });
  const slots = createSlots({
    max: options.connectionsMax ?? CONNECTIONS_MAX,
    connections: () => running?.getConnections() ?? [],
    isKept,
  });
  const configured = new Set(bootnodes.flatMap(({ addresses }) => addresses.map(String)));
  const gater = connectionGater({ reputation, slots, policy, isKept, configured, now });
  const bonus = (peer: string): number => {
    // First contacts are believed more than others only until the chain's peers are there.
    if (bootnodeIds.has(peer) && persistent?.isWellConnected() !== true) return BOOTNODE_SCORE;
    return persistent?.isChosen(peer) ? PERSISTENT_SCORE : 0;
  };

  const gossipOptions: GossipOptions = {
    name: (topic) => `${prefix}/1/${topic}`,
    epochMillis: options.epochMillis,
    now,
    ownScore: (peer) => bonus(peer) + PENALTY_WEIGHT * reputation.points(peer) ** 2,
    penalise: (peer, points, code) => {
      if (!reputation.penalise(peer, points)) return;
      metrics.increment('plumbline_peers_banned_total', { code });
      log.warn({ peer, code }, 'peer banned for a while for what it sent');
      libp2p.hangUp(peerIdFromString(peer)).catch((err: unknown) => log.debug({ err, peer }, 'hanging up failed'));
    },
    log,
    metrics,
  };
  const libp2p = await startLibp2p(options, gater, gossipOptions);
  running = libp2p;
  const shared = { libp2p, now, stopping: stop.signal, log, metrics };
  const gossip = createGossip(libp2p.services.gossip, gossipOptions);
  const requests = createRequests({ ...shared, name: (kind) => `${prefix}/1/req/${kind}` });
  const redialMillisMax = options.redialMillisMax ?? REDIAL_MILLIS_MAX;
  const endCare = keepConnected({ ...shared, bootnodes, redialMillisMax });
  const kept = createPersistent({
    ...shared,
    policy,
    redialMillisMax,
    resolve: options.resolve ?? nameResolver(),
    random: options.random ?? Math.random,
  });
  persistent = kept;
  const endPersistent = kept.start();

  let stopped: Promise<void> | undefined;
  const checkRunning = (): void => {
    if (stopped) throw new PlumblineError('network-stopped', 'the network is stopped; make a new one');
  };
  return {
    self: libp2p.peerId.toString(),
    publish: async (topic, data) => {
      checkRunning();
      await gossip.publish(topic, data);
    },
    subscribe: (topic, maxBytes, onMessage) => {
      checkRunning();
      gossip.subscribe(topic, maxBytes, onMessage);
    },
    serve: async (kind, maxRequestBytes, handler) => {
      checkRunning();
      await requests.serve(kind, maxRequestBytes, handler);
    },
    request: async (kind, request, requestOptions) =>
      stopped ? undefined : requests.request(kind, request, requestOptions),
    know: (contacts) => {
      if (!stopped) kept.know(contacts);
    },
    peers: () => libp2p.getPeers().map(String),
    addresses: () => libp2p.getMultiaddrs().map(String),
    score: gossip.score,
    subscribers: gossip.subscribers,
    mesh: gossip.mesh,
    persistent: () => libp2p.getPeers().map(String).filter(kept.isChosen),
    stop: () => {
      stopped ??= (async () => {
        endCare();
        endPersistent();
        stop.abort(new PlumblineError('network-stopped', 'the network is stopping'));
        await gossip.stopWith(async () => libp2p.stop());
      })();
      return stopped;
    },
  };
}

/** `/plumbline/<chain>/<oracle in lower case>`: the version and the topic or request kind follow. */
export function networkPrefix(chainId: number, oracle: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(oracle) || !Number.isSafeInteger(chainId) || chainId < 1) {
    throw new PlumblineError(
      'network-oracle',
      `chain ${chainId} and oracle ${oracle} name no network; give a chain id from 1 and a 20-byte address in hex`,
    );
  }
  return `/plumbline/${chainId}/${oracle.toLowerCase()}`;
}

type GossipServices = { gossip: ReturnType<ReturnType<typeof gossipService>>; identify: unknown };

async function startLibp2p(
  options: Libp2pOptions,
  connectionGater: ConnectionGater,
  gossip: GossipOptions,
): Promise<Libp2p<GossipServices>> {
  const listen = [...(options.listen ?? ['/ip4/127.0.0.1/tcp/0'])];
  try {
    return await createLibp2p({
      privateKey: options.identity,
      nodeInfo: { name: 'plumbline' },
      addresses: { listen, announce: [...(options.announce ?? [])] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), gossip: gossipService(gossip) },
      connectionManager: {
        maxConnections: options.connectionsMax ?? CONNECTIONS_MAX,
        maxIncomingPendingConnections: CONNECTIONS_PENDING_MAX,
        inboundConnectionThreshold: options.inboundConnectionThreshold ?? CONNECTIONS_PER_SECOND,
        dialTimeout: DIAL_MILLIS,
        inboundUpgradeTimeout: DIAL_MILLIS,
        outboundStreamProtocolNegotiationTimeout: NEGOTIATION_MILLIS,
        inboundStreamProtocolNegotiationTimeout: NEGOTIATION_MILLIS,
      },
      connectionGater,
    });
  } catch (error) {
    throw new PlumblineError(
      'network-listen',
      `cannot listen on ${listen.join(', ')} (${errorMessage(error)}); choose a free port or another address`,
      { listen },
      error,
    );
  }
}
