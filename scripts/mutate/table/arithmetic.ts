import { type Mutation, mutationsOf } from '../mutation.ts';

/** The settlement rule and the bounds of terms. */
export const ARITHMETIC: readonly Mutation[] = [
  ...mutationsOf('libraries/Settlement.sol', 'SettlementTest', [
    {
      name: 'breached-at-the-threshold-from-below',
      find: 'if (upper < objective.threshold) return',
      replace: 'if (upper <= objective.threshold) return',
    },
    {
      name: 'breached-at-the-threshold-from-above',
      find: 'if (lower > objective.threshold) return',
      replace: 'if (lower >= objective.threshold) return',
    },
    {
      name: 'missed-at-the-threshold-from-below',
      find: 'value >= objective.threshold ?',
      replace: 'value > objective.threshold ?',
    },
    {
      name: 'missed-at-the-threshold-from-above',
      find: 'value <= objective.threshold ?',
      replace: 'value < objective.threshold ?',
    },
    {
      name: 'breached-on-the-value',
      find: 'if (upper < objective.threshold) return',
      replace: 'if (value < objective.threshold) return',
    },
    {
      name: 'breached-on-the-unfavourable-bound',
      find: 'if (lower > objective.threshold) return',
      replace: 'if (upper > objective.threshold) return',
    },
    {
      name: 'judged-on-crossed-bounds',
      find: 'if (lower > value || value > upper) return Verdict.Unknown;',
      replace: '',
    },
    {
      name: 'judged-on-an-absent-value',
      find: 'if (stat >> 248 != STATUS_PRESENT) return Verdict.Unknown;',
      replace: '',
    },
    {
      name: 'judged-on-the-other-statistic',
      find: 'objective.statistic == STATISTIC_TAIL ? 88 : 208',
      replace: 'objective.statistic == STATISTIC_TAIL ? 208 : 88',
    },
    {
      name: 'judged-on-bounds-swapped',
      find: 'uint40 lower = uint40(stat >> (shift - 40));',
      replace: 'uint40 lower = uint40(stat >> (shift - 80));',
    },
    { name: 'judged-although-inconclusive', find: 'if (!leaf.conclusive) return Outcome.Inconclusive;', replace: '' },
    {
      name: 'unknown-before-breached',
      find: 'if (verdict == Verdict.Unknown) unknown = true;',
      replace: 'if (verdict == Verdict.Unknown) return Outcome.Inconclusive;',
    },
    { name: 'unknown-is-met', find: 'if (unknown) return Outcome.Inconclusive;', replace: '' },
    { name: 'missed-is-met', find: 'if (verdict == Verdict.Missed) missed = true;', replace: '' },
    {
      name: 'last-objective-is-not-judged',
      find: 'for (uint256 i = 0; i < objectives.length; ++i) {',
      replace: 'for (uint256 i = 0; i + 1 < objectives.length; ++i) {',
    },
    {
      name: 'credit-rounded-up',
      find: 'uint128(uint256(price) * terms.creditPpm / PPM)',
      replace: 'uint128((uint256(price) * terms.creditPpm + PPM - 1) / PPM)',
      first: 'SettlementVectorsTest',
    },
    {
      name: 'credit-to-the-provider',
      find: 'return (price - creditDown, creditDown, 0);',
      replace: 'return (creditDown, price - creditDown, 0);',
    },
    {
      name: 'slash-beyond-the-bond',
      find: 'terms.slashPerPeriod < bondLeft ? terms.slashPerPeriod : bondLeft',
      replace: 'terms.slashPerPeriod',
    },
    {
      name: 'slash-of-the-whole-bond',
      find: 'terms.slashPerPeriod < bondLeft ? terms.slashPerPeriod : bondLeft',
      replace: 'bondLeft',
    },
    {
      name: 'abandoned-is-not-slashed',
      find: 'if (outcome == Outcome.Breached || outcome == Outcome.Abandoned) {',
      replace: 'if (outcome == Outcome.Breached) {',
    },
    { name: 'breached-and-paid', find: 'return (0, price, terms', replace: 'return (price, 0, terms' },
    { name: 'inconclusive-and-paid', find: 'return (0, price, 0);', replace: 'return (price, 0, 0);' },
  ]),
  ...mutationsOf('libraries/TermsBounds.sol', 'SlaVaultTest', [
    {
      name: 'slash-per-period-beyond-the-bond',
      find: 'requireWithin("slashPerPeriod", t.slashPerPeriod, 0, t.bond);',
      replace: '',
    },
    {
      name: 'credit-of-more-than-the-price',
      find: 'requireWithin("creditPpm", t.creditPpm, 0, Settlement.PPM);',
      replace: '',
    },
    {
      name: 'no-objective',
      find: 'requireWithin("objectives", t.objectives.length, 1, OBJECTIVES_MAX);',
      replace: 'requireWithin("objectives", t.objectives.length, 0, OBJECTIVES_MAX);',
    },
    { name: 'five-objectives', find: 'OBJECTIVES_MAX = 4;', replace: 'OBJECTIVES_MAX = 5;' },
    {
      name: 'no-period',
      find: 'requireWithin("periods", t.periods, 1, PERIODS_MAX);',
      replace: 'requireWithin("periods", t.periods, 0, PERIODS_MAX);',
    },
    {
      name: 'settle-delay-of-any-length',
      find: 'requireWithin("settleDelayEpochs", t.settleDelayEpochs, 0, settleDelayEpochsMax);',
      replace: '',
    },
    {
      name: 'no-void-in-a-row',
      find: 'requireWithin("voidsInRowMax", t.voidsInRowMax, 1, Outcomes.VOIDS_IN_ROW_MAX);',
      replace: '',
    },
    {
      name: 'no-notice',
      find: 'requireWithin("noticeWindows", t.noticeWindows, 1, PERIODS_MAX);',
      replace: 'requireWithin("noticeWindows", t.noticeWindows, 0, PERIODS_MAX);',
    },
    { name: 'thirteenth-metric', find: 'Settlement.METRICS - 1);', replace: 'Settlement.METRICS);' },
    {
      name: 'third-statistic',
      find: 'requireWithin("statistic", objective.statistic, 0, Settlement.STATISTIC_TAIL);',
      replace: '',
    },
    {
      name: 'third-comparator',
      find: 'requireWithin("comparator", objective.comparator, 0, Settlement.COMPARATOR_AT_MOST);',
      replace: '',
    },
    {
      name: 'epoch-leaf-settles-money',
      find: 'if (t.windowEpochs < 2) revert ISlaVault.UnknownWindow(t.windowEpochs);',
      replace: '',
    },
    {
      name: 'window-that-is-not-measured',
      find: 'if (windows[i] == t.windowEpochs) return;',
      replace: 'if (windows[i] <= t.windowEpochs) return;',
    },
  ]),
];
