import { seatsOf as seatsIn } from '../protocol/bitmap.ts';
import { equalBytes, toHex } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { batchesRoot, type Observation, observationLeaf } from '../protocol/observation.ts';
import { decodeRecord, recordBytesMax } from '../protocol/record.ts';
import { requireSeat, stakeOf, totalStake, type WatcherSet } from '../protocol/set.ts';
import type { Archive } from './archive.ts';
import { sharePpm } from './concentration.ts';
import type { ProvenRefusal } from './evidence.ts';

/** A batch that a proposal left out, and who signed that they held it in time. */
export type OmittedBatch = {
  readonly seat: number;
  readonly batchHash: string;
  readonly namedBy: readonly number[];
  readonly namedByPpm: number;
  /** More than a third of the stake says so: then one of them is honest, if less than a third is not. */
  readonly isTimely: boolean;
  /** Whether the report that landed counts it; undefined when none landed or no archive says which it counts. */
  readonly isCounted: boolean | undefined;
};

/** A proposal that was refused, with all refusals of it. */
export type RefusedProposal = {
  readonly epoch: number;
  readonly view: number;
  /** Seat that led the view and signed the proposal, and its watcher. */
  readonly leader: number;
  readonly watcher: string;
  readonly report: string;
  readonly refusedBy: readonly number[];
  readonly refusedByPpm: number;
  readonly omitted: readonly OmittedBatch[];
};

/** Refusals by the proposal that they are against. @param counted what the landed report counts, if that is known */
export function refusedProposals(
  epoch: number,
  set: WatcherSet,
  refusals: readonly ProvenRefusal[],
  counted: readonly Observation[] | undefined,
): RefusedProposal[] {
  const total = totalStake(set);
  const ppmOf = (seats: readonly number[]) => sharePpm(stakeOf(set, seats), total);
  const countedLeaves = counted && new Set(counted.map((one) => toHex(observationLeaf(one))));
  const byProposal = groupBy(refusals, ({ view, report }) => `${view}/${toHex(report)}`);
  return [...byProposal.values()]
    .sort(([a], [b]) => a!.view - b!.view)
    .map((group) => {
      const { view, leader, report } = group[0]!;
      const refusedBy = seatsOf(group);
      const named = group.flatMap(({ seat, omitted }) => omitted.map((observation) => ({ seat, observation })));
      const byBatch = groupBy(named, ({ observation }) => toHex(observationLeaf(observation)));
      const omitted = [...byBatch].map(([leaf, claims]): OmittedBatch => {
        const namedBy = seatsOf(claims);
        const { seat, batchHash } = claims[0]!.observation;
        return {
          seat,
          batchHash: toHex(batchHash),
          namedBy,
          namedByPpm: ppmOf(namedBy),
          isTimely: 3n * stakeOf(set, namedBy) > total,
          isCounted: countedLeaves?.has(leaf),
        };
      });
      omitted.sort((a, b) => a.seat - b.seat);
      const watcher = toHex(requireSeat(set, leader).watcher);
      return {
        epoch,
        view,
        leader,
        watcher,
        report: toHex(report),
        refusedBy,
        refusedByPpm: ppmOf(refusedBy),
        omitted,
      };
    });
}

/** What a landed report counts, from the first record whose observations hash to the root on chain. */
export async function countedBy(
  landed: LandedReport | undefined,
  archives: readonly Archive[],
): Promise<readonly Observation[] | undefined> {
  if (!landed) return undefined;
  const { header } = landed;
  const bytesMax = recordBytesMax(seatsIn([header.countedLow, header.countedHigh]).length);
  for (const archive of archives) {
    try {
      const bytes = await archive.read(header.epoch, bytesMax);
      if (!bytes) continue;
      const { observations } = decodeRecord(bytes);
      if (equalBytes(batchesRoot(observations), header.batchesRoot)) return observations;
    } catch {
      // A damaged copy says nothing; `plumbline audit replay` says what is wrong with it.
    }
  }
  return undefined;
}

function seatsOf(claims: readonly { readonly seat: number }[]): number[] {
  return [...new Set(claims.map(({ seat }) => seat))].sort((a, b) => a - b);
}

function groupBy<T, K extends string>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
