// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {Escrow} from "./Escrow.sol";
import {IMeasurementOracle} from "./interfaces/IMeasurementOracle.sol";
import {IRewardPool} from "./interfaces/IRewardPool.sol";
import {IServiceRegistry} from "./interfaces/IServiceRegistry.sol";
import {ISlaVault} from "./interfaces/ISlaVault.sol";
import {Agreement, AgreementStatus, Claim, Leaf, Outcome, Service, Terms} from "./interfaces/Types.sol";
import {Outcomes} from "./libraries/Outcomes.sol";
import {Settlement} from "./libraries/Settlement.sol";
import {TermsBounds} from "./libraries/TermsBounds.sol";

/// Documentation stands on the interface.
contract SlaVault is ISlaVault, Escrow {
    using Outcomes for mapping(uint256 word => uint256);

    /// A customer must not lock a bond for a far future.
    uint64 public constant LEAD_WINDOWS_MAX = 4;
    /// One in twenty: what watchers take must stay small beside what they measure.
    uint256 public constant FEE_PPM_MAX = 50_000;
    /// A block of 36 million gas holds them several times over.
    uint256 public constant SETTLE_MANY_MAX = 64;
    /// Half of the time for which the oracle keeps a root: the other half is for whoever settles.
    uint64 public immutable settleDelayEpochsMax;
    /// Epochs after a window's close when its period can no longer be settled, only expired: from then on the root of the
    /// first report that could carry the leaf may be overwritten. Equals the oracle's RING_SIZE, and so exceeds any deadline
    /// plus settle delay by at least 3,072 epochs.
    uint64 public immutable expiryEpochs;

    IMeasurementOracle public immutable oracle;
    IServiceRegistry public immutable serviceRegistry;
    uint32 public immutable feePpm;
    address public immutable market;

    /// What the end of a period pays, and what follows from it. `voids`: the row of void periods that it stands in, 0 if it
    /// is none.
    struct Ending {
        uint128 paid;
        uint128 returned;
        uint128 slashed;
        uint128 fee;
        uint256 voids;
        bool extends;
    }

    uint256 public offerCount;
    mapping(uint256 id => Agreement) private _agreements;
    mapping(uint256 id => mapping(uint256 word => uint256)) private _outcomes;

    /// @param market_ the account that may `open`; its constructor checks that it is this one.
    constructor(
        IMeasurementOracle oracle_,
        IServiceRegistry serviceRegistry_,
        IRewardPool rewardPool_,
        uint32 feePpm_,
        address market_
    ) Escrow(rewardPool_) {
        TermsBounds.requireWithin("feePpm", feePpm_, 0, FEE_PPM_MAX);
        address ofOracle = address(oracle_.watcherRegistry());
        address ofServices = address(serviceRegistry_.watcherRegistry());
        if (ofOracle != ofServices) revert RegistriesDiffer(ofOracle, ofServices);
        oracle = oracle_;
        serviceRegistry = serviceRegistry_;
        feePpm = feePpm_;
        market = market_;
        expiryEpochs = oracle_.RING_SIZE();
        settleDelayEpochsMax = oracle_.RING_SIZE() / 2;
    }

    function offer(Terms calldata terms_) external returns (uint256 offerId) {
        checkTerms(terms_);
        address provider = serviceRegistry.service(terms_.serviceId).provider;
        if (msg.sender != provider) revert NotProvider(msg.sender, provider);
        offerId = _offer(provider, terms_);
        _pull(terms_.token, terms_.bond);
    }

    function withdrawOffer(uint256 offerId) external {
        Agreement storage record = _requireStatus(offerId, AgreementStatus.Offered);
        if (msg.sender != record.provider) revert NotProvider(msg.sender, record.provider);
        record.status = AgreementStatus.Withdrawn;
        _owe(_terms(record).token, msg.sender, record.bondLeft);
        record.bondLeft = 0;
        emit OfferWithdrawn(offerId, msg.sender);
    }

    function accept(uint256 offerId, uint64 firstWindowStart) external returns (uint256) {
        Agreement storage record = _requireStatus(offerId, AgreementStatus.Offered);
        Terms memory agreed = _terms(record);
        _accept(offerId, msg.sender, agreed, firstWindowStart);
        _pull(agreed.token, uint256(agreed.periods) * agreed.pricePerPeriod);
        return offerId;
    }

    function open(address provider, address customer, Terms calldata terms_, uint64 firstWindowStart)
        external
        returns (uint256 agreementId)
    {
        if (msg.sender != market) revert NotMarket(msg.sender, market);
        checkTerms(terms_);
        agreementId = _offer(provider, terms_);
        _accept(agreementId, customer, terms_, firstWindowStart);
        _pull(terms_.token, terms_.bond + uint256(terms_.periods) * terms_.pricePerPeriod);
    }

    function giveNotice(uint256 agreementId) external {
        Agreement storage record = _requireStatus(agreementId, AgreementStatus.Active);
        if (msg.sender != record.provider && msg.sender != record.customer) {
            revert NotParty(msg.sender, record.provider, record.customer);
        }
        Terms memory agreed = _terms(record);
        uint256 keeps = _startedPeriods(record, agreed) + agreed.noticeWindows;
        if (keeps >= record.periods) revert NoticeTooLate(keeps, record.periods);
        // casting to 'uint32' is safe because it is less than record.periods
        _shorten(agreementId, record, agreed, uint32(keeps), msg.sender);
    }

    function settle(
        uint256 agreementId,
        uint32 period,
        uint64 reportEpoch,
        Leaf calldata leaf,
        bytes32[] calldata proof
    ) external {
        Agreement storage record = _requireStatus(agreementId, AgreementStatus.Active);
        Terms memory agreed = _terms(record);
        _requireOpenPeriod(agreementId, period, record.periods);
        uint64 windowStart = _windowStart(record, agreed, period);
        _requireLeafOf(agreed, windowStart, leaf);
        _requireSettleTime(agreed, windowStart + agreed.windowEpochs, reportEpoch);
        oracle.verifyLeaf(leaf, reportEpoch, proof);
        _finish(agreementId, period, agreed, _judge(agreed, windowStart, leaf));
    }

    function expire(uint256 agreementId, uint32 period) external {
        Agreement storage record = _requireStatus(agreementId, AgreementStatus.Active);
        Terms memory agreed = _terms(record);
        _requireOpenPeriod(agreementId, period, record.periods);
        uint64 windowEnd = _windowStart(record, agreed, period) + agreed.windowEpochs;
        uint64 epoch = oracle.currentEpoch();
        uint64 expiresAt = windowEnd + expiryEpochs;
        if (epoch < expiresAt) revert PeriodNotExpired(epoch, expiresAt);
        bool abandoned = _retiredBefore(agreed.serviceId, windowEnd);
        _finish(agreementId, period, agreed, abandoned ? Outcome.Abandoned : Outcome.Expired);
    }

    function settleMany(Claim[] calldata claims) external returns (uint256 settled) {
        if (claims.length > SETTLE_MANY_MAX) revert TooManyClaims(claims.length, SETTLE_MANY_MAX);
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata c = claims[i];
            // A call of its own, so that its revert undoes it alone. A keeper has often been overtaken on one of many.
            try this.settle(c.agreementId, c.period, c.reportEpoch, c.leaf, c.proof) {
                ++settled;
            } catch (bytes memory reason) {
                emit SettlementRefused(c.agreementId, c.period, reason);
            }
        }
    }

    function checkTerms(Terms calldata t) public view {
        TermsBounds.check(t, settleDelayEpochsMax, oracle.windowEpochs());
    }

    function agreement(uint256 id) external view returns (Agreement memory) {
        return _agreements[id];
    }

    function terms(uint256 id) external view returns (Terms memory) {
        Agreement storage record = _agreements[id];
        if (record.status == AgreementStatus.None) {
            revert WrongStatus(id, uint8(AgreementStatus.None), uint8(AgreementStatus.Offered));
        }
        return _terms(record);
    }

    function outcome(uint256 agreementId, uint32 period) public view returns (Outcome) {
        return _outcomes[agreementId].get(period);
    }

    function periodTimes(uint256 agreementId, uint32 period)
        external
        view
        returns (uint64 windowStart, uint64 windowEnd, uint64 settleableFrom, uint64 expiresAt)
    {
        (Agreement storage record, Terms memory agreed) = _acceptedTerms(agreementId, period);
        windowStart = _windowStart(record, agreed, period);
        windowEnd = windowStart + agreed.windowEpochs;
        settleableFrom = windowEnd + agreed.settleDelayEpochs;
        expiresAt = windowEnd + expiryEpochs;
    }

    function previewOutcome(uint256 agreementId, uint32 period, Leaf calldata leaf)
        external
        view
        returns (Outcome result, uint128 paidToProvider, uint128 returnedToCustomer, uint128 slashed, uint128 fee)
    {
        (Agreement storage record, Terms memory agreed) = _acceptedTerms(agreementId, period);
        result = _judge(agreed, _windowStart(record, agreed, period), leaf);
        Ending memory e = _ending(agreementId, period, record, agreed, result);
        return (result, e.paid, e.returned, e.slashed, e.fee);
    }

    function _offer(address provider, Terms calldata terms_) private returns (uint256 offerId) {
        offerId = ++offerCount;
        Agreement storage record = _agreements[offerId];
        record.provider = provider;
        record.status = AgreementStatus.Offered;
        record.periods = terms_.periods;
        record.termsPointer = SSTORE2.write(abi.encode(terms_));
        record.bondLeft = terms_.bond;
        _openAccount(terms_.token, provider);
        emit Offered(offerId, provider, terms_.serviceId, terms_);
    }

    function _accept(uint256 id, address customer, Terms memory agreed, uint64 firstWindowStart) private {
        _requireFutureWindow(agreed, firstWindowStart);
        Agreement storage record = _agreements[id];
        record.status = AgreementStatus.Active;
        record.customer = customer;
        record.firstWindowStart = firstWindowStart;
        _outcomes[id].open();
        _openAccount(agreed.token, customer);
        emit Accepted(id, customer, record.provider, firstWindowStart);
    }

    /// Books the outcome of a period; extends, ends or closes the agreement where that follows from it.
    function _finish(uint256 id, uint32 period, Terms memory agreed, Outcome result) private {
        Agreement storage record = _agreements[id];
        Ending memory e = _ending(id, period, record, agreed, result);
        _outcomes[id].set(period, result);
        record.periodsDone += 1;
        if (e.extends) record.periods += 1;
        if (e.slashed > 0) record.bondLeft -= e.slashed;
        _owe(agreed.token, record.provider, e.paid);
        _owe(agreed.token, record.customer, uint256(e.returned) + e.slashed);
        _owe(agreed.token, address(rewardPool), e.fee);
        emit PeriodSettled(id, period, result, e.paid, e.returned, e.slashed, e.fee);
        if (e.extends) emit AgreementExtended(id, record.periods);
        if (e.voids >= agreed.voidsInRowMax) {
            uint256 started = _startedPeriods(record, agreed);
            // casting to 'uint32' is safe because it is less than record.periods
            if (started < record.periods) _shorten(id, record, agreed, uint32(started), address(0));
        }
        _closeIfDone(id, record, agreed.token);
    }

    /// Ends the agreement after `keeps` periods, none of the others having started.
    function _shorten(uint256 id, Agreement storage record, Terms memory agreed, uint32 keeps, address by) private {
        uint256 returned = uint256(record.periods - keeps) * agreed.pricePerPeriod;
        record.periods = keeps;
        record.ending = true;
        _owe(agreed.token, record.customer, returned);
        emit AgreementEnding(id, by, keeps, returned);
    }

    function _closeIfDone(uint256 id, Agreement storage record, address token) private {
        if (record.periodsDone < record.periods) return;
        uint128 bondReturned = record.bondLeft;
        record.status = AgreementStatus.Closed;
        record.bondLeft = 0;
        _owe(token, record.provider, bondReturned);
        emit AgreementClosed(id, bondReturned);
    }

    /// What an outcome of `period` pays, the provider's fee taken off, and what else follows from it.
    function _ending(uint256 id, uint32 period, Agreement storage record, Terms memory agreed, Outcome result)
        private
        view
        returns (Ending memory e)
    {
        (e.paid, e.returned, e.slashed) = Settlement.amounts(result, agreed, _bondAtRisk(record, result));
        // casting to 'uint128' is safe because feePpm is less than PPM
        if (agreed.token == rewardToken) e.fee = uint128(uint256(e.paid) * feePpm / Settlement.PPM);
        e.paid -= e.fee;
        if (!Outcomes.isVoid(result)) return e;
        e.voids = _outcomes[id].voidsAround(period, record.periods);
        e.extends = _extends(record, agreed, e.voids);
        // The price stays for the window that is added.
        if (e.extends) e.returned = 0;
    }

    /// The bond is not even read where nothing is slashed.
    function _bondAtRisk(Agreement storage record, Outcome result) private view returns (uint128) {
        return result == Outcome.Breached || result == Outcome.Abandoned ? record.bondLeft : 0;
    }

    /// Whether a void period in a row of `voids` adds a window: one that has not started, and is measured.
    function _extends(Agreement storage record, Terms memory agreed, uint256 voids) private view returns (bool) {
        if (
            !agreed.extend || record.ending || voids >= agreed.voidsInRowMax
                || record.periods >= TermsBounds.PERIODS_MAX
        ) {
            return false;
        }
        uint64 windowStart = _windowStart(record, agreed, record.periods);
        if (windowStart <= oracle.currentEpoch()) return false;
        return !_retiredBefore(agreed.serviceId, windowStart + agreed.windowEpochs);
    }

    /// Periods whose window has started, also beyond the agreement's end.
    function _startedPeriods(Agreement storage record, Terms memory agreed) private view returns (uint256) {
        uint64 epoch = oracle.currentEpoch();
        if (epoch < record.firstWindowStart) return 0;
        return (epoch - record.firstWindowStart) / agreed.windowEpochs + 1;
    }

    /// The rule on the leaf, and the one fact that it does not hold: that the provider itself ended the measuring.
    function _judge(Terms memory agreed, uint64 windowStart, Leaf calldata leaf) private view returns (Outcome result) {
        result = Settlement.evaluate(leaf, agreed.objectives);
        if (!leaf.conclusive && _retiredBefore(agreed.serviceId, windowStart + agreed.windowEpochs)) {
            result = Outcome.Abandoned;
        }
    }

    function _retiredBefore(bytes32 serviceId, uint64 windowEnd) private view returns (bool) {
        return serviceRegistry.service(serviceId).retiredFrom < windowEnd;
    }

    function _requireFutureWindow(Terms memory agreed, uint64 firstWindowStart) private view {
        if (firstWindowStart % agreed.windowEpochs != 0) {
            revert WindowNotAligned(firstWindowStart, agreed.windowEpochs);
        }
        uint64 earliest = oracle.currentEpoch() + 1;
        uint64 latest = earliest + LEAD_WINDOWS_MAX * agreed.windowEpochs;
        if (firstWindowStart < earliest || firstWindowStart > latest) {
            revert WindowOutOfRange(firstWindowStart, earliest, latest);
        }
        Service memory service = serviceRegistry.service(agreed.serviceId);
        uint64 lastWindowEnd = firstWindowStart + uint64(agreed.periods) * agreed.windowEpochs;
        if (service.activeFrom > firstWindowStart || service.retiredFrom < lastWindowEnd) {
            revert ServiceNotActive(agreed.serviceId, service.activeFrom, service.retiredFrom);
        }
    }

    function _requireSettleTime(Terms memory agreed, uint64 windowEnd, uint64 reportEpoch) private view {
        // The report of the window's last epoch is the first that covers all of it.
        if (reportEpoch < windowEnd - 1) revert ReportBeforeWindowEnd(reportEpoch, windowEnd);
        uint64 epoch = oracle.currentEpoch();
        if (epoch >= windowEnd + expiryEpochs) revert PeriodExpired(epoch, windowEnd + expiryEpochs);
        // In 256 bits, for the caller chooses reportEpoch up to the maximum of its type.
        uint256 settleableFrom = uint256(reportEpoch) + 1 + agreed.settleDelayEpochs;
        if (epoch < settleableFrom) revert SettleDelayRunning(epoch, settleableFrom);
    }

    function _requireOpenPeriod(uint256 id, uint32 period, uint32 periods) private view {
        if (period >= periods) revert UnknownPeriod(period, periods);
        Outcome ended = outcome(id, period);
        if (ended != Outcome.None) revert PeriodAlreadySettled(id, period, ended);
    }

    function _requireStatus(uint256 id, AgreementStatus expected) private view returns (Agreement storage record) {
        record = _agreements[id];
        if (record.status != expected) revert WrongStatus(id, uint8(record.status), uint8(expected));
    }

    function _acceptedTerms(uint256 id, uint32 period)
        private
        view
        returns (Agreement storage record, Terms memory agreed)
    {
        record = _agreements[id];
        if (record.status != AgreementStatus.Active && record.status != AgreementStatus.Closed) {
            revert WrongStatus(id, uint8(record.status), uint8(AgreementStatus.Active));
        }
        agreed = _terms(record);
        if (period >= record.periods) revert UnknownPeriod(period, record.periods);
    }

    function _requireLeafOf(Terms memory agreed, uint64 windowStart, Leaf calldata leaf) private pure {
        if (leaf.serviceId != agreed.serviceId) revert LeafOfAnotherService(leaf.serviceId, agreed.serviceId);
        if (leaf.windowStart != windowStart || leaf.windowEpochs != agreed.windowEpochs) {
            revert LeafOfAnotherWindow(leaf.windowStart, leaf.windowEpochs, windowStart, agreed.windowEpochs);
        }
        if (leaf.vantage != agreed.vantage) revert LeafOfAnotherVantage(leaf.vantage, agreed.vantage);
    }

    function _windowStart(Agreement storage record, Terms memory agreed, uint32 period) private view returns (uint64) {
        return record.firstWindowStart + uint64(period) * agreed.windowEpochs;
    }

    function _terms(Agreement storage record) private view returns (Terms memory) {
        return abi.decode(SSTORE2.read(record.termsPointer), (Terms));
    }
}
