// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AvailabilityReader} from "../src/examples/AvailabilityReader.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Leaf} from "../src/interfaces/Types.sol";
import {Fixture} from "./Fixture.sol";

contract AvailabilityReaderTest is Fixture {
    uint256 private constant WATCHERS = 4;
    bytes32 private constant SERVICE = "service";

    AvailabilityReader private reader;

    function setUp() external {
        deploy();
        sealGenesis(WATCHERS);
        reader = new AvailabilityReader(oracle, SERVICE, WINDOW);
    }

    function test_update_keepsTheNewestProvenValue() external {
        _update(0, 995_000);
        _update(WINDOW, 990_000);
        (uint40 median, uint40 lower) = reader.availability(0);
        assertEq(median, 990_000, "median");
        assertEq(lower, 980_000, "lower bound");
        assertEq(reader.windowEnd(), 2 * WINDOW, "window end");
    }

    function test_update_refusesAnOlderLeafAndALeafOfSomethingElse() external {
        _update(0, 995_000);
        Leaf memory leaf = _leaf(0, 995_000);
        vm.expectRevert(abi.encodeWithSelector(AvailabilityReader.NotNewer.selector, WINDOW, WINDOW));
        reader.update(leaf, WINDOW - 1, new bytes32[](0));
        leaf.vantage = 1;
        vm.expectRevert(abi.encodeWithSelector(AvailabilityReader.AnotherLeaf.selector, SERVICE, WINDOW, 1));
        reader.update(leaf, WINDOW - 1, new bytes32[](0));
    }

    function test_update_refusesAnInconclusiveLeafAndAnUnprovenOne() external {
        Leaf memory leaf = _leaf(0, 995_000);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.UnknownRoot.selector, WINDOW - 1));
        reader.update(leaf, WINDOW - 1, new bytes32[](0));
        leaf.conclusive = false;
        vm.expectRevert(abi.encodeWithSelector(AvailabilityReader.NothingKnown.selector, 0));
        reader.update(leaf, WINDOW - 1, new bytes32[](0));
    }

    function test_availability_refusesToAnswerWhenStale() external {
        vm.expectRevert(abi.encodeWithSelector(AvailabilityReader.Stale.selector, 0, 0));
        reader.availability(1000);
        _update(0, 995_000);
        warpToEpoch(WINDOW + 10);
        reader.availability(10);
        vm.expectRevert(abi.encodeWithSelector(AvailabilityReader.Stale.selector, WINDOW + 10, WINDOW));
        reader.availability(9);
    }

    /// Lands the report that closes the window, with this leaf as its only one, and brings it to the reader.
    function _update(uint64 windowStart, uint40 ppm) private {
        Leaf memory leaf = _leaf(windowStart, ppm);
        uint64 reportEpoch = windowStart + WINDOW - 1;
        warpToEpoch(reportEpoch + 1);
        land(reportEpoch, WATCHERS, this.hashLeaf(leaf));
        reader.update(leaf, reportEpoch, new bytes32[](0));
    }

    function _leaf(uint64 windowStart, uint40 ppm) private pure returns (Leaf memory leaf) {
        leaf.serviceId = SERVICE;
        leaf.windowStart = windowStart;
        leaf.windowEpochs = WINDOW;
        leaf.conclusive = true;
        leaf.stats[0] = stat(ppm, ppm - 10_000, 1_000_000);
    }
}
