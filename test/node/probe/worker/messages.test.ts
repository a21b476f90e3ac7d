import { describe, expect, it } from 'vitest';
import type { Slot } from '../../../../node/probe/engine.ts';
import {
  decodeSamples,
  encodeSamples,
  parseReport,
  TEXT_CHARACTERS_MAX,
} from '../../../../node/probe/worker/messages.ts';
import { boundedWarnings } from '../../../../node/probe/worker/warnings.ts';
import { REASON } from '../../../../protocol/reason.ts';
import { emptySample, OUTCOME } from '../../../../protocol/sample.ts';
import { manualClock } from '../manual-clock.ts';
import { targetAt } from '../target-fixture.ts';

const slot = (service: number, index: number): Slot => {
  return { service, slot: index, atUnixMillis: 0, target: targetAt('http://a.example/') };
};
const sample = (service: number, index: number) => emptySample(service, index, OUTCOME.bad, REASON.timeout);

describe('messages between the threads', () => {
  it('carry samples without loss', () => {
    const samples = [sample(1, 0), { ...sample(2, 7), totalMicros: 5, bodyDigest: new Uint8Array(32).fill(9) }];
    expect(decodeSamples(encodeSamples(samples), [slot(1, 0), slot(2, 7)])).toEqual(samples);
  });

  it.each([
    ['too few', [sample(1, 0)]],
    ['too many', [sample(1, 0), sample(1, 1), sample(1, 2)]],
    ['of another slot', [sample(1, 0), sample(1, 2)]],
    ['of another service', [sample(1, 0), sample(2, 1)]],
  ])('with samples %s are refused', (_, samples) => {
    expect(() => decodeSamples(encodeSamples(samples), [slot(1, 0), slot(1, 1)])).toThrow();
  });

  it.each([
    undefined,
    { type: 'done', id: 1 },
    { type: 'consented', id: -1 },
    { type: 'ready', more: 1 },
    { type: 'selfTest', errorMicros: 1.5, p99Micros: 0 },
    { type: 'warn', fields: {}, message: 'x'.repeat(TEXT_CHARACTERS_MAX + 1) },
  ])('that are none are refused: %j', (message) => {
    expect(() => parseReport(message)).toThrowError(expect.objectContaining({ code: 'probe-worker' }));
  });
});

describe('warnings of the thread', () => {
  it('are short texts that the other side accepts, and few', async () => {
    const clock = manualClock();
    const handed: { fields: Record<string, string>; message: string }[] = [];
    const log = boundedWarnings(clock, (fields, message) => handed.push({ fields, message }));
    log.warn({ chain: 5n, deep: { a: [1] }, long: 'x'.repeat(9_999) }, 'odd');
    expect(parseReport({ type: 'warn', ...handed[0]! })).toMatchObject({ fields: { chain: '"5"', deep: '{"a":[1]}' } });
    for (let i = 0; i < 1_000; i++) log.warn({}, 'again');
    expect(handed.length).toBe(120);
    clock.jump(60_000);
    log.warn({}, 'later');
    expect(handed.at(-1)).toEqual({ fields: { suppressed: '881' }, message: 'later' });
  });
});
