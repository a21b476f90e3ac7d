// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {Escrow} from "./Escrow.sol";
import {ILeafStore} from "./interfaces/ILeafStore.sol";
import {IMeasurementOracle} from "./interfaces/IMeasurementOracle.sol";
import {IServiceRegistry} from "./interfaces/IServiceRegistry.sol";
import {ISlaMarket} from "./interfaces/ISlaMarket.sol";
import {ISlaVault} from "./interfaces/ISlaVault.sol";
import {Bid, Intent, IntentState, IntentStatus, Service, ServiceConfig, Terms} from "./interfaces/Types.sol";

/// Documentation stands on the interface.
contract SlaMarket is ISlaMarket, Escrow {
    /// A bid that is not revealed costs 2 % of the whole budget: a menu of prices, of which only the best is opened, costs
    /// more than it can win after 50 of them.
    uint256 public constant DEPOSIT_PPM = 20_000;
    /// A month of 60-second epochs: deposits and bonds must not be locked for a far future.
    uint64 public constant PHASE_EPOCHS_MAX = 43_200;
    /// The kind of a service is four bits on the wire.
    uint256 public constant KIND_MAX = 15;

    uint256 private constant PPM = 1_000_000;

    ISlaVault public immutable vault;
    ILeafStore public immutable leafStore;
    uint64 public immutable phaseEpochsMin;
    IMeasurementOracle private immutable _oracle;
    IServiceRegistry private immutable _services;

    uint256 public intentCount;
    mapping(uint256 intentId => IntentState) private _intents;
    mapping(uint256 intentId => mapping(address bidder => Bid)) private _bids;

    constructor(ISlaVault vault_, ILeafStore leafStore_, uint64 phaseEpochsMin_) Escrow(vault_.rewardPool()) {
        if (vault_.market() != address(this)) revert NotMarketOfVault(vault_.market());
        _requireWithin("phaseEpochsMin", phaseEpochsMin_, 1, PHASE_EPOCHS_MAX);
        vault = vault_;
        leafStore = leafStore_;
        phaseEpochsMin = phaseEpochsMin_;
        _oracle = vault_.oracle();
        _services = vault_.serviceRegistry();
    }

    function post(Intent calldata wanted) external returns (uint256 intentId) {
        Terms calldata t = wanted.terms;
        _requireTimes(wanted);
        _requireWithin("kind", wanted.kind, 0, KIND_MAX);
        // Without a price there is no deposit, and nothing to win.
        _requireWithin("pricePerPeriod", t.pricePerPeriod, 1, type(uint96).max);
        if (t.serviceId != 0) revert ServiceNotEmpty(t.serviceId);
        vault.checkTerms(t);
        uint256 budget = uint256(t.periods) * t.pricePerPeriod;
        // casting to 'uint128' is safe because 2,048 periods of a uint96 fit
        uint128 deposit = uint128((budget * DEPOSIT_PPM + PPM - 1) / PPM);
        intentId = ++intentCount;
        IntentState storage state = _intents[intentId];
        state.customer = msg.sender;
        state.status = IntentStatus.Open;
        state.intentPointer = SSTORE2.write(abi.encode(wanted));
        state.deposit = deposit;
        emit Posted(intentId, msg.sender, deposit, wanted);
        _pull(t.token, budget);
    }

    function cancel(uint256 intentId) external {
        IntentState storage state = _requireOpen(intentId);
        if (msg.sender != state.customer) revert NotCustomer(msg.sender, state.customer);
        if (state.commits != 0) revert HasBids(intentId, state.commits);
        state.status = IntentStatus.Cancelled;
        Terms memory t = _intent(state).terms;
        _owe(t.token, msg.sender, uint256(t.periods) * t.pricePerPeriod);
        emit Cancelled(intentId);
    }

    function commit(uint256 intentId, bytes32 commitment) external {
        IntentState storage state = _requireOpen(intentId);
        Intent memory wanted = _intent(state);
        _requirePhase(0, wanted.commitUntil);
        if (commitment == 0) revert NoCommitment();
        if (_bids[intentId][msg.sender].order != 0) revert AlreadyBid(intentId, msg.sender);
        uint32 order = ++state.commits;
        ++state.held;
        _bids[intentId][msg.sender] = Bid({commitment: commitment, order: order, revealed: false});
        emit Committed(intentId, msg.sender, order, commitment);
        _pull(wanted.terms.token, state.deposit);
    }

    function reveal(uint256 intentId, bytes32 serviceId, uint128 pricePerPeriod, bytes32 salt) external {
        IntentState storage state = _requireOpen(intentId);
        Intent memory wanted = _intent(state);
        _requirePhase(wanted.commitUntil, wanted.revealUntil);
        uint32 order = _openBid(intentId, serviceId, pricePerPeriod, salt);
        if (pricePerPeriod > wanted.terms.pricePerPeriod) {
            revert PriceAboveBudget(pricePerPeriod, wanted.terms.pricePerPeriod);
        }
        address provider = _services.service(serviceId).provider;
        if (provider != msg.sender) revert NotProvider(msg.sender, provider);
        _requireDemands(wanted, serviceId);
        if (!_isActive(wanted, serviceId)) revert ServiceDoesNotQualify(serviceId, "active");
        bool leads = state.bestOrder == 0 || pricePerPeriod < state.bestPrice
            || (pricePerPeriod == state.bestPrice && order < state.bestOrder);
        emit Revealed(intentId, msg.sender, serviceId, pricePerPeriod, leads);
        address token = wanted.terms.token;
        if (!leads) {
            _release(state, token, msg.sender, 0);
            return;
        }
        if (state.bestOrder != 0) _release(state, token, state.bestBidder, wanted.terms.bond);
        (state.bestBidder, state.bestOrder) = (msg.sender, order);
        (state.bestPrice, state.bestServiceId) = (pricePerPeriod, serviceId);
        _pull(token, wanted.terms.bond);
    }

    function matchIntent(uint256 intentId) external returns (uint256 agreementId) {
        IntentState storage state = _requireOpen(intentId);
        Intent memory wanted = _intent(state);
        _requirePhase(wanted.revealUntil, wanted.firstWindowStart);
        if (state.bestOrder == 0) revert NothingRevealed(intentId);
        if (!_isActive(wanted, state.bestServiceId)) revert ServiceDoesNotQualify(state.bestServiceId, "active");
        state.status = IntentStatus.Matched;
        Terms memory t = wanted.terms;
        _owe(t.token, state.customer, uint256(t.periods) * (t.pricePerPeriod - state.bestPrice));
        _release(state, t.token, state.bestBidder, 0);
        _forfeitHeld(intentId, state, t.token);
        (t.serviceId, t.pricePerPeriod) = (state.bestServiceId, state.bestPrice);
        uint256 amount = t.bond + uint256(t.periods) * t.pricePerPeriod;
        uint256 before = _beforePush(t.token, address(vault), amount);
        agreementId = vault.open(state.bestBidder, state.customer, t, wanted.firstWindowStart);
        _afterPush(t.token, amount, before);
        state.agreementId = agreementId;
        emit Matched(intentId, agreementId, state.bestBidder, t.serviceId, t.pricePerPeriod);
    }

    function lapse(uint256 intentId) external {
        IntentState storage state = _requireOpen(intentId);
        Intent memory wanted = _intent(state);
        _requirePhase(wanted.revealUntil, type(uint64).max);
        Terms memory t = wanted.terms;
        if (state.bestOrder != 0) {
            bool active = _isActive(wanted, state.bestServiceId);
            if (active && _oracle.currentEpoch() < wanted.firstWindowStart) revert CanBeMatched(intentId);
            // A winner that took its service away leaves its deposit; the bond was for an agreement that never began.
            if (active) _release(state, t.token, state.bestBidder, t.bond);
            else _owe(t.token, state.bestBidder, t.bond);
        }
        state.status = IntentStatus.Lapsed;
        _owe(t.token, state.customer, uint256(t.periods) * t.pricePerPeriod);
        _forfeitHeld(intentId, state, t.token);
        emit Lapsed(intentId);
    }

    function commitmentOf(uint256 intentId, address bidder, bytes32 serviceId, uint128 pricePerPeriod, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), intentId, bidder, serviceId, pricePerPeriod, salt));
    }

    function intentState(uint256 intentId) external view returns (IntentState memory) {
        return _intents[intentId];
    }

    function intent(uint256 intentId) external view returns (Intent memory) {
        IntentState storage state = _intents[intentId];
        if (state.status == IntentStatus.None) {
            revert WrongIntentStatus(intentId, uint8(IntentStatus.None), uint8(IntentStatus.Open));
        }
        return _intent(state);
    }

    function bid(uint256 intentId, address bidder) external view returns (Bid memory) {
        return _bids[intentId][bidder];
    }

    /// Checks what the caller reveals against what it committed, and marks it as revealed.
    function _openBid(uint256 intentId, bytes32 serviceId, uint128 price, bytes32 salt) private returns (uint32) {
        Bid storage sealed_ = _bids[intentId][msg.sender];
        if (sealed_.order == 0) revert NoBid(intentId, msg.sender);
        if (sealed_.revealed) revert AlreadyRevealed(intentId, msg.sender);
        bytes32 given = commitmentOf(intentId, msg.sender, serviceId, price, salt);
        if (given != sealed_.commitment) revert CommitmentMismatch(given, sealed_.commitment);
        sealed_.revealed = true;
        return sealed_.order;
    }

    /// Gives back the deposit of one bid, and `bond` with it.
    function _release(IntentState storage state, address token, address bidder, uint128 bond) private {
        --state.held;
        _owe(token, bidder, uint256(state.deposit) + bond);
    }

    /// What is still held belongs to bids that did not keep their word.
    function _forfeitHeld(uint256 intentId, IntentState storage state, address token) private {
        uint32 bids = state.held;
        if (bids == 0) return;
        state.held = 0;
        uint256 amount = uint256(bids) * state.deposit;
        _owe(token, token == rewardToken ? address(rewardPool) : DEAD, amount);
        emit Forfeited(intentId, bids, amount);
    }

    function _isActive(Intent memory wanted, bytes32 serviceId) private view returns (bool) {
        Service memory service = _services.service(serviceId);
        uint64 end = wanted.firstWindowStart + uint64(wanted.terms.periods) * wanted.terms.windowEpochs;
        return service.activeFrom <= wanted.firstWindowStart && service.retiredFrom >= end;
    }

    function _requireDemands(Intent memory wanted, bytes32 serviceId) private view {
        ServiceConfig memory config = _services.config(serviceId);
        if (config.kind != wanted.kind) revert ServiceDoesNotQualify(serviceId, "kind");
        if (wanted.extraDigest != 0 && keccak256(config.extra) != wanted.extraDigest) {
            revert ServiceDoesNotQualify(serviceId, "extra");
        }
        if (wanted.measuredWithinSeconds == 0) return;
        Terms memory t = wanted.terms;
        try leafStore.noOlderThanOf(
            serviceId, t.windowEpochs, t.vantage, t.objectives[0].metric, wanted.measuredWithinSeconds
        ) {}
        catch {
            revert ServiceDoesNotQualify(serviceId, "measured");
        }
    }

    function _requireTimes(Intent calldata wanted) private view {
        uint32 windowEpochs = wanted.terms.windowEpochs;
        _requirePhaseEnd("commitUntil", wanted.commitUntil, _oracle.currentEpoch() + 1, PHASE_EPOCHS_MAX);
        _requirePhaseEnd("revealUntil", wanted.revealUntil, wanted.commitUntil, PHASE_EPOCHS_MAX);
        // The vault takes no agreement that starts further ahead; the last phase must fit all the same.
        uint64 leadEpochs = vault.LEAD_WINDOWS_MAX() * windowEpochs;
        if (leadEpochs < phaseEpochsMin) leadEpochs = phaseEpochsMin;
        _requirePhaseEnd("firstWindowStart", wanted.firstWindowStart, wanted.revealUntil, leadEpochs);
        if (windowEpochs == 0 || wanted.firstWindowStart % windowEpochs != 0) {
            revert WindowNotAligned(wanted.firstWindowStart, windowEpochs);
        }
    }

    function _requirePhaseEnd(string memory name, uint64 end, uint64 start, uint64 epochsMax) private view {
        _requireWithin(name, end, uint256(start) + phaseEpochsMin, uint256(start) + epochsMax);
    }

    function _requirePhase(uint64 from, uint64 until) private view {
        uint64 epoch = _oracle.currentEpoch();
        if (epoch < from || epoch >= until) revert OutsidePhase(epoch, from, until);
    }

    function _requireOpen(uint256 intentId) private view returns (IntentState storage state) {
        state = _intents[intentId];
        if (state.status != IntentStatus.Open) {
            revert WrongIntentStatus(intentId, uint8(state.status), uint8(IntentStatus.Open));
        }
    }

    function _intent(IntentState storage state) private view returns (Intent memory) {
        return abi.decode(SSTORE2.read(state.intentPointer), (Intent));
    }

    function _requireWithin(string memory name, uint256 given, uint256 minimum, uint256 maximum) private pure {
        if (given < minimum || given > maximum) revert FieldOutOfBounds(name, given, minimum, maximum);
    }
}
