// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "../interfaces/IMeasurementOracle.sol";
import {Leaf, Observation} from "../interfaces/Types.sol";

/// A customer pays a provider for each window in which a service was up, in the chain's own coin.
///
/// `pay` goes by a value that the oracle keeps: fresh, and at least the promise. `refuse` goes by the proof of one leaf: even the
/// bound that favours the provider breaks the promise. In between nobody gets anything for the window. Anyone may call either,
/// and it does the same whoever calls. A window is judged once, and never one that starts before the last judged one ended; what
/// nobody judged returns to the customer after the end.
contract PayPerWindow {
    uint8 private constant METRIC_AVAILABILITY = 0;
    uint16 private constant VANTAGE_GLOBAL = 0;
    uint256 private constant STATUS_PRESENT = 2;

    IMeasurementOracle public immutable oracle;
    bytes32 public immutable serviceId;
    uint32 public immutable windowEpochs;
    uint40 public immutable availabilityPpmMin;
    /// Of a window when it is judged, from its end on.
    uint64 public immutable ageSecondsMax;
    /// The windows that are paid for lie before this epoch.
    uint64 public immutable endEpoch;
    /// Wei a window.
    uint256 public immutable price;
    address public immutable customer;
    address public immutable provider;

    /// No window that starts before this epoch can be judged (any more).
    uint64 public judgedUntil;
    /// Wei that no window has earned or returned yet.
    uint256 public unspent;
    /// Wei. Pulled, so that an account that takes no coin blocks nobody else.
    mapping(address account => uint256) public owed;

    event Judged(uint64 windowStart, address indexed owedTo);

    error NoWindows();
    /// `value` is no whole number of `unit`.
    error NotWhole(uint256 value, uint256 unit);
    error WindowStarted(uint64 windowStart, uint64 currentEpoch);
    error PromiseNotMet(uint40 median, uint40 promised);
    error PromiseNotBroken(uint40 upper, uint40 promised);
    error AnotherLeaf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage);
    error NothingKnown(uint64 windowStart);
    error TooOld(uint256 observedAt, uint64 ageSecondsMax);
    error AlreadyJudged(uint64 windowStart, uint64 judgedUntil);
    error AfterEnd(uint64 windowStart, uint64 endEpoch);
    /// Unix seconds.
    error NotOver(uint256 closesAt);
    error NothingOwed(address account);
    error CoinRefused(address account);

    /// Whoever creates it is the customer, and sends the price of all `windows`. `windowStart`: the first epoch that is paid for.
    constructor(
        IMeasurementOracle oracle_,
        bytes32 serviceId_,
        address provider_,
        uint32 windowEpochs_,
        uint64 windowStart,
        uint32 windows,
        uint40 availabilityPpmMin_,
        uint64 ageSecondsMax_
    ) payable {
        if (windows == 0 || windowEpochs_ == 0) revert NoWindows();
        if (msg.value == 0 || msg.value % windows != 0) revert NotWhole(msg.value, windows);
        if (windowStart % windowEpochs_ != 0) revert NotWhole(windowStart, windowEpochs_);
        // Watchers know a result before the chain does: nobody may bet on a window that has started.
        uint64 epoch = oracle_.currentEpoch();
        if (windowStart <= epoch) revert WindowStarted(windowStart, epoch);
        oracle = oracle_;
        serviceId = serviceId_;
        provider = provider_;
        customer = msg.sender;
        windowEpochs = windowEpochs_;
        availabilityPpmMin = availabilityPpmMin_;
        ageSecondsMax = ageSecondsMax_;
        endEpoch = windowStart + uint64(windows) * windowEpochs_;
        price = msg.value / windows;
        judgedUntil = windowStart;
        unspent = msg.value;
    }

    /// Pays for the newest kept window. Somebody calls `proveAndStore` of the oracle first. Reverts with the oracle's `Stale` or
    /// `NothingStored` where nothing fresh is kept.
    function pay() external {
        Observation memory seen =
            oracle.noOlderThanOf(serviceId, windowEpochs, VANTAGE_GLOBAL, METRIC_AVAILABILITY, ageSecondsMax);
        if (seen.median < availabilityPpmMin) revert PromiseNotMet(seen.median, availabilityPpmMin);
        _judge(seen.windowStart, provider);
    }

    /// Returns the price of a window to the customer. Reverts with the oracle's errors when no report has the leaf.
    function refuse(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof) external {
        // What was measured, and over what, stands in the leaf: a proof says only that the leaf is in the report.
        if (leaf.serviceId != serviceId || leaf.windowEpochs != windowEpochs || leaf.vantage != VANTAGE_GLOBAL) {
            revert AnotherLeaf(leaf.serviceId, leaf.windowEpochs, leaf.vantage);
        }
        uint256 word = leaf.stats[METRIC_AVAILABILITY];
        if (!leaf.conclusive || word >> 248 != STATUS_PRESENT) revert NothingKnown(leaf.windowStart);
        // casting to 'uint40' is safe because it takes the field out of the word
        uint40 upper = uint40(word >> 128);
        if (upper >= availabilityPpmMin) revert PromiseNotBroken(upper, availabilityPpmMin);
        uint256 observedAt = _timeOf(uint256(leaf.windowStart) + windowEpochs);
        if (block.timestamp > observedAt + ageSecondsMax) revert TooOld(observedAt, ageSecondsMax);
        oracle.verifyLeaf(leaf, reportEpoch, proof);
        _judge(leaf.windowStart, customer);
    }

    /// After the end, when no window can be judged any more, the rest is the customer's.
    function close() external {
        uint256 closesAt = _timeOf(endEpoch) + ageSecondsMax;
        if (block.timestamp <= closesAt) revert NotOver(closesAt);
        owed[customer] += unspent;
        unspent = 0;
    }

    function withdraw() external {
        uint256 amount = owed[msg.sender];
        if (amount == 0) revert NothingOwed(msg.sender);
        owed[msg.sender] = 0;
        (bool sent,) = msg.sender.call{value: amount}("");
        if (!sent) revert CoinRefused(msg.sender);
    }

    function _judge(uint64 windowStart, address owedTo) private {
        if (windowStart < judgedUntil) revert AlreadyJudged(windowStart, judgedUntil);
        if (windowStart >= endEpoch) revert AfterEnd(windowStart, endEpoch);
        judgedUntil = windowStart + windowEpochs;
        unspent -= price;
        owed[owedTo] += price;
        emit Judged(windowStart, owedTo);
    }

    /// Unix seconds at which an epoch starts.
    function _timeOf(uint256 epoch) private view returns (uint256) {
        return oracle.genesis() + epoch * oracle.epochSeconds();
    }
}
