import type { Libp2p, PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { PlumblineError } from '../../protocol/error.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { dialPeer, protectPeer, redialWait } from './dial.ts';
import { CARE_MILLIS, MUTE_MILLIS } from './limits.ts';
import type { MonotonicMillis } from './quota.ts';

/** Gossipsub's protocols, whatever their version. */
const GOSSIP_PROTOCOL = '/meshsub/';

export type Bootnode = { readonly peer: PeerId; readonly addresses: Multiaddr[] };

/**
 * @param addresses multiaddrs that end in `/p2p/<peer id>`; several of one peer become one bootnode
 * @throws PlumblineError `network-bootnode` naming the address that is not one
 */
export function parseBootnodes(addresses: readonly string[]): Bootnode[] {
  const found = new Map<string, Bootnode>();
  for (const text of addresses) {
    const [peer, address] = parseBootnode(text);
    const known = found.get(peer.toString());
    if (known) known.addresses.push(address);
    else found.set(peer.toString(), { peer, addresses: [address] });
  }
  return [...found.values()];
}

function parseBootnode(text: string): [PeerId, Multiaddr] {
  try {
    const address = multiaddr(text);
    const id = address.getComponents().findLast((component) => component.name === 'p2p')?.value;
    if (id !== undefined) return [peerIdFromString(id), address];
  } catch {
    // Falls through: one remedy for every way to be wrong.
  }
  throw new PlumblineError(
    'network-bootnode',
    `bootnode ${text} is not a multiaddr with a peer id; write it like /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…`,
    { bootnode: text },
  );
}

export interface KeeperOptions {
  readonly libp2p: Libp2p;
  readonly bootnodes: readonly Bootnode[];
  readonly redialMillisMax: number;
  readonly now: MonotonicMillis;
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Looks after connections for as long as the node lives: dials every configured peer that is not connected, with a growing
 * wait up to the maximum; and reopens connections on which gossip has gone mute (gossipsub opens its stream once per
 * peer and not again when that stream alone breaks, as it does when one of two connections to a peer ends; and never when
 * identify, which is asked once per connection, found no answer).
 * @returns the function that ends it
 */
export function keepConnected(options: KeeperOptions): () => void {
  const { libp2p, bootnodes, now, metrics } = options;
  const targets = bootnodes
    .filter(({ peer }) => !peer.equals(libp2p.peerId))
    .map((bootnode) => ({ ...bootnode, failures: 0, dueAt: 0, dialling: false }));
  const muteSince = new Map<string, number>();
  for (const { peer } of targets) void protectPeer(peer.toString(), true, options);

  const care = (): void => {
    for (const target of targets) {
      if (libp2p.getConnections(target.peer).length > 0) {
        target.failures = 0;
        target.dueAt = 0;
      } else if (!target.dialling && now() >= target.dueAt) {
        target.dialling = true;
        void dialPeer(target.peer.toString(), target.addresses, options).then((connected) => {
          target.dialling = false;
          target.failures = connected ? 0 : target.failures + 1;
          target.dueAt = now() + redialWait(target.failures, options.redialMillisMax);
        });
      }
    }
    reopenMute(options, muteSince);
    metrics.set('plumbline_peers', {}, libp2p.getPeers().length);
  };
  care();
  const timer = setInterval(care, CARE_MILLIS);
  return () => clearInterval(timer);
}

function reopenMute(options: KeeperOptions, muteSince: Map<string, number>): void {
  const { libp2p, now } = options;
  const mute = libp2p.getPeers().filter((peer) => !hasOutboundGossip(libp2p, peer));
  const ids = new Set(mute.map(String));
  for (const id of muteSince.keys()) if (!ids.has(id)) muteSince.delete(id);
  for (const peer of mute) {
    const id = peer.toString();
    const since = muteSince.get(id) ?? now();
    const due = now() - since >= MUTE_MILLIS;
    muteSince.set(id, due ? now() : since);
    if (due) void reopen(peer, options);
  }
}

function hasOutboundGossip(libp2p: Libp2p, peer: PeerId): boolean {
  const streams = libp2p.getConnections(peer).flatMap((connection) => connection.streams);
  return streams.some(({ direction, protocol }) => direction === 'outbound' && protocol.startsWith(GOSSIP_PROTOCOL));
}

async function reopen(peer: PeerId, { libp2p, log, metrics }: KeeperOptions): Promise<void> {
  const id = peer.toString();
  try {
    const { protocols } = await libp2p.peerStore.get(peer);
    // A peer that speaks no gossip is left alone; one whose identify got lost has no protocols, and no other try.
    if (protocols.length > 0 && !protocols.some((protocol) => protocol.startsWith(GOSSIP_PROTOCOL))) return;
    metrics.increment('plumbline_gossip_streams_reopened_total', {});
    log.warn({ peer: id }, 'gossip to a connected peer had gone mute; reconnecting');
    await libp2p.hangUp(peer);
  } catch (err) {
    log.debug({ err, peer: id }, 'a mute peer could not be reconnected');
  }
}
