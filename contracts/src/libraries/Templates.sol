// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Objective} from "../interfaces/Types.sol";
import {Settlement} from "./Settlement.sol";

/// Objectives of the market's three tiers. The numbers are the tiers' definition, in µs and ppm.
library Templates {
    /// Commodity: p99 <= 2 s. Optimized: p99 <= 800 ms and p50 <= 300 ms. Critical: p99 <= 400 ms.
    enum Tier {
        Commodity,
        Optimized,
        Critical
    }

    /// What is bounded: the time to an answer, or the time from a head's arrival to its finality.
    enum Form {
        Latency,
        FinalityDelay
    }

    uint8 internal constant METRIC_LATENCY_P50 = 1;
    uint8 internal constant METRIC_LATENCY_P99 = 4;
    uint8 internal constant METRIC_FINALITY_P50 = 6;
    uint8 internal constant METRIC_FINALITY_P99 = 7;
    uint8 internal constant METRIC_THROUGHPUT = 8;

    /// What the tiers promise; an answer within it feels prompt, quick or immediate to somebody who waits.
    uint40 internal constant COMMODITY_P99_MICROS = 2_000_000;
    uint40 internal constant OPTIMIZED_P99_MICROS = 800_000;
    uint40 internal constant OPTIMIZED_P50_MICROS = 300_000;
    uint40 internal constant CRITICAL_P99_MICROS = 400_000;
    /// Share of bursts that must reach the target rate: as many as a p99 asks of answers.
    uint40 internal constant BURSTS_MET_PPM = 990_000;
    /// Objectives of the longest template; the vault takes four.
    uint256 internal constant OBJECTIVES_MAX = 3;

    /// @param statistic 0 median, 1 tail, for all of them.
    /// @param targetRatePerSecond requests per second of a burst, such as 100, 1,000 or more; 0 for no objective on
    /// throughput. The rate itself is part of the service: see `extraOf`.
    function objectives(Tier tier, Form form, uint8 statistic, uint32 targetRatePerSecond)
        internal
        pure
        returns (Objective[] memory list)
    {
        uint8 p99 = form == Form.Latency ? METRIC_LATENCY_P99 : METRIC_FINALITY_P99;
        uint8 p50 = form == Form.Latency ? METRIC_LATENCY_P50 : METRIC_FINALITY_P50;
        bool hasP50 = tier == Tier.Optimized;
        bool hasRate = targetRatePerSecond > 0;
        list = new Objective[](1 + (hasP50 ? 1 : 0) + (hasRate ? 1 : 0));
        list[0] = Objective(p99, statistic, Settlement.COMPARATOR_AT_MOST, _p99MicrosOf(tier));
        if (hasP50) list[1] = Objective(p50, statistic, Settlement.COMPARATOR_AT_MOST, OPTIMIZED_P50_MICROS);
        if (hasRate) {
            list[list.length - 1] =
                Objective(METRIC_THROUGHPUT, statistic, Settlement.COMPARATOR_AT_LEAST, BURSTS_MET_PPM);
        }
    }

    /// The `extra` with which a service states the rate of its bursts, and so the load that it consents to. An intent names
    /// its keccak256 as `extraDigest`.
    function extraOf(uint32 targetRatePerSecond) internal pure returns (bytes memory) {
        return abi.encode(targetRatePerSecond);
    }

    function _p99MicrosOf(Tier tier) private pure returns (uint40) {
        if (tier == Tier.Commodity) return COMMODITY_P99_MICROS;
        return tier == Tier.Optimized ? OPTIMIZED_P99_MICROS : CRITICAL_P99_MICROS;
    }
}
