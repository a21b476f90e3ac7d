import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { agree, createReference, NTP_APART_MILLIS, NTP_KISS_MILLIS, STALE_MILLIS } from '../../platform/reference.ts';
import type { NtpAnswer } from '../../platform/sntp.ts';
import { manualClock } from '../node/probe/manual-clock.ts';
import { ntpServer } from './ntp-server.ts';

const at = (offsetMillis: number, radiusMillis = 10) => ({ offsetMillis, radiusMillis });
const SERVERS = [1, 2, 3].map((n) => ({ host: `192.0.2.${n}`, port: 123 }));

function world(says: (host: string) => NtpAnswer) {
  const clock = manualClock();
  let wall = 0;
  const host = { ...clock, now: () => clock.now() + wall };
  const asked: string[] = [];
  const ask = async ({ host: name }: { host: string }) => {
    asked.push(name);
    return says(name);
  };
  const reference = createReference(SERVERS, host, ask);
  const jump = (millis: number) => {
    wall += millis;
  };
  return { clock, reference, asked, jump };
}

describe('servers agree', () => {
  it.each([
    ['on what all say', [at(5), at(7), at(9)], 3, { offsetMillis: 7, radiusMillis: 8 }],
    ['without a liar', [at(5), at(7), at(9_000)], 3, { offsetMillis: 6, radiusMillis: 9 }],
    ['not when each says something else', [at(0), at(100), at(200)], 3, undefined],
    ['not by half of those asked', [at(0), at(1)], 4, undefined],
    ['not by one that answers of three', [at(0)], 3, undefined],
    ['by two that answer of three', [at(0), at(4)], 3, { offsetMillis: 2, radiusMillis: 8 }],
    ['whose intervals touch', [at(0), at(20), at(500)], 3, { offsetMillis: 10, radiusMillis: 0 }],
  ])('%s', (_what, offsets, asked, agreed) => {
    expect(agree(offsets, asked)).toEqual(agreed);
  });

  it('never beyond the reach of an honest one, while fewer than half lie', () => {
    const lie = fc.record({
      offsetMillis: fc.integer({ min: -500, max: 500 }),
      radiusMillis: fc.integer({ min: 0, max: 300 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(lie, { maxLength: 4 }),
        fc.integer(),
        (extra, lies, seed) => {
          // Honest intervals hold the true offset, which is 0 here.
          const honest = Array.from({ length: lies.length + extra }, (_, i) => at(((seed >> i) % 40) | 0, 40));
          const agreed = agree([...lies, ...honest], lies.length + honest.length);
          expect(agreed).toBeDefined();
          expect(Math.abs(agreed!.offsetMillis)).toBeLessThanOrEqual(80);
        },
      ),
    );
  });
});

describe('the reference', () => {
  it('asks real servers and believes two of three', async () => {
    await using a = await ntpServer({ aheadMillis: 800 });
    await using b = await ntpServer({ aheadMillis: 801 });
    await using liar = await ntpServer({ aheadMillis: -60_000 });
    const reference = createReference([a.server, liar.server, b.server], systemClock());
    expect(reference.offset()).toBeUndefined();
    await reference.refresh();
    const { offsetMillis, radiusMillis } = reference.offset()!;
    expect(Math.abs(offsetMillis - 800)).toBeLessThanOrEqual(radiusMillis + 1);
    await reference.refresh();
    expect([a, b, liar].map((one) => one.asked())).toEqual([1, 1, 1]);
  });

  it('sees a wall clock that jumps without asking, and less surely in time', async () => {
    const { clock, reference, asked, jump } = world(() => ({ kind: 'offset', ...at(3) }));
    await reference.refresh();
    expect(reference.offset()).toEqual({ offsetMillis: 3, radiusMillis: 10 });
    jump(-2_000);
    clock.jump(60_000);
    expect(reference.offset()).toEqual({ offsetMillis: 2_003, radiusMillis: 16 });
    expect(asked.length).toBe(3);
    clock.jump(STALE_MILLIS);
    expect(reference.offset()).toBeUndefined();
  });

  it('asks no more often than allowed, and a server that sends a kiss not for an hour', async () => {
    const { clock, reference, asked } = world((host) =>
      host === SERVERS[0]!.host ? { kind: 'kiss', code: 'RATE' } : { kind: 'offset', ...at(0) },
    );
    await reference.refresh();
    clock.jump(NTP_APART_MILLIS - 1);
    await reference.refresh();
    expect(asked.length).toBe(3);
    clock.jump(1);
    await reference.refresh();
    expect(asked.length).toBe(5);
    clock.jump(NTP_KISS_MILLIS);
    await reference.refresh();
    expect(asked.length).toBe(8);
    expect(reference.offset()).toEqual({ offsetMillis: 0, radiusMillis: 10 });
  });

  it('takes nothing from servers that were asked while the clock jumped', async () => {
    const { reference, jump } = world(() => {
      jump(40);
      return { kind: 'offset', ...at(0) };
    });
    await reference.refresh();
    expect(reference.offset()).toBeUndefined();
  });
});
