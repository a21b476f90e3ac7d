// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MeasurementOracle} from "../src/MeasurementOracle.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Leaf} from "../src/interfaces/Types.sol";
import {Rewards} from "../src/libraries/Rewards.sol";
import {Fixture} from "./Fixture.sol";

/// Edges that deliberate mistakes (docs/MUTATIONS.md) showed no other test to stand at.
contract BoundariesTest is Fixture {
    using Rewards for Rewards.State;

    uint256 private constant RATE = 300 ether;
    Rewards.State private _state;

    receive() external payable {}

    function _start(uint256 seats) private {
        deploy();
        sealGenesis(seats);
        warpToEpoch(1);
    }

    function _land(uint64 epoch, uint256[2] memory signers, uint256[2] memory counted) private {
        warpToEpoch(epoch + 1);
        landSigned(epoch, signers, counted);
    }

    function test_charge_reachesSeatsOfTheSecondWord() external {
        _start(300);
        token.approve(address(oracle), RATE * Rewards.REPORTS);
        oracle.fundRewards(RATE * Rewards.REPORTS);
        uint256[2] memory all = firstSeats(300);
        _land(0, [all[0], all[1] & ~(uint256(1) << 24)], all);
        (, uint256 debt) = oracle.rewardsOf(280, 8);
        assertEq(debt, 1 ether, "seat 280 did not sign");
        (, debt) = oracle.rewardsOf(24, 8);
        assertEq(debt, 0, "seat 24 did");
        _land(1, all, [all[0], all[1] & ~(uint256(1) << 25)]);
        (, debt) = oracle.rewardsOf(281, 8);
        assertEq(debt, 2 ether, "seat 281 had no batch: this report and one more");
    }

    function test_stream_paysItsLastReportAndNotTheNext() external {
        _state.enter(0, 1, 1, 0);
        _state.fund(7 * Rewards.REPORTS, 0);
        assertEq(_state.rateAt(Rewards.REPORTS - 1), 7, "the last");
        assertEq(_state.rateAt(Rewards.REPORTS), 0, "the one after");
    }

    function test_verifyLeaf_takesTheLongestProof() external {
        _start(4);
        Leaf memory leaf;
        (leaf.serviceId, leaf.windowEpochs) = (keccak256("service"), WINDOW);
        bytes32[] memory proof = new bytes32[](32);
        bytes32 node = this.hashLeaf(leaf);
        for (uint256 i = 0; i < 32; ++i) {
            proof[i] = keccak256(abi.encode(i));
            (bytes32 a, bytes32 b) = node < proof[i] ? (node, proof[i]) : (proof[i], node);
            node = keccak256(abi.encode(a, b));
        }
        land(0, 4, node);
        oracle.verifyLeaf(leaf, 0, proof);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.ProofTooLong.selector, 33, 32));
        oracle.verifyLeaf(leaf, 0, new bytes32[](33));
    }

    function test_genesisSeed_isAnotherWithOtherRandomness() external {
        _start(4);
        uint256 snapshot = vm.snapshotState();
        vm.prevrandao(bytes32(uint256(1)));
        bytes32 one = new MeasurementOracle(registry, abi.encode(parameters())).genesisSeed();
        assertTrue(vm.revertToState(snapshot), "reverted");
        vm.prevrandao(bytes32(uint256(2)));
        bytes32 two = new MeasurementOracle(registry, abi.encode(parameters())).genesisSeed();
        assertTrue(one != two, "at the same address, in the same block");
    }

    function test_fundRefunds_addsUp() external {
        _start(4);
        oracle.fundRefunds{value: 3 ether}();
        oracle.fundRefunds{value: 2 ether}();
        assertEq(oracle.refundPot(), 5 ether, "both");
    }

    /// An estimate at no price, as nodes make it: no credit, and no place written for it.
    function test_refund_ofWhatCostNothingIsNothing() external {
        _start(4);
        oracle.fundRefunds{value: 1 ether}();
        vm.fee(10 gwei);
        vm.txGasPrice(0);
        _land(0, firstSeats(4), firstSeats(4));
        assertEq(oracle.refundOwed(address(this)), 0, "nothing");
        assertEq(oracle.refundPot(), 1 ether, "nothing taken");
    }
}
