import { keccak_256 } from '@noble/hashes/sha3.js';
import { AccumulatorSsz, toFlat, WindowKeySsz } from '../../protocol/accumulator.ts';
import { type Assignment, assignedTo, assignmentOf, drawOf, everyone, owedBy } from '../../protocol/assigned.ts';
import { slotsOf } from '../../protocol/assignment.ts';
import { SEATS_MAX } from '../../protocol/limits.ts';
import { MINIMAL, STANDARD } from '../../protocol/parameters.ts';
import { type Counted, computeReport, type EpochContext } from '../../protocol/report.ts';
import { emptySample, OUTCOME } from '../../protocol/sample.ts';
import type { WatcherSet } from '../../protocol/set.ts';
import { GENESIS_STATE, type State } from '../../protocol/state.ts';
import { contextOf, drawn, serviceOfWorld, setOfWorld, signatureOf } from '../vectors/world.ts';
import { expectTrue, factorRow, median, medianMillis, millisOf, type Row, timeRow } from './measure.ts';

/**
 * Every watcher computes every report before it attests, within the Δ of 2 s that also has to carry the proposal: a tenth
 * of it. An epoch leaf and windows of an hour, a day, a week and 30 days make 40,000 open accumulators and 10,000 closed
 * ones; a devnet has two windows.
 */
const TARGET_MILLIS = 200;
/** The report that closes an hour, a day, a week and 30 days at once, one in 302,400, leaves half of Δ to the messages. */
const TARGET_OF_ALL_MILLIS = 1_000;
/** Four times the services or watchers may take four times as long, with room for noise. */
const GROWTH_MAX = 1.3;
const SAMPLES = 10;
/**
 * Not timed: the code is not compiled yet, and windows fill. These epochs lie in 30 days, a week, a day and an hour that end
 * together with epoch LAST, so that all of them are open afterwards.
 */
const WARM_UP = [290_000, 295_000, 296_000, 301_000, 301_500, 302_340];
const TIMED = Array.from({ length: 9 }, (_, i) => 302_341 + i);
const LAST = 302_399;

export function reportRows(): Row[] {
  const sizes = [25, 50, 100];
  const devnet = measure(100, 100, MINIMAL.parameters);
  const whole = measure(100, 100);
  const watchers = sizes.map((size) => (size === 100 ? whole : measure(100, size)));
  const services = sizes.map((size) => (size === 100 ? whole : measure(size, 100)));
  const drawnNow = measure(100, SEATS_MAX, STANDARD.parameters, committees);
  const name = (s: number, w: number) => `report of ${s} services x ${w} watchers x ${SAMPLES} samples`;
  return [
    timeRow(`${name(100, 100)}, devnet`, devnet.millis, TARGET_MILLIS, devnet.naive),
    timeRow(name(100, 100), whole.millis, TARGET_MILLIS, whole.naive),
    timeRow(`${name(100, 100)}, all windows close`, whole.lastMillis, TARGET_OF_ALL_MILLIS, whole.naive),
    ...sizes.slice(0, 2).map((size, i) => timeRow(name(100, size), watchers[i]!.millis, null, watchers[i]!.naive)),
    ...sizes.slice(0, 2).map((size, i) => timeRow(name(size, 100), services[i]!.millis, null, services[i]!.naive)),
    timeRow(`report of 100 services x committees of ${SEATS_MAX} watchers`, drawnNow.millis, null, drawnNow.naive),
    ...assignmentRows(),
    factorRow('growth from 25 to 100 watchers, per watcher', whole.millis / watchers[0]!.millis / 4, GROWTH_MAX),
    factorRow('growth from 25 to 100 services, per service', whole.millis / services[0]!.millis / 4, GROWTH_MAX),
  ];
}

/** The rows above are of everyone in the set probing everything, so that 100 watchers are 100; from here on not. */
function committees(set: WatcherSet, services: EpochContext['services'], draw = 0): Assignment {
  return assignmentOf(set, set, drawOf(set, drawn('seed', draw), services), []);
}

/** What a watcher does once an assignment period, and what it does for every batch that it hears. */
function assignmentRows(): Row[] {
  const services = Array.from({ length: 100 }, (_, i) => serviceOfWorld(i, SAMPLES));
  const of = (what: string, stakeOf: (seat: number) => bigint): Row[] => {
    const set = setOfWorld(Array.from({ length: SEATS_MAX }, (_, seat) => stakeOf(seat)));
    let draws = 0;
    const drawing = medianMillis(() => {
      const some = committees(set, services, ++draws);
      expectTrue(
        services.every((service) => assignedTo(some, service).length < SEATS_MAX),
        'no committee was drawn',
      );
    }, 5);
    const known = committees(set, services);
    const proof = signatureOf('vrf');
    const slots = medianMillis(() => {
      for (const { watcher } of set.seats) slotsOf(services, proof, STANDARD.epochSeconds, owedBy(known, watcher));
    }, 3);
    return [
      timeRow(`100 committees of ${SEATS_MAX} ${what} stakes, once a period`, drawing, null, null),
      timeRow(`slots of ${SEATS_MAX} watchers, ${what} stakes`, slots, null, null),
    ];
  };
  return [...of('equal', () => 32n * 10n ** 18n), ...of('unequal', (seat) => BigInt(1 + (seat % 32)) * 10n ** 18n)];
}

/** Medians over some epochs: the report, and only its open leaves hashed through generic SSZ and @noble/hashes. */
function measure(
  services: number,
  watchers: number,
  parameters = STANDARD.parameters,
  assign: (set: WatcherSet, services: EpochContext['services']) => Assignment = (set) => everyone(set),
): { millis: number; lastMillis: number; naive: number } {
  const epochs = [0, 1, 2, 3, 4].map((i) => batchesOf(services, watchers, i, assign));
  const report = (state: State, epoch: number): State => {
    const { context, counted } = epochs[epoch % epochs.length]!;
    return computeReport(state, { ...context, parameters, epoch }, counted).next;
  };
  let state = WARM_UP.reduce(report, GENESIS_STATE);
  const times = TIMED.map((epoch) =>
    millisOf(() => {
      state = report(state, epoch);
    }),
  );
  const lengths = new Set([...state.windows.values()].map(({ windowEpochs }) => windowEpochs));
  const open = parameters.windowEpochs.filter((length) => length > 0 && (state.epoch + 1) % length > 0);
  expectTrue(
    open.every((length) => lengths.has(length)),
    'a window is not open',
  );
  const naive = Array.from({ length: 3 }, () => millisOf(() => hashNaively(state)));
  const lastMillis = medianMillis(() => {
    expectTrue(report(state, LAST).windows.size === 0, 'a window is open after its end');
  }, 3);
  return { millis: median(times), lastMillis, naive: median(naive) };
}

function hashNaively(state: State): void {
  let hashed = 0;
  for (const window of state.windows.values()) {
    for (const accumulator of window.accumulators) {
      const hash = keccak_256.create().update(Uint8Array.of(0)).update(WindowKeySsz.serialize(window));
      hashed += keccak_256(hash.update(AccumulatorSsz.serialize(toFlat(accumulator))).digest()).length;
    }
  }
  expectTrue(hashed > 0, 'no open accumulator');
}

/** One epoch's batches: one sample in 30 fails, the others take 6 to 46 ms, which about 90 buckets cover. */
function batchesOf(
  services: number,
  watchers: number,
  draw: number,
  assign: (set: WatcherSet, services: EpochContext['services']) => Assignment,
): { context: EpochContext; counted: Counted[] } {
  const random = generator(draw);
  const set = setOfWorld(Array.from({ length: watchers }, () => 32n * 10n ** 18n));
  const list = Array.from({ length: services }, (_, i) => serviceOfWorld(i, SAMPLES));
  const assignment = assign(set, list);
  const context = contextOf(0, { set, services: list, assignment });
  const counted = set.seats.map(({ seat, watcher }): Counted => {
    const owes = owedBy(assignment, watcher);
    const owed = [...list.keys()].filter((index) => owes(list[index]!));
    const samples = Array.from({ length: owed.length * SAMPLES }, (_, i) => ({
      ...emptySample(
        owed[i % owed.length]!,
        Math.floor(i / owed.length),
        random(30) === 0 ? OUTCOME.bad : OUTCOME.good,
        0,
      ),
      connectMicros: 1_000 + random(500),
      totalMicros: 6_000 + random(40_000),
    }));
    const observation = {
      seat,
      watcher,
      batchHash: drawn('batch', draw, seat),
      commitment: drawn('commit', draw, seat),
    };
    return { observation, batch: { watcher, samples } as unknown as Counted['batch'] };
  });
  return { context, counted };
}

/** Numerical Recipes' linear congruential generator: the same batches in every run. */
function generator(seed: number): (limit: number) => number {
  let state = seed + 1;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
