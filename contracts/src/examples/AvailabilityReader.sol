// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GuardedReader} from "../adapters/GuardedReader.sol";
import {ILeafStore} from "../interfaces/ILeafStore.sol";

/// A small consumer: the availability of one service, median over the watchers, at most two hours old, and never moved by more
/// than 5 % of itself by one report alone.
contract AvailabilityReader is GuardedReader {
    uint8 private constant METRIC_AVAILABILITY = 0;
    uint8 private constant STATISTIC_MEDIAN = 0;
    uint16 private constant VANTAGE_GLOBAL = 0;
    /// Two hourly windows: one may be missed.
    uint64 private constant AGE_SECONDS = 7_200;
    uint32 private constant CHANGE_PPM = 50_000;

    constructor(ILeafStore store, bytes32 serviceId, uint32 windowEpochs)
        GuardedReader(
            store,
            serviceId,
            METRIC_AVAILABILITY,
            STATISTIC_MEDIAN,
            windowEpochs,
            VANTAGE_GLOBAL,
            AGE_SECONDS,
            CHANGE_PPM
        )
    {}

    /// In ppm, with its one-sided 95 % lower bound. Reverts with Stale.
    function availability() external view returns (uint40 median, uint40 lower) {
        Reading memory reading = _read();
        return (reading.value, reading.lower);
    }
}
