import { type Mutation, mutationsOf } from '../mutation.ts';

/** How agreements are made and ended, and how money comes in and goes out. */
export const VAULT: readonly Mutation[] = [
  ...mutationsOf('Escrow.sol', 'VaultSettlementTest', [
    { name: 'withdrawn-twice', find: '_owedAndOne[token][msg.sender] = 1;', replace: '' },
    {
      name: 'account-opened-over-what-is-owed',
      find: 'if (_owedAndOne[token][account] == 0) _owedAndOne[token][account] = 1;',
      replace: '_owedAndOne[token][account] = 1;',
    },
    { name: 'an-open-account-is-owed-one', find: 'return andOne == 0 ? 0 : andOne - 1;', replace: 'return andOne;' },
    {
      name: 'a-new-account-is-owed-one-less',
      find: '(andOne == 0 ? 1 : andOne) + amount;',
      replace: 'andOne + amount;',
    },
    {
      name: 'withdraw-while-a-token-moves',
      find: 'if (_moving) revert Reentered();\n        uint256 amount',
      replace: 'uint256 amount',
    },
    {
      name: 'deposit-while-a-token-moves',
      find: 'if (_moving) revert Reentered();\n        _moving = true;\n        uint256 before',
      replace: '_moving = true;\n        uint256 before',
    },
    {
      name: 'push-while-a-token-moves',
      find: 'if (_moving) revert Reentered();\n        _moving = true;\n        before',
      replace: '_moving = true;\n        before',
      first: 'AgreementEdgesTest',
    },
    {
      name: 'deposit-in-a-token-that-takes-a-fee',
      find: 'if (received != amount) revert TokenNotReceived(received, amount);',
      replace: '',
      first: 'SlaVaultTest',
    },
    {
      name: 'push-of-another-amount',
      find: 'if (sent != amount) revert TokenNotReceived(sent, amount);',
      replace: '',
      first: 'PeriodEdgesTest',
    },
    {
      name: 'fees-are-paid-twice',
      find: '_owedAndOne[token][address(rewardPool)] = 1;',
      replace: '',
      first: 'VaultLifeTest',
    },
    {
      name: 'no-fees-and-paid',
      find: 'if (amount == 0) revert NothingOwed(token, address(rewardPool));',
      replace: '',
      first: 'VaultLifeTest',
    },
    {
      name: 'account-of-the-pool-is-not-opened',
      find: '_openAccount(rewardToken, address(rewardPool_));',
      replace: '',
      first: 'VaultLifeTest',
    },
    {
      name: 'no-reward-pool',
      find: 'if (address(rewardPool_) == address(0)) revert NoRewardPool();',
      replace: '',
      first: 'SlaVaultTest',
    },
  ]),
  ...mutationsOf('SlaVault.sol', 'SlaVaultTest', [
    {
      name: 'offered-by-anybody',
      find: 'if (msg.sender != provider) revert NotProvider(msg.sender, provider);',
      replace: '',
    },
    {
      name: 'offer-of-terms-unchecked',
      find: 'checkTerms(terms_);\n        address provider',
      replace: 'address provider',
    },
    { name: 'offer-without-its-bond', find: '_pull(terms_.token, terms_.bond);', replace: '' },
    {
      name: 'offer-withdrawn-by-anybody',
      find: 'if (msg.sender != record.provider) revert NotProvider(msg.sender, record.provider);',
      replace: '',
    },
    { name: 'offer-withdrawn-twice', find: 'record.status = AgreementStatus.Withdrawn;', replace: '' },
    {
      name: 'withdrawn-bond-stays',
      find: '_owe(_terms(record).token, msg.sender, record.bondLeft);\n        record.bondLeft = 0;',
      replace: '_owe(_terms(record).token, msg.sender, record.bondLeft);',
    },
    { name: 'account-of-the-provider-is-not-opened', find: '_openAccount(terms_.token, provider);', replace: '' },
    { name: 'account-of-the-customer-is-not-opened', find: '_openAccount(agreed.token, customer);', replace: '' },
    {
      name: 'accepted-over-a-started-window',
      find: 'uint64 earliest = oracle.currentEpoch() + 1;',
      replace: 'uint64 earliest = oracle.currentEpoch();',
    },
    {
      name: 'accepted-far-ahead',
      find: 'if (firstWindowStart < earliest || firstWindowStart > latest) {',
      replace: 'if (firstWindowStart < earliest) {',
    },
    { name: 'lead-one-window-longer', find: 'LEAD_WINDOWS_MAX = 4;', replace: 'LEAD_WINDOWS_MAX = 5;' },
    {
      name: 'accepted-over-a-window-not-aligned',
      find: 'if (firstWindowStart % agreed.windowEpochs != 0) {',
      replace: 'if (firstWindowStart == 0) {',
    },
    {
      name: 'accepted-with-a-service-that-retires-within',
      find: 'if (service.activeFrom > firstWindowStart || service.retiredFrom < lastWindowEnd) {',
      replace: 'if (service.activeFrom > firstWindowStart || service.retiredFrom <= firstWindowStart) {',
      first: 'AgreementEdgesTest',
    },
    {
      name: 'accepted-before-the-service-is-active',
      find: 'if (service.activeFrom > firstWindowStart || service.retiredFrom < lastWindowEnd) {',
      replace: 'if (service.retiredFrom < lastWindowEnd) {',
    },
    {
      name: 'accepted-for-one-period-less',
      find: '_pull(agreed.token, uint256(agreed.periods) * agreed.pricePerPeriod);',
      replace: '_pull(agreed.token, uint256(agreed.periods - 1) * agreed.pricePerPeriod);',
    },
    { name: 'fee-without-a-bound', find: 'TermsBounds.requireWithin("feePpm", feePpm_, 0, FEE_PPM_MAX);', replace: '' },
    {
      name: 'registries-of-different-time',
      find: 'if (ofOracle != ofServices) revert RegistriesDiffer(ofOracle, ofServices);',
      replace: '',
    },
  ]),
  ...mutationsOf('SlaVault.sol', 'VaultLifeTest', [
    { name: 'opened-by-anybody', find: 'if (msg.sender != market) revert NotMarket(msg.sender, market);', replace: '' },
    {
      name: 'opened-with-terms-unchecked',
      find: 'checkTerms(terms_);\n        agreementId',
      replace: 'agreementId',
      survives: 'the market alone opens, and it checked the terms when the intent was posted',
    },
    {
      name: 'opened-without-the-bond',
      find: '_pull(terms_.token, terms_.bond + uint256(terms_.periods) * terms_.pricePerPeriod);',
      replace: '_pull(terms_.token, uint256(terms_.periods) * terms_.pricePerPeriod);',
    },
    {
      name: 'notice-by-anybody',
      find: 'if (msg.sender != record.provider && msg.sender != record.customer) {',
      replace: 'if (msg.sender == address(0)) {',
    },
    {
      name: 'notice-without-its-windows',
      find: '_startedPeriods(record, agreed) + agreed.noticeWindows;',
      replace: '_startedPeriods(record, agreed);',
    },
    {
      name: 'notice-drops-a-started-window',
      find: '_startedPeriods(record, agreed) + agreed.noticeWindows;',
      replace: 'agreed.noticeWindows;',
    },
    {
      name: 'notice-over-the-last-window',
      find: 'if (keeps >= record.periods) revert',
      replace: 'if (keeps > record.periods) revert',
    },
    {
      name: 'notice-returns-nothing',
      find: 'uint256 returned = uint256(record.periods - keeps) * agreed.pricePerPeriod;',
      replace: 'uint256 returned = 0;',
    },
    {
      name: 'notice-pays-the-provider',
      find: '_owe(agreed.token, record.customer, returned);',
      replace: '_owe(agreed.token, record.provider, returned);',
    },
    { name: 'extended-after-notice', find: 'record.ending = true;', replace: '' },
    {
      name: 'extended-although-nobody-agreed',
      find: '!agreed.extend || record.ending ||',
      replace: 'record.ending ||',
    },
    {
      name: 'extended-over-a-started-window',
      find: 'if (windowStart <= oracle.currentEpoch()) return false;',
      replace: 'if (windowStart < oracle.currentEpoch()) return false;',
      first: 'PeriodEdgesTest',
    },
    {
      name: 'extended-after-the-service',
      find: 'return !_retiredBefore(agreed.serviceId, windowStart + agreed.windowEpochs);',
      replace: 'return true;',
    },
    {
      name: 'extended-beyond-the-last-void',
      find: 'voids >= agreed.voidsInRowMax\n',
      replace: 'voids > agreed.voidsInRowMax\n',
      first: 'AgreementEdgesTest',
    },
    {
      name: 'extended-without-end',
      find: 'record.periods >= TermsBounds.PERIODS_MAX',
      replace: 'record.periods >= 2 * TermsBounds.PERIODS_MAX',
      first: 'PeriodEdgesTest',
    },
    { name: 'extension-returns-the-price-too', find: 'if (e.extends) e.returned = 0;', replace: '' },
    {
      name: 'one-void-too-many',
      find: 'if (e.voids >= agreed.voidsInRowMax) {',
      replace: 'if (e.voids > agreed.voidsInRowMax) {',
    },
    {
      name: 'voids-end-a-started-window',
      find: 'uint256 started = _startedPeriods(record, agreed);',
      replace: 'uint256 started = record.periodsDone;',
    },
    {
      name: 'started-periods-one-less',
      find: 'return (epoch - record.firstWindowStart) / agreed.windowEpochs + 1;',
      replace: 'return (epoch - record.firstWindowStart) / agreed.windowEpochs;',
    },
    { name: 'fee-of-any-token', find: 'if (agreed.token == rewardToken) e.fee', replace: 'e.fee' },
    {
      name: 'fee-rounded-up',
      find: 'uint128(uint256(e.paid) * feePpm / Settlement.PPM)',
      replace: 'uint128((uint256(e.paid) * feePpm + Settlement.PPM - 1) / Settlement.PPM)',
      first: 'PeriodEdgesTest',
    },
    { name: 'fee-on-top-of-the-price', find: 'e.paid -= e.fee;', replace: '' },
    { name: 'fee-vanishes', find: '_owe(agreed.token, address(rewardPool), e.fee);', replace: '' },
    {
      name: 'claims-without-number',
      find: 'if (claims.length > SETTLE_MANY_MAX) revert TooManyClaims(claims.length, SETTLE_MANY_MAX);',
      replace: '',
    },
    {
      name: 'refused-claims-are-counted',
      find: 'emit SettlementRefused(c.agreementId, c.period, reason);',
      replace: '++settled;',
    },
  ]),
];
