// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Leaf, Observation} from "../src/interfaces/Types.sol";
import {Fixture} from "./Fixture.sol";

/// proveAndStore, and what other contracts read.
contract KeptValuesTest is Fixture {
    uint256 private constant WATCHERS = 4;
    bytes32 private constant SERVICE = "service";
    bytes32[] private _none;

    function setUp() external {
        deploy();
        sealGenesis(WATCHERS);
    }

    function test_proveAndStore_keepsEveryPartOfTheStatistic() external {
        Leaf memory leaf = _leaf(0);
        leaf.stats[4] = uint256(2) << 248 | uint256(11) << 208 | uint256(12) << 168 | uint256(13) << 128 | uint256(14)
            << 88 | uint256(15) << 48 | uint256(16) << 8;
        _land(3, leaf);
        vm.prank(address(0xabcd)); // anyone
        oracle.proveAndStore(leaf, 3, _none, 4);
        Observation memory kept = oracle.latest(SERVICE, 4);
        assertEq(kept.windowStart, 0, "start");
        assertEq(kept.windowEnd, WINDOW, "end");
        assertEq(kept.reportEpoch, 3, "report");
        assertEq(kept.observedAt, GENESIS + WINDOW * EPOCH_SECONDS, "observed at the window's end");
        assertEq(kept.median, 11, "median");
        assertEq(kept.medianLower, 12, "median lower");
        assertEq(kept.medianUpper, 13, "median upper");
        assertEq(kept.tail, 14, "tail");
        assertEq(kept.tailLower, 15, "tail lower");
        assertEq(kept.tailUpper, 16, "tail upper");
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NothingStored.selector, SERVICE, 0));
        oracle.latest(SERVICE, 0);
    }

    function test_proveAndStore_onlyAdvances() external {
        Leaf memory first = _leaf(0);
        _land(3, first);
        Leaf memory second = _leaf(4);
        _land(7, second);
        oracle.proveAndStore(second, 7, _none, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NotNewer.selector, 4, 8));
        oracle.proveAndStore(first, 3, _none, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NotNewer.selector, 8, 8));
        oracle.proveAndStore(second, 7, _none, 0);
    }

    function test_proveAndStore_refusesAWindowThatEndsAfterItsReport() external {
        Leaf memory leaf = _leaf(4);
        _land(3, leaf);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.WindowInFuture.selector, 8, 3));
        oracle.proveAndStore(leaf, 3, _none, 0);
        // One epoch short.
        _land(6, leaf);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.WindowInFuture.selector, 8, 6));
        oracle.proveAndStore(leaf, 6, _none, 0);
        leaf.windowStart = type(uint64).max;
        vm.expectPartialRevert(IMeasurementOracle.WindowInFuture.selector);
        oracle.proveAndStore(leaf, 3, _none, 0);
    }

    function test_proveAndStore_refusesWhatIsNotKnown() external {
        Leaf memory leaf = _leaf(0);
        leaf.conclusive = false;
        _land(3, leaf);
        bytes memory error_ = abi.encodeWithSelector(IMeasurementOracle.NothingKnown.selector, SERVICE, 0, 4);
        vm.expectRevert(error_);
        oracle.proveAndStore(leaf, 3, _none, 0);
        leaf = _leaf(0);
        leaf.stats[0] = uint256(1) << 248;
        vm.expectRevert(error_);
        oracle.proveAndStore(leaf, 3, _none, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.MetricOutOfRange.selector, 12, 12));
        oracle.proveAndStore(leaf, 3, _none, 12);
    }

    function test_proveAndStore_refusesALeafThatNoReportHas() external {
        Leaf memory leaf = _leaf(0);
        _land(3, leaf);
        leaf.stats[0] = stat(1, 1, 1);
        vm.expectPartialRevert(IMeasurementOracle.ProofRejected.selector);
        oracle.proveAndStore(leaf, 3, _none, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.UnknownRoot.selector, 9));
        oracle.proveAndStore(leaf, 9, _none, 0);
    }

    function test_latestOf_keepsWindowsAndVantagesApart() external {
        Leaf memory leaf = _leaf(0);
        leaf.vantage = 3;
        _land(3, leaf);
        oracle.proveAndStore(leaf, 3, _none, 0);
        assertEq(oracle.latestOf(SERVICE, WINDOW, 3, 0).median, 990_000, "its own");
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NothingStored.selector, SERVICE, 0));
        oracle.latestOf(SERVICE, WINDOW, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.NothingStored.selector, SERVICE, 0));
        oracle.latestOf(SERVICE, 1, 3, 0);
    }

    function test_noOlderThan_refusesAfterTheAge() external {
        Leaf memory leaf = _leaf(0);
        _land(3, leaf);
        oracle.proveAndStore(leaf, 3, _none, 0);
        uint64 observedAt = uint64(GENESIS + WINDOW * EPOCH_SECONDS);
        vm.warp(observedAt + 100);
        assertEq(oracle.noOlderThan(SERVICE, 0, 100).median, 990_000, "fresh");
        vm.warp(observedAt + 101);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.Stale.selector, SERVICE, 0, observedAt, 100));
        oracle.noOlderThan(SERVICE, 0, 100);
        oracle.noOlderThan(SERVICE, 0, type(uint64).max);
    }

    function _leaf(uint64 start) private pure returns (Leaf memory leaf) {
        (leaf.serviceId, leaf.windowStart, leaf.windowEpochs, leaf.conclusive) = (SERVICE, start, WINDOW, true);
        leaf.stats[0] = stat(990_000, 980_000, 1_000_000);
    }

    function _land(uint64 epoch, Leaf memory leaf) private {
        warpToEpoch(epoch + 1);
        land(epoch, WATCHERS, this.hashLeaf(leaf));
    }
}
