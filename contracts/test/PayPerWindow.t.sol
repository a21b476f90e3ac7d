// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PayPerWindow} from "../src/examples/PayPerWindow.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Leaf} from "../src/interfaces/Types.sol";
import {Fixture} from "./Fixture.sol";

/// The complete consumer of docs/CONTRACTS.md, on real certificates: what it pays, and what it refuses to act on.
contract PayPerWindowTest is Fixture {
    uint256 private constant WATCHERS = 4;
    bytes32 private constant SERVICE = "service";
    address private constant CUSTOMER = address(0xc0);
    address private constant PROVIDER = address(0xb0);
    uint40 private constant PROMISE = 990_000;
    uint64 private constant AGE = 600;
    /// Two windows of four epochs: [8, 12) and [12, 16).
    uint64 private constant START = 8;
    uint64 private constant END = 16;
    bytes32[] private _none;

    PayPerWindow private deal;

    function setUp() external {
        deploy();
        sealGenesis(WATCHERS);
        warpToEpoch(5);
        vm.deal(CUSTOMER, 10 ether);
        deal = _create(START, 2, 2 ether);
    }

    function test_pay_whenAFreshKeptValueMeetsThePromise() external {
        Leaf memory leaf = _leaf(START, 995_000, 990_000, 999_000);
        _land(11, leaf);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NothingStored.selector, SERVICE, 0));
        deal.pay();
        oracle.proveAndStore(leaf, 11, _none, 0);
        vm.prank(address(0xabcd)); // anyone
        deal.pay();
        assertEq(deal.owed(PROVIDER), 1 ether, "owed");
        assertEq(deal.unspent(), 1 ether, "the other window");
        assertEq(deal.judgedUntil(), 12, "judged");
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.AlreadyJudged.selector, 8, 12));
        deal.pay();
    }

    function test_pay_refusesWhatIsStale() external {
        Leaf memory leaf = _leaf(START, 995_000, 990_000, 999_000);
        _land(11, leaf);
        oracle.proveAndStore(leaf, 11, _none, 0);
        uint64 observedAt = GENESIS + 12 * EPOCH_SECONDS;
        vm.warp(observedAt + AGE + 1);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.Stale.selector, SERVICE, 0, observedAt, AGE));
        deal.pay();
        vm.warp(observedAt + AGE);
        deal.pay();
    }

    function test_pay_refusesWhatDoesNotMeetThePromise() external {
        Leaf memory leaf = _leaf(START, 989_999, 980_000, 999_000);
        _land(11, leaf);
        oracle.proveAndStore(leaf, 11, _none, 0);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.PromiseNotMet.selector, 989_999, PROMISE));
        deal.pay();
        // Neither met nor broken: the window is nobody's.
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.PromiseNotBroken.selector, 999_000, PROMISE));
        deal.refuse(leaf, 11, _none);
    }

    function test_pay_refusesAWindowBeforeTheFirstAndAfterTheLast() external {
        Leaf memory early = _leaf(4, 995_000, 990_000, 999_000);
        _land(7, early);
        oracle.proveAndStore(early, 7, _none, 0);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.AlreadyJudged.selector, 4, START));
        deal.pay();
        Leaf memory late = _leaf(END, 995_000, 990_000, 999_000);
        _land(END + 3, late);
        oracle.proveAndStore(late, END + 3, _none, 0);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.AfterEnd.selector, END, END));
        deal.pay();
    }

    function test_refuse_whenEvenTheFavourableBoundBreaksThePromise() external {
        Leaf memory leaf = _leaf(START, 900_000, 890_000, 989_999);
        _land(11, leaf);
        vm.prank(address(0xabcd)); // anyone
        deal.refuse(leaf, 11, _none);
        assertEq(deal.owed(CUSTOMER), 1 ether, "returned");
        assertEq(deal.owed(PROVIDER), 0, "not paid");
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.AlreadyJudged.selector, 8, 12));
        deal.refuse(leaf, 11, _none);
    }

    function test_refuse_takesOnlyALeafThatAReportHas() external {
        Leaf memory leaf = _leaf(START, 995_000, 990_000, 999_000);
        _land(11, leaf);
        leaf.stats[0] = stat(900_000, 890_000, 910_000);
        vm.expectPartialRevert(IMeasurementOracle.ProofRejected.selector);
        deal.refuse(leaf, 11, _none);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.UnknownRoot.selector, 12));
        deal.refuse(leaf, 12, _none);
    }

    function test_refuse_takesOnlyALeafOfItsServiceWindowAndVantage() external {
        Leaf memory leaf = _leaf(START, 900_000, 890_000, 910_000);
        leaf.serviceId = "another";
        _refused(leaf);
        leaf = _leaf(START, 900_000, 890_000, 910_000);
        leaf.windowEpochs = 16;
        _refused(leaf);
        leaf = _leaf(START, 900_000, 890_000, 910_000);
        leaf.vantage = 1;
        _refused(leaf);
    }

    function test_refuse_takesNothingThatIsNotKnown() external {
        Leaf memory leaf = _leaf(START, 900_000, 890_000, 910_000);
        leaf.conclusive = false;
        _land(11, leaf);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.NothingKnown.selector, START));
        deal.refuse(leaf, 11, _none);
        leaf.conclusive = true;
        leaf.stats[0] = uint256(1) << 248;
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.NothingKnown.selector, START));
        deal.refuse(leaf, 11, _none);
    }

    function test_refuse_takesNothingOld() external {
        Leaf memory leaf = _leaf(START, 900_000, 890_000, 910_000);
        _land(11, leaf);
        uint256 observedAt = GENESIS + 12 * EPOCH_SECONDS;
        vm.warp(observedAt + AGE + 1);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.TooOld.selector, observedAt, AGE));
        deal.refuse(leaf, 11, _none);
        vm.warp(observedAt + AGE);
        deal.refuse(leaf, 11, _none);
    }

    function test_judging_onlyAdvances() external {
        Leaf memory second = _leaf(12, 900_000, 890_000, 910_000);
        Leaf memory first = _leaf(START, 995_000, 990_000, 999_000);
        _land(11, first);
        oracle.proveAndStore(first, 11, _none, 0);
        _land(15, second);
        deal.refuse(second, 15, _none);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.AlreadyJudged.selector, 8, 16));
        deal.pay();
    }

    function test_close_returnsWhatNobodyJudged() external {
        Leaf memory leaf = _leaf(START, 995_000, 990_000, 999_000);
        _land(11, leaf);
        oracle.proveAndStore(leaf, 11, _none, 0);
        deal.pay();
        uint256 closesAt = GENESIS + END * EPOCH_SECONDS + AGE;
        vm.warp(closesAt);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.NotOver.selector, closesAt));
        deal.close();
        vm.warp(closesAt + 1);
        deal.close();
        deal.close();
        assertEq(deal.owed(CUSTOMER), 1 ether, "the window that nobody judged");
        assertEq(deal.owed(PROVIDER) + deal.owed(CUSTOMER), address(deal).balance, "owed is held");
        vm.prank(CUSTOMER);
        deal.withdraw();
        assertEq(CUSTOMER.balance, 9 ether, "paid");
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.NothingOwed.selector, CUSTOMER));
        vm.prank(CUSTOMER);
        deal.withdraw();
    }

    function test_withdraw_ofAnAccountThatTakesNoCoinBlocksNobody() external {
        // This contract has no receive function.
        vm.deal(address(this), 1 ether);
        PayPerWindow other = new PayPerWindow{value: 1 ether}(oracle, SERVICE, PROVIDER, WINDOW, START, 1, PROMISE, AGE);
        vm.warp(GENESIS + 12 * EPOCH_SECONDS + AGE + 1);
        other.close();
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.CoinRefused.selector, address(this)));
        other.withdraw();
        assertEq(other.owed(address(this)), 1 ether, "still owed");
    }

    function test_constructor_refusesAStartedWindowAndPartsOfOne() external {
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.WindowStarted.selector, 4, 5));
        _create(4, 2, 2 ether);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.NotWhole.selector, 9, WINDOW));
        _create(9, 2, 2 ether);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.NotWhole.selector, 1 ether + 1, 2));
        _create(START, 2, 1 ether + 1);
        vm.expectRevert(abi.encodeWithSelector(PayPerWindow.NotWhole.selector, 0, 2));
        _create(START, 2, 0);
        vm.expectRevert(PayPerWindow.NoWindows.selector);
        _create(START, 0, 2 ether);
    }

    function _create(uint64 start, uint32 windows, uint256 value) private returns (PayPerWindow) {
        vm.prank(CUSTOMER);
        return new PayPerWindow{value: value}(oracle, SERVICE, PROVIDER, WINDOW, start, windows, PROMISE, AGE);
    }

    function _refused(Leaf memory leaf) private {
        vm.expectRevert(
            abi.encodeWithSelector(PayPerWindow.AnotherLeaf.selector, leaf.serviceId, leaf.windowEpochs, leaf.vantage)
        );
        deal.refuse(leaf, 11, _none);
    }

    function _leaf(uint64 start, uint40 median, uint40 lower, uint40 upper) private pure returns (Leaf memory leaf) {
        (leaf.serviceId, leaf.windowStart, leaf.windowEpochs, leaf.conclusive) = (SERVICE, start, WINDOW, true);
        leaf.stats[0] = stat(median, lower, upper);
    }

    function _land(uint64 epoch, Leaf memory leaf) private {
        warpToEpoch(epoch + 1);
        land(epoch, WATCHERS, this.hashLeaf(leaf));
    }
}
