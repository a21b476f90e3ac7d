import { beforeEach, expect, test } from 'vitest';
import { type Moment, Rounds } from '../../platform/rounds.ts';
import { MINIMAL } from '../../protocol/parameters.ts';
import { HostClock, VirtualClock } from '../support/simnet/clock.ts';

// 4 s an epoch; commit 500, Δ 200, reveal 1,400, view 1,200 ms; deadline 3 epochs.
const { parameters, epochSeconds } = MINIMAL;
const calendar = { genesis: 1_700_000_000, epochSeconds };
const GENESIS_MILLIS = calendar.genesis * 1000;
const MOMENTS: readonly Moment[] = ['begin', 'end', 'reveal', 'freeze', 'view'];

let base: VirtualClock;
let clock: HostClock;
let rounds: Rounds;
/** `moment epoch[/view] @ ms after genesis` */
let fired: string[];

beforeEach(() => setUp(-1_000));

function setUp(startMillis: number): void {
  base = new VirtualClock(GENESIS_MILLIS + startMillis);
  clock = new HostClock(base);
  rounds = new Rounds(clock, calendar, parameters);
  fired = [];
  for (const moment of MOMENTS) {
    rounds.on(moment, (epoch, view) => {
      const name = moment === 'view' ? `view ${epoch}/${view}` : `${moment} ${epoch}`;
      fired.push(`${name} @ ${clock.now() - GENESIS_MILLIS}`);
    });
  }
}

const runTo = (millis: number) => base.advanceTo(GENESIS_MILLIS + millis);
const of = (pattern: RegExp) => fired.filter((line) => pattern.test(line));

test('the moments of an epoch come in order, each at its time', async () => {
  rounds.start();
  await runTo(8_000);
  expect(of(/ 0(\/\d)? @/)).toEqual([
    'begin 0 @ 0',
    'end 0 @ 4000',
    'reveal 0 @ 4900',
    'freeze 0 @ 5400',
    'view 0/0 @ 5600',
    'view 0/1 @ 6800',
    'view 0/2 @ 8000',
  ]);
});

test('views go on until the deadline and not beyond it', async () => {
  rounds.start();
  await runTo(20_000);
  const views = of(/^view 0/);
  // From 5,600 ms every 1,200 ms, before 16,000.
  expect(views).toHaveLength(9);
  expect(views.at(-1)).toBe('view 0/8 @ 15200');
});

test('every epoch begins once, and only epochs that begin after the start are measured', async () => {
  setUp(9_000);
  rounds.start();
  await runTo(25_000);
  expect(of(/^begin/)).toEqual(['begin 3 @ 12000', 'begin 4 @ 16000', 'begin 5 @ 20000', 'begin 6 @ 24000']);
  expect(of(/^end/)).toEqual(['end 3 @ 16000', 'end 4 @ 20000', 'end 5 @ 24000']);
});

test('a start takes up the views of epochs that can still get a report', async () => {
  setUp(9_000);
  rounds.start();
  await runTo(11_000);
  // Epoch 0 is in its view 2, epoch 1 before its first.
  expect(fired).toEqual(['view 0/3 @ 9200', 'view 1/0 @ 9600', 'view 0/4 @ 10400', 'view 1/1 @ 10800']);
});

test('before genesis nothing happens', async () => {
  setUp(-100_000);
  rounds.start();
  await runTo(-1);
  expect(fired).toEqual([]);
});

test('after a suspension of several epochs there is no backlog: one late epoch ends, and views go on at the present one', async () => {
  rounds.start();
  await runTo(9_000);
  clock.sleep();
  await runTo(41_100);
  fired = [];
  await clock.wake();
  const late = [...fired];
  expect(late.filter((line) => line.startsWith('begin'))).toEqual([]);
  expect(late.filter((line) => line.startsWith('end'))).toEqual(['end 2 @ 41100']);
  expect(late.filter((line) => line.startsWith('view'))).toEqual([]);
  await runTo(45_000);
  expect(of(/^begin/)).toEqual(['begin 11 @ 44000']);
  // Epochs 7 to 9 can still land at 41,100 ms; each of their views comes at its time, once.
  expect(new Set(of(/^view/)).size).toBe(of(/^view/).length);
  expect(of(/^view 7/)).toEqual(['view 7/7 @ 42000', 'view 7/8 @ 43200']);
  expect(of(/^view 6/)).toEqual([]);
});

test('a suspension inside an epoch makes its moments late and loses none', async () => {
  rounds.start();
  await runTo(4_100);
  clock.sleep();
  await runTo(7_000);
  await clock.wake();
  await runTo(9_000);
  expect(of(/^(end|reveal|freeze) 0/)).toEqual(['end 0 @ 4000', 'reveal 0 @ 7000', 'freeze 0 @ 7000']);
  // View 0 passed meanwhile: the one that fires is the one that the clock shows.
  expect(of(/^view 0/)).toEqual(['view 0/1 @ 7000', 'view 0/2 @ 8000']);
  expect(of(/^begin/)).toEqual(['begin 0 @ 0', 'begin 1 @ 4000', 'begin 2 @ 8000']);
});

test('a clock that jumps ahead skips the epochs in between', async () => {
  rounds.start();
  await runTo(5_000);
  clock.offsetMillis = 40_000;
  await runTo(13_000);
  const begun = of(/^begin/).map((line) => line.split(' @')[0]);
  expect(begun).toEqual(['begin 0', 'begin 1', 'begin 13']);
});

test('a clock that is set back fires no moment before its time, and none twice', async () => {
  rounds.start();
  await runTo(5_000);
  clock.offsetMillis = -2_000;
  await runTo(20_000);
  expect(of(/^begin/)).toEqual([
    'begin 0 @ 0',
    'begin 1 @ 4000',
    'begin 2 @ 8000',
    'begin 3 @ 12000',
    'begin 4 @ 16000',
  ]);
  expect(new Set(fired).size).toBe(fired.length);
});

test('after a stop nothing fires, also when a handler stops it', async () => {
  rounds.on('end', () => rounds.stop());
  rounds.start();
  await runTo(4_000);
  const before = fired.length;
  await runTo(30_000);
  expect(fired).toHaveLength(before);
  expect(base.waiting).toBe(0);
});
