// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {IStakeSource} from "../src/interfaces/IStakeSource.sol";
import {IWatcherRegistry} from "../src/interfaces/IWatcherRegistry.sol";
import {Equivocation} from "../src/interfaces/Types.sol";
import {Rewards} from "../src/libraries/Rewards.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Fixture} from "./Fixture.sol";
import {Signer} from "./Signer.sol";

/// What is owed of stake and rewards after a second time, after a refusal, and to who came later.
contract StakeBooksTest is Fixture {
    address private constant REPORTER = address(0xbeef);
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;

    function setUp() external {
        deploy();
        sealGenesis(4);
        warpToEpoch(3);
    }

    function test_seize_addsUpForWhoReportsTwiceAndPaysOnce() external {
        court.prove(_fault(1), REPORTER);
        court.prove(_fault(2), REPORTER);
        assertEq(stakeSource.owed(REPORTER), 2 * (STAKE_MIN / 20), "of both");
        assertEq(stakeSource.burnable(), 2 * (STAKE_MIN - STAKE_MIN / 20), "of both");
        vm.prank(REPORTER);
        stakeSource.withdraw();
        vm.expectRevert(abi.encodeWithSelector(IStakeSource.NothingOwed.selector, REPORTER));
        vm.prank(REPORTER);
        stakeSource.withdraw();
    }

    function test_burn_burnsOnce() external {
        court.prove(_fault(1), REPORTER);
        stakeSource.burn();
        vm.expectRevert(IStakeSource.NothingToBurn.selector);
        stakeSource.burn();
        assertEq(token.balanceOf(address(stakeSource)), 3 * STAKE_MIN + STAKE_MIN / 20, "all else is there");
    }

    function test_release_keepsWhatTheTokenRefuses() external {
        exit(1, 1);
        registry.seal();
        warpToEpoch(5 + EXIT_DELAY);
        bytes memory transfer = abi.encodeCall(token.transfer, (operatorOf(1), STAKE_MIN));
        vm.mockCall(address(token), transfer, abi.encode(false));
        registry.withdraw(1);
        assertEq(stakeSource.owed(operatorOf(1)), STAKE_MIN, "kept for it");
    }

    /// No version ever named the seat: nothing that it could be slashed for.
    function test_exit_waitsForNothingBeforeTheSeatIsInAnyVersion() external {
        uint16 seat = join(9, STAKE_MIN);
        exit(9, seat);
        registry.withdraw(seat);
        assertEq(token.balanceOf(operatorOf(9)), STAKE_MIN, "at once");
    }

    function test_topUp_takesWhatItAdds() external {
        fund(operatorOf(1), address(stakeSource), STAKE_MIN);
        vm.prank(operatorOf(1));
        registry.topUp(1, STAKE_MIN);
        assertEq(token.balanceOf(address(stakeSource)), 5 * STAKE_MIN, "taken");
        assertEq(token.balanceOf(operatorOf(1)), 0, "of the operator");
    }

    function test_sealedSeat_refusesASeatBeyondTheLast() external {
        vm.expectRevert(abi.encodeWithSelector(IWatcherRegistry.SeatOutOfRange.selector, 512, 512));
        registry.sealedSeat(1, 512);
    }

    function test_claimRewards_paysNothingForReportsBeforeTheSeatsFirstVersion() external {
        _fund(500 ether);
        for (uint64 epoch = 0; epoch < 3; ++epoch) {
            landSigned(epoch, firstSeats(4), firstSeats(4));
        }
        join(4, STAKE_MIN);
        registry.seal(); // active from epoch 5
        warpToEpoch(6);
        landSigned(5, firstSeats(5), firstSeats(5));
        assertEq(oracle.claimRewards(4, 8), 100 ether, "a fifth of one report");
    }

    function test_burnForfeited_burnsOnceAndToNobody() external {
        _fund(400 ether);
        landSigned(0, firstSeats(4), firstSeats(3));
        uint256[2] memory seats = firstSeats(4);
        for (uint16 seat = 0; seat < 4; ++seat) {
            if (seat != 3) oracle.claimRewards(seat, 8);
        }
        landSigned(1, seats, seats);
        oracle.claimRewards(3, 8); // pays its debt of the first, and of nothing else yet
        (,,, uint256 forfeited) = oracle.rewards();
        assertTrue(forfeited != 0, "something to burn");
        uint256 held = token.balanceOf(address(oracle));
        vm.prank(REPORTER);
        oracle.burnForfeited();
        assertEq(token.balanceOf(DEAD), forfeited, "burned");
        assertEq(token.balanceOf(REPORTER), 0, "not to the caller");
        assertEq(token.balanceOf(address(oracle)), held - forfeited, "no more than that");
        vm.expectRevert(IMeasurementOracle.NothingForfeited.selector);
        oracle.burnForfeited();
    }

    /// For as many reports as a fund lasts, of so much each.
    function _fund(uint256 each) private {
        token.approve(address(oracle), each * Rewards.REPORTS);
        oracle.fundRewards(each * Rewards.REPORTS);
    }

    /// Two attestations of a seat for one view of epoch 2.
    function _fault(uint16 seat) private view returns (Equivocation memory fault) {
        (fault.kind, fault.seat, fault.epoch, fault.view_) = (2, seat, 2, 7);
        (fault.first, fault.second) = ("a", "b");
        bytes32 domain = oracle.DOMAIN_SEPARATOR();
        fault.firstSignature = Signer.sign(secretOf(seat), Typed.attestationDigest(domain, 2, 7, "a"));
        fault.secondSignature = Signer.sign(secretOf(seat), Typed.attestationDigest(domain, 2, 7, "b"));
    }
}
