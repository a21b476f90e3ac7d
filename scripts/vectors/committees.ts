import { assignedTo, drawOf } from '../../protocol/assigned.ts';
import { ANY_COMMITTEE, committeeSize, drawCommittee, EQUAL_COMMITTEES } from '../../protocol/committee.ts';
import { emitVector } from './emit.ts';
import { drawn, serviceOfWorld, setOfWorld } from './world.ts';

/**
 * Writes test/vectors/committees.json: the table, and who is drawn. Another implementation that draws another committee
 * refuses every batch of this one.
 */

const UNIT = 10n ** 18n;
const SETS: readonly (readonly [name: string, stakes: readonly bigint[]])[] = [
  ['65 equal', new Array<bigint>(65).fill(32n * UNIT)],
  ['72 equal', new Array<bigint>(72).fill(100n)],
  ['512 equal', new Array<bigint>(512).fill(32n * UNIT)],
  ['200 unequal', Array.from({ length: 200 }, (_, i) => BigInt(1 + (i % 16)) * UNIT + BigInt(i))],
  // A seat with more than one share, and one without stake.
  ['512 with a large one', [900n * UNIT, 0n, ...new Array<bigint>(510).fill(32n * UNIT)]],
];

export function committeeVectors() {
  const seed = drawn('committee seed');
  const service = serviceOfWorld(0, 1);
  return {
    table: { equal: EQUAL_COMMITTEES, any: ANY_COMMITTEE },
    seed,
    serviceId: service.id,
    committees: SETS.map(([name, stakes]) => {
      const set = setOfWorld(stakes);
      const size = committeeSize(set)!;
      const assignment = { by: { draw: drawOf(set, seed, [service])! }, tails: [] };
      return {
        name,
        stakes: stakes.map((stake) => `${stake}`),
        ...size,
        /** Seat and shares. */
        members: drawCommittee(set, seed, service.id, size.size).map(({ seat, shares }) => [seat, shares]),
        /** Watcher, ascending, and the stake that it speaks for. */
        assigned: assignedTo(assignment, service).map(({ watcher, weight }) => [watcher, `${weight}`]),
      };
    }),
  };
}

if (import.meta.main) emitVector('committees.json', committeeVectors());
