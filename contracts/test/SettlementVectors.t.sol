// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leaf, Objective, Outcome, Terms} from "../src/interfaces/Types.sol";
import {Settlement} from "../src/libraries/Settlement.sol";
import {Test} from "./Test.sol";

/// The golden periods of test/vectors/settlement.json, which the TypeScript side writes: both sides must end a period alike.
contract SettlementVectorsTest is Test {
    string private _json;

    struct Input {
        Leaf leaf;
        Objective[] objectives;
        uint128 price;
        uint128 slash;
        uint32 creditPpm;
        uint128 bondLeft;
    }

    function evaluate(Leaf calldata leaf, Objective[] memory objectives) external pure returns (Outcome) {
        return Settlement.evaluate(leaf, objectives);
    }

    function test_periods_endAsTheGoldenOnesDo() external {
        _json = vm.readFile("../test/vectors/settlement.json");
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _case(".cases[", count, "name")); ++count) {
            Input memory given = _input(vm.parseJsonBytes(_json, _case(".cases[", count, "input")));
            string memory name = vm.parseJsonString(_json, _case(".cases[", count, "name"));
            Outcome outcome = this.evaluate(given.leaf, given.objectives);
            assertEq(uint256(outcome), vm.parseJsonUint(_json, _case(".cases[", count, "outcome")), name);
            Terms memory terms;
            terms.pricePerPeriod = given.price;
            terms.slashPerPeriod = given.slash;
            terms.creditPpm = given.creditPpm;
            _assertAmounts(outcome, terms, given.bondLeft, _case(".cases[", count, ""));
        }
        assertTrue(count > 0, "settlement.json has cases");
    }

    function test_outcomesWithoutLeaf_payAsTheGoldenOnesDo() external {
        _json = vm.readFile("../test/vectors/settlement.json");
        Terms memory terms;
        terms.pricePerPeriod = uint128(vm.parseJsonUint(_json, ".withoutLeaf.price"));
        terms.slashPerPeriod = uint128(vm.parseJsonUint(_json, ".withoutLeaf.slash"));
        terms.creditPpm = uint32(vm.parseJsonUint(_json, ".withoutLeaf.creditPpm"));
        uint128 bondLeft = uint128(vm.parseJsonUint(_json, ".withoutLeaf.bondLeft"));
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _case(".withoutLeaf.cases[", count, "outcome")); ++count) {
            Outcome outcome = Outcome(vm.parseJsonUint(_json, _case(".withoutLeaf.cases[", count, "outcome")));
            _assertAmounts(outcome, terms, bondLeft, _case(".withoutLeaf.cases[", count, ""));
        }
        assertTrue(count > 0, "settlement.json has outcomes without a leaf");
    }

    function _assertAmounts(Outcome outcome, Terms memory terms, uint128 bondLeft, string memory key) private view {
        (uint128 paid, uint128 returned, uint128 slashed) = Settlement.amounts(outcome, terms, bondLeft);
        assertEq(paid, _amount(key, "paidToProvider"), string.concat(key, "paidToProvider"));
        assertEq(returned, _amount(key, "returnedToCustomer"), string.concat(key, "returnedToCustomer"));
        assertEq(slashed, _amount(key, "slashed"), string.concat(key, "slashed"));
    }

    function _amount(string memory key, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(_json, string.concat(key, field));
    }

    function _input(bytes memory encoded) private pure returns (Input memory given) {
        (given.leaf, given.objectives, given.price, given.slash, given.creditPpm, given.bondLeft) =
            abi.decode(encoded, (Leaf, Objective[], uint128, uint128, uint32, uint128));
    }

    function _case(string memory list, uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(list, vm.toString(index), "].", field);
    }
}
