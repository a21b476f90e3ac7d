import { generateKeyPair } from '@libp2p/crypto/keys';
import { onTestFinished, vi } from 'vitest';
import { silentLog } from '../../../platform/log.ts';
import { createLibp2pNetwork, type Libp2pNetwork, type Libp2pOptions } from '../../../platform/network/libp2p.ts';
import type { Topic, Verdict } from '../../../platform/network/network.ts';

export const ORACLE = '0xAbCdEf0123456789aBcDeF0123456789abcdef01';
export const ACCEPT: Verdict = { kind: 'accept' };

/** A node on loopback that stops with the test. */
export async function startNode(change: Partial<Libp2pOptions> = {}): Promise<Libp2pNetwork> {
  const identity = await generateKeyPair('Ed25519');
  const node = await createLibp2pNetwork({
    chainId: 31_337,
    oracle: ORACLE,
    identity,
    epochMillis: 4_000,
    redialMillisMax: 500,
    allowPrivatePeers: true,
    log: silentLog,
    ...change,
  });
  onTestFinished(() => node.stop());
  return node;
}

/** Every node after the first dials the ones before it. */
export async function startNodes(count: number, change: Partial<Libp2pOptions> = {}): Promise<Libp2pNetwork[]> {
  const nodes: Libp2pNetwork[] = [];
  for (let i = 0; i < count; i += 1) {
    nodes.push(await startNode({ bootnodes: nodes.flatMap((node) => node.addresses()), ...change }));
  }
  return nodes;
}

/** Until nothing is thrown and the result is not false, or the deadline has passed. */
export function until(condition: () => unknown, millis = 10_000): Promise<unknown> {
  const check = async () => {
    if ((await condition()) === false) throw new Error('not yet');
  };
  return vi.waitFor(check, { timeout: millis, interval: 20 });
}

/** Collects what a node hears on a topic as text. */
export function listen(node: Libp2pNetwork, topic: Topic, verdict: Verdict = ACCEPT, maxBytes = 1_000): string[] {
  const heard: string[] = [];
  node.subscribe(topic, maxBytes, async (_from, data) => {
    heard.push(text(data));
    return verdict;
  });
  return heard;
}

/** Until every node knows that every other one listens on the topic. */
export function meshed(nodes: readonly Libp2pNetwork[], topic: Topic, links = nodes.length - 1): Promise<unknown> {
  return until(() => nodes.every((node) => node.subscribers(topic).length >= links), 20_000);
}

export function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function text(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value);
}
