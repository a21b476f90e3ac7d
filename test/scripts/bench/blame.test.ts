import { expect, test } from 'vitest';
import { OUTCOME } from '../../../protocol/sample.ts';
import { blame } from '../../../scripts/bench/blame/run.ts';

/** An hour and a bit: one settlement window of every service. The long run is `npm run bench:blame`. */
const SMALL = { epochs: 66, seed: 14, watchers: 5, up: 4, failing: 2 };

test('in an hour of sick watchers nobody who was up is blamed, and outages are reported; without controls it would not be so', async () => {
  const found = await blame(SMALL);
  expect(found.sickShare).toBeGreaterThan(0.02);
  expect(found.stalls).toBeGreaterThan(50);
  expect(found.reports).toBeGreaterThan(60);
  expect(found.serviceEpochs).toBeGreaterThan(4 * 50);
  expect(found.blamed).toEqual({ median: 0, tail: 0 });
  expect(found.outages).toBeGreaterThan(0);
  expect(found.reported).toEqual({ median: found.outages, tail: found.outages });

  const naive = await blame({ ...SMALL, controls: false });
  expect(naive.samples[OUTCOME.bad]).toBeGreaterThan(4 * (found.samples[OUTCOME.bad]! + 1));
});
