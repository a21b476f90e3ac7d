import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createEgressPolicy } from '../../../../node/probe/egress.ts';
import {
  SELF_TEST_TIMEOUT_MILLIS,
  SELF_TESTS_MAX,
  selfTestMicros,
  startSelfTest,
  startSelfTestTarget,
} from '../../../../node/probe/worker/self-test.ts';
import { systemClock } from '../../../../platform/clock.ts';
import { ABSENT_MICROS } from '../../../../protocol/sample.ts';
import { serve, toolsFor } from '../raw-server.ts';

const at = (port: number) => ({ address: '127.0.0.1', port });
const CENSORED = SELF_TEST_TIMEOUT_MILLIS * 1_000;

describe('the self-test', () => {
  it('measures its known delay under a policy that lets services nowhere near it', async () => {
    const ended = Promise.withResolvers<string>();
    const target = await startSelfTestTarget(ended.resolve);
    const tools = { ...toolsFor(), egress: createEgressPolicy({ allowLoopback: false }) };
    const errors: number[] = [];
    for (let i = 0; i < 6; i++) errors.push(await selfTestMicros(tools, target.place));
    await target.end();
    // Delays are 0, 5 and 20 ms: an error of all of them would be 20 ms at least twice.
    expect(errors.filter((micros) => micros < 20_000).length).toBeGreaterThanOrEqual(3);
    expect(await ended.promise).toContain('ended');
    expect(await selfTestMicros(tools, target.place)).toBe(CENSORED);
  });

  it('finds an error that is there: a target that claims to have waited 50 ms longer', async () => {
    await using server = await serve(createServer((_, response) => response.end('50000')));
    const micros = await selfTestMicros(toolsFor(), at(server.port));
    expect(micros).toBeGreaterThan(10_000);
    expect(micros).toBeLessThanOrEqual(50_000);
  });

  it.each(['', 'soon', '-5', '99999999'])(
    'takes an answer that is no time (%j) for a failure, and keeps it',
    async (said) => {
      await using server = await serve(createServer((_, response) => response.end(said)));
      expect(await selfTestMicros(toolsFor(), at(server.port))).toBe(CENSORED);
    },
  );

  it('has no p99 before the first test, and keeps no more than the last ones', async () => {
    let waited = 0;
    await using server = await serve(createServer((_, response) => response.end(String(waited))));
    const real = systemClock();
    // The pauses between tests pass at once.
    const clock = { ...real, after: (millis: number, fn: () => void) => real.after(millis === 2_000 ? 0 : millis, fn) };
    const done = Promise.withResolvers<void>();
    let count = 0;
    waited = 9_000_000;
    const test = startSelfTest({ ...toolsFor(), clock }, at(server.port), () => {
      count += 1;
      if (count === 1) waited = 0;
      if (count === SELF_TESTS_MAX + 1) done.resolve();
    });
    expect(test.p99Micros()).toBe(ABSENT_MICROS);
    await done.promise;
    test.stop();
    // The first, nine seconds off, has left the ring.
    expect(test.p99Micros()).toBeLessThan(8_000_000);
  });
});
