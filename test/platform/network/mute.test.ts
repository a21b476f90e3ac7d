import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { Libp2p } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../platform/log.ts';
import { createMetrics } from '../../../platform/metrics.ts';
import { keepConnected } from '../../../platform/network/keeper.ts';
import { MUTE_MILLIS } from '../../../platform/network/limits.ts';
import { until } from './nodes.fixture.ts';

/** How much faster than the wall the keeper's clock runs here, so that its patience ends after a second. */
const HASTE = 10;

async function plainNode(speaksGossip: boolean, says = true): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { ...(says ? { identify: identify() } : {}), ...(speaksGossip ? { gossip: gossipsub() } : {}) },
  });
  onTestFinished(async () => node.stop());
  return node;
}

function keep(libp2p: Libp2p, peer: Libp2p) {
  const metrics = createMetrics();
  const bootnodes = [{ peer: peer.peerId, addresses: peer.getMultiaddrs() }];
  const stopping = new AbortController();
  const now = () => performance.now() * HASTE;
  const end = keepConnected({
    libp2p,
    bootnodes,
    redialMillisMax: 500,
    now,
    stopping: stopping.signal,
    log: silentLog,
    metrics,
  });
  onTestFinished(() => {
    end();
    stopping.abort();
  });
  return metrics;
}

const outboundGossip = (node: Libp2p) =>
  node
    .getConnections()
    .flatMap(({ streams }) => streams.filter((s) => s.direction === 'outbound' && s.protocol.includes('meshsub')));

describe('a connection on which gossip went mute', { timeout: 30_000 }, () => {
  test('is opened anew', async () => {
    const [ours, theirs] = [await plainNode(true), await plainNode(true)];
    const metrics = keep(ours, theirs);
    await until(() => outboundGossip(ours).length === 1);
    const [connection] = ours.getConnections();
    outboundGossip(ours)[0]!.abort(new Error('broken'));
    await until(
      () => ours.getConnections().some(({ id }) => id !== connection!.id) && outboundGossip(ours).length === 1,
    );
    expect(await metrics.render()).toMatch(/plumbline_gossip_streams_reopened_total [1-9]/);
  });

  test('is opened anew when the peer never said what it speaks', async () => {
    const [ours, theirs] = [await plainNode(true), await plainNode(false, false)];
    keep(ours, theirs);
    await until(() => ours.getConnections().length === 1);
    const [connection] = ours.getConnections();
    await until(() => ours.getConnections().some(({ id }) => id !== connection!.id));
  });

  test('is left alone when the peer does not speak gossip', async () => {
    const [ours, theirs] = [await plainNode(true), await plainNode(false)];
    keep(ours, theirs);
    await until(() => ours.getConnections().length === 1);
    const [connection] = ours.getConnections();
    const started = performance.now();
    await until(() => performance.now() - started > (3 * MUTE_MILLIS) / HASTE);
    expect(ours.getConnections().map(({ id }) => id)).toEqual([connection!.id]);
  });
});
