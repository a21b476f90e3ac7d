// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IMeasurementOracle} from "./interfaces/IMeasurementOracle.sol";
import {IServiceRegistry} from "./interfaces/IServiceRegistry.sol";
import {ISlaVault} from "./interfaces/ISlaVault.sol";
import {Agreement, AgreementStatus, Leaf, Objective, Outcome, Service, Terms} from "./interfaces/Types.sol";
import {Settlement} from "./libraries/Settlement.sol";

/// Documentation stands on the interface.
contract SlaVault is ISlaVault {
    using SafeERC20 for IERC20;

    /// Five years of one-day periods fit.
    uint256 public constant PERIODS_MAX = 2048;
    /// Each is judged in every settlement: bounds its gas.
    uint256 public constant OBJECTIVES_MAX = 4;
    /// A customer must not lock a bond for a far future.
    uint64 public constant LEAD_WINDOWS_MAX = 4;
    /// Half of the time for which the oracle keeps a root: the other half is for whoever settles.
    uint64 public immutable settleDelayEpochsMax;
    /// Epochs after a window's close when its period can no longer be settled, only expired: from then on the root of the
    /// first report that could carry the leaf may be overwritten. Equals the oracle's RING_SIZE, and so exceeds any deadline
    /// plus settle delay by at least 3,072 epochs.
    uint64 public immutable expiryEpochs;

    IMeasurementOracle public immutable oracle;
    IServiceRegistry public immutable serviceRegistry;

    uint256 public offerCount;
    mapping(address token => mapping(address account => uint256)) public owed;
    mapping(uint256 id => Agreement) private _agreements;
    /// Four bits per period, 64 periods per word.
    mapping(uint256 id => mapping(uint256 word => uint256)) private _outcomes;

    constructor(IMeasurementOracle oracle_, IServiceRegistry serviceRegistry_) {
        address ofOracle = address(oracle_.watcherRegistry());
        address ofServices = address(serviceRegistry_.watcherRegistry());
        if (ofOracle != ofServices) revert RegistriesDiffer(ofOracle, ofServices);
        oracle = oracle_;
        serviceRegistry = serviceRegistry_;
        expiryEpochs = oracle_.RING_SIZE();
        settleDelayEpochsMax = oracle_.RING_SIZE() / 2;
    }

    function offer(Terms calldata terms_) external returns (uint256 offerId) {
        _requireBounds(terms_);
        address provider = serviceRegistry.service(terms_.serviceId).provider;
        if (msg.sender != provider) revert NotProvider(msg.sender, provider);
        offerId = ++offerCount;
        Agreement storage record = _agreements[offerId];
        record.provider = provider;
        record.status = AgreementStatus.Offered;
        record.termsPointer = SSTORE2.write(abi.encode(terms_));
        record.bondLeft = terms_.bond;
        emit Offered(offerId, provider, terms_.serviceId, terms_);
        _pull(terms_.token, terms_.bond);
    }

    function withdrawOffer(uint256 offerId) external {
        Agreement storage record = _requireStatus(offerId, AgreementStatus.Offered);
        if (msg.sender != record.provider) revert NotProvider(msg.sender, record.provider);
        record.status = AgreementStatus.Withdrawn;
        owed[_terms(record).token][msg.sender] += record.bondLeft;
        record.bondLeft = 0;
        emit OfferWithdrawn(offerId, msg.sender);
    }

    function accept(uint256 offerId, uint64 firstWindowStart) external returns (uint256) {
        Agreement storage record = _requireStatus(offerId, AgreementStatus.Offered);
        Terms memory agreed = _terms(record);
        _requireFutureWindow(agreed, firstWindowStart);
        record.status = AgreementStatus.Active;
        record.customer = msg.sender;
        record.firstWindowStart = firstWindowStart;
        emit Accepted(offerId, msg.sender, record.provider, firstWindowStart);
        _pull(agreed.token, uint256(agreed.periods) * agreed.pricePerPeriod);
        return offerId;
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
        _requireOpenPeriod(agreementId, period, agreed.periods);
        uint64 windowStart = _windowStart(record, agreed, period);
        _requireLeafOf(agreed, windowStart, leaf);
        _requireSettleTime(agreed, windowStart + agreed.windowEpochs, reportEpoch);
        oracle.verifyLeaf(leaf, reportEpoch, proof);
        _finish(agreementId, period, agreed, _judge(agreed, windowStart, leaf));
    }

    function expire(uint256 agreementId, uint32 period) external {
        Agreement storage record = _requireStatus(agreementId, AgreementStatus.Active);
        Terms memory agreed = _terms(record);
        _requireOpenPeriod(agreementId, period, agreed.periods);
        uint64 windowEnd = _windowStart(record, agreed, period) + agreed.windowEpochs;
        uint64 epoch = oracle.currentEpoch();
        uint64 expiresAt = windowEnd + expiryEpochs;
        if (epoch < expiresAt) revert PeriodNotExpired(epoch, expiresAt);
        bool abandoned = _retiredBefore(agreed.serviceId, windowEnd);
        _finish(agreementId, period, agreed, abandoned ? Outcome.Abandoned : Outcome.Expired);
    }

    function withdraw(address token) external {
        uint256 amount = owed[token][msg.sender];
        if (amount == 0) revert NothingOwed(token, msg.sender);
        owed[token][msg.sender] = 0;
        emit Withdrawn(token, msg.sender, amount);
        IERC20(token).safeTransfer(msg.sender, amount);
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
        return Outcome((_outcomes[agreementId][period / 64] >> (4 * (period % 64))) & 0xf);
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
        returns (Outcome result, uint128 paidToProvider, uint128 returnedToCustomer, uint128 slashed)
    {
        (Agreement storage record, Terms memory agreed) = _acceptedTerms(agreementId, period);
        result = _judge(agreed, _windowStart(record, agreed, period), leaf);
        (paidToProvider, returnedToCustomer, slashed) = Settlement.amounts(result, agreed, record.bondLeft);
    }

    /// Books the outcome of a period, and closes the agreement after its last one.
    function _finish(uint256 id, uint32 period, Terms memory agreed, Outcome result) private {
        Agreement storage record = _agreements[id];
        (uint128 paid, uint128 returned, uint128 slashed) = Settlement.amounts(result, agreed, record.bondLeft);
        _outcomes[id][period / 64] |= uint256(result) << (4 * (period % 64));
        record.bondLeft -= slashed;
        record.periodsDone += 1;
        owed[agreed.token][record.provider] += paid;
        owed[agreed.token][record.customer] += uint256(returned) + slashed;
        emit PeriodSettled(id, period, result, paid, returned, slashed);
        if (record.periodsDone == agreed.periods) {
            uint128 bondReturned = record.bondLeft;
            record.status = AgreementStatus.Closed;
            record.bondLeft = 0;
            owed[agreed.token][record.provider] += bondReturned;
            emit AgreementClosed(id, bondReturned);
        }
    }

    /// Takes `amount` of the caller, last of all effects.
    function _pull(address token, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert TokenNotReceived(received, amount);
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
        if (period >= agreed.periods) revert UnknownPeriod(period, agreed.periods);
    }

    function _requireBounds(Terms calldata t) private view {
        _requireWithin("objectives", t.objectives.length, 1, OBJECTIVES_MAX);
        _requireWithin("periods", t.periods, 1, PERIODS_MAX);
        _requireWithin("slashPerPeriod", t.slashPerPeriod, 0, t.bond);
        _requireWithin("creditPpm", t.creditPpm, 0, Settlement.PPM);
        _requireWithin("settleDelayEpochs", t.settleDelayEpochs, 0, settleDelayEpochsMax);
        for (uint256 i = 0; i < t.objectives.length; ++i) {
            Objective calldata objective = t.objectives[i];
            _requireWithin("metric", objective.metric, 0, Settlement.METRICS - 1);
            _requireWithin("statistic", objective.statistic, 0, Settlement.STATISTIC_TAIL);
            _requireWithin("comparator", objective.comparator, 0, Settlement.COMPARATOR_AT_MOST);
        }
        // The epoch leaf (1) and unused places (0) never settle money.
        if (t.windowEpochs < 2) revert UnknownWindow(t.windowEpochs);
        uint32[4] memory windows = oracle.windowEpochs();
        for (uint256 i = 0; i < windows.length; ++i) {
            if (windows[i] == t.windowEpochs) return;
        }
        revert UnknownWindow(t.windowEpochs);
    }

    function _requireWithin(string memory name, uint256 given, uint256 minimum, uint256 maximum) private pure {
        if (given < minimum || given > maximum) revert FieldOutOfBounds(name, given, minimum, maximum);
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
