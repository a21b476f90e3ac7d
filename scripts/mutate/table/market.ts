import { type Mutation, mutationsOf } from '../mutation.ts';

export const MARKET: readonly Mutation[] = [
  ...mutationsOf('SlaMarket.sol', 'SlaMarketTest', [
    {
      name: 'bid-after-the-commits-end',
      find: '_requirePhase(0, wanted.commitUntil);',
      replace: '_requirePhase(0, wanted.revealUntil);',
    },
    {
      name: 'bid-opened-while-others-commit',
      find: '_requirePhase(wanted.commitUntil, wanted.revealUntil);',
      replace: '_requirePhase(0, wanted.revealUntil);',
    },
    {
      name: 'bid-opened-after-the-reveals-end',
      find: '_requirePhase(wanted.commitUntil, wanted.revealUntil);',
      replace: '_requirePhase(wanted.commitUntil, wanted.firstWindowStart);',
    },
    {
      name: 'matched-while-others-reveal',
      find: '_requirePhase(wanted.revealUntil, wanted.firstWindowStart);',
      replace: '_requirePhase(wanted.commitUntil, wanted.firstWindowStart);',
    },
    {
      name: 'matched-over-a-started-window',
      find: '_requirePhase(wanted.revealUntil, wanted.firstWindowStart);',
      replace: '_requirePhase(wanted.revealUntil, type(uint64).max);',
    },
    {
      name: 'lapsed-while-others-reveal',
      find: '_requirePhase(wanted.revealUntil, type(uint64).max);',
      replace: '_requirePhase(wanted.commitUntil, type(uint64).max);',
    },
    {
      name: 'phases-an-epoch-longer',
      find: 'if (epoch < from || epoch >= until) revert',
      replace: 'if (epoch < from || epoch > until) revert',
    },
    {
      name: 'phases-an-epoch-earlier',
      find: 'if (epoch < from || epoch >= until) revert',
      replace: 'if (epoch + 1 < from || epoch >= until) revert',
    },
    {
      name: 'phases-of-no-length',
      find: '_requireWithin(name, end, uint256(start) + phaseEpochsMin, uint256(start) + epochsMax);',
      replace: '_requireWithin(name, end, uint256(start), uint256(start) + epochsMax);',
    },
    {
      name: 'phases-of-any-length',
      find: '_requireWithin(name, end, uint256(start) + phaseEpochsMin, uint256(start) + epochsMax);',
      replace: '_requireWithin(name, end, uint256(start) + phaseEpochsMin, uint256(start) + 2 * uint256(epochsMax));',
    },
    {
      name: 'intent-over-a-window-not-aligned',
      find: 'if (windowEpochs == 0 || wanted.firstWindowStart % windowEpochs != 0) {',
      replace: 'if (windowEpochs == 0) {',
    },
    {
      name: 'highest-price-wins',
      find: 'bool leads = state.bestOrder == 0 || pricePerPeriod < state.bestPrice',
      replace: 'bool leads = state.bestOrder == 0 || pricePerPeriod > state.bestPrice',
    },
    { name: 'latest-of-equal-prices-wins', find: 'order < state.bestOrder);', replace: 'order > state.bestOrder);' },
    {
      name: 'last-of-equal-prices-to-reveal-wins',
      find: 'pricePerPeriod < state.bestPrice\n',
      replace: 'pricePerPeriod <= state.bestPrice\n',
    },
    {
      name: 'price-above-the-budget',
      find: 'if (pricePerPeriod > wanted.terms.pricePerPeriod) {',
      replace: 'if (pricePerPeriod == type(uint128).max) {',
    },
    {
      name: 'bid-with-the-service-of-another',
      find: 'if (provider != msg.sender) revert NotProvider(msg.sender, provider);',
      replace: '',
    },
    {
      name: 'bid-with-a-service-that-ends',
      find: 'if (!_isActive(wanted, serviceId)) revert ServiceDoesNotQualify(serviceId, "active");',
      replace: '',
    },
    {
      name: 'bid-with-a-service-that-retires-within',
      find: 'service.retiredFrom >= end;',
      replace: 'service.retiredFrom > wanted.firstWindowStart;',
      first: 'AgreementEdgesTest',
    },
    {
      name: 'bid-with-a-service-that-starts-late',
      find: 'service.activeFrom <= wanted.firstWindowStart && service',
      replace: 'service',
      first: 'AgreementEdgesTest',
    },
    { name: 'bid-with-any-service', find: '_requireDemands(wanted, serviceId);', replace: '' },
    {
      name: 'bid-with-a-service-of-another-kind',
      find: 'if (config.kind != wanted.kind) revert ServiceDoesNotQualify(serviceId, "kind");',
      replace: '',
    },
    {
      name: 'bid-with-another-load',
      find: 'if (wanted.extraDigest != 0 && keccak256(config.extra) != wanted.extraDigest) {',
      replace: 'if (wanted.extraDigest != 0 && keccak256(config.extra) == 0) {',
    },
    {
      name: 'bid-without-a-measurement',
      find: 'if (wanted.measuredWithinSeconds == 0) return;',
      replace: 'if (wanted.measuredWithinSeconds == 0 || true) return;',
    },
    { name: 'loser-keeps-nothing', find: '_release(state, token, msg.sender, 0);', replace: '' },
    {
      name: 'overtaken-leader-keeps-nothing',
      find: 'if (state.bestOrder != 0) _release(state, token, state.bestBidder, wanted.terms.bond);',
      replace: '',
    },
    {
      name: 'overtaken-leader-loses-its-bond',
      find: '_release(state, token, state.bestBidder, wanted.terms.bond);',
      replace: '_release(state, token, state.bestBidder, 0);',
    },
    { name: 'leader-gives-no-bond', find: '_pull(token, wanted.terms.bond);', replace: '' },
    {
      name: 'winner-is-paid-the-budget',
      find: '(t.serviceId, t.pricePerPeriod) = (state.bestServiceId, state.bestPrice);',
      replace: 't.serviceId = state.bestServiceId;',
    },
    {
      name: 'difference-to-the-budget-is-kept',
      find: '_owe(t.token, state.customer, uint256(t.periods) * (t.pricePerPeriod - state.bestPrice));',
      replace: '',
    },
    {
      name: 'difference-to-the-budget-for-the-winner',
      find: '_owe(t.token, state.customer, uint256(t.periods) * (t.pricePerPeriod - state.bestPrice));',
      replace: '_owe(t.token, state.bestBidder, uint256(t.periods) * (t.pricePerPeriod - state.bestPrice));',
    },
    { name: 'winner-gets-no-deposit-back', find: '_release(state, t.token, state.bestBidder, 0);', replace: '' },
    { name: 'matched-twice', find: 'state.status = IntentStatus.Matched;', replace: '' },
    { name: 'lapsed-twice', find: 'state.status = IntentStatus.Lapsed;', replace: '' },
    { name: 'cancelled-twice', find: 'state.status = IntentStatus.Cancelled;', replace: '' },
    {
      name: 'cancelled-by-anybody',
      find: 'if (msg.sender != state.customer) revert NotCustomer(msg.sender, state.customer);',
      replace: '',
    },
    {
      name: 'cancelled-after-a-bid',
      find: 'if (state.commits != 0) revert HasBids(intentId, state.commits);',
      replace: '',
    },
    {
      name: 'lapsed-instead-of-matched',
      find: 'if (active && _oracle.currentEpoch() < wanted.firstWindowStart) revert CanBeMatched(intentId);',
      replace: '',
    },
    { name: 'intent-with-a-service', find: 'if (t.serviceId != 0) revert ServiceNotEmpty(t.serviceId);', replace: '' },
    { name: 'intent-of-terms-unchecked', find: 'vault.checkTerms(t);', replace: '' },
    {
      name: 'intent-without-a-price',
      find: '_requireWithin("pricePerPeriod", t.pricePerPeriod, 1, type(uint96).max);',
      replace: '_requireWithin("pricePerPeriod", t.pricePerPeriod, 0, type(uint96).max);',
    },
    {
      name: 'deposit-rounded-down',
      find: '(budget * DEPOSIT_PPM + PPM - 1) / PPM',
      replace: 'budget * DEPOSIT_PPM / PPM',
      first: 'AgreementEdgesTest',
    },
    { name: 'deposit-of-one-percent', find: 'DEPOSIT_PPM = 20_000;', replace: 'DEPOSIT_PPM = 10_000;' },
    {
      name: 'market-of-another-vault',
      find: 'if (vault_.market() != address(this)) revert NotMarketOfVault(vault_.market());',
      replace: '',
    },
    {
      name: 'nothing-revealed-and-matched',
      find: 'if (state.bestOrder == 0) revert NothingRevealed(intentId);',
      replace: '',
    },
  ]),
  ...mutationsOf('SlaMarket.sol', 'MarketAttacksTest', [
    {
      name: 'sealed-bid-unchecked',
      find: 'if (given != sealed_.commitment) revert CommitmentMismatch(given, sealed_.commitment);',
      replace: '',
    },
    {
      name: 'bid-twice',
      find: 'if (_bids[intentId][msg.sender].order != 0) revert AlreadyBid(intentId, msg.sender);',
      replace: '',
    },
    {
      name: 'bid-opened-twice',
      find: 'if (sealed_.revealed) revert AlreadyRevealed(intentId, msg.sender);',
      replace: '',
    },
    {
      name: 'bid-opened-without-a-commit',
      find: 'if (sealed_.order == 0) revert NoBid(intentId, msg.sender);',
      replace: '',
    },
    { name: 'empty-commitment', find: 'if (commitment == 0) revert NoCommitment();', replace: '' },
    {
      name: 'commitment-of-any-bidder',
      find: 'abi.encode(block.chainid, address(this), intentId, bidder, serviceId',
      replace: 'abi.encode(block.chainid, address(this), intentId, serviceId',
    },
    {
      name: 'commitment-of-any-intent',
      find: 'abi.encode(block.chainid, address(this), intentId, bidder, serviceId',
      replace: 'abi.encode(block.chainid, address(this), bidder, serviceId',
    },
    {
      name: 'commitment-of-any-chain',
      find: 'abi.encode(block.chainid, address(this), intentId, bidder, serviceId',
      replace: 'abi.encode(address(this), intentId, bidder, serviceId',
    },
    {
      name: 'commitment-of-any-market',
      find: 'abi.encode(block.chainid, address(this), intentId, bidder, serviceId',
      replace: 'abi.encode(block.chainid, intentId, bidder, serviceId',
    },
    {
      name: 'commitment-without-the-price',
      find: 'bidder, serviceId, pricePerPeriod, salt)',
      replace: 'bidder, serviceId, salt)',
    },
    {
      name: 'forfeits-to-the-customer',
      find: '_owe(token, token == rewardToken ? address(rewardPool) : DEAD, amount);',
      replace: '_owe(token, state.customer, amount);',
    },
    {
      name: 'cancelled-and-nothing-returned',
      find: '_owe(t.token, msg.sender, uint256(t.periods) * t.pricePerPeriod);',
      replace: '',
      first: 'SlaMarketTest',
    },
    {
      name: 'lapsed-and-nothing-returned',
      find: '_owe(t.token, state.customer, uint256(t.periods) * t.pricePerPeriod);',
      replace: '',
      first: 'SlaMarketTest',
    },
    { name: 'saboteur-loses-its-bond', find: 'else _owe(t.token, state.bestBidder, t.bond);', replace: '' },
    {
      name: 'forfeits-of-any-token-to-the-pool',
      find: 'token == rewardToken ? address(rewardPool) : DEAD',
      replace: 'address(rewardPool)',
      first: 'AgreementEdgesTest',
    },
    {
      name: 'forfeits-vanish',
      find: 'uint256 amount = uint256(bids) * state.deposit;',
      replace: 'uint256 amount = uint256(state.held) * state.deposit;',
    },
    {
      name: 'saboteur-gets-its-deposit-back',
      find: 'if (active) _release(state, t.token, state.bestBidder, t.bond);',
      replace: 'if (active || true) _release(state, t.token, state.bestBidder, t.bond);',
    },
    {
      name: 'matched-with-a-service-that-left',
      find: 'if (!_isActive(wanted, state.bestServiceId)) revert ServiceDoesNotQualify(state.bestServiceId, "active");',
      replace: '',
    },
  ]),
];
