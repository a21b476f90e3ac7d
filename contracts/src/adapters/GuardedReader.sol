// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeafStore} from "../interfaces/ILeafStore.sol";
import {Observation} from "../interfaces/Types.sol";

/// The base of a consumer: one statistic of one service, guarded against age and against jumps.
///
/// `refresh` takes the newest conclusive value of the store. A value that differs from the last one taken by more than
/// `changePpmMax` of it waits until a later window's value agrees with it, within the same bound: one wrong report moves
/// nothing, and a true change is followed one window later. A value taken long ago bounds nothing: beyond the maximum age
/// the next one is taken as it is.
abstract contract GuardedReader {
    uint256 private constant PPM = 1_000_000;
    uint8 private constant STATISTIC_TAIL = 1;

    struct Reading {
        uint40 value;
        uint40 lower;
        uint40 upper;
        /// Unix seconds, the end of the window; 0 for none.
        uint64 observedAt;
    }

    ILeafStore public immutable store;
    bytes32 public immutable serviceId;
    uint8 public immutable metric;
    /// 0 median, 1 tail.
    uint8 public immutable statistic;
    uint32 public immutable windowEpochs;
    uint16 public immutable vantage;
    uint64 public immutable ageSecondsMax;
    uint32 public immutable changePpmMax;

    Reading internal _taken;
    /// Jumped, and waits for a later one that agrees.
    Reading internal _waiting;

    event Taken(uint40 value, uint64 observedAt);
    event Waiting(uint40 value, uint64 observedAt, uint40 taken);

    /// Unix seconds.
    error Stale(uint256 now_, uint64 observedAt, uint64 ageSecondsMax);
    error NotNewer(uint64 observedAt, uint64 seen);

    constructor(
        ILeafStore store_,
        bytes32 serviceId_,
        uint8 metric_,
        uint8 statistic_,
        uint32 windowEpochs_,
        uint16 vantage_,
        uint64 ageSecondsMax_,
        uint32 changePpmMax_
    ) {
        store = store_;
        serviceId = serviceId_;
        metric = metric_;
        statistic = statistic_;
        windowEpochs = windowEpochs_;
        vantage = vantage_;
        ageSecondsMax = ageSecondsMax_;
        changePpmMax = changePpmMax_;
    }

    /// Anyone may call it; nothing depends on who does. Reverts with the store's errors when nothing fresh is kept there.
    /// @return taken whether the newest value is now the one that `_read` answers.
    function refresh() external returns (bool taken) {
        Reading memory next = _readingOf(store.noOlderThanOf(serviceId, windowEpochs, vantage, metric, ageSecondsMax));
        uint64 seen = _taken.observedAt > _waiting.observedAt ? _taken.observedAt : _waiting.observedAt;
        if (next.observedAt <= seen) revert NotNewer(next.observedAt, seen);
        taken = !_isFresh(_taken) || _isClose(next.value, _taken.value)
            || (_waiting.observedAt != 0 && _isClose(next.value, _waiting.value));
        if (taken) {
            _taken = next;
            delete _waiting;
            emit Taken(next.value, next.observedAt);
        } else {
            _waiting = next;
            emit Waiting(next.value, next.observedAt, _taken.value);
        }
    }

    /// The guarded value. Reverts when it is older than `ageSecondsMax`.
    function _read() internal view returns (Reading memory) {
        if (!_isFresh(_taken)) revert Stale(block.timestamp, _taken.observedAt, ageSecondsMax);
        return _taken;
    }

    function _readingOf(Observation memory o) private view returns (Reading memory) {
        if (statistic == STATISTIC_TAIL) return Reading(o.tail, o.tailLower, o.tailUpper, o.observedAt);
        return Reading(o.median, o.medianLower, o.medianUpper, o.observedAt);
    }

    function _isFresh(Reading memory reading) private view returns (bool) {
        return reading.observedAt != 0 && block.timestamp <= uint256(reading.observedAt) + ageSecondsMax;
    }

    function _isClose(uint40 value, uint40 other) private view returns (bool) {
        uint256 change = value > other ? value - other : other - value;
        return change * PPM <= uint256(other) * changePpmMax;
    }
}
