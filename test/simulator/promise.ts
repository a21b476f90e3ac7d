import { addSample, emptyAccumulator } from '../../protocol/accumulator.ts';
import { type Hex, toHex } from '../../protocol/bytes.ts';
import { STAT } from '../../protocol/leaf.ts';
import { higherIsBetter, METRIC } from '../../protocol/metric.ts';
import type { Counted, Report } from '../../protocol/report.ts';
import { statisticsOf, type WatcherStatistics } from '../../protocol/statistics.ts';
import type { Simnet } from '../support/simnet/simnet.ts';
import type { Plan } from './plan.ts';

/**
 * What a reader of a leaf may rely on while less than a third of the stake lies: an honest watcher saw it at least as bad
 * as the tail says, and the median lies between honest values while valid honest stake is more than valid lying stake.
 * @param history counted batches by epoch, up to this report
 */
export function brokenPromises(
  net: Simnet,
  plan: Plan,
  report: Report,
  history: ReadonlyMap<number, readonly Counted[]>,
): string[] {
  const broken: string[] = [];
  const liars = new Set(plan.members.map(({ seat }) => seat));
  for (const leaf of report.leaves) {
    if (!leaf.conclusive || leaf.vantage !== 0) continue;
    const service = toHex(leaf.serviceId);
    const seen = measured(net, plan, history, service, leaf.windowStart, leaf.windowEpochs);
    leaf.stats.forEach((stat, metric) => {
      if (stat.status !== STAT.present) return;
      const honest: number[] = [];
      const weights = { honest: 0n, lying: 0n };
      for (const [seat, { metrics, valid, countedWeight }] of seen) {
        const value = metrics[metric]!;
        if (!valid || typeof value === 'string') continue;
        weights[liars.has(seat) ? 'lying' : 'honest'] += countedWeight;
        if (!liars.has(seat)) honest.push(value.value);
      }
      const { tail, median } = stat;
      const isAsBad = (value: number) => (higherIsBetter(metric) ? value <= tail.value : value >= tail.value);
      const name = Object.keys(METRIC)[metric];
      const of = `${name} of service ${service}, window ${leaf.windowStart}+${leaf.windowEpochs}`;
      if (!honest.some(isAsBad)) broken.push(`tail ${tail.value} of ${of}: honest watchers saw ${honest}`);
      if (weights.honest <= weights.lying) return;
      if (median.value < Math.min(...honest) || median.value > Math.max(...honest)) {
        broken.push(`median ${median.value} of ${of}: honest watchers saw ${honest}`);
      }
    });
  }
  return broken;
}

/** Statistics by seat over the epochs of a window that landed. */
function measured(
  net: Simnet,
  plan: Plan,
  history: ReadonlyMap<number, readonly Counted[]>,
  service: Hex,
  start: number,
  length: number,
): Map<number, WatcherStatistics> {
  const bySeat = new Map<number, ReturnType<typeof emptyAccumulator>>();
  for (let epoch = start; epoch < start + length; epoch++) {
    // Samples name a service by its place in the list of their epoch.
    const index = net.servicesAt(epoch).findIndex(({ id }) => toHex(id) === service);
    if (index < 0) continue;
    for (const { observation, batch } of history.get(epoch) ?? []) {
      const { seat, watcher } = observation;
      const into = bySeat.get(seat) ?? emptyAccumulator(watcher, 0);
      into.countedWeight += plan.stakes[seat]!;
      for (const sample of batch.samples) if (sample.service === index) addSample(into, sample);
      bySeat.set(seat, into);
    }
  }
  const { parameters } = net.facts;
  return new Map([...bySeat].map(([seat, one]) => [seat, statisticsOf(one, parameters, bySeat.size)]));
}
