import { describe, expect, it } from 'vitest';
import { higherIsBetter, METRIC, METRIC_COUNT } from '../../protocol/metric.ts';

describe('the metrics', () => {
  it('are the twelve words of a leaf, numbered without a gap', () => {
    expect(Object.values(METRIC)).toEqual(Array.from({ length: METRIC_COUNT }, (_, i) => i));
  });

  it('say which way is better', () => {
    const better = Object.entries(METRIC).filter(([, metric]) => higherIsBetter(metric));
    expect(better.map(([name]) => name)).toEqual(['availabilityPpm', 'throughputPpm', 'correctnessPpm']);
  });
});
