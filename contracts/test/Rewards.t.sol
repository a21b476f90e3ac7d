// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MeasurementOracle} from "../src/MeasurementOracle.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Equivocation, Header} from "../src/interfaces/Types.sol";
import {Rewards} from "../src/libraries/Rewards.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Fixture} from "./Fixture.sol";
import {Signer} from "./Signer.sol";
import {FeeToken, ReentrantToken} from "./Tokens.sol";
import {Erc20StakeSource} from "../src/Erc20StakeSource.sol";

/// Rewards of watchers, and refunds of submitters.
contract RewardsTest is Fixture {
    using Rewards for Rewards.State;

    uint256 private constant WATCHERS = 4;
    uint256 private constant REPORTS = 8192;
    /// A report's part of the fund, and an equal seat's of that.
    uint256 private constant RATE = 400 ether;
    uint256 private constant SHARE = 100 ether;
    uint256 private constant ALL = 15;

    Rewards.State private _state;

    function setUp() external {
        deploy();
        sealGenesis(WATCHERS);
        warpToEpoch(1);
        _fund(RATE * REPORTS);
    }

    function test_claimRewards_paysEveryReportInWhichTheSeatSignedAndCounted() external {
        _land(0, ALL, ALL);
        _land(1, ALL, ALL);
        assertEq(_claim(2), 2 * SHARE, "two reports");
        assertEq(token.balanceOf(operatorOf(2)), 2 * SHARE, "to the operator");
        _land(2, ALL, ALL);
        assertEq(_claim(2), SHARE, "one more");
        assertEq(_claim(0), 3 * SHARE, "another seat");
    }

    function test_claimRewards_paysNoReportTwice() external {
        _land(0, ALL, ALL);
        _claim(1);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NothingEarned.selector, 1, _registration(1)));
        oracle.claimRewards(1, 8);
    }

    function test_claimRewards_paysNothingForAReportThatTheSeatDidNotSignOrThatDidNotCountIt() external {
        _land(0, 7, ALL); // seat 3 measured and did not sign
        assertEq(_claim(3), 0, "not signed");
        _land(1, ALL, 11); // seat 2 signed and did not measure: this report and the next
        _land(2, ALL, ALL);
        assertEq(_claim(2), SHARE, "of three reports the first");
        assertEq(_claim(3), 2 * SHARE, "the two after");
        assertEq(_claim(0), 3 * SHARE, "the others have their own share and no more");
    }

    function testFuzz_excludingASeatNeverPaysAnother(uint8[6] calldata counted) external {
        for (uint64 i = 0; i < 6; ++i) {
            _land(i, ALL, uint256(counted[i]) & 14 | 1); // seat 0 always counts
        }
        assertEq(_claim(0), 6 * SHARE, "its own share, whoever else was there");
        uint256 paid = 6 * SHARE;
        for (uint16 seat = 1; seat < WATCHERS; ++seat) {
            paid += _claim(seat);
        }
        (,,, uint256 forfeited) = oracle.rewards();
        assertEq(paid + forfeited, 6 * RATE, "every unit is paid or forfeited");
        if (forfeited != 0) oracle.burnForfeited();
        assertEq(token.balanceOf(address(oracle)), RATE * (REPORTS - 6), "what is held is what is still to be earned");
    }

    function test_missingBatches_costAGrowingNumberOfReports() external {
        uint256 debt = 0;
        uint256[6] memory further = [uint256(1), 2, 4, 8, 16, 16];
        for (uint64 i = 0; i < 6; ++i) {
            _land(i, ALL, 7);
            debt += (1 + further[i]) * SHARE;
            (, uint256 owed) = oracle.rewardsOf(3, 8);
            assertEq(owed, debt, "debt");
        }
        _land(6 + 1441, ALL, 7); // a day later it is a first time again
        (, uint256 after_) = oracle.rewardsOf(3, 8);
        assertEq(after_ - debt, 2 * SHARE, "forgotten");
    }

    function test_claimRewards_followsTheStakeOfEachVersion() external {
        _land(0, ALL, ALL);
        fund(operatorOf(0), address(stakeSource), 4 * STAKE_MIN);
        vm.prank(operatorOf(0));
        registry.topUp(0, 4 * STAKE_MIN);
        exit(3, 3);
        registry.seal(); // active from epoch 3: 500, 100, 100
        _land(2, ALL, ALL);
        _land(3, 7, 7);
        _land(4, 7, 7);
        uint256 expected = 2 * SHARE + 2 * RATE * 5 / 7;
        uint256 paid = oracle.claimRewards(0, 1);
        assertEq(paid, 2 * SHARE, "one version at a time");
        paid += oracle.claimRewards(0, 8);
        assertTrue(paid <= expected && paid + 4 >= expected, "rounded down");
        assertEq(_claim(3), 2 * SHARE, "who left keeps what it earned");
    }

    function test_fundRewards_spreadsWhatIsLeftWithWhatComes() external {
        deploy();
        sealGenesis(WATCHERS);
        warpToEpoch(1);
        _land(0, ALL, ALL);
        (uint256 rate,,,) = oracle.rewards();
        assertEq(rate, 0, "no fund yet");
        _fund(RATE * REPORTS);
        _land(1, ALL, ALL);
        _fund(RATE * REPORTS + 5);
        (rate,,,) = oracle.rewards();
        assertEq(rate, (RATE * (2 * REPORTS - 1) + 5) / REPORTS, "what was left is spread again");
        assertEq(_claim(0), SHARE, "the report without a fund paid nothing");
    }

    function test_claimRewards_paysNothingToASlashedSeat() external {
        _land(0, ALL, ALL);
        Equivocation memory fault;
        (fault.kind, fault.seat, fault.first, fault.second) = (2, 1, "a", "b");
        bytes32 domain = oracle.DOMAIN_SEPARATOR();
        fault.firstSignature = Signer.sign(secretOf(1), Typed.attestationDigest(domain, 0, 0, "a"));
        fault.secondSignature = Signer.sign(secretOf(1), Typed.attestationDigest(domain, 0, 0, "b"));
        court.prove(fault, address(this));
        assertEq(_claim(1), 0, "nothing");
        (,,, uint256 forfeited) = oracle.rewards();
        assertEq(forfeited, SHARE, "forfeited");
    }

    function test_claimRewards_refusesAFreeSeat() external {
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.SeatFree.selector, 9));
        oracle.claimRewards(9, 1);
    }

    function test_fundRewards_refusesNothingAndATokenThatTakesAFee() external {
        vm.expectRevert(IMeasurementOracle.NothingGiven.selector);
        oracle.fundRewards(0);
        vm.expectRevert(IMeasurementOracle.NothingForfeited.selector);
        oracle.burnForfeited();
        FeeToken fee = new FeeToken(type(uint128).max);
        registry = newRegistry(new Erc20StakeSource(fee), STAKE_MIN, STAKE_CAP, GENESIS, EPOCH_SECONDS);
        oracle = new MeasurementOracle(registry, abi.encode(parameters()));
        fee.approve(address(oracle), 1000);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.RewardsNotReceived.selector, 990, 1000));
        oracle.fundRewards(1000);
    }

    function test_claimRewards_paysOnceToATokenThatReenters() external {
        vm.warp(GENESIS - 1 hours);
        ReentrantToken evil = new ReentrantToken(type(uint128).max);
        registry = newRegistry(new Erc20StakeSource(evil), STAKE_MIN, STAKE_CAP, GENESIS, EPOCH_SECONDS);
        oracle = new MeasurementOracle(registry, abi.encode(parameters()));
        address operator = address(this);
        evil.approve(address(registry.stakeSource()), STAKE_MIN);
        registry.register(Signer.publicKey(secretOf(0)), possession(secretOf(0), operator), STAKE_MIN, metadata());
        registry.seal();
        warpToEpoch(1);
        evil.approve(address(oracle), RATE * REPORTS);
        oracle.fundRewards(RATE * REPORTS);
        _land(0, 1, 1);
        evil.arm(address(oracle), abi.encodeCall(oracle.claimRewards, (0, 8)));
        assertEq(oracle.claimRewards(0, 8), RATE, "once");
        assertTrue(!evil.reentered(), "the second call found nothing");
        assertEq(evil.balanceOf(address(oracle)), RATE * (REPORTS - 1), "nothing else moved");
    }

    function test_stream_endsAndCountsNoReportTwice() external {
        _state.enter(0, 1, 400, 0);
        _state.fund(400 * REPORTS, 0);
        uint256 whole = _state.perStakeAt(8192);
        assertEq(whole, REPORTS * Rewards.SCALE, "one unit a report and unit of stake");
        assertEq(_state.perStakeAt(9000), whole, "nothing after the end");
        _state.enter(1, 2, 800, 9000);
        assertEq(_state.perStakeAt(9500), whole, "nor with another set");
        _state.fund(800 * REPORTS, 9500);
        assertEq(_state.perStakeAt(9501) - whole, Rewards.SCALE, "the next fund starts where it came");
        vm.expectPartialRevert(Rewards.RewardRateTooHigh.selector);
        this.fundState(type(uint128).max);
    }

    function fundState(uint256 amount) external {
        _state.fund(amount, 9500);
    }

    // Refunds

    function test_refund_creditsAtTheBaseFeeAndNeverMoreThanThePot() external {
        vm.fee(10 gwei);
        vm.txGasPrice(50 gwei);
        _land(0, ALL, ALL);
        assertEq(oracle.refundOwed(address(this)), 0, "an empty pot refunds nothing");
        oracle.fundRefunds{value: 0.0025 ether}();
        _land(1, ALL, ALL);
        uint256 owed = oracle.refundOwed(address(this));
        assertTrue(owed > 150_000 * 10 gwei && owed < 250_000 * 10 gwei, "gas at the base fee");
        assertEq(oracle.refundPot(), 0.0025 ether - owed, "pot");
        _land(2, ALL, ALL);
        assertEq(oracle.refundOwed(address(this)), 0.0025 ether, "what was left");
        assertEq(oracle.refundPot(), 0, "empty");
        uint256 before = address(this).balance;
        oracle.withdrawRefund();
        assertEq(address(this).balance - before, 0.0025 ether, "paid");
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NothingOwed.selector, address(this)));
        oracle.withdrawRefund();
    }

    function test_refund_ofASubmitterThatTakesNoMoneyBlocksNobody() external {
        vm.fee(10 gwei);
        vm.txGasPrice(10 gwei);
        oracle.fundRefunds{value: 1 ether}();
        Header memory header = headerOf(0, [ALL, 0]);
        bytes memory signature = attest(header, 0, [ALL, 0]);
        vm.prank(address(token));
        oracle.submitReport(header, 0, [ALL, 0], signature);
        uint256 owed = oracle.refundOwed(address(token));
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.RefundRefused.selector, address(token), owed));
        vm.prank(address(token));
        oracle.withdrawRefund();
        _land(1, ALL, ALL);
    }

    receive() external payable {}

    function _fund(uint256 amount) private {
        token.approve(address(oracle), amount);
        oracle.fundRewards(amount);
    }

    function _claim(uint16 seat) private returns (uint256) {
        return oracle.claimRewards(seat, 8);
    }

    function _registration(uint16 seat) private view returns (uint32) {
        return registry.seat(seat).registration;
    }

    function _land(uint64 epoch, uint256 signers, uint256 counted) private {
        warpToEpoch(epoch + 1);
        landSigned(epoch, [signers, uint256(0)], [counted, uint256(0)]);
    }
}
