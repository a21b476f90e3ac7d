import type { ConsentBook } from '../../../node/probe/consent.ts';
import type { Prober } from '../../../node/probe/engine.ts';
import type { Clock } from '../../../platform/clock.ts';
import { REASON } from '../../../protocol/reason.ts';
import { emptySample, OUTCOME, type Sample } from '../../../protocol/sample.ts';
import { drawBelow } from './random.ts';

/** What a watcher sees in one slot; `totalMicros` undefined is a time-out. */
export type Sight = (service: number, slot: number, epochStartMillis: number) => number | undefined;

/** Every service answers every watcher in 20 to 30 ms. */
export function honestSight(seed: number, watcher: number): Sight {
  return (service, slot, start) => 20_000 + drawBelow(10_000, seed, 'total', watcher, start, service, slot);
}

/** Answers at the epoch's end with what `sight` says of every slot. */
export function fakeProber(clock: Clock, sight: () => Sight): Prober {
  return {
    run: (slots, epoch) =>
      new Promise<Sample[]>((resolve) => {
        const answer = () =>
          resolve(
            slots.map(({ service, slot, atUnixMillis }) => {
              const totalMicros = sight()(service, slot, epoch.startUnixMillis);
              const startMicros = Math.ceil((atUnixMillis - epoch.startUnixMillis) * 1000);
              const good = totalMicros !== undefined;
              const sample = good
                ? emptySample(service, slot, OUTCOME.good, REASON.ok)
                : emptySample(service, slot, OUTCOME.bad, REASON.timeout);
              const connectMicros = Math.min(5_000, totalMicros ?? 0);
              return good
                ? { ...sample, startMicros, connectMicros, totalMicros, statusCode: 200 }
                : { ...sample, startMicros, totalMicros: 1_000_000 };
            }),
          );
        const timer = clock.after(epoch.endUnixMillis - clock.now(), answer);
        epoch.signal?.addEventListener('abort', () => {
          timer.cancel();
          answer();
        });
      }),
  };
}

/** Every provider has agreed. */
export const openConsent: ConsentBook = { state: () => 'granted', refreshAll: async () => {} };
