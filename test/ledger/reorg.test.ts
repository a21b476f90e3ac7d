import { afterEach, beforeEach, expect, test } from 'vitest';
import { epochStart } from '../../protocol/time.ts';
import { doublySigned } from '../support/simnet/signed.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

let net: Simnet;
beforeEach(async () => {
  net = await createSimnet();
  await net.start();
});
afterEach(() => {
  expect(doublySigned(net.network)).toEqual([]);
});

test('a reorg that drops the last report is recovered from: the report lands again', async () => {
  await net.runTo(3, 3_500);
  expect(net.landed()).toEqual([0, 1, 2]);
  net.chain.reorg(5);
  expect(net.landed()).toEqual([0, 1]);
  await net.runTo(6, 3_500);
  expect(net.landed()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(net.heads()).toHaveLength(1);
});

test('a reorg that drops the only report is recovered from', async () => {
  await net.runTo(1, 3_500);
  expect(net.landed()).toEqual([0]);
  net.chain.reorg(5);
  expect(net.landed()).toEqual([]);
  await net.runTo(4, 3_500);
  expect(net.landed()).toEqual([0, 1, 2, 3]);
  expect(net.heads()).toHaveLength(1);
});

test('a report whose inclusion moved to a block that was already read is found', async () => {
  await net.runTo(2, 3_500);
  const last = net.chain.landed.at(-1)!;
  net.chain.reorg(5);
  await net.clock.advance(1_000);
  // On the new branch it stands in a block that everybody has read without it.
  net.chain.landed = [...net.chain.landed.slice(0, 1), { ...last, blockNumber: net.chain.blockNumber - 4 }];
  await net.runTo(5, 3_500);
  expect(net.landed()).toEqual([0, 1, 2, 3, 4]);
  expect(net.heads()).toHaveLength(1);
});

test('when the dropped report has expired, the reports after it go on from the head that is left', async () => {
  await net.runTo(5, 3_500);
  expect(net.landed()).toEqual([0, 1, 2, 3, 4]);
  // Back to where 0 is the head, at a moment when the deadline of epoch 1 has passed.
  const dropped = net.chain.landed[1]!;
  net.chain.reorg(net.chain.blockNumber - dropped.blockNumber + 1);
  expect(net.landed()).toEqual([0]);
  await net.runTo(9, 3_500);
  expect(net.landed()[0]).toBe(0);
  expect(net.landed()).not.toContain(1);
  expect(net.landed().slice(-3)).toEqual([6, 7, 8]);
  expect(net.heads()).toHaveLength(1);
});

test('a missed epoch is a gap in the counts and never a guess', async () => {
  await net.runTo(2, 3_500);
  // Nobody hears a proposal until epoch 2 has expired.
  net.network.fate = ({ topic }) => (topic === 'proposal' ? 'lost' : 0);
  await net.clock.advanceTo(epochStart(net.facts.calendar, 6));
  net.network.fate = () => 0;
  await net.runTo(8, 3_500);
  expect(net.landed()).toEqual([0, 1, 3, 4, 5, 6, 7]);
  const leaves = net.host(0).followed.find(({ landed }) => landed.header.epoch === 3)!.report.leaves;
  const window = leaves.find(({ windowEpochs }) => windowEpochs === 2)!;
  expect({ expected: window.epochsExpected, counted: window.epochsCounted }).toEqual({ expected: 2, counted: 1 });
});
