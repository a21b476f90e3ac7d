import { expect, test } from 'vitest';
import { Guard } from '../../platform/guard.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { HostClock, VirtualClock } from '../support/simnet/clock.ts';
import { recordingLog } from '../support/simnet/log.ts';

const calendar = { genesis: 1_000, epochSeconds: 4 };
const unixMillis = (epoch: number, millis = 0) => (calendar.genesis + 4 * epoch) * 1000 + millis;

function guardAt(start: number, isFresh: boolean) {
  const base = new VirtualClock(start);
  const clock = new HostClock(base);
  const guard = new Guard({ clock, calendar, isFresh, log: recordingLog([]) });
  return { base, clock, guard };
}

test.each([
  ['before genesis with a fresh journal', -2, true, true],
  ['in epoch 0 with a fresh journal', 0, true, true],
  ['in epoch 1 with a fresh journal', 1, true, false],
  ['in epoch 0 with a journal that was used', 0, false, false],
] as const)('started %s', (_, epoch, isFresh, mayAtOnce) => {
  const { guard } = guardAt(unixMillis(epoch, 500), isFresh);
  expect(guard.maySign()).toBe(false);
  guard.listen();
  expect(guard.maySign()).toBe(mayAtOnce);
});

test('listens for the rest of the running epoch and the whole next one', async () => {
  const { base, guard } = guardAt(unixMillis(5, 3_900), false);
  expect(() => guard.checkNew()).toThrow(expect.objectContaining({ code: 'listening' }));
  guard.listen();
  await base.advanceTo(unixMillis(7) - 1);
  expect(() => guard.checkNew()).toThrow(expect.objectContaining({ code: 'listening' }));
  guard.checkAlone();
  await base.advanceTo(unixMillis(7));
  guard.checkNew();
  expect(guard.maySign()).toBe(true);
});

test('a wall clock that jumps ahead does not cut the listening short, and one that is set back prolongs it', async () => {
  const { base, clock, guard } = guardAt(unixMillis(5, 3_900), false);
  guard.listen();
  clock.offsetMillis = 60_000;
  await base.advance(3_900);
  expect(guard.maySign()).toBe(false);
  await base.advance(100);
  expect(guard.maySign()).toBe(true);
  clock.offsetMillis = -60_000;
  expect(guard.maySign()).toBe(false);
});

test('once the key was heard elsewhere nothing is signed any more, and the first reason stays', async () => {
  const { guard } = guardAt(unixMillis(0), true);
  guard.listen();
  guard.stop(new PlumblineError('own-key-elsewhere', 'first'));
  guard.stop(new PlumblineError('own-key-elsewhere', 'second'));
  expect(guard.maySign()).toBe(false);
  for (const check of [() => guard.checkNew(), () => guard.checkAlone()]) expect(check).toThrow('first');
  expect((await guard.ended).message).toBe('first');
});
