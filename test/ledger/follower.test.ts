import { beforeEach, describe, expect, test } from 'vitest';
import { BLOCKS_PER_CALL_MAX, Follower, POLL_MILLIS_MIN as POLL_MILLIS } from '../../ledger/follower.ts';
import { REPORTS_HELD_MIN, type ReportsOnChain } from '../../ledger/reports.ts';
import type { Chain } from '../../platform/chain/chain.ts';
import { toHex, ZERO_BYTES32 } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../protocol/history.ts';
import { VirtualClock } from '../support/simnet/clock.ts';
import { type Line, recordingLog } from '../support/simnet/log.ts';
import { draw } from '../support/simnet/random.ts';
import { factsOf } from '../support/simnet/simnet.ts';

const DEPLOY_BLOCK = 1;
let clock: VirtualClock;
let landed: LandedReport[];
let blockNumber: number;
let final: number;
let ranges: [number, number][];
let failing: Partial<Record<keyof Chain, Error>>;
let told: string[][];
let lines: Line[];
let follower: Follower;

beforeEach(() => {
  clock = new VirtualClock(0);
  landed = [];
  blockNumber = 10;
  final = 8;
  ranges = [];
  failing = {};
  told = [];
  lines = [];
  const answer = async <T>(name: keyof Chain, value: () => T): Promise<T> => {
    if (failing[name]) throw failing[name];
    return value();
  };
  const chain = {
    facts: factsOf(1),
    blockNumber: () => answer('blockNumber', () => blockNumber),
    finalized: () => answer('finalized', () => ({ number: final, hash: draw(1, 'block', final) })),
    head: () =>
      answer('head', () => {
        const last = landed.at(-1);
        return { nextEpoch: (last?.header.epoch ?? -1) + 1, reportHash: last?.reportHash ?? ZERO_BYTES32 };
      }),
    reports: (from: number, to: number) =>
      answer('reports', () => {
        ranges.push([from, to]);
        return landed.filter((report) => from <= report.blockNumber && report.blockNumber <= to);
      }),
  };
  follower = new Follower(chain as unknown as Chain, clock, recordingLog(lines));
  follower.onChange(async ({ recent }) => void told.push(recent.map(({ reportHash }) => nameOf(reportHash))));
});

const names = new Map<string, string>();
const nameOf = (hash: Uint8Array) => names.get(toHex(hash)) ?? '?';

/** A report named like `2` or, on another branch, `2b`, in a block. */
function land(name: string, block: number): void {
  const reportHash = draw(1, 'report', name);
  names.set(toHex(reportHash), name);
  const header = { epoch: Number.parseInt(name, 10), previous: landed.at(-1)?.reportHash ?? ZERO_BYTES32 };
  landed.push({
    header,
    reportHash,
    view: 0,
    signers: [],
    txHash: '0x',
    blockNumber: block,
  } as unknown as LandedReport);
  blockNumber = Math.max(blockNumber, block);
}
const warnings = () => lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

test('the history is told as it is found, empty too, and again when it has grown', async () => {
  await follower.poll();
  expect(told).toEqual([[]]);
  land('0', 11);
  await follower.poll();
  await follower.poll();
  land('1', 12);
  land('2', 14);
  await follower.poll();
  expect(told).toEqual([[], ['0'], ['0', '1', '2']]);
  expect(follower.reports.recent).toHaveLength(3);
});

test('blocks are read in bounded pieces, each once', async () => {
  land('0', 100);
  land('1', 4_500);
  blockNumber = 2 * BLOCKS_PER_CALL_MAX + 500;
  await follower.poll();
  expect(ranges).toEqual([
    [DEPLOY_BLOCK, BLOCKS_PER_CALL_MAX],
    [BLOCKS_PER_CALL_MAX + 1, 2 * BLOCKS_PER_CALL_MAX],
    [2 * BLOCKS_PER_CALL_MAX + 1, blockNumber],
  ]);
  ranges.length = 0;
  await follower.poll();
  expect(ranges).toEqual([]);
  blockNumber += 2;
  await follower.poll();
  expect(ranges).toEqual([[blockNumber - 1, blockNumber]]);
});

test.each(['blockNumber', 'reports', 'head'] as const)('a failing %s is logged and tried again', async (name) => {
  land('0', 5);
  failing[name] = new Error('no answer');
  await follower.poll();
  expect(told).toEqual([]);
  expect(warnings()).toHaveLength(1);
  failing = {};
  await follower.poll();
  expect(told).toEqual([['0']]);
});

test('a listener that fails is told again, and the blocks are not read again', async () => {
  land('0', 5);
  let failures = 2;
  follower.onChange(async () => {
    if (failures-- > 0) throw new Error('not yet');
  });
  await follower.poll();
  await follower.poll();
  await follower.poll();
  await follower.poll();
  expect(told).toEqual([['0'], ['0'], ['0']]);
  expect(ranges).toEqual([[DEPLOY_BLOCK, 10]]);
});

test('a dropped last report is told as a shorter history', async () => {
  land('0', 5);
  land('1', 10);
  await follower.poll();
  landed.pop();
  await follower.poll();
  await follower.poll();
  expect(told).toEqual([['0', '1'], ['0']]);
});

test('a dropped only report is told as an empty history', async () => {
  land('0', 10);
  await follower.poll();
  landed = [];
  await follower.poll();
  await follower.poll();
  expect(told).toEqual([['0'], []]);
});

test('a report replaced by another of its epoch, in a block that was read, is noticed', async () => {
  land('0', 5);
  land('1', 10);
  await follower.poll();
  landed.pop();
  land('1b', 9);
  await follower.poll();
  await follower.poll();
  expect(told).toEqual([
    ['0', '1'],
    ['0', '1b'],
  ]);
});

test('a report replaced by a later one in a new block is noticed', async () => {
  land('0', 5);
  land('1', 10);
  await follower.poll();
  landed.pop();
  land('2', 12);
  await follower.poll();
  await follower.poll();
  expect(told).toEqual([
    ['0', '1'],
    ['0', '2'],
  ]);
});

test('after a reorg only blocks that are not final are read again', async () => {
  land('0', 5);
  land('1', 10);
  await follower.poll();
  landed.pop();
  land('1b', 10);
  ranges.length = 0;
  await follower.poll();
  await follower.poll();
  expect(ranges).toEqual([[final + 1, 10]]);
});

test('when that does not help, everything is read again', async () => {
  land('0', 5);
  await follower.poll();
  // The chain rewrote what it had called final.
  landed = [];
  land('0b', 4);
  for (let i = 0; i < 4; i++) await follower.poll();
  expect(told).toEqual([['0'], ['0b']]);
});

test('a head whose report is not among the events yet is waited for once, and then looked for behind', async () => {
  await follower.poll();
  land('0', 11);
  // The node behind the RPC knows the head before the block.
  blockNumber = 10;
  await follower.poll();
  expect(warnings()).toEqual([]);
  blockNumber = 11;
  await follower.poll();
  expect(told).toEqual([[], ['0']]);
  expect(warnings()).toEqual([]);
  // And one that landed in a block that was read without it.
  blockNumber = 20;
  await follower.poll();
  land('1', 9);
  for (let i = 0; i < 4; i++) await follower.poll();
  expect(told.at(-1)).toEqual(['0', '1']);
});

test('it polls in its own time until it is stopped, and a stop waits for the poll under way', async () => {
  follower.start();
  await clock.advance(0);
  land('0', 11);
  await clock.advance(POLL_MILLIS);
  expect(told).toEqual([[], ['0']]);
  const gate = Promise.withResolvers<void>();
  follower.onChange(() => gate.promise);
  land('1', 12);
  await clock.advance(POLL_MILLIS);
  let stopped = false;
  const stopping = follower.stop().then(() => {
    stopped = true;
  });
  await clock.advance(0);
  expect(stopped).toBe(false);
  gate.resolve();
  await stopping;
  land('2', 13);
  await clock.advance(10 * POLL_MILLIS);
  expect(told.at(-1)).toEqual(['0', '1']);
  expect(clock.waiting).toBe(0);
});

describe('after many reports', () => {
  const COUNT = 3 * REPORTS_HELD_MIN + 10;
  const rootOf = (hashes: readonly Uint8Array[]) => toHex(historyRoot(hashes.reduce(appendHistory, EMPTY_HISTORY)));
  const told = ({ before, recent }: ReportsOnChain) =>
    toHex(historyRoot(recent.reduce((sum, { reportHash }) => appendHistory(sum, reportHash), before)));
  const onChain = () => rootOf(landed.map(({ reportHash }) => reportHash));

  beforeEach(async () => {
    for (let i = 0; i < COUNT; i++) land(`${i}`, 10 + 2 * i);
    final = 10 + 2 * (COUNT - 5);
    await follower.poll();
  });

  test('only the newest are held in full, and the history is that of all', () => {
    const { before, recent } = follower.reports;
    expect(recent.length).toBeGreaterThanOrEqual(REPORTS_HELD_MIN);
    expect(recent.length).toBeLessThan(2 * REPORTS_HELD_MIN);
    expect(before.count + recent.length).toBe(COUNT);
    expect(told(follower.reports)).toBe(onChain());
  });

  test('a reorganisation of what is not final is followed without reading the rest again', async () => {
    for (let i = 0; i < 3; i++) landed.pop();
    land(`${COUNT - 3}b`, 10 + 2 * (COUNT - 3));
    ranges.length = 0;
    await follower.poll();
    await follower.poll();
    expect(ranges[0]![0]).toBe(final + 1);
    expect(told(follower.reports)).toBe(onChain());
  });

  test('a reorganisation deeper than all that is held is followed by reading everything', async () => {
    // The RPC's finality lags far behind, and the chain parts from the old one below every report that is held.
    final = 20;
    landed.splice(100);
    for (let i = 100; i < 140; i++) land(`${i}b`, 10 + 2 * i);
    ranges.length = 0;
    for (let i = 0; i < 3; i++) await follower.poll();
    expect(ranges[0]![0]).toBe(DEPLOY_BLOCK);
    expect(follower.reports.before.count + follower.reports.recent.length).toBe(140);
    expect(told(follower.reports)).toBe(onChain());
  });
});
