import { describe, expect, it } from 'vitest';
import { createCorrelation, NEIGHBOUR_MILLIS, SUCCESSES_MIN, WITNESSES_ENOUGH } from '../../../node/probe/correlate.ts';
import { blankResult } from '../../../node/probe/result.ts';
import { addressBytes } from '../../../platform/address.ts';
import { REASON } from '../../../protocol/reason.ts';
import { OUTCOME } from '../../../protocol/sample.ts';
import { manualClock } from './manual-clock.ts';
import { targetAt } from './target-fixture.ts';

type Who = { provider: number; network?: number; service?: string };

/** Probes whose beginning, end and outcome the test chooses. */
function world() {
  const clock = manualClock();
  const correlation = createCorrelation(clock);
  const begin = ({ provider, network = provider, service = `${provider}` }: Who) => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const result = { ...blankResult(REASON.ok, ''), address: addressBytes(`10.${network}.0.1`)! };
    const target = targetAt('http://a.example/', { serviceId: service, provider: `0x${provider}` });
    const probe = promise.then((up) => ({ ...result, reason: up ? REASON.ok : REASON.timeout }));
    const watched = correlation.watch(target, probe, ({ reason }) =>
      reason === REASON.ok ? OUTCOME.good : OUTCOME.bad,
    );
    return {
      end: async (up: boolean) => {
        resolve(up);
        return watched;
      },
    };
  };
  const probe = (who: Who, up: boolean) => begin(who).end(up);
  /** So many providers that have answered reliably, and then all be quiet for a minute. */
  const reliable = async (count: number, times = SUCCESSES_MIN) => {
    for (let i = 0; i < times; i++) {
      for (let provider = 0; provider < count; provider++) await probe({ provider }, true);
      await clock.advance(60_000);
    }
  };
  /** Everybody probed within a second, in this order; what becomes of the first once the neighbours are known. */
  const first = async (ups: readonly boolean[]) => {
    const all = [];
    for (const [provider, up] of ups.entries()) {
      all.push(await probe({ provider }, up));
      await clock.advance(50);
    }
    const shared = all[0]!.isShared();
    await clock.advance(NEIGHBOUR_MILLIS);
    return shared;
  };
  return { clock, correlation, begin, probe, reliable, first };
}

describe('failures of unrelated providers at the same time', () => {
  it.each([
    // One of four, two of four, three of four.
    [[false, true, true, true], false],
    [[false, false, true, true], false],
    [[false, false, false, true], true],
    // Fewer than four unrelated providers say nothing.
    [[false, false, false], false],
    [[false, false, false, false, true, true, true, true, true], false],
    [[false, false, false, false, false, false, true, true, true], true],
  ])('%j shared: %s', async (ups, shared) => {
    const { reliable, first } = world();
    await reliable(ups.length);
    expect(await first(ups)).toBe(shared);
  });

  it('say nothing where the others were never reliable', async () => {
    const { reliable, first } = world();
    await reliable(6, SUCCESSES_MIN - 1);
    expect(await first([false, false, false, false, false, false])).toBe(false);
  });

  it('cost a blamed service its voice, and an excused one not', async () => {
    const { clock, reliable, first, probe } = world();
    await reliable(6);
    // Excused twice in a row: the standing of all of them stays.
    expect(await first(new Array(6).fill(false))).toBe(true);
    expect(await first(new Array(6).fill(false))).toBe(true);
    // Three go down one after another and are blamed; when the others fail with them, they do not speak.
    for (const provider of [1, 2, 3]) {
      await clock.advance(60_000);
      for (const other of [0, 4, 5]) await probe({ provider: other }, true);
      const { isShared } = await probe({ provider }, false);
      const verdict = isShared();
      await clock.advance(NEIGHBOUR_MILLIS);
      expect(await verdict).toBe(false);
    }
    await clock.advance(60_000);
    expect(await first([false, false, false, false, false, true])).toBe(false);
  });

  it('come from one provider or one network as from one', async () => {
    const { clock, probe } = world();
    const friends = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => ({ provider: 100, network: 50 + i, service: `own ${i}` }));
    const neighbours = [1, 2, 3, 4, 5].map((i) => ({ provider: 200 + i, network: 99 }));
    const others = [1, 2, 3].map((provider) => ({ provider }));
    for (let i = 0; i < SUCCESSES_MIN; i++)
      for (const who of [...friends, ...neighbours, ...others]) await probe(who, true);
    await clock.advance(60_000);
    const { isShared } = await probe(friends[0]!, false);
    for (const who of [...friends, ...neighbours]) await probe(who, false);
    for (const who of others) await probe(who, true);
    const verdict = isShared();
    await clock.advance(NEIGHBOUR_MILLIS);
    expect(await verdict).toBe(false);
  });

  it('are not outvoted by how often a provider is probed', async () => {
    const { clock, reliable, probe } = world();
    await reliable(21);
    // Six collude, and each is probed ten times a second; the others once in two seconds.
    const all = [];
    for (let tick = 0; tick < 60; tick++) {
      for (let provider = 0; provider < 6; provider++) all.push(await probe({ provider }, false));
      if (tick % 20 === 0) for (let provider = 6; provider < 21; provider++) await probe({ provider }, true);
      await clock.advance(100);
    }
    const verdict = all[180]!.isShared();
    await clock.advance(NEIGHBOUR_MILLIS);
    expect(await verdict).toBe(false);
  });

  it('count from the nearest ones only', async () => {
    const { clock, reliable, probe } = world();
    await reliable(2 * WITNESSES_ENOUGH + 1);
    // A short outage of ours: who is probed within it fails, who is probed five seconds later does not.
    const { isShared } = await probe({ provider: 0 }, false);
    for (let provider = 1; provider <= WITNESSES_ENOUGH; provider++) {
      await clock.advance(100);
      await probe({ provider }, false);
    }
    await clock.advance(4_000);
    for (let provider = WITNESSES_ENOUGH + 1; provider <= 2 * WITNESSES_ENOUGH; provider++)
      await probe({ provider }, true);
    const verdict = isShared();
    await clock.advance(NEIGHBOUR_MILLIS);
    expect(await verdict).toBe(true);
  });

  it('are waited for while their probes run, until the epoch ends', async () => {
    const { clock, correlation, begin, reliable, probe } = world();
    await reliable(4);
    const late = [1, 2].map((provider) => begin({ provider }));
    await probe({ provider: 3 }, true);
    const failed = await probe({ provider: 0 }, false);
    let verdict: boolean | undefined;
    const asked = failed.isShared().then((shared) => {
      verdict = shared;
    });
    await clock.advance(3 * NEIGHBOUR_MILLIS);
    expect(verdict).toBeUndefined();
    for (const one of late) await one.end(false);
    await asked;
    expect(verdict).toBe(true);

    await clock.advance(60_000);
    const never = [1, 2, 3].map((provider) => begin({ provider }));
    const last = await probe({ provider: 0 }, false);
    const cut = last.isShared();
    await clock.advance(10);
    correlation.settle();
    expect(await cut).toBe(false);
    // What began before the epoch's end and fails after it does not wait any more either.
    expect(await (await never[0]!.end(false)).isShared()).toBe(false);
  });
});
