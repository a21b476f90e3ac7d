import { expect, test } from 'vitest';
import { OUTCOME } from '../../../protocol/sample.ts';
import { blame } from '../../../scripts/bench/blame/run.ts';

/** An hour: one settlement window of every service. The long run is `npm run bench:blame`. */
const SMALL = { epochs: 62, seed: 3, watchers: 7, up: 5, failing: 2 };

test('in an hour of sick watchers nobody who was up is blamed, and outages are reported; without controls answers of theirs would be called bad', async () => {
  const found = await blame(SMALL);
  expect(found.sickShare).toBeGreaterThan(0.01);
  expect(found.stalls).toBeGreaterThan(100);
  expect(found.reports).toBeGreaterThan(59);
  expect(found.serviceEpochs).toBeGreaterThan(5 * 58);
  expect(found.blamed).toEqual({ median: 0, tail: 0 });
  expect(found.outages).toBe(3);
  expect(found.reported).toEqual({ median: found.outages, tail: found.outages });

  const naive = await blame({ ...SMALL, controls: false });
  expect(naive.samples[OUTCOME.bad]).toBeGreaterThan(3 * found.samples[OUTCOME.bad]!);
});
