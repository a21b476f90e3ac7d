import type { RegisteredPeer } from './registered.ts';

/** What two peers can have in common, by how much it says that one party holds both. */
const TRAITS = {
  operator: ({ operators }: RegisteredPeer) => operators,
  network: ({ networks }: RegisteredPeer) => networks,
  asn: ({ asn }: RegisteredPeer) => (asn === 0 ? [] : [String(asn)]),
  region: ({ region }: RegisteredPeer) => (region === 0 ? [] : [String(region)]),
} as const;

/** Rounds of the draw: first nothing in common with anybody drawn, at last anything. */
const ROUNDS: readonly (readonly (keyof typeof TRAITS)[])[] = [
  ['operator', 'network', 'asn', 'region'],
  ['operator', 'network', 'asn'],
  ['operator', 'network'],
  ['operator'],
  [],
];

/**
 * Draws peers by stake until `count` are had with those that are kept: many cheap seats weigh no more than the stake that
 * they hold. Among the drawn, operators, networks, autonomous systems and regions differ as far as there are enough.
 * @param random a number in [0, 1)
 */
export function drawSpread(
  candidates: readonly RegisteredPeer[],
  kept: readonly RegisteredPeer[],
  count: number,
  random: () => number,
): RegisteredPeer[] {
  const order = byStake(candidates, random);
  const drawn: RegisteredPeer[] = [];
  for (const traits of ROUNDS) {
    for (const candidate of order) {
      if (kept.length + drawn.length >= count) return drawn;
      const others = [...kept, ...drawn];
      const isAlike = others.some(
        (other) => other.peer === candidate.peer || traits.some((trait) => shares(TRAITS[trait], candidate, other)),
      );
      if (!isAlike) drawn.push(candidate);
    }
  }
  return drawn;
}

/** A random order in which each next one is drawn with a chance in proportion to its stake (Efraimidis and Spirakis). */
function byStake(candidates: readonly RegisteredPeer[], random: () => number): RegisteredPeer[] {
  return candidates
    .map((candidate) => ({ candidate, key: -Math.log(1 - random()) / Math.max(1, Number(candidate.stake)) }))
    .sort((a, b) => a.key - b.key)
    .map(({ candidate }) => candidate);
}

function shares(trait: (peer: RegisteredPeer) => readonly string[], a: RegisteredPeer, b: RegisteredPeer): boolean {
  const of = trait(b);
  return trait(a).some((one) => of.includes(one));
}
