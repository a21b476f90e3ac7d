// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AggregatorV3Adapter} from "../src/adapters/AggregatorV3Adapter.sol";
import {GuardedReader} from "../src/adapters/GuardedReader.sol";
import {AvailabilityReader} from "../src/examples/AvailabilityReader.sol";
import {FailoverRouter} from "../src/examples/FailoverRouter.sol";
import {Objective} from "../src/interfaces/Types.sol";
import {Settlement} from "../src/libraries/Settlement.sol";
import {Fixture} from "./Fixture.sol";
import {MockStore} from "./Mocks.sol";

/// Contracts that act on what the store keeps: data feed, guarded reader, router.
contract ConsumersTest is Fixture {
    bytes32 private constant A = "a";
    bytes32 private constant B = "b";
    bytes32 private constant C = "c";
    uint64 private constant AGE = 1 hours;

    MockStore private store;

    function setUp() external {
        deploy();
        store = new MockStore();
        warpToEpoch(100);
    }

    // AggregatorV3Adapter

    function test_adapter_answersTheNewestWindowAsARound() external {
        AggregatorV3Adapter feed = _feed(4, 0);
        _keep(A, 4, 20, 250_000);
        (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = feed.latestRoundData();
        assertEq(round, 20, "round");
        assertEq(answeredIn, 20, "answered in");
        assertEq(uint256(answer), 250_000, "0.25 s with 6 decimals");
        assertEq(startedAt, GENESIS + 19 * WINDOW * EPOCH_SECONDS, "start of the window");
        assertEq(updatedAt, GENESIS + 20 * WINDOW * EPOCH_SECONDS, "observation, not storage");
        assertEq(feed.decimals(), 6, "decimals");
        assertEq(_feed(9, 0).decimals(), 0, "blocks are whole");
        (, answer,,,) = feed.getRoundData(20);
        assertEq(uint256(answer), 250_000, "round 20");
        vm.expectRevert(abi.encodeWithSelector(AggregatorV3Adapter.RoundNotKept.selector, 19, 20));
        feed.getRoundData(19);
    }

    function test_adapter_revertsRatherThanReturnStaleOrInconclusive() external {
        AggregatorV3Adapter feed = _feed(4, 0);
        vm.expectPartialRevert(MockStore.NothingStored.selector);
        feed.latestRoundData();
        _keep(A, 4, 25, 250_000);
        vm.warp(GENESIS + 25 * WINDOW * EPOCH_SECONDS + AGE);
        feed.latestRoundData();
        vm.warp(block.timestamp + 1);
        vm.expectPartialRevert(MockStore.Stale.selector);
        feed.latestRoundData();
    }

    function test_adapter_readsMedianOrTail() external {
        _keep(A, 4, 24, 10_007);
        store.setTail(A, 4, WINDOW, 9);
        (, int256 answer,,,) = _feed(4, 0).latestRoundData();
        assertEq(uint256(answer), 10_007, "median");
        (, answer,,,) = _feed(4, 1).latestRoundData();
        assertEq(uint256(answer), 9, "tail");
        vm.expectPartialRevert(AggregatorV3Adapter.FieldOutOfBounds.selector);
        _feed(12, 0);
        vm.expectPartialRevert(AggregatorV3Adapter.FieldOutOfBounds.selector);
        _feed(4, 2);
    }

    // GuardedReader

    function test_reader_takesOrdinaryChangesAndHoldsBackAJump() external {
        AvailabilityReader reader = new AvailabilityReader(store, A, WINDOW);
        _keep(A, 0, 20, 990_000);
        assertTrue(reader.refresh(), "first");
        _keep(A, 0, 21, 950_000);
        assertTrue(reader.refresh(), "4 %");
        _keep(A, 0, 22, 400_000);
        assertTrue(!reader.refresh(), "one report moves nothing");
        assertEq(_median(reader), 950_000, "held");
        _keep(A, 0, 23, 960_000);
        assertTrue(reader.refresh(), "it was one bad report");
        assertEq(_median(reader), 960_000, "back");
    }

    function test_reader_followsAChangeThatALaterWindowConfirms() external {
        AvailabilityReader reader = new AvailabilityReader(store, A, WINDOW);
        _keep(A, 0, 20, 990_000);
        reader.refresh();
        _keep(A, 0, 21, 400_000);
        reader.refresh();
        vm.expectRevert(abi.encodeWithSelector(GuardedReader.NotNewer.selector, _end(21), _end(21)));
        reader.refresh(); // the same report does not confirm itself
        _keep(A, 0, 22, 410_000);
        assertTrue(reader.refresh(), "confirmed");
        assertEq(_median(reader), 410_000, "followed");
    }

    function test_reader_answersNothingStaleAndStartsAnew() external {
        AvailabilityReader reader = new AvailabilityReader(store, A, WINDOW);
        vm.expectPartialRevert(GuardedReader.Stale.selector);
        reader.availability();
        _keep(A, 0, 25, 990_000);
        reader.refresh();
        vm.warp(_end(25) + 2 hours + 1);
        vm.expectPartialRevert(GuardedReader.Stale.selector);
        reader.availability();
        _keep(A, 0, 54, 300_000);
        assertTrue(reader.refresh(), "nothing fresh bounds it");
        vm.warp(_end(54) + 2 hours + 1);
        vm.expectPartialRevert(MockStore.Stale.selector);
        reader.refresh();
    }

    // FailoverRouter

    function test_router_switchesAfterABreachAndOnlyThen() external {
        FailoverRouter router = _router();
        assertEq(router.activeService(), A, "first");
        vm.expectRevert(abi.encodeWithSelector(FailoverRouter.NoBreach.selector, A));
        router.failover(); // nothing kept
        _keep(A, 0, 24, 985_000); // missed, but not at its upper bound
        _keep(B, 0, 24, 999_000);
        vm.expectRevert(abi.encodeWithSelector(FailoverRouter.NoBreach.selector, A));
        router.failover();
        _keep(A, 0, 24, 900_000);
        vm.expectEmit(true, true, true, true, address(router));
        emit FailoverRouter.Switched(A, B, _end(24));
        vm.prank(address(0xdead));
        router.failover();
        assertEq(router.activeService(), B, "switched");
    }

    function test_router_passesOverWhatIsUnknownOrWorse() external {
        FailoverRouter router = _router();
        _keep(A, 0, 24, 900_000);
        vm.expectRevert(abi.encodeWithSelector(FailoverRouter.NoAlternative.selector, A));
        router.failover();
        _keep(B, 0, 24, 900_000);
        _keep(C, 0, 24, 999_000);
        router.failover();
        assertEq(router.activeService(), C, "B breaches too");
    }

    function test_router_doesNotSwitchBackOnWhatWasBeforeTheSwitch() external {
        FailoverRouter router = _router();
        _keep(A, 0, 24, 900_000);
        _keep(B, 0, 24, 999_000);
        router.failover();
        _keep(A, 0, 25, 999_000);
        _keep(B, 0, 25, 900_000); // ended with the switch
        vm.expectRevert(abi.encodeWithSelector(FailoverRouter.NoBreach.selector, B));
        router.failover();
        warpToEpoch(26 * WINDOW);
        _keep(B, 0, 26, 900_000);
        router.failover();
        assertEq(router.activeService(), A, "a breach after it");
    }

    function test_router_ignoresWhatIsTooOld() external {
        FailoverRouter router = _router();
        _keep(A, 0, 24, 900_000);
        _keep(B, 0, 5, 999_000);
        vm.expectRevert(abi.encodeWithSelector(FailoverRouter.NoAlternative.selector, A));
        router.failover();
        vm.warp(_end(24) + AGE + 1);
        (Settlement.Verdict verdict,) = router.judge(A);
        assertTrue(verdict == Settlement.Verdict.Unknown, "too old");
    }

    function _router() private returns (FailoverRouter) {
        bytes32[] memory list = new bytes32[](3);
        (list[0], list[1], list[2]) = (A, B, C);
        Objective[] memory objectives = new Objective[](1);
        objectives[0] = objective(0, 0, 0, 990_000);
        return new FailoverRouter(store, list, objectives, WINDOW, 0, AGE);
    }

    function _feed(uint8 metric, uint8 statistic) private returns (AggregatorV3Adapter) {
        return new AggregatorV3Adapter(oracle, store, A, metric, statistic, WINDOW, 0, AGE, "a / p99");
    }

    function _median(AvailabilityReader reader) private view returns (uint40 median) {
        (median,) = reader.availability();
    }

    /// Unix seconds at which window number `window` (from 1) ends.
    function _end(uint64 window) private pure returns (uint64) {
        return GENESIS + window * WINDOW * EPOCH_SECONDS;
    }

    function _keep(bytes32 service, uint8 metric, uint64 window, uint40 value) private {
        uint40[3] memory bounded = [value, value - 10_000, value + 10_000];
        store.set(service, metric, WINDOW, window * WINDOW, _end(window), bounded);
    }
}
