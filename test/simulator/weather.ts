import { BLOCK_MILLIS } from '../support/simnet/chain.ts';
import type { Hop } from '../support/simnet/network.ts';
import type { Simnet } from '../support/simnet/simnet.ts';
import type { Plan } from './plan.ts';
import type { Rng } from './rng.ts';

/** Lets the weather of a plan begin. @returns what ends it */
export function storm(net: Simnet, plan: Plan, rng: Rng): () => void {
  const { weather } = plan;
  const genesis = net.facts.calendar.genesis * 1000;
  const extra = new Map(weather.links.map(({ from, to, extraMillis }) => [`w${from} w${to}`, extraMillis]));
  const slow = new Set(weather.slowSeats.map((seat) => `w${seat}`));
  const sides = weather.partitions.map(({ at, until, side }) => ({
    at: genesis + at,
    until: genesis + until,
    side: new Set(side.map((seat) => `w${seat}`)),
  }));
  net.network.fate = ({ from, to }: Hop) => {
    if (rng.percent(weather.lossPercent)) return 'lost';
    const link = extra.get(`${from} ${to}`) ?? 0;
    const peer = slow.has(from) || slow.has(to) ? 400 : 0;
    return link + peer + (rng.percent(weather.slowPercent) ? rng.below(weather.slowMillis) : 0);
  };
  net.network.again = () => (rng.percent(weather.againPercent) ? rng.below(5_000) : undefined);
  net.network.connected = (a, b) => {
    const now = net.clock.now();
    return sides.every(({ at, until, side }) => now < at || now >= until || side.has(a) === side.has(b));
  };
  net.chain.fate = () => {
    if (rng.percent(plan.droppedPercent)) return { lost: rng.pick(['dropped', 'replaced', 'nonce-taken']) };
    const isUnheard = rng.percent(plan.unheardPercent);
    // Nobody had offered as much gas as the spike costs: what was sent waits for its end.
    const now = net.clock.now() - genesis;
    const spike = plan.spikes.find(({ at, until }) => at <= now && now < until);
    if (spike) return { late: Math.ceil((spike.until - now) / BLOCK_MILLIS), isUnheard };
    return { late: rng.percent(plan.latePercent) ? rng.between(1, 8) : 0, isUnheard };
  };
  for (const { at, depth, kept } of plan.reorgs)
    net.clock.after(genesis + at - net.clock.now(), () => reorg(net, depth, kept));
  return () => {
    // A good network delivers within Δ, and need not do better.
    net.network.fate = () => rng.below(weather.calmMillis + 1);
    net.network.again = () => undefined;
    net.network.connected = () => true;
    net.chain.fate = () => ({});
  };
}

/** Replaces the last blocks; their transactions come back in a later block of the new branch, or never. */
function reorg(net: Simnet, depth: number, kept: boolean): void {
  const { chain, clock } = net;
  const before = [...chain.landed];
  chain.reorg(depth);
  const dropped = before.slice(chain.landed.length);
  if (!kept || dropped.length === 0) return;
  clock.after(1_200, () => {
    // Somebody may have landed another one meanwhile; the contract would refuse then.
    if (chain.landed.length !== before.length - dropped.length) return;
    chain.landed.push(...dropped.map((one) => ({ ...one, blockNumber: chain.blockNumber })));
  });
}
