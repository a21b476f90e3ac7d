/** How well the prober itself was while an epoch's slots ran; stands in the batch under the same names. */
export type Vitals = {
  /** The longest time, and all the time, that its event loop stood still. */
  readonly stallMaxMicros: number;
  readonly stallTotalMicros: number;
  /** Its own error against a known delay, p99; ABSENT_MICROS before the first self-test. */
  readonly selfTestP99Micros: number;
  /** Answers and failures of its controls since the run before. */
  readonly controlsGood: number;
  readonly controlsBad: number;
};
