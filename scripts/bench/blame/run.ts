import type { OracleFacts } from '../../../platform/chain/chain.ts';
import type { Batch } from '../../../protocol/batch.ts';
import { equalBytes, toHex } from '../../../protocol/bytes.ts';
import { type Leaf, STAT } from '../../../protocol/leaf.ts';
import { METRIC } from '../../../protocol/metric.ts';
import { parametersId, STANDARD } from '../../../protocol/parameters.ts';
import { reasonName } from '../../../protocol/reason.ts';
import { computeReport } from '../../../protocol/report.ts';
import { OUTCOME } from '../../../protocol/sample.ts';
import { isQuorum, type WatcherSet } from '../../../protocol/set.ts';
import { GENESIS_STATE } from '../../../protocol/state.ts';
import { roundOf } from '../../../protocol/time.ts';
import { VirtualClock } from '../../../test/support/simnet/clock.ts';
import { drawsOf, sicknesses } from './episodes.ts';
import { pathOf } from './path.ts';
import { servicesOf, type Truth } from './truth.ts';
import { createWatcher } from './watcher.ts';

export type BlameOptions = {
  readonly epochs: number;
  readonly seed: number;
  readonly watchers: number;
  readonly up: number;
  readonly failing: number;
  /** False: the watchers have no controls, which shows what these are good for. */
  readonly controls?: boolean;
};

/** What every provider promises; a breach is a conclusive leaf whose bound that favours the provider misses it. */
const PROMISES = [
  { name: 'availability 99.9 %', metric: METRIC.availabilityPpm, threshold: 999_000, atLeast: true },
  { name: 'p95 at most 250 ms', metric: METRIC.latencyP95Micros, threshold: 250_000, atLeast: false },
  { name: 'p99 at most 500 ms', metric: METRIC.latencyP99Micros, threshold: 500_000, atLeast: false },
] as const;

export type Blame = {
  /** Epochs of services that were never down, in windows that were conclusive. */
  serviceEpochs: number;
  /** Of these, in windows whose leaf reports a breach, by statistic. */
  blamed: { median: number; tail: number };
  /** Which promise, of which window: for whoever looks for the cause. */
  readonly blamedBy: Map<string, number>;
  windows: number;
  conclusive: number;
  /** Real outages, and those that a leaf of an hour reports. */
  outages: number;
  reported: { median: number; tail: number };
  /** Samples of services that were never down, by outcome, and those that are not good by reason. */
  readonly samples: number[];
  readonly reasons: Map<string, number>;
  readonly lost: Map<string, number>;
  reports: number;
  missed: number;
  stalls: number;
  jumps: number;
  /** Share of the watchers' time that was sick. */
  sickShare: number;
};

const START_MILLIS = 1_800_000_000_000;

/** A network whose watchers are sick, stall and have clocks that jump, beside services of which the truth is known. */
export async function blame({ epochs, seed, watchers, up, failing, controls = true }: BlameOptions): Promise<Blame> {
  const { epochSeconds, parameters } = STANDARD;
  const epochMillis = epochSeconds * 1_000;
  const lastsMillis = (epochs + 2) * epochMillis;
  const truth = servicesOf(up, failing, epochs * epochMillis, epochMillis, seed);
  const services = truth.map(({ service }) => service);
  const sickness = sicknesses(watchers, lastsMillis, seed);
  const base = new VirtualClock(START_MILLIS);
  const calendar = { genesis: START_MILLIS / 1_000, epochSeconds };
  const set = setOf(watchers);
  const facts = {
    calendar,
    parameters,
    parametersId: parametersId(parameters),
    domain: { chainId: 1, oracle: new Uint8Array(20) },
  } as unknown as OracleFacts;
  const found: Blame = {
    serviceEpochs: 0,
    blamed: { median: 0, tail: 0 },
    blamedBy: new Map(),
    windows: 0,
    conclusive: 0,
    outages: truth.reduce((sum, { outages }) => sum + outages.length, 0),
    reported: { median: 0, tail: 0 },
    samples: [0, 0, 0, 0],
    reasons: new Map(),
    lost: new Map(),
    reports: 0,
    missed: 0,
    stalls: 0,
    jumps: 0,
    sickShare: sickShare(sickness, lastsMillis),
  };

  const delivered = new Map<number, Batch[]>();
  const fleet = set.seats.map(({ seat }) =>
    createWatcher({
      seat,
      base,
      startMillis: START_MILLIS,
      facts,
      set,
      services,
      truth,
      controls,
      path: pathOf(sickness[seat]!, drawsOf(seed, `path ${seat}`)),
      deliver: (batch) => void delivered.set(batch.epoch, [...(delivered.get(batch.epoch) ?? []), batch]),
      lost: (why) => count(found.lost, why),
    }),
  );
  fleet.forEach(({ machine, start }, i) => {
    start();
    machine.misbehave(drawsOf(seed, `machine ${i}`));
  });

  let state = GENESIS_STATE;
  const seenOutages = new Map<string, { median: boolean; tail: boolean }>();
  for (let epoch = 0; epoch < epochs; epoch++) {
    await base.advanceTo(roundOf(calendar, parameters, epoch).views);
    const batches = seatsOf(set, delivered.get(epoch) ?? []);
    delivered.delete(epoch);
    for (const { batch } of batches) countSamples(found, batch, truth);
    if (!isQuorum(BigInt(batches.length), BigInt(watchers))) {
      found.missed++;
      continue;
    }
    const counted = batches.map(({ seat, batch }) => {
      const { watcher } = batch;
      const observation = { seat, watcher, batchHash: watcher, commitment: watcher };
      return { observation, batch };
    });
    const anchor = { number: epoch, hash: new Uint8Array(32) };
    const report = computeReport(state, { epoch, set, services, parameters, anchor }, counted);
    state = report.next;
    found.reports++;
    for (const leaf of report.leaves)
      if (leaf.windowEpochs > 1) judgeLeaf(found, leaf, truth, seenOutages, epochMillis);
  }
  for (const { stop } of fleet) stop();
  for (const { machine } of fleet) {
    found.stalls += machine.stalls;
    found.jumps += machine.jumps;
  }
  for (const { median, tail } of seenOutages.values()) {
    if (median) found.reported.median++;
    if (tail) found.reported.tail++;
  }
  return found;
}

function judgeLeaf(
  found: Blame,
  leaf: Leaf,
  truth: readonly Truth[],
  seen: Map<string, { median: boolean; tail: boolean }>,
  epochMillis: number,
): void {
  const service = truth.find(({ service: { id } }) => equalBytes(id, leaf.serviceId))!;
  const from = leaf.windowStart * epochMillis;
  const to = from + leaf.windowEpochs * epochMillis;
  const inside = service.outages.filter((outage) => outage.from < to && outage.to > from);
  const isHour = leaf.windowEpochs === STANDARD.parameters.windowEpochs[0];
  const breaches = (which: 'median' | 'tail') =>
    PROMISES.filter(({ metric, threshold, atLeast }) => {
      const stat = leaf.stats[metric]!;
      if (!leaf.conclusive || stat.status !== STAT.present) return false;
      return atLeast ? stat[which].upper < threshold : stat[which].lower > threshold;
    });
  if (isHour) {
    for (const outage of inside) {
      const key = `${service.id} ${outage.from}`;
      const so = seen.get(key) ?? { median: false, tail: false };
      const isDown = (which: 'median' | 'tail') =>
        breaches(which).some(({ metric }) => metric === METRIC.availabilityPpm);
      seen.set(key, { median: so.median || isDown('median'), tail: so.tail || isDown('tail') });
    }
  }
  // Of a service that fails only its healthy hours could be counted; the others never do, so each of theirs is.
  if (service.outages.length > 0) return;
  found.windows++;
  if (!leaf.conclusive) return;
  found.conclusive++;
  if (isHour) found.serviceEpochs += leaf.epochsCounted;
  for (const which of ['median', 'tail'] as const) {
    const broken = breaches(which);
    if (broken.length > 0) found.blamed[which] += leaf.epochsCounted;
    for (const { name } of broken) count(found.blamedBy, `${which}, ${name}, ${leaf.windowEpochs} epochs`);
  }
}

function countSamples(found: Blame, batch: Batch, truth: readonly Truth[]): void {
  for (const { service, outcome, reason } of batch.samples) {
    if (truth[service]!.outages.length > 0) continue;
    found.samples[outcome]!++;
    if (outcome !== OUTCOME.good)
      count(found.reasons, `${['good', 'bad', 'unknown', 'fault'][outcome]} ${reasonName(reason)}`);
  }
}

function seatsOf(set: WatcherSet, batches: readonly Batch[]): { seat: number; batch: Batch }[] {
  const seats = new Map(set.seats.map(({ seat, watcher }) => [toHex(watcher), seat]));
  return batches.map((batch) => ({ seat: seats.get(toHex(batch.watcher))!, batch })).sort((a, b) => a.seat - b.seat);
}

function setOf(watchers: number): WatcherSet {
  const seats = Array.from({ length: watchers }, (_, seat) => ({
    seat,
    watcher: new Uint8Array(32).fill(seat + 1),
    publicKey: new Uint8Array(96),
    stake: 1_000n,
    operator: `0x${'0'.repeat(40)}`,
    operatorId: `operator-${seat}`,
    region: 0,
  }));
  return { id: 1, seats };
}

function sickShare(sickness: ReturnType<typeof sicknesses>, lastsMillis: number): number {
  const sum = sickness.flat().reduce((all, { from, to }) => all + Math.min(to, lastsMillis) - from, 0);
  return sum / (lastsMillis * sickness.length);
}

function count(into: Map<string, number>, name: string): void {
  into.set(name, (into.get(name) ?? 0) + 1);
}
