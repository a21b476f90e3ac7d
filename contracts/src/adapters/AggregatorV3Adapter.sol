// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {ILeafStore} from "../interfaces/ILeafStore.sol";
import {IMeasurementOracle} from "../interfaces/IMeasurementOracle.sol";
import {Observation} from "../interfaces/Types.sol";

/// One metric of one service as a Chainlink data feed. A round is a window; `startedAt` and `updatedAt` are its start and end,
/// so `updatedAt` is when the value was observed and not when somebody stored it. Only the newest round is kept. A read
/// reverts rather than returns a value that is stale, inconclusive or absent.
///
/// Shares (ppm) and times (µs) have 6 decimals: 1.0 is all, or one second. Counts have none. A time-out has no number: the
/// answer is then the largest that the word holds, 2^40 − 1 µs.
contract AggregatorV3Adapter is AggregatorV3Interface {
    uint8 private constant METRIC_HEAD_LAG_BLOCKS = 9;
    uint8 private constant METRICS = 12;
    uint8 private constant STATISTIC_TAIL = 1;

    ILeafStore public immutable store;
    bytes32 public immutable serviceId;
    uint8 public immutable metric;
    /// 0 median, 1 tail.
    uint8 public immutable statistic;
    uint16 public immutable vantage;
    uint32 public immutable windowEpochs;
    uint64 public immutable windowSeconds;
    /// Seconds after its window's end for which a value is answered.
    uint64 public immutable ageSecondsMax;
    uint8 public immutable decimals;
    uint256 public constant version = 1;
    string public description;

    /// A field is out of its bounds; `name` says which.
    error FieldOutOfBounds(string name, uint256 given, uint256 minimum, uint256 maximum);
    error RoundNotKept(uint80 given, uint80 newest);

    /// @param oracle whose calendar the windows follow. @param store_ where values are kept.
    constructor(
        IMeasurementOracle oracle,
        ILeafStore store_,
        bytes32 serviceId_,
        uint8 metric_,
        uint8 statistic_,
        uint32 windowEpochs_,
        uint16 vantage_,
        uint64 ageSecondsMax_,
        string memory description_
    ) {
        _requireWithin("metric", metric_, 0, METRICS - 1);
        _requireWithin("statistic", statistic_, 0, STATISTIC_TAIL);
        _requireWithin("windowEpochs", windowEpochs_, 1, type(uint32).max);
        _requireWithin("ageSecondsMax", ageSecondsMax_, 1, type(uint64).max);
        store = store_;
        serviceId = serviceId_;
        metric = metric_;
        statistic = statistic_;
        windowEpochs = windowEpochs_;
        vantage = vantage_;
        ageSecondsMax = ageSecondsMax_;
        windowSeconds = uint64(windowEpochs_) * oracle.epochSeconds();
        decimals = metric_ == METRIC_HEAD_LAG_BLOCKS ? 0 : 6;
        description = description_;
    }

    function latestRoundData()
        public
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        Observation memory seen = store.noOlderThanOf(serviceId, windowEpochs, vantage, metric, ageSecondsMax);
        answer = int256(uint256(statistic == STATISTIC_TAIL ? seen.tail : seen.median));
        (startedAt, updatedAt) = (seen.observedAt - windowSeconds, seen.observedAt);
        // Windows count from 1, for round 0 means none.
        roundId = uint80(seen.windowEnd / windowEpochs);
        answeredInRound = roundId;
    }

    function getRoundData(uint80 roundId_)
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        (roundId, answer, startedAt, updatedAt, answeredInRound) = latestRoundData();
        if (roundId_ != roundId) revert RoundNotKept(roundId_, roundId);
    }

    function _requireWithin(string memory name, uint256 given, uint256 minimum, uint256 maximum) private pure {
        if (given < minimum || given > maximum) revert FieldOutOfBounds(name, given, minimum, maximum);
    }
}
