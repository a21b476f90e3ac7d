import { describe, expect, it } from 'vitest';
import { windowKey } from '../../protocol/accumulator.ts';
import { type Assignment, assignedTo, type Draw, drawOf, everyone, type PastTail } from '../../protocol/assigned.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import type { Leaf } from '../../protocol/leaf.ts';
import { METRIC } from '../../protocol/metric.ts';
import { computeReport, type EpochContext, type Report } from '../../protocol/report.ts';
import { OUTCOME } from '../../protocol/sample.ts';
import { decodeState, encodeState, GENESIS_STATE, type State } from '../../protocol/state.ts';
import {
  contextOf,
  countedBy,
  drawn,
  type SampleOf,
  SMALL_PARAMETERS,
  SMALL_SERVICES,
  setOfWorld,
} from '../../scripts/vectors/world.ts';

type Step = { readonly epoch: number; readonly seats: readonly number[]; readonly over: Partial<EpochContext> };

const GOOD: SampleOf = () => ({});
const keyOf = (w: { serviceId: Uint8Array; windowStart: number; windowEpochs: number }) =>
  windowKey(w.serviceId, w.windowStart, w.windowEpochs);

function run(steps: readonly Step[], from: State = GENESIS_STATE, sampleOf = GOOD): Report[] {
  let state = from;
  return steps.map(({ epoch, seats, over }) => {
    const context = contextOf(epoch, over);
    const report = computeReport(state, context, countedBy(context, seats, sampleOf));
    state = report.next;
    return report;
  });
}

function leavesOf({ leaves }: Report, service: number): Leaf[] {
  const id = toHex(SMALL_SERVICES[service]!.id);
  return leaves.filter((leaf) => toHex(leaf.serviceId) === id);
}

function leafIn(report: Report, windowEpochs: number, service = 0): Leaf {
  const found = leavesOf(report, service).find((leaf) => leaf.windowEpochs === windowEpochs);
  if (!found) throw new Error(`no leaf of ${windowEpochs} epochs`);
  return found;
}

describe('a report with committees', () => {
  const SET = setOfWorld(new Array<bigint>(72).fill(47n));
  const SEATS = SET.seats.map(({ seat }) => seat);
  const WORTH = (72n * 47n) / 47n;
  const drawBy = (period: number) => drawOf(SET, drawn('period', period), SMALL_SERVICES)!;
  const [FIRST, SECOND] = [drawBy(0), drawBy(1)];
  const by = (draw: Draw, ...tails: PastTail[]): Assignment => ({ by: { draw }, tails });
  const step = (epoch: number, assignment: Assignment, seats = SEATS): Step => ({
    epoch,
    seats,
    over: { set: SET, assignment },
  });
  const committee = (draw: Draw, service = 0) => assignedTo(by(draw), SMALL_SERVICES[service]!).map(({ seat }) => seat);

  it('assigns and counts the members of each service alone, each share with its part of the stake', () => {
    const [report] = run([step(0, by(FIRST))]) as [Report];
    SMALL_SERVICES.forEach((service, index) => {
      const leaf = leafIn(report, 1, index);
      expect(leaf).toMatchObject({ watchersAssigned: 47 });
      const samples = leaf.samplesGood + leaf.samplesBad + leaf.samplesUnknown + leaf.samplesFault;
      expect(samples).toBe(47 * service.slotsPerEpoch);
      const window = report.next.windows.get(windowKey(service.id, 0, 2))!;
      const seats = window.accumulators.map(
        ({ watcher }) => SET.seats.find((s) => equalBytes(s.watcher, watcher))!.seat,
      );
      expect(seats.sort((a, b) => a - b)).toEqual(committee(FIRST, index).sort((a, b) => a - b));
      for (const { assignedWeight, countedWeight } of window.accumulators) {
        expect([assignedWeight, countedWeight]).toEqual([WORTH, WORTH]);
      }
    });
  });

  it('is conclusive when more than half of the committee is valid, whoever else is', () => {
    const members = committee(FIRST).sort((a, b) => a - b);
    const others = SEATS.filter((seat) => !members.includes(seat));
    const verdict = (seats: readonly number[]) => {
      const present = [...seats].sort((a, b) => a - b);
      return leafIn(run([step(0, by(FIRST), present), step(1, by(FIRST), present)])[1]!, 2).conclusive;
    };
    expect(verdict([...members.slice(0, 24), ...others])).toBe(true);
    expect(verdict([...members.slice(0, 23), ...others])).toBe(false);
    expect(verdict(others)).toBe(false);
  });

  it('weighs a watcher in a window over two periods by the epochs in which it was assigned', () => {
    const parameters = { ...SMALL_PARAMETERS, windowEpochs: [4, 0, 0, 0] as const };
    const steps = [FIRST, FIRST, SECOND, SECOND].map((draw, epoch) => {
      const { over, ...rest } = step(epoch, by(draw));
      return { ...rest, over: { ...over, parameters } };
    });
    const open = run(steps)[2]!.next.windows.get(windowKey(SMALL_SERVICES[0]!.id, 0, 4))!;
    const [first, second] = [committee(FIRST), committee(SECOND)];
    const both = first.filter((seat) => second.includes(seat));
    expect(both.length).toBeGreaterThan(0);
    expect(both.length).toBeLessThan(47);
    expect(open.accumulators).toHaveLength(first.length + second.length - both.length);
    for (const { watcher, assignedWeight } of open.accumulators) {
      const { seat } = SET.seats.find((one) => equalBytes(one.watcher, watcher))!;
      const epochs = (first.includes(seat) ? 2n : 0n) + (second.includes(seat) ? 1n : 0n);
      expect(assignedWeight).toBe(WORTH * epochs);
    }
    expect(leafIn(run(steps)[3]!, 4).watchersAssigned).toBe(open.accumulators.length);
  });

  it('reads the tail beyond what may lie in a committee, also when the window ends without one', () => {
    // As many as may lie say that the service is down, all others that it is up.
    const liars = committee(FIRST).slice(0, 23);
    const lying: SampleOf = ({ seat }) => (liars.includes(seat) ? { outcome: OUTCOME.bad } : { outcome: OUTCOME.good });
    const tailAfter = (assignment: Assignment) => {
      const [, last] = run([step(0, by(FIRST)), step(1, assignment)], GENESIS_STATE, lying);
      return leafIn(last!, 2).stats[METRIC.availabilityPpm]!.tail.value;
    };
    const past = { lastEpoch: 0, size: FIRST.size };
    expect(tailAfter(by(FIRST, past))).toBe(1_000_000);
    expect(tailAfter(everyone(SET, [past]))).toBe(1_000_000);
    expect(tailAfter(everyone(SET))).toBe(0);
  });

  it('says nothing of a service that nobody is asked to probe, and can be taken from a snapshot all the same', () => {
    const late = { ...FIRST, serviceIds: new Set([toHex(SMALL_SERVICES[1]!.id)]) };
    const [first] = run([step(0, by(late))]) as [Report];
    expect(leavesOf(first, 0)).toEqual([]);
    expect(leavesOf(first, 1)).toHaveLength(1);
    const [again] = run([step(1, by(FIRST))], decodeState(encodeState(first.next), keyOf)) as [Report];
    expect(leafIn(again, 2, 0)).toMatchObject({ epochsCounted: 1, epochsExpected: 2 });
    expect(leafIn(again, 2, 1)).toMatchObject({ epochsCounted: 2, epochsExpected: 2 });
  });

  it('misses who left the set: still assigned, and absent', () => {
    const members = committee(FIRST);
    const left = members[0]!;
    const rest = { id: 2, seats: SET.seats.filter(({ seat }) => seat !== left) };
    const seats = rest.seats.map(({ seat }) => seat);
    const [report] = run([{ epoch: 0, seats, over: { set: rest, assignment: by(FIRST) } }]) as [Report];
    expect(leafIn(report, 1).watchersAssigned).toBe(47);
    const window = report.next.windows.get(windowKey(SMALL_SERVICES[0]!.id, 0, 2))!;
    const gone = window.accumulators.find(({ watcher }) => equalBytes(watcher, SET.seats[left]!.watcher))!;
    expect(gone).toMatchObject({ assignedWeight: WORTH, countedWeight: 0n, epochsCounted: 0 });
  });

  it('is not guessed for a set that may have them', () => {
    const context = contextOf(0, { set: SET });
    expect(() => computeReport(GENESIS_STATE, context, [])).toThrow('set 1 has 72 seats: name its assignment');
    const most = contextOf(0, { set: { id: 1, seats: SET.seats.slice(0, 64) } });
    expect(leafIn(computeReport(GENESIS_STATE, most, []), 1).watchersAssigned).toBe(64);
  });
});
