import { describe, expect, test } from 'vitest';
import { assignmentReader } from '../../../platform/chain/assignment.ts';
import { assignedTo, electionEpoch, everyone, owedBy, type PastTail } from '../../../protocol/assigned.ts';
import { committeeSize } from '../../../protocol/committee.ts';
import type { WatcherSet } from '../../../protocol/set.ts';
import { drawn, serviceOfWorld, setOfWorld } from '../../../scripts/vectors/world.ts';
import { factsOf } from '../../support/simnet/simnet.ts';

const PERIOD = 10;
/** Windows of one period and of eight. */
const facts = factsOf(1, { assignmentPeriodEpochs: PERIOD, windowEpochs: [10, 80, 0, 0] });
const SERVICES = [serviceOfWorld(0, 2), serviceOfWorld(1, 2)];
const SEED = drawn('seed');

/** The seats of each version, by the epoch that it begins at. */
function world(versions: Readonly<Record<number, number>>, hasBegun: (epoch: number) => boolean = () => true) {
  const sets = Object.entries(versions).map(([from, seats], i) => {
    const set: WatcherSet = { ...setOfWorld(new Array<bigint>(seats).fill(900n)), id: i + 1 };
    return { from: Number(from), set };
  });
  const asked: number[] = [];
  let failing = false;
  const setOf = (epoch: number) => sets.findLast(({ from }) => from <= epoch)!.set;
  const chain = {
    facts,
    setAt: async (epoch: number) => {
      asked.push(epoch);
      if (failing) throw new Error('no answer');
      return setOf(epoch);
    },
    servicesAt: async (epoch: number) => (epoch < 20 ? SERVICES.slice(0, 1) : SERVICES),
  };
  const reader = assignmentReader(chain, hasBegun);
  const fail = (now: boolean) => {
    failing = now;
  };
  return { asked, fail, setOf, read: (epoch: number, seed = SEED) => reader(epoch, setOf(epoch), seed) };
}

describe('who measures what', () => {
  test('is everyone in the running set, while it was and is small', async () => {
    const { read, setOf } = world({ 0: 4, 25: 6 });
    expect(await read(9)).toEqual(everyone(setOf(0)));
    expect(await read(27)).toEqual(everyone(setOf(27)));
  });

  test('is drawn among the set and the services of an epoch before the seed was known', async () => {
    const { read, setOf } = world({ 0: 70, 12: 90, 25: 120 });
    const of = async (epoch: number) => {
      const { by } = await read(epoch);
      if (!('draw' in by)) throw new Error('no draw');
      return [by.draw.electorate.id, by.draw.size.size, by.draw.serviceIds.size];
    };
    expect(await of(19)).toEqual([1, 47, 1]);
    // The set of epoch 12 begins inside period 1, so it stands for election in period 3.
    expect(await of(29)).toEqual([1, 47, 1]);
    expect(await of(30)).toEqual([2, 59, 2]);
    expect(await of(40)).toEqual([3, 73, 2]);
    const latecomer = setOf(30).seats.at(-1)!.watcher;
    const owes = [...SERVICES].map(owedBy(await read(30), latecomer));
    expect(owes).toEqual([false, false]);
  });

  test('is read once a period, and each committee is drawn once', async () => {
    const { read, asked } = world({ 0: 70 });
    const [a, b] = await Promise.all([read(3), read(3)]);
    const c = await read(9);
    expect(asked).toEqual([0]);
    expect(assignedTo(a, SERVICES[0]!)).toBe(assignedTo(b, SERVICES[0]!));
    expect(assignedTo(a, SERVICES[0]!)).toBe(assignedTo(c, SERVICES[0]!));
    // Another seed is another draw: a chain that was wrong about it is not believed for a day.
    expect(assignedTo(await read(3, drawn('other')), SERVICES[0]!)).not.toEqual(assignedTo(a, SERVICES[0]!));
  });

  test('is read again after a failure, and while its election has not begun', async () => {
    const { read, fail } = world({ 0: 70 });
    fail(true);
    await expect(read(3)).rejects.toThrow('no answer');
    fail(false);
    await expect(read(3)).resolves.toBeDefined();
    let now = -1;
    const early = world({ 0: 70 }, (epoch) => epoch <= now);
    await early.read(0);
    await early.read(0);
    expect(early.asked).toEqual([0, 0]);
    now = 0;
    await early.read(0);
    await early.read(0);
    expect(early.asked).toEqual([0, 0, 0]);
  });
});

describe('earlier committees', () => {
  const versions = { 0: 4, 12: 70, 13: 80, 44: 10, 61: 300, 66: 5 };
  /** Period by period, as the page says it. */
  const plainly = (setOf: (epoch: number) => WatcherSet, epoch: number): PastTail[] => {
    const tails: PastTail[] = [];
    for (let period = Math.floor((epoch - (epoch % 80)) / PERIOD); period < Math.floor(epoch / PERIOD); period++) {
      const size = committeeSize(setOf(electionEpoch(period, PERIOD)));
      if (size) tails.push({ lastEpoch: (period + 1) * PERIOD - 1, size });
    }
    return tails;
  };

  test('are known as far back as the longest window reaches, whatever the sets were', async () => {
    const { read, setOf } = world(versions);
    for (let epoch = 0; epoch < 200; epoch++) {
      const { tails } = await read(epoch);
      // Of equal neighbours only the last is named: a window that reaches one reaches it too.
      const expected = plainly(setOf, epoch);
      for (let start = epoch - (epoch % 80); start <= epoch; start++) {
        const worst = (list: readonly PastTail[]) =>
          Math.max(0, ...list.filter(({ lastEpoch }) => lastEpoch >= start).map(({ size }) => size.size));
        expect(worst(tails), `epoch ${epoch}, from ${start}`).toBe(worst(expected));
      }
    }
  });

  test('of a set that does not change cost two reads, however long the window is', async () => {
    const { read, asked } = world({ 0: 70 });
    await read(79);
    expect(asked.length).toBeLessThanOrEqual(3);
  });
});
