// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leaf, Objective, Outcome, Terms} from "../src/interfaces/Types.sol";
import {Settlement} from "../src/libraries/Settlement.sol";
import {Fixture} from "./Fixture.sol";

contract SettlementTest is Fixture {
    uint8 private constant AT_LEAST = 0;
    uint8 private constant AT_MOST = 1;
    uint8 private constant MEDIAN = 0;
    uint8 private constant TAIL = 1;

    function evaluate(Leaf calldata leaf, Objective[] calldata objectives) external pure returns (Outcome) {
        return Settlement.evaluate(leaf, objectives);
    }

    function test_judge_atLeast_breachesOnlyWhenTheUpperBoundDoes() external pure {
        Objective memory o = objective(0, MEDIAN, AT_LEAST, 1000);
        _judged(stat(900, 800, 999), o, Settlement.Verdict.Breached);
        _judged(stat(900, 800, 1000), o, Settlement.Verdict.Missed);
        _judged(stat(999, 800, 2000), o, Settlement.Verdict.Missed);
        _judged(stat(1000, 800, 2000), o, Settlement.Verdict.Met);
        _judged(stat(1000, 1000, 1000), o, Settlement.Verdict.Met);
    }

    function test_judge_atMost_breachesOnlyWhenTheLowerBoundDoes() external pure {
        Objective memory o = objective(1, MEDIAN, AT_MOST, 1000);
        _judged(stat(1100, 1001, 1200), o, Settlement.Verdict.Breached);
        _judged(stat(1100, 1000, 1200), o, Settlement.Verdict.Missed);
        _judged(stat(1001, 10, 1200), o, Settlement.Verdict.Missed);
        _judged(stat(1000, 10, 1200), o, Settlement.Verdict.Met);
        _judged(stat(type(uint40).max, type(uint40).max, type(uint40).max), o, Settlement.Verdict.Breached);
    }

    function test_judge_readsTheStatisticThatTheObjectiveNames() external pure {
        // median 5 (4..6), tail 50 (40..60)
        uint256 word = uint256(2) << 248 | uint256(5) << 208 | uint256(4) << 168 | uint256(6) << 128 | uint256(50) << 88
            | uint256(40) << 48 | uint256(60) << 8;
        _judged(word, objective(1, MEDIAN, AT_MOST, 5), Settlement.Verdict.Met);
        _judged(word, objective(1, MEDIAN, AT_MOST, 4), Settlement.Verdict.Missed);
        _judged(word, objective(1, MEDIAN, AT_MOST, 3), Settlement.Verdict.Breached);
        _judged(word, objective(1, MEDIAN, AT_LEAST, 6), Settlement.Verdict.Missed);
        _judged(word, objective(1, MEDIAN, AT_LEAST, 7), Settlement.Verdict.Breached);
        _judged(word, objective(1, TAIL, AT_MOST, 50), Settlement.Verdict.Met);
        _judged(word, objective(1, TAIL, AT_MOST, 40), Settlement.Verdict.Missed);
        _judged(word, objective(1, TAIL, AT_MOST, 39), Settlement.Verdict.Breached);
        _judged(word, objective(1, TAIL, AT_LEAST, 60), Settlement.Verdict.Missed);
        _judged(word, objective(1, TAIL, AT_LEAST, 61), Settlement.Verdict.Breached);
    }

    function test_judge_knowsNothingOfAStatThatIsNotPresent() external pure {
        Objective memory o = objective(0, MEDIAN, AT_LEAST, 1000);
        uint256 body = stat(1, 1, 1) & ((1 << 248) - 1);
        _judged(0, o, Settlement.Verdict.Unknown);
        _judged(body | uint256(1) << 248, o, Settlement.Verdict.Unknown);
        _judged(body | uint256(3) << 248, o, Settlement.Verdict.Unknown);
    }

    function testFuzz_judge_neverBreachesOnBoundsThatContradictTheValue(uint40 value, uint40 lower, uint40 upper)
        external
        pure
    {
        Settlement.Verdict atLeast = Settlement.judge(stat(value, lower, upper), objective(0, MEDIAN, AT_LEAST, 500));
        Settlement.Verdict atMost = Settlement.judge(stat(value, lower, upper), objective(0, TAIL, AT_MOST, 500));
        if (lower <= value && value <= upper) {
            assertTrue((value >= 500) == (atLeast == Settlement.Verdict.Met), "at least");
            assertTrue((value <= 500) == (atMost == Settlement.Verdict.Met), "at most");
        } else {
            assertTrue(atLeast == Settlement.Verdict.Unknown && atMost == Settlement.Verdict.Unknown, "unknown");
        }
    }

    function test_evaluate_ranksBreachThenUnknownThenMiss() external view {
        Leaf memory leaf;
        leaf.conclusive = true;
        Objective[] memory objectives = new Objective[](3);
        for (uint8 i = 0; i < 3; ++i) {
            objectives[i] = objective(i, MEDIAN, AT_LEAST, 1000);
            leaf.stats[i] = stat(1000, 900, 1100);
        }
        _evaluated(leaf, objectives, Outcome.Met);
        leaf.stats[2] = stat(999, 900, 1100);
        _evaluated(leaf, objectives, Outcome.Credited);
        leaf.stats[1] = 0;
        _evaluated(leaf, objectives, Outcome.Inconclusive);
        leaf.stats[2] = stat(900, 800, 950);
        _evaluated(leaf, objectives, Outcome.Breached);
        leaf.conclusive = false;
        _evaluated(leaf, objectives, Outcome.Inconclusive);
    }

    function testFuzz_amounts_shareThePriceAndNeverOverdrawTheBond(
        uint8 outcome,
        uint128 price,
        uint128 slash,
        uint128 bondLeft,
        uint32 creditPpm
    ) external pure {
        Terms memory terms;
        terms.pricePerPeriod = price;
        terms.slashPerPeriod = slash;
        terms.creditPpm = uint32(bound(creditPpm, 0, 1_000_000));
        Outcome result = Outcome(bound(outcome, 1, 6));
        (uint128 paid, uint128 returned, uint128 slashed) = Settlement.amounts(result, terms, bondLeft);
        assertEq(uint256(paid) + returned, price, "shares");
        assertTrue(slashed <= bondLeft && slashed <= slash, "slash");
        bool slashes = result == Outcome.Breached || result == Outcome.Abandoned;
        assertTrue(slashes || slashed == 0, "only a breach slashes");
        assertTrue(result == Outcome.Met || result == Outcome.Credited || paid == 0, "only these pay");
        if (result == Outcome.Credited) assertEq(returned, uint256(price) * terms.creditPpm / 1_000_000, "credit");
    }

    function _judged(uint256 word, Objective memory o, Settlement.Verdict expected) private pure {
        assertEq(uint256(Settlement.judge(word, o)), uint256(expected), "verdict");
    }

    function _evaluated(Leaf memory leaf, Objective[] memory objectives, Outcome expected) private view {
        assertEq(uint256(this.evaluate(leaf, objectives)), uint256(expected), "outcome");
    }
}
