import { PLAN_OPTIONS, type PlanOptions, planOf } from './plan.ts';

/** What a seed decides in advance, for the head of a trace. */
export function describePlan(seed: number, options: PlanOptions = PLAN_OPTIONS): string[] {
  const { stakes, members, weather, faults, reorgs, healAt, endAt, ...rest } = planOf(seed, options);
  const total = stakes.reduce((sum, stake) => sum + stake, 0n);
  const seconds = (millis: number) => (millis / 1000).toFixed(3);
  const lying = members.reduce((sum, { seat }) => sum + stakes[seat]!, 0n);
  const share = (Number((lying * 1_000_000n) / total) / 10_000).toFixed(2);
  return [
    `world ${seed}: ${stakes.length} watchers, ${members.length} of them liars with ${share} % of the stake`,
    `  stakes ${stakes.join(' ')}`,
    ...members.map(({ seat, strategies }) => `  w${seat} lies: ${strategies.join(', ')}`),
    `  ${JSON.stringify(rest)}`,
    `  weather ${JSON.stringify(weather)}`,
    ...reorgs.map(
      ({ at, depth, kept }) => `  ${seconds(at)} reorg of ${depth} blocks, ${kept ? 'mined again' : 'dropped'}`,
    ),
    ...faults.map(
      ({ seat, kind, at, until, amount }) => `  ${seconds(at)} – ${seconds(until)} w${seat} ${kind} ${amount}`,
    ),
    `  heals at ${seconds(healAt)}, ends at ${seconds(endAt)}`,
  ];
}
