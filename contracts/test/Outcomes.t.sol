// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Outcome} from "../src/interfaces/Types.sol";
import {Outcomes} from "../src/libraries/Outcomes.sol";
import {Test} from "./Test.sol";

/// The outcomes of an agreement's periods in their words.
contract OutcomesTest is Test {
    using Outcomes for mapping(uint256 word => uint256);

    mapping(uint256 word => uint256) private _outcomes;

    function test_open_decidesNoPeriod() external {
        _outcomes.open();
        for (uint256 period = 0; period < 130; ++period) {
            assertTrue(_outcomes.get(period) == Outcome.None, "open");
        }
    }

    function testFuzz_set_decidesOnePeriod(uint16 a, uint16 b, uint8 outcome) external {
        vm.assume(a != b);
        _outcomes.open();
        Outcome ended = Outcome(bound(outcome, 1, uint8(type(Outcome).max)));
        _outcomes.set(a, ended);
        assertTrue(_outcomes.get(a) == ended, "decided");
        assertTrue(_outcomes.get(b) == Outcome.None, "no other");
    }

    /// What ended without a verdict, and nothing else: an abandoned window is one.
    function test_isVoid_isWhatEndedWithoutAVerdict() external pure {
        for (uint8 i = 0; i <= uint8(type(Outcome).max); ++i) {
            Outcome outcome = Outcome(i);
            bool expected = outcome == Outcome.Inconclusive || outcome == Outcome.Expired;
            assertTrue(Outcomes.isVoid(outcome) == expected, "void");
        }
    }
}
