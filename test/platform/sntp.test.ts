import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { askNtp, type NtpAnswer, readAnswer } from '../../platform/sntp.ts';
import { answerTo, type NtpSays, ntpServer, stamp } from './ntp-server.ts';

const ask = async (says: NtpSays): Promise<NtpAnswer> => {
  await using ntp = await ntpServer(says);
  return await askNtp(ntp.server, systemClock());
};

describe('a question to an NTP server', () => {
  it.each([0, 700, -86_400_000])('tells by how much it is ahead: %i ms', async (aheadMillis) => {
    const answer = await ask({ aheadMillis });
    expect(answer).toMatchObject({ kind: 'offset' });
    if (answer.kind !== 'offset') return;
    // The server reads the same clock as the test: what is between is within the radius.
    expect(Math.abs(answer.offsetMillis - aheadMillis)).toBeLessThanOrEqual(answer.radiusMillis);
  });

  it.each<[string, NtpSays, RegExp]>([
    ['a clock that is not synchronised', { leap: 3 }, /not synchronised/],
    ['stratum 16', { stratum: 16 }, /stratum 16/],
    ['a client instead of a server', { mode: 3 }, /mode 3/],
    ['a broadcast', { mode: 5 }, /mode 5/],
    ['a root delay of 4 s', { rootDelayMillis: 4_000 }, /from its reference/],
    ['a root dispersion of 2 s', { rootDispersionMillis: 2_000 }, /from its reference/],
    ['no receive time', { bend: (packet) => [packet.fill(0, 32, 40)] }, /no time/],
    ['no transmit time', { bend: (packet) => [packet.fill(0, 40, 48)] }, /no time/],
    ['a transmit time before the receive time', { bend: late(-5) }, /longer to answer/],
    ['a receive time long before the transmit time', { bend: late(5_000) }, /longer to answer/],
  ])('refuses %s', async (_what, says, detail) => {
    expect(await ask(says)).toMatchObject({ kind: 'failed', detail: expect.stringMatching(detail) });
  });

  it('hears a kiss', async () => {
    expect(await ask({ stratum: 0, code: 'RATE' })).toEqual({ kind: 'kiss', code: 'RATE' });
    expect(await ask({ stratum: 0, code: '\u001b[2J' })).toEqual({ kind: 'kiss', code: '??2J' });
  });

  it('goes on waiting past packets that answer nothing of ours', async () => {
    const answer = await ask({
      aheadMillis: 700,
      bend: (packet, question) => {
        const guessed = answerTo(question, {}, Date.now() + 9_000);
        guessed.set(randomBytes(8), 24);
        return [Buffer.alloc(0), packet.subarray(0, 47), guessed, question, packet];
      },
    });
    expect(answer).toMatchObject({ kind: 'offset', offsetMillis: expect.closeTo(700, -2) });
  });

  it('takes nothing from another address', async () => {
    await using elsewhere = await ntpServer({ aheadMillis: 9_000 });
    const clock = systemClock();
    // Asked at a port where nobody answers; the other one's answer cannot even reach the socket.
    const closed = await ntpServer();
    await closed[Symbol.asyncDispose]();
    expect(await askNtp(closed.server, clock)).toMatchObject({ kind: 'failed' });
    expect(elsewhere.asked()).toBe(0);
  });

  it('ends when nobody answers, and for a name that does not exist', async () => {
    expect(await ask({ bend: () => [] })).toEqual({ kind: 'failed', detail: 'no answer' });
    expect(await askNtp({ host: 'ntp.invalid', port: 123 }, systemClock())).toMatchObject({ kind: 'failed' });
  });

  it('reads times of era 1, which begins in 2036', () => {
    const [cookie, sentMillis] = [Buffer.alloc(8, 7), Date.UTC(2040, 0, 1)];
    const question = Buffer.alloc(48);
    question.set(cookie, 40);
    const answer = readAnswer(answerTo(question, {}, sentMillis + 300), cookie, sentMillis, 2);
    expect(answer).toMatchObject({ kind: 'offset', offsetMillis: expect.closeTo(299, 0) });
  });

  it('reads any bytes without a throw, and never a number that is none', () => {
    const cookie = Buffer.alloc(8, 7);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 96 }), fc.boolean(), (random, echoes) => {
        const bytes = Buffer.from(random);
        if (echoes && bytes.length >= 32) bytes.set(cookie, 24);
        const answer = readAnswer(bytes, cookie, 1_800_000_000_000, 20);
        if (answer?.kind !== 'offset') return;
        expect(Number.isFinite(answer.offsetMillis)).toBe(true);
        expect(answer.radiusMillis).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Both times of the server, so far apart. */
function late(millis: number): NonNullable<NtpSays['bend']> {
  return (packet) => {
    stamp(packet, 32, Date.now());
    stamp(packet, 40, Date.now() + millis);
    return [packet];
  };
}
