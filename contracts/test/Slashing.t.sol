// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EquivocationCourt} from "../src/EquivocationCourt.sol";
import {IEquivocationCourt} from "../src/interfaces/IEquivocationCourt.sol";
import {IStakeSource} from "../src/interfaces/IStakeSource.sol";
import {IWatcherRegistry} from "../src/interfaces/IWatcherRegistry.sol";
import {Equivocation, Seat, SeatStatus} from "../src/interfaces/Types.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Fixture} from "./Fixture.sol";
import {Signer} from "./Signer.sol";

/// Two contradicting signatures, and what they cost.
contract SlashingTest is Fixture {
    address private constant REPORTER = address(0xbeef);
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;

    function setUp() external {
        deploy();
        sealGenesis(4);
        warpToEpoch(3);
    }

    // What is a fault

    function testFuzz_prove_takesTheWholeStakeForEachKindOfFault(uint8 kind, bytes32 a, bytes32 b) external {
        vm.assume(a != b);
        Equivocation memory fault = _fault(kind % 3, 1, 2, a, b);
        assertEq(court.prove(fault, REPORTER), STAKE_MIN, "slashed");
        assertEq(registry.seat(1).stake, 0, "stake");
        assertEq(stakeSource.owed(REPORTER), STAKE_MIN / 20, "reporter");
        assertEq(stakeSource.burnable(), STAKE_MIN - STAKE_MIN / 20, "burnable");
        vm.prank(REPORTER);
        stakeSource.withdraw();
        stakeSource.burn();
        assertEq(token.balanceOf(REPORTER), STAKE_MIN / 20, "paid");
        assertEq(token.balanceOf(DEAD), STAKE_MIN - STAKE_MIN / 20, "burned");
        assertEq(token.balanceOf(address(stakeSource)), 3 * STAKE_MIN, "the others' stake");
    }

    function test_prove_refusesTheSameMessageTwice() external {
        _refused(
            _fault(2, 1, 2, "a", "a"), abi.encodeWithSelector(IEquivocationCourt.SameMessage.selector, bytes32("a"))
        );
    }

    function test_prove_refusesMessagesOfDifferentViewsEpochsOrKinds() external {
        Equivocation memory fault = _fault(2, 1, 2, "a", "b");
        fault.view_ = 8; // both were signed for view 7
        _refusedSignature(fault, 0, _digest(fault, "a"));
        fault = _fault(2, 1, 2, "a", "b");
        Equivocation memory other = _fault(2, 1, 1, "a", "b");
        fault.secondSignature = other.secondSignature;
        _refusedSignature(fault, 1, _digest(fault, "b"));
        fault = _fault(2, 1, 2, "a", "b");
        fault.kind = 1;
        _refusedSignature(fault, 0, _digest(fault, "a"));
        fault.kind = 3;
        _refused(fault, abi.encodeWithSelector(IEquivocationCourt.UnknownKind.selector, 3));
        fault = _fault(0, 1, 2, "a", "b");
        fault.view_ = 1;
        _refused(fault, abi.encodeWithSelector(IEquivocationCourt.ViewOfCommit.selector, 1));
    }

    function test_prove_refusesSignaturesOfAnotherWatcherChainOrOracle() external {
        Equivocation memory fault = _fault(2, 1, 2, "a", "b");
        fault.seat = 2;
        _refusedSignature(fault, 0, _digest(fault, "a"));
        fault = _fault(2, 1, 2, "a", "b");
        vm.chainId(block.chainid + 1);
        _refusedSignature(fault, 0, _digest(fault, "a"));
    }

    function test_prove_refusesInfinityAndMalformedLengths() external {
        Equivocation memory fault = _fault(2, 1, 2, "a", "b");
        fault.firstSignature = new bytes(128);
        _refused(fault, abi.encodeWithSelector(Bls.InfinityRefused.selector));
        fault.firstSignature = new bytes(48);
        _refused(fault, abi.encodeWithSelector(Bls.BadLength.selector, 48, 128));
    }

    function test_prove_refusesAnEpochThatHasNotBegunOrASeatOutsideItsSet() external {
        _refused(_fault(2, 1, 4, "a", "b"), abi.encodeWithSelector(IEquivocationCourt.EpochNotStarted.selector, 4, 3));
        join(4, STAKE_MIN);
        registry.seal(); // active from epoch 5
        _refused(_fault(2, 4, 3, "a", "b"), abi.encodeWithSelector(IEquivocationCourt.SeatNotInSet.selector, 1, 4));
        warpToEpoch(5);
        court.prove(_fault(2, 4, 5, "a", "b"), REPORTER);
    }

    // What follows

    function test_prove_slashesOnce() external {
        court.prove(_fault(2, 1, 2, "a", "b"), REPORTER);
        uint32 registration = registry.seat(1).registration;
        bytes memory error_ = abi.encodeWithSelector(IWatcherRegistry.AlreadySlashed.selector, 1, registration);
        _refused(_fault(2, 1, 2, "a", "b"), error_);
        _refused(_fault(0, 1, 1, "c", "d"), error_);
    }

    function test_slash_takesTheSeatOutOfThePendingSetOnly() external {
        court.prove(_fault(2, 1, 2, "a", "b"), REPORTER);
        (uint256[2] memory occupied, uint256 total, bytes memory key, bool changed) = registry.pending();
        assertEq(occupied[0], 13, "occupied");
        assertEq(total, 3 * STAKE_MIN, "total");
        uint256 secret = addmod(addmod(secretOf(0), secretOf(2), Signer.R), secretOf(3), Signer.R);
        assertEq(key, Signer.publicKey(secret), "key");
        assertTrue(changed, "changed");
        assertTrue(registry.seat(1).status == SeatStatus.Exiting, "leaving");
        assertEq(registry.version(1).totalEffectiveStake, 4 * STAKE_MIN, "the weight stays until the next version");
        registry.seal();
        assertEq(registry.version(2).effectiveStakes[1], 0, "gone from the next");
        // The set that names it still certifies.
        land(2, 4, "root");
    }

    function test_slash_reachesStakeInTheExitQueue() external {
        exit(1, 1);
        registry.seal();
        warpToEpoch(5 + EXIT_DELAY - 1); // the last epoch before it may leave
        court.prove(_fault(2, 1, 2, "a", "b"), REPORTER);
        warpToEpoch(5 + EXIT_DELAY);
        registry.withdraw(1);
        assertEq(token.balanceOf(operatorOf(1)), 0, "nothing left");
        assertTrue(registry.seat(1).status == SeatStatus.Free, "the seat is free");
    }

    function test_slash_doesNotReachTheNextHolderOfTheSeat() external {
        exit(1, 1);
        registry.seal();
        warpToEpoch(5 + EXIT_DELAY);
        registry.withdraw(1);
        assertEq(join(9, STAKE_MIN), 1, "seat taken again");
        Equivocation memory fault = _fault(2, 1, 2, "a", "b");
        _refused(fault, abi.encodeWithSelector(IWatcherRegistry.VersionExpired.selector, 1, 5));
        uint32 registration = registry.seat(1).registration;
        vm.expectPartialRevert(IWatcherRegistry.RegistrationEnded.selector);
        vm.prank(address(court));
        registry.slash(1, registration - 1, REPORTER);
    }

    function test_slash_takesWhatWasAddedToo() external {
        _topUp(1, 7 * STAKE_MIN);
        assertEq(court.prove(_fault(2, 1, 2, "a", "b"), REPORTER), 8 * STAKE_MIN, "all of it");
    }

    function test_slash_refusesAnybodyButTheCourt() external {
        vm.expectRevert(abi.encodeWithSelector(IWatcherRegistry.NotCourt.selector, address(this), address(court)));
        registry.slash(1, 1, REPORTER);
        vm.expectRevert(abi.encodeWithSelector(IStakeSource.NotRegistry.selector, address(this), address(registry)));
        stakeSource.seize(REPORTER, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeSource.NotRegistry.selector, address(this), address(registry)));
        stakeSource.release(address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeSource.NotRegistry.selector, address(this), address(registry)));
        stakeSource.lock(operatorOf(1), 1);
    }

    function test_court_isOnlyTheOneThatTheRegistryNames() external {
        vm.expectRevert(abi.encodeWithSelector(IEquivocationCourt.NotCourtOfRegistry.selector, address(court)));
        new EquivocationCourt(oracle);
    }

    function test_bind_worksOnce() external {
        vm.expectRevert(abi.encodeWithSelector(IStakeSource.AlreadyBound.selector, address(registry)));
        stakeSource.bind();
    }

    function test_withdrawAndBurn_refuseWhenNothingIsThere() external {
        vm.expectRevert(abi.encodeWithSelector(IStakeSource.NothingOwed.selector, address(this)));
        stakeSource.withdraw();
        vm.expectRevert(IStakeSource.NothingToBurn.selector);
        stakeSource.burn();
    }

    // Adding stake

    function test_topUp_countsFromTheNextVersionAndStopsAtTheCap() external {
        _topUp(1, 3 * STAKE_MIN);
        assertEq(registry.version(1).effectiveStakes[1], STAKE_MIN, "the sealed version stays");
        registry.seal();
        assertEq(registry.version(2).effectiveStakes[1], 4 * STAKE_MIN, "the next has it");
        assertEq(registry.version(2).effectiveStakes[0], STAKE_MIN, "its neighbour does not");
        _topUp(0, 2 * STAKE_CAP);
        (, uint256 total,,) = registry.pending();
        assertEq(total, STAKE_CAP + 6 * STAKE_MIN, "capped");
        assertEq(registry.seat(0).stake, STAKE_MIN + 2 * STAKE_CAP, "whole");
        exit(0, 0);
        (, total,,) = registry.pending();
        assertEq(total, 6 * STAKE_MIN, "leaves with what it had");
    }

    function test_topUp_refusesASeatThatLeavesAndAnybodyElse() external {
        vm.expectRevert(abi.encodeWithSelector(IWatcherRegistry.NotOperator.selector, address(this), operatorOf(1)));
        registry.topUp(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IWatcherRegistry.StakeBelowMinimum.selector, 0, 1));
        vm.prank(operatorOf(1));
        registry.topUp(1, 0);
        court.prove(_fault(2, 1, 2, "a", "b"), REPORTER);
        vm.expectRevert(abi.encodeWithSelector(IWatcherRegistry.NotJoined.selector, 1));
        vm.prank(operatorOf(1));
        registry.topUp(1, 1);
    }

    function _topUp(uint16 seat, uint128 amount) private {
        fund(operatorOf(seat), address(stakeSource), amount);
        vm.prank(operatorOf(seat));
        registry.topUp(seat, amount);
    }

    function _fault(uint8 kind, uint16 seat, uint64 epoch, bytes32 a, bytes32 b)
        private
        view
        returns (Equivocation memory fault)
    {
        (fault.kind, fault.seat, fault.epoch, fault.view_) = (kind, seat, epoch, kind == 0 ? 0 : 7);
        (fault.first, fault.second) = (a, b);
        fault.firstSignature = Signer.sign(secretOf(seat), _digest(fault, a));
        fault.secondSignature = Signer.sign(secretOf(seat), _digest(fault, b));
    }

    function _digest(Equivocation memory fault, bytes32 message) private view returns (bytes32) {
        bytes32 domain = oracle.DOMAIN_SEPARATOR();
        bytes32 watcher = keccak256(Signer.publicKey(secretOf(fault.seat)));
        if (fault.kind == 0) return Typed.commitDigest(domain, fault.epoch, watcher, message);
        if (fault.kind == 1) return Typed.proposalDigest(domain, fault.epoch, fault.view_, message);
        return Typed.attestationDigest(domain, fault.epoch, fault.view_, message);
    }

    function _refused(Equivocation memory fault, bytes memory error_) private {
        vm.expectRevert(error_);
        court.prove(fault, REPORTER);
    }

    function _refusedSignature(Equivocation memory fault, uint256 which, bytes32 digest) private {
        bytes32 watcher = keccak256(Signer.publicKey(secretOf(fault.seat)));
        _refused(
            fault, abi.encodeWithSelector(IEquivocationCourt.SignatureNotTheWatchers.selector, which, watcher, digest)
        );
    }
}
