// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MeasurementOracle} from "../src/MeasurementOracle.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Parameters} from "../src/interfaces/Types.sol";
import {Rewards} from "../src/libraries/Rewards.sol";
import {Fixture} from "./Fixture.sol";

/// Rewards where a unit, an epoch or a bit decides.
contract RewardEdgesTest is Fixture {
    using Rewards for Rewards.State;

    Rewards.State private _state;

    function test_fund_keepsTheUnitsThatDoNotSpread() external {
        _state.enter(0, 1, 1, 0);
        assertEq(_state.fund(Rewards.REPORTS - 1, 0), 0, "too few for a unit each");
        assertEq(_state.fund(1, 0), 1, "with one more");
    }

    function test_charge_remembersAMissForADayAndNotLonger() external {
        _state.charge(1, 10, 5, false);
        assertEq(_state.debtOf(1), 20, "this report and one more");
        _state.charge(1, 10, 5 + Rewards.MEMORY_EPOCHS, false);
        assertEq(_state.debtOf(1), 20 + 30, "the second within a day: two more");
        _state.charge(1, 10, 6 + 2 * Rewards.MEMORY_EPOCHS, false);
        assertEq(_state.debtOf(1), 50 + 20, "a day and an epoch later a first one again");
    }

    function test_charge_stopsAtTheLargestDebt() external {
        _state.accounts[1] = type(uint128).max - 7;
        _state.charge(1, 7, 5, true);
        assertEq(_state.debtOf(1), type(uint128).max, "the largest");
        _state.charge(1, 8, 6, true);
        assertEq(_state.debtOf(1), type(uint128).max, "and no more");
    }

    /// Of a rate that does not divide, a debt must not lag behind what was earned.
    function test_charge_neverLeavesAnythingToASeatThatMissesEverything() external {
        deploy();
        sealGenesis(7);
        warpToEpoch(4);
        token.approve(address(oracle), 100 * Rewards.REPORTS);
        oracle.fundRewards(100 * Rewards.REPORTS);
        for (uint64 epoch = 0; epoch < 4; ++epoch) {
            landSigned(epoch, firstSeats(6), firstSeats(7));
        }
        (uint256 earned, uint256 debt) = oracle.rewardsOf(6, 8);
        assertEq(earned, 57, "four sevenths of 100");
        assertEq(debt, 60, "fifteen for each");
    }

    function test_parameters_refuseAFirstViewThatEndsAtTheDeadline() external {
        deploy();
        Parameters memory p = parameters();
        uint256 deadlineMillis = uint256(p.deadlineEpochs) * EPOCH_SECONDS * 1000;
        // casting to 'uint32' is safe because it is five minutes
        p.viewMillis = uint32(deadlineMillis) - p.revealMillis - p.deltaMillis;
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.InvalidParameters.selector, "viewMillis"));
        new MeasurementOracle(registry, abi.encode(p));
        p.viewMillis -= 1;
        new MeasurementOracle(registry, abi.encode(p));
    }
}
