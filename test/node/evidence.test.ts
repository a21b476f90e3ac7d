import { beforeEach, expect, test } from 'vitest';
import { Timers } from '../../ledger/timers.ts';
import { EVIDENCE_DELAY_MILLIS, evidenceStage } from '../../node/evidence.ts';
import { decodeEvidence, evidenceName } from '../../protocol/evidence.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { settle } from '../support/simnet/clock.ts';
import { memoryFolder } from '../support/simnet/folder.ts';
import { type Line, recordingLog } from '../support/simnet/log.ts';
import { draw } from '../support/simnet/random.ts';

let files: Map<string, Uint8Array>;
let writes: number;
let lines: Line[];
let bench: Bench;
let failures: unknown[];

beforeEach(() => {
  files = new Map();
  writes = 0;
  lines = [];
  failures = [];
  start();
});

/** A process on the files that the one before left. */
function start(): void {
  bench = createBench(0);
  const folder = memoryFolder(files);
  const write = async (name: string, bytes: Uint8Array) => {
    writes++;
    await folder.write(name, bytes);
  };
  const stage = evidenceStage({
    ...bench,
    timers: new Timers(bench.clock),
    archive: { ...folder, write },
    failed: () => (error) => failures.push(error),
    log: recordingLog(lines),
  });
  bench.pool.onConflict(stage);
  bench.pool.onRefusal(stage);
}

/** Two attestations of one seat for one view. */
function contradict(seat: number, view = 0): void {
  for (const what of ['a', 'b']) bench.pool.addAttestation(bench.by(seat).attestation(0, view, draw(seat, what)));
}
const stored = () => decodeEvidence(files.get(evidenceName(0))!);
const seats = () => stored().equivocations.map(({ seat }) => seat);

async function pass(): Promise<void> {
  await bench.clock.advance(EVIDENCE_DELAY_MILLIS);
  await settle();
}

test('what comes together is written in one go, and only when something is new', async () => {
  for (const seat of [1, 2, 3]) contradict(seat);
  expect(writes).toBe(0);
  await pass();
  expect([writes, seats()]).toEqual([1, [1, 2, 3]]);
  bench.pool.addRefusal(bench.by(1).refusal(0, 0, draw(1, 'unheard'), [bench.sealed(2).observation]));
  await pass();
  expect(writes).toBe(1);
  contradict(0);
  await pass();
  expect([writes, seats()]).toEqual([2, [0, 1, 2, 3]]);
});

test('after a restart what was kept stays, beside what is heard then', async () => {
  contradict(1);
  await pass();
  start();
  contradict(2);
  await pass();
  expect(seats()).toEqual([1, 2]);
});

test('a file that does not read is written anew, and that is said', async () => {
  files.set(evidenceName(0), Uint8Array.of(1, 2, 3));
  contradict(1);
  await pass();
  expect(seats()).toEqual([1]);
  expect(lines.map(({ message }) => message)).toEqual(['stored evidence does not read: it is written anew']);
});

test('a disk that refuses is told, and the next evidence tries again', async () => {
  const { set } = files;
  files.set = () => {
    throw new Error('no space left');
  };
  contradict(1);
  await pass();
  expect(failures).toHaveLength(1);
  files.set = set;
  contradict(2);
  await pass();
  expect(seats()).toEqual([1, 2]);
});

test('without an archive nothing is kept', async () => {
  const stage = evidenceStage({
    ...bench,
    timers: new Timers(bench.clock),
    archive: undefined,
    failed: () => (error) => failures.push(error),
    log: recordingLog(lines),
  });
  contradict(1);
  stage(0);
  await pass();
  expect(failures).toEqual([]);
});
