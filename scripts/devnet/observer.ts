import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bounds, ServiceRow } from '../../dashboard/model.ts';
import type { Bounded } from '../../protocol/bounds.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { reportHash } from '../../protocol/header.ts';
import { type Leaf, STAT } from '../../protocol/leaf.ts';
import { METRIC } from '../../protocol/metric.ts';
import { decodeRecord, recordName } from '../../protocol/record.ts';
import { areOnChain, leavesOf } from './keeper.ts';

/**
 * The leaves of a landed report from whichever watcher archived it, believed only because they hash to the root on
 * chain. Undefined while no watcher has written it yet.
 */
export async function readLeaves(archives: readonly string[], landed: LandedReport): Promise<Leaf[] | undefined> {
  for (const directory of archives) {
    try {
      const record = decodeRecord(new Uint8Array(await readFile(join(directory, recordName(landed.header.epoch)))));
      if (!equalBytes(reportHash(record.header), landed.reportHash)) continue;
      const leaves = leavesOf(record);
      if (areOnChain(leaves, landed.header.resultsRoot)) return leaves;
    } catch {
      // Not written yet, or half of a killed watcher's disk: another one has it.
    }
  }
  return undefined;
}

/** The newest p99 of each service: only the long window has samples enough. */
export type LongView = Map<string, Bounds>;

/** One row a service, from the epoch's own leaf; quantiles of higher order come from the longest window that has them. */
export function serviceRows(
  leaves: readonly Leaf[],
  services: readonly { readonly name: string; readonly serviceId: string }[],
  longView: LongView,
): ServiceRow[] {
  return services.flatMap(({ name, serviceId }) => {
    const own = leaves.filter((leaf) => toHex(leaf.serviceId) === serviceId && leaf.vantage === 0);
    const longest = own.toSorted((a, b) => b.windowEpochs - a.windowEpochs);
    const p99 = longest.map((leaf) => medianOf(leaf, METRIC.latencyP99Micros)).find((bounds) => bounds);
    if (p99) longView.set(serviceId, p99);
    const leaf = own.find(({ windowEpochs }) => windowEpochs === 1);
    if (!leaf) return [];
    return [
      {
        name,
        availabilityPpm: medianOf(leaf, METRIC.availabilityPpm),
        latencyP50Us: medianOf(leaf, METRIC.latencyP50Micros),
        latencyP99Us: longView.get(serviceId),
        watchersValid: leaf.watchersValid,
        watchersAssigned: leaf.watchersAssigned,
        samples: {
          good: leaf.samplesGood,
          bad: leaf.samplesBad,
          unknown: leaf.samplesUnknown,
          fault: leaf.samplesFault,
        },
        spreadPpm: leaf.dispersionAvailabilityPpm,
      },
    ];
  });
}

export function medianOf(leaf: Leaf, metric: number): Bounded | undefined {
  const stat = leaf.stats[metric];
  return stat?.status === STAT.present ? stat.median : undefined;
}
