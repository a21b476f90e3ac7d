/** The twelve statistics of a leaf, in the order of its words. */
export const METRIC = {
  availabilityPpm: 0,
  latencyP50Micros: 1,
  latencyP90Micros: 2,
  latencyP95Micros: 3,
  latencyP99Micros: 4,
  latencyP999Micros: 5,
  finalityP50Micros: 6,
  finalityP99Micros: 7,
  throughputPpm: 8,
  headLagBlocks: 9,
  correctnessPpm: 10,
  minRttMicros: 11,
} as const;

export const METRIC_COUNT = 12;

const HIGHER_IS_BETTER: ReadonlySet<number> = new Set([
  METRIC.availabilityPpm,
  METRIC.throughputPpm,
  METRIC.correctnessPpm,
]);

export function higherIsBetter(metric: number): boolean {
  return HIGHER_IS_BETTER.has(metric);
}
