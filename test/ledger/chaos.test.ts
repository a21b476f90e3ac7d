import { expect, test } from 'vitest';
import { epochAt } from '../../protocol/time.ts';
import type { Host } from '../support/simnet/host.ts';
import { drawBelow } from '../support/simnet/random.ts';
import { doublySigned } from '../support/simnet/signed.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

const STEPS = 16;
/** What one honest node may think of another's message; anything else means that somebody broke a rule. */
const HONEST = ['accept', 'known', 'conflict', 'epoch-not-over', 'epoch-expired', 'view-not-begun'];
const OWN_TROUBLE = ['no-facts-chain-unreachable'];

/** Something goes wrong with one host, or is mended. */
async function strike(net: Simnet, victim: Host, what: number, napMillis: number): Promise<void> {
  if (victim.clock.dead) return what < 4 ? victim.start() : undefined;
  if (what === 0) victim.kill();
  else if (what === 1) {
    victim.clock.sleep();
    await net.clock.advance(napMillis);
    await victim.clock.wake();
  } else if (what === 2) net.chain.unreachable.add(victim.name);
  else if (what === 3) net.chain.unreachable.delete(victim.name);
}

test.each([3, 4, 12, 13])(
  'with loss, delay, crashes, naps, outages and reorgs under a third, nothing is signed twice and all agree in the end (seed %i)',
  async (seed) => {
    const below = (bound: number, ...name: (string | number)[]) => drawBelow(bound, seed, ...name);
    const watchers = 4 + below(4, 'watchers');
    const net = await createSimnet({ seed, stakes: new Array(watchers).fill(10n), aggregator: true });
    let hops = 0;
    net.network.fate = () => {
      const hop = hops++;
      if (below(100, 'loss', hop) < 10) return 'lost';
      return below(100, 'slow', hop) < 10 ? below(600, 'delay', hop) : 0;
    };
    await net.start();
    for (let step = 0; step < STEPS; step++) {
      await net.clock.advance(1_600 + below(800, 'step', step));
      const victim = net.host(below(Math.floor((watchers - 1) / 3), 'victim', step));
      await strike(net, victim, below(6, 'what', step), below(9_000, 'nap', step));
      if (below(10, 'reorg', step) === 0) net.chain.reorg(1 + below(8, 'depth', step));
    }
    net.network.fate = () => 0;
    net.chain.unreachable.clear();
    for (const host of net.hosts) if (host.clock.dead) await host.start();
    await net.clock.advance(24_000);

    expect(doublySigned(net.network)).toEqual([]);
    expect(net.heads()).toHaveLength(1);
    const running = epochAt(net.facts.calendar, net.clock.now());
    expect(net.landed().at(-1)).toBeGreaterThanOrEqual(running - 2);
    const rejected = net.network.delivered.filter(({ verdict }) => ![...HONEST, ...OWN_TROUBLE].includes(verdict));
    expect(rejected.map(({ topic, verdict }) => `${topic} ${verdict}`)).toEqual([]);
  },
);
