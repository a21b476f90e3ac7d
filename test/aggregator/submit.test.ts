import { beforeEach, expect, test } from 'vitest';
import { GATHER_MILLIS, RANK_MAX, STAGGER_MILLIS, submitStage } from '../../aggregator/submit.ts';
import type { Chain } from '../../platform/chain/chain.ts';
import { leaderOrder } from '../../protocol/assignment.ts';
import { ZERO_BYTES32 } from '../../protocol/bytes.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { type Bench, createBench } from '../support/simnet/bench.ts';
import { type Line, recordingLog } from '../support/simnet/log.ts';

const EPOCH = 3;
let bench: Bench;
let sent: { epoch: number; view: number; at: number }[];
let nextEpoch: number;
let lines: Line[];
let outcome: () => Promise<void>;
let start: number;

beforeEach(() => {
  bench = createBench(EPOCH, [100n, 100n, 100n, 100n, 100n, 100n]);
  sent = [];
  nextEpoch = 0;
  lines = [];
  outcome = async () => {};
  start = bench.clock.now();
});

function stageOf(seat: number | undefined) {
  const chain = {
    head: async () => ({ nextEpoch, reportHash: ZERO_BYTES32 }),
    submit: async ({ header, view }: Certificate) => {
      sent.push({ epoch: header.epoch, view, at: bench.clock.now() - start });
      await outcome();
      return { txHash: '0x1', blockNumber: 1, gasUsed: 1n };
    },
  } as unknown as Chain;
  const { clock, epochFacts } = bench;
  return submitStage({ chain, clock, epochFacts, seatIn: () => seat, log: recordingLog(lines) });
}

function certificateOf(view = 0, epoch = EPOCH, signers = [0, 1, 2, 3, 4, 5]): Certificate {
  const { header } = bench.report([0]).report;
  return { header: { ...header, epoch }, view, signers, signature: new Uint8Array(48) };
}
const order = () => leaderOrder(bench.set, bench.seed, EPOCH);
const same = (certificate: Certificate) => async () => certificate;
const plan = (stage: ReturnType<typeof stageOf>, certificate = certificateOf()) =>
  stage.plan(certificate, same(certificate));

test('the leader of the view sends a complete certificate at once, one that lacks signers after gathering', async () => {
  await plan(stageOf(order()[0]));
  await bench.clock.advance(0);
  expect(sent).toEqual([{ epoch: EPOCH, view: 0, at: 0 }]);
  sent = [];
  await plan(stageOf(order()[0]), certificateOf(0, EPOCH, [0, 1, 2, 3, 4]));
  await bench.clock.advance(10_000);
  expect(sent.map(({ at }) => at)).toEqual([GATHER_MILLIS]);
});

test.each([
  [0, 1, 1],
  [0, 3, 3],
  [0, 5, RANK_MAX],
  [2, 2, 0],
  [2, 3, 1],
  // After the last of the order comes the first.
  [2, 1, RANK_MAX],
  [8, 2, 0],
])('in view %i the seat at place %i of the order waits %i turns', async (view, place, turns) => {
  await plan(stageOf(order()[place]), certificateOf(view));
  await bench.clock.advance(10_000);
  expect(sent.map(({ at }) => at)).toEqual([turns * STAGGER_MILLIS]);
});

test('an aggregator without a seat comes after the first seats', async () => {
  await plan(stageOf(undefined));
  await bench.clock.advance(10_000);
  expect(sent.map(({ at }) => at)).toEqual([RANK_MAX * STAGGER_MILLIS]);
});

test('an epoch is planned once, however often its certificate grows, and what is sent is the newest', async () => {
  const stage = stageOf(order()[1]);
  await stage.plan(certificateOf(0), same(certificateOf(0)));
  await bench.clock.advance(300);
  await stage.plan(certificateOf(0), same(certificateOf(0)));
  await bench.clock.advance(10_000);
  expect(sent).toHaveLength(1);
  const other = stageOf(order()[1]);
  await other.plan(certificateOf(0), same(certificateOf(1)));
  await bench.clock.advance(10_000);
  expect(sent.at(-1)).toMatchObject({ view: 1 });
});

test('what has landed meanwhile is not sent', async () => {
  await plan(stageOf(order()[2]));
  nextEpoch = EPOCH + 1;
  await bench.clock.advance(10_000);
  expect(sent).toEqual([]);
});

test('a certificate that is no more is not sent', async () => {
  await stageOf(order()[0]).plan(certificateOf(), async () => undefined);
  await bench.clock.advance(10_000);
  expect(sent).toEqual([]);
});

test('a refused submission is told, and the epoch can be planned again', async () => {
  const stage = stageOf(order()[0]);
  outcome = async () => {
    throw new Error('nonce too low');
  };
  await plan(stage);
  await bench.clock.advance(1);
  expect(lines.map(({ level, message, fields }) => [level, message, fields.reason])).toEqual([
    ['warn', 'submission failed', 'nonce too low'],
  ]);
  outcome = async () => {};
  await plan(stage);
  await bench.clock.advance(1);
  expect(sent).toHaveLength(2);
});

test('a failure while combining again is told, and later submissions still go out', async () => {
  const stage = stageOf(order()[0]);
  await stage.plan(certificateOf(), async () => {
    throw new Error('the chain does not answer');
  });
  await bench.clock.advance(1);
  expect(lines.map(({ message }) => message)).toEqual(['submission failed']);
  await plan(stage);
  await bench.clock.advance(1);
  expect(sent).toHaveLength(1);
});

test('while one epoch’s submission hangs, the next is planned once, and sent after it', async () => {
  const stage = stageOf(order()[0]);
  const hanging = Promise.withResolvers<void>();
  outcome = () => hanging.promise;
  await plan(stage);
  await bench.clock.advance(1);
  const next = certificateOf(0, EPOCH + 1);
  await plan(stage, next);
  await bench.clock.advance(5_000);
  hanging.resolve();
  outcome = async () => {};
  await bench.clock.advance(1);
  // The end of the first must not make the second look unplanned.
  await plan(stage, next);
  await bench.clock.advance(10_000);
  expect(sent.map(({ epoch }) => epoch).slice(0, 2)).toEqual([EPOCH, EPOCH + 1]);
});

test('an epoch planned while another’s submission ends is still planned once', async () => {
  const stage = stageOf(order()[0]);
  const hanging = Promise.withResolvers<void>();
  outcome = () => hanging.promise;
  await plan(stage);
  await bench.clock.advance(1);
  const next = certificateOf(0, EPOCH + 1, [0, 1, 2, 3]);
  await plan(stage, next);
  hanging.resolve();
  await bench.clock.advance(1);
  await plan(stage, next);
  await bench.clock.advance(10_000);
  expect(sent.map(({ epoch }) => epoch)).toEqual([EPOCH, EPOCH + 1]);
});

test('a later epoch takes the place of one whose turn has not come', async () => {
  const stage = stageOf(order()[3]);
  await plan(stage);
  await plan(stage, certificateOf(0, EPOCH + 1));
  await bench.clock.advance(10_000);
  expect(sent.map(({ epoch }) => epoch)).toEqual([EPOCH + 1]);
});

test('after a stop nothing is sent, and a stop waits for what is being sent', async () => {
  const waiting = stageOf(order()[2]);
  await plan(waiting);
  await waiting.stop();
  await plan(waiting, certificateOf(0, EPOCH + 1));
  await bench.clock.advance(10_000);
  expect(sent).toEqual([]);
  expect(bench.clock.waiting).toBe(0);

  const sending = stageOf(order()[0]);
  const hanging = Promise.withResolvers<void>();
  outcome = () => hanging.promise;
  await plan(sending);
  await bench.clock.advance(1);
  let stopped = false;
  const stopping = sending.stop().then(() => {
    stopped = true;
  });
  await bench.clock.advance(1);
  expect(stopped).toBe(false);
  hanging.resolve();
  await stopping;
});
