// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leaf, Objective, Outcome, Terms} from "../interfaces/Types.sol";

/// The rule of a period: one leaf in, one outcome and its amounts out. Pure; money fails closed to `Inconclusive`.
library Settlement {
    uint8 internal constant METRICS = 12;
    uint8 internal constant STATISTIC_TAIL = 1;
    uint8 internal constant COMPARATOR_AT_LEAST = 0;
    uint8 internal constant COMPARATOR_AT_MOST = 1;
    uint256 internal constant PPM = 1_000_000;

    uint256 private constant STATUS_PRESENT = 2;

    enum Verdict {
        Unknown,
        Met,
        Missed,
        Breached
    }

    /// One breach decides; then one unknown; then one miss.
    function evaluate(Leaf calldata leaf, Objective[] memory objectives) internal pure returns (Outcome) {
        if (!leaf.conclusive) return Outcome.Inconclusive;
        bool unknown = false;
        bool missed = false;
        for (uint256 i = 0; i < objectives.length; ++i) {
            Verdict verdict = judge(leaf.stats[objectives[i].metric], objectives[i]);
            if (verdict == Verdict.Breached) return Outcome.Breached;
            if (verdict == Verdict.Unknown) unknown = true;
            if (verdict == Verdict.Missed) missed = true;
        }
        if (unknown) return Outcome.Inconclusive;
        return missed ? Outcome.Credited : Outcome.Met;
    }

    /// Breached when even the bound that favours the provider misses the threshold; met when the value meets it.
    function judge(uint256 stat, Objective memory objective) internal pure returns (Verdict) {
        if (stat >> 248 != STATUS_PRESENT) return Verdict.Unknown;
        uint256 shift = objective.statistic == STATISTIC_TAIL ? 88 : 208;
        uint40 value = uint40(stat >> shift);
        uint40 lower = uint40(stat >> (shift - 40));
        uint40 upper = uint40(stat >> (shift - 80));
        return compare(value, lower, upper, objective);
    }

    /// The same for a value that is known to be present.
    function compare(uint40 value, uint40 lower, uint40 upper, Objective memory objective)
        internal
        pure
        returns (Verdict)
    {
        // No honest report has such bounds; nothing may be slashed on them.
        if (lower > value || value > upper) return Verdict.Unknown;
        if (objective.comparator == COMPARATOR_AT_LEAST) {
            if (upper < objective.threshold) return Verdict.Breached;
            return value >= objective.threshold ? Verdict.Met : Verdict.Missed;
        }
        if (lower > objective.threshold) return Verdict.Breached;
        return value <= objective.threshold ? Verdict.Met : Verdict.Missed;
    }

    /// The two shares of the price always add up to it; the slash never exceeds the bond that is left.
    function amounts(Outcome outcome, Terms memory terms, uint128 bondLeft)
        internal
        pure
        returns (uint128 paidToProvider, uint128 returnedToCustomer, uint128 slashed)
    {
        uint128 price = terms.pricePerPeriod;
        if (outcome == Outcome.Met) return (price, 0, 0);
        if (outcome == Outcome.Credited) {
            // casting to 'uint128' is safe because creditPpm is at most PPM
            uint128 creditDown = uint128(uint256(price) * terms.creditPpm / PPM);
            return (price - creditDown, creditDown, 0);
        }
        if (outcome == Outcome.Breached || outcome == Outcome.Abandoned) {
            return (0, price, terms.slashPerPeriod < bondLeft ? terms.slashPerPeriod : bondLeft);
        }
        return (0, price, 0);
    }
}
