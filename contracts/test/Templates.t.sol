// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ObjectiveTemplates} from "../src/ObjectiveTemplates.sol";
import {Objective} from "../src/interfaces/Types.sol";
import {Templates} from "../src/libraries/Templates.sol";
import {Test} from "./Test.sol";

contract TemplatesTest is Test {
    ObjectiveTemplates private immutable _templates = new ObjectiveTemplates();

    function test_tiers_inBothForms() external view {
        for (uint8 form = 0; form < 2; ++form) {
            uint8 p50 = form == 0 ? 1 : 6;
            uint8 p99 = form == 0 ? 4 : 7;
            Objective[] memory list = _list(Templates.Tier.Commodity, form, 0);
            assertEq(list.length, 1, "commodity");
            _assertObjective(list[0], p99, 1, 2_000_000);
            list = _list(Templates.Tier.Optimized, form, 0);
            assertEq(list.length, 2, "optimized");
            _assertObjective(list[0], p99, 1, 800_000);
            _assertObjective(list[1], p50, 1, 300_000);
            list = _list(Templates.Tier.Critical, form, 0);
            assertEq(list.length, 1, "critical");
            _assertObjective(list[0], p99, 1, 400_000);
        }
    }

    function test_rates_addAnObjectiveOnThroughputAndPinTheService() external view {
        uint32[4] memory rates = [uint32(100), 1_000, 10_000, type(uint32).max];
        for (uint256 i = 0; i < 4; ++i) {
            for (uint8 tier = 0; tier < 3; ++tier) {
                Objective[] memory list = _list(Templates.Tier(tier), 0, rates[i]);
                _assertObjective(list[list.length - 1], 8, 0, 990_000);
                assertTrue(list.length <= 4, "the vault takes them");
            }
            (, bytes32 digest) = _templates.template(Templates.Tier.Critical, Templates.Form.Latency, 1, rates[i]);
            assertEq(digest, keccak256(abi.encode(rates[i])), "digest");
        }
        (, bytes32 none) = _templates.template(Templates.Tier.Critical, Templates.Form.Latency, 1, 0);
        assertEq(none, 0, "no rate");
    }

    function _list(Templates.Tier tier, uint8 form, uint32 rate) private view returns (Objective[] memory list) {
        (list,) = _templates.template(tier, Templates.Form(form), 1, rate);
    }

    function _assertObjective(Objective memory o, uint8 metric, uint8 comparator, uint40 threshold) private pure {
        assertEq(o.metric, metric, "metric");
        assertEq(o.statistic, 1, "statistic");
        assertEq(o.comparator, comparator, "comparator");
        assertEq(o.threshold, threshold, "threshold");
    }
}
