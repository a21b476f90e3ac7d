import { type Mutation, mutationsOf } from '../mutation.ts';

/** Contracts that act on kept values. */
export const ADAPTERS: readonly Mutation[] = [
  ...mutationsOf('adapters/AggregatorV3Adapter.sol', 'ConsumersTest', [
    {
      name: 'feed-answers-what-is-stale',
      find: 'metric, ageSecondsMax);\n        answer',
      replace: 'metric, type(uint64).max);\n        answer',
    },
    {
      name: 'feed-answers-the-other-statistic',
      find: 'statistic == STATISTIC_TAIL ? seen.tail : seen.median',
      replace: 'statistic == STATISTIC_TAIL ? seen.median : seen.tail',
    },
    {
      name: 'feed-started-when-it-ended',
      find: '(startedAt, updatedAt) = (seen.observedAt - windowSeconds, seen.observedAt);',
      replace: '(startedAt, updatedAt) = (seen.observedAt, seen.observedAt);',
    },
    {
      name: 'feed-updated-now',
      find: '(startedAt, updatedAt) = (seen.observedAt - windowSeconds, seen.observedAt);',
      replace: '(startedAt, updatedAt) = (seen.observedAt - windowSeconds, block.timestamp);',
    },
    {
      name: 'feed-counts-rounds-from-zero',
      find: 'roundId = uint80(seen.windowEnd / windowEpochs);',
      replace: 'roundId = uint80(seen.windowStart / windowEpochs);',
    },
    {
      name: 'feed-answers-any-round',
      find: 'if (roundId_ != roundId) revert RoundNotKept(roundId_, roundId);',
      replace: '',
    },
    {
      name: 'feed-counts-with-decimals',
      find: 'METRIC_HEAD_LAG_BLOCKS ? 0 : 6;',
      replace: 'METRIC_HEAD_LAG_BLOCKS ? 6 : 6;',
    },
    {
      name: 'feed-of-a-metric-that-is-not-there',
      find: '_requireWithin("metric", metric_, 0, METRICS - 1);',
      replace: '_requireWithin("metric", metric_, 0, METRICS);',
    },
    {
      name: 'feed-without-an-age',
      find: '_requireWithin("ageSecondsMax", ageSecondsMax_, 1, type(uint64).max);',
      replace: '',
      first: 'ConsumerEdgesTest',
    },
  ]),
  ...mutationsOf('adapters/GuardedReader.sol', 'ConsumersTest', [
    {
      name: 'reader-takes-the-same-again',
      find: 'if (next.observedAt <= seen) revert NotNewer(next.observedAt, seen);',
      replace: '',
    },
    {
      name: 'reader-takes-any-jump',
      find: 'taken = !_isFresh(_taken) || _isClose(next.value, _taken.value)',
      replace: 'taken = true || _isClose(next.value, _taken.value)',
    },
    {
      name: 'reader-never-starts-anew',
      find: 'taken = !_isFresh(_taken) ||',
      replace: 'taken = _taken.observedAt == 0 ||',
    },
    {
      name: 'reader-never-follows-a-change',
      find: '|| (_waiting.observedAt != 0 && _isClose(next.value, _waiting.value));',
      replace: ';',
    },
    {
      name: 'reader-follows-a-fall-to-nothing',
      find: '(_waiting.observedAt != 0 && _isClose(next.value, _waiting.value))',
      replace: '_isClose(next.value, _waiting.value)',
      first: 'ConsumerEdgesTest',
    },
    {
      name: 'reader-remembers-a-jump-that-passed',
      find: 'delete _waiting;',
      replace: '',
      first: 'ConsumerEdgesTest',
    },
    {
      name: 'reader-answers-what-is-stale',
      find: 'if (!_isFresh(_taken)) revert Stale(block.timestamp, _taken.observedAt, ageSecondsMax);',
      replace: '',
    },
    {
      name: 'reader-is-fresh-a-second-longer',
      find: 'block.timestamp <= uint256(reading.observedAt) + ageSecondsMax',
      replace: 'block.timestamp <= uint256(reading.observedAt) + ageSecondsMax + 1',
    },
    {
      name: 'reader-refuses-a-change-at-its-bound',
      find: 'return change * PPM <= uint256(other) * changePpmMax;',
      replace: 'return change * PPM < uint256(other) * changePpmMax;',
      first: 'ConsumerEdgesTest',
    },
    {
      name: 'reader-measures-change-by-the-new-value',
      find: 'return change * PPM <= uint256(other) * changePpmMax;',
      replace: 'return change * PPM <= uint256(value) * changePpmMax;',
      first: 'ConsumerEdgesTest',
    },
    {
      name: 'reader-reads-the-other-statistic',
      find: 'if (statistic == STATISTIC_TAIL) return',
      replace: 'if (statistic != STATISTIC_TAIL) return',
      first: 'ConsumerEdgesTest',
    },
  ]),
  ...mutationsOf('examples/FailoverRouter.sol', 'ConsumersTest', [
    {
      name: 'router-switches-on-a-miss',
      find: 'if (verdict != Settlement.Verdict.Breached || observedAt',
      replace: 'if (verdict == Settlement.Verdict.Met || observedAt',
    },
    { name: 'router-switches-on-an-old-breach', find: '|| observedAt <= switchedAt) revert', replace: ') revert' },
    {
      name: 'router-switches-to-what-is-unknown',
      find: 'if (verdict != Settlement.Verdict.Met) continue;',
      replace: 'if (verdict == Settlement.Verdict.Breached) continue;',
    },
    { name: 'router-does-not-note-the-switch', find: 'switchedAt = uint64(block.timestamp);', replace: '' },
    {
      name: 'router-trusts-a-missing-value',
      find: 'return (Settlement.Verdict.Unknown, 0);',
      replace: 'return (Settlement.Verdict.Met, 0);',
    },
    {
      name: 'router-reads-what-is-stale',
      find: 'objective.metric, ageSecondsMax)',
      replace: 'objective.metric, type(uint64).max)',
    },
    {
      name: 'router-breaks-on-unknown-first',
      find: 'if (breached) return (Settlement.Verdict.Breached, observedAt);\n        if (unknown)',
      replace: 'if (unknown)',
    },
    {
      name: 'router-of-one-service',
      find: 'if (services_.length < 2 || services_.length > SERVICES_MAX) {',
      replace: 'if (services_.length > SERVICES_MAX) {',
      first: 'ConsumerEdgesTest',
    },
    {
      name: 'router-reads-the-other-statistic',
      find: 'objective.statistic == Settlement.STATISTIC_TAIL\n',
      replace: 'objective.statistic != Settlement.STATISTIC_TAIL\n',
      first: 'ConsumerEdgesTest',
    },
    {
      name: 'router-dates-a-breach-by-another-window',
      find: 'if (first || (!breached && end < observedAt)) observedAt = end;',
      replace: 'if (first || end < observedAt) observedAt = end;',
      first: 'ConsumerEdgesTest',
    },
  ]),
  ...mutationsOf('libraries/Templates.sol', 'TemplatesTest', [
    {
      name: 'template-of-another-latency',
      find: 'CRITICAL_P99_MICROS = 400_000;',
      replace: 'CRITICAL_P99_MICROS = 800_000;',
    },
    {
      name: 'template-without-throughput',
      find: 'bool hasRate = targetRatePerSecond > 0;',
      replace: 'bool hasRate = targetRatePerSecond > 1000;',
    },
  ]),
];
