import { type Mutation, mutationsOf } from '../mutation.ts';

/** How periods end: when, on which leaf, and for whom. */
export const PERIODS: readonly Mutation[] = [
  ...mutationsOf('SlaVault.sol', 'VaultSettlementTest', [
    {
      name: 'settled-twice',
      find: 'if (ended != Outcome.None) revert PeriodAlreadySettled(id, period, ended);',
      replace: '',
    },
    { name: 'settlement-is-not-marked', find: '_outcomes[id].set(period, result);', replace: '' },
    { name: 'settlement-is-not-counted', find: 'record.periodsDone += 1;', replace: '' },
    {
      name: 'period-after-the-last',
      find: 'if (period >= periods) revert UnknownPeriod(period, periods);',
      replace: 'if (period > periods) revert UnknownPeriod(period, periods);',
    },
    { name: 'settled-on-an-unproven-leaf', find: 'oracle.verifyLeaf(leaf, reportEpoch, proof);', replace: '' },
    {
      name: 'settled-on-the-leaf-of-another-service',
      find: 'if (leaf.serviceId != agreed.serviceId) revert LeafOfAnotherService(leaf.serviceId, agreed.serviceId);',
      replace: '',
    },
    {
      name: 'settled-on-the-leaf-of-another-window',
      find: 'if (leaf.windowStart != windowStart || leaf.windowEpochs != agreed.windowEpochs) {',
      replace: 'if (leaf.windowEpochs != agreed.windowEpochs) {',
    },
    {
      name: 'settled-on-the-leaf-of-a-longer-window',
      find: 'if (leaf.windowStart != windowStart || leaf.windowEpochs != agreed.windowEpochs) {',
      replace: 'if (leaf.windowStart != windowStart) {',
    },
    {
      name: 'settled-on-the-leaf-of-another-vantage',
      find: 'if (leaf.vantage != agreed.vantage) revert LeafOfAnotherVantage(leaf.vantage, agreed.vantage);',
      replace: '',
    },
    {
      name: 'settled-by-a-report-within-the-window',
      find: 'if (reportEpoch < windowEnd - 1) revert',
      replace: 'if (reportEpoch + 1 < windowEnd - 1) revert',
    },
    {
      name: 'settled-when-expired',
      find: 'if (epoch >= windowEnd + expiryEpochs) revert',
      replace: 'if (epoch > windowEnd + expiryEpochs) revert',
    },
    {
      name: 'settled-an-epoch-early',
      find: 'uint256 settleableFrom = uint256(reportEpoch) + 1 + agreed.settleDelayEpochs;',
      replace: 'uint256 settleableFrom = uint256(reportEpoch) + agreed.settleDelayEpochs;',
    },
    {
      name: 'expired-an-epoch-early',
      find: 'if (epoch < expiresAt) revert',
      replace: 'if (epoch + 1 < expiresAt) revert',
    },
    {
      name: 'expired-although-abandoned',
      find: 'abandoned ? Outcome.Abandoned : Outcome.Expired',
      replace: 'Outcome.Expired',
    },
    {
      name: 'abandoned-although-measured',
      find: 'if (!leaf.conclusive && _retiredBefore(',
      replace: 'if (_retiredBefore(',
    },
    {
      name: 'abandoned-after-the-window',
      find: '.retiredFrom < windowEnd;',
      replace: '.retiredFrom <= windowEnd;',
      first: 'PeriodEdgesTest',
    },
    {
      name: 'settled-before-anybody-accepted',
      find: 'if (record.status != expected) revert',
      replace: 'if (record.status == AgreementStatus.None) revert',
      first: 'VaultSettlementTest',
    },
    {
      name: 'price-to-the-customer',
      find: '_owe(agreed.token, record.provider, e.paid);',
      replace: '_owe(agreed.token, record.customer, e.paid);',
    },
    {
      name: 'refund-to-the-provider',
      find: '_owe(agreed.token, record.customer, uint256(e.returned) + e.slashed);',
      replace: '_owe(agreed.token, record.provider, uint256(e.returned) + e.slashed);',
    },
    { name: 'slashed-bond-vanishes', find: 'uint256(e.returned) + e.slashed', replace: 'uint256(e.returned)' },
    { name: 'slashed-bond-stays', find: 'if (e.slashed > 0) record.bondLeft -= e.slashed;', replace: '' },
    {
      name: 'bond-to-the-customer',
      find: '_owe(token, record.provider, bondReturned);',
      replace: '_owe(token, msg.sender, bondReturned);',
    },
    {
      name: 'closed-with-a-period-open',
      find: 'if (record.periodsDone < record.periods) return;',
      replace: 'if (record.periodsDone + 1 < record.periods) return;',
    },
    { name: 'never-closed', find: '_closeIfDone(id, record, agreed.token);', replace: '' },
    {
      name: 'abandoned-slashes-nothing',
      find: 'return result == Outcome.Breached || result == Outcome.Abandoned ? record.bondLeft : 0;',
      replace: 'return result == Outcome.Breached ? record.bondLeft : 0;',
    },
    {
      name: 'preview-of-a-period-that-is-not-there',
      find: 'if (period >= record.periods) revert UnknownPeriod(period, record.periods);',
      replace: '',
    },
    {
      name: 'first-word-of-outcomes-is-not-paid-for',
      find: '_outcomes[id].open();',
      replace: '',
    },
  ]),
  ...mutationsOf('libraries/Outcomes.sol', 'VaultLifeTest', [
    {
      name: 'abandoned-is-void',
      find: 'outcome == Outcome.Inconclusive || outcome == Outcome.Expired;',
      replace: 'outcome == Outcome.Inconclusive || outcome == Outcome.Expired || outcome == Outcome.Abandoned;',
      first: 'OutcomesTest',
    },
    {
      name: 'expired-is-not-void',
      find: 'outcome == Outcome.Inconclusive || outcome == Outcome.Expired;',
      replace: 'outcome == Outcome.Inconclusive;',
      first: 'OutcomesTest',
    },
    {
      name: 'sixty-fourth-period-is-marked-already',
      find: 'PER_WORD = 63;',
      replace: 'PER_WORD = 64;',
      first: 'OutcomesTest',
    },
    {
      name: 'voids-before-are-not-counted',
      find: 'uint256 before = period < VOIDS_IN_ROW_MAX ? period : VOIDS_IN_ROW_MAX;',
      replace: 'uint256 before = 0;',
    },
    {
      name: 'voids-after-are-not-counted',
      find: 'uint256 later = periods - period - 1;',
      replace: 'uint256 later = 0;',
    },
    { name: 'longest-row-of-voids-one-less', find: 'VOIDS_IN_ROW_MAX = 32;', replace: 'VOIDS_IN_ROW_MAX = 31;' },
  ]),
];
