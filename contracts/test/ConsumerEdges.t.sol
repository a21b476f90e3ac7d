// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AggregatorV3Adapter} from "../src/adapters/AggregatorV3Adapter.sol";
import {AvailabilityReader} from "../src/examples/AvailabilityReader.sol";
import {FailoverRouter} from "../src/examples/FailoverRouter.sol";
import {HistoryProof, Objective} from "../src/interfaces/Types.sol";
import {History} from "../src/libraries/History.sol";
import {Settlement} from "../src/libraries/Settlement.sol";
import {Fixture} from "./Fixture.sol";
import {MockStore} from "./Mocks.sol";

/// Data feed, guarded reader, router and history proofs where one value, one statistic or one peak decides.
contract ConsumerEdgesTest is Fixture {
    bytes32 private constant A = "a";
    uint64 private constant AGE = 1 hours;

    MockStore private store;
    AvailabilityReader private reader;

    function setUp() external {
        deploy();
        store = new MockStore();
        reader = new AvailabilityReader(store, A, WINDOW);
        warpToEpoch(100);
    }

    function rootOf(bytes32 reportHash, HistoryProof calldata proof) external pure returns (bytes32) {
        return History.rootOf(reportHash, proof);
    }

    function test_adapter_refusesAnAgeOfNothing() external {
        vm.expectRevert(
            abi.encodeWithSelector(
                AggregatorV3Adapter.FieldOutOfBounds.selector, "ageSecondsMax", 0, 1, type(uint64).max
            )
        );
        new AggregatorV3Adapter(oracle, store, A, 4, 0, WINDOW, 0, 0, "a / p99");
    }

    function test_reader_holdsBackAFallToNothing() external {
        _take(20, 990_000, true);
        _keep(0, 21, 0);
        assertTrue(!reader.refresh(), "nothing waits yet that would agree with it");
    }

    function test_reader_forgetsAJumpThatPassed() external {
        _take(20, 990_000, true);
        _take(21, 400_000, false);
        _take(22, 960_000, true);
        _take(23, 400_000, false);
    }

    function test_reader_takesAChangeAtItsBound() external {
        _take(20, 900_000, true);
        _take(21, 855_000, true); // 5 % of 900,000, and more than 5 % of itself
        _take(22, 855_000 - 42_751, false);
    }

    function test_reader_readsTheMedian() external {
        _keep(0, 20, 990_000);
        store.setTail(A, 0, WINDOW, 9);
        reader.refresh();
        (uint40 value,) = reader.availability();
        assertEq(value, 990_000, "not the tail");
    }

    function test_router_refusesOneService() external {
        vm.expectRevert(abi.encodeWithSelector(FailoverRouter.FieldOutOfBounds.selector, "services", 1, 2, 8));
        new FailoverRouter(store, new bytes32[](1), new Objective[](1), WINDOW, 0, AGE);
    }

    function test_router_judgesTheStatisticOfTheObjective() external {
        _keep(0, 24, 999_000);
        store.setTail(A, 0, WINDOW, 900_000);
        (Settlement.Verdict verdict,) = _router(1, 0).judge(A);
        assertTrue(verdict == Settlement.Verdict.Met, "the median");
        (verdict,) = _router(1, 1).judge(A);
        assertTrue(verdict != Settlement.Verdict.Met, "the tail");
    }

    /// Else a breach after a switch could look older than the switch, and not count.
    function test_router_datesABreachByItsOwnWindow() external {
        _keep(0, 24, 900_000);
        _keep(1, 23, 999_000);
        (Settlement.Verdict verdict, uint64 observedAt) = _router(2, 0).judge(A);
        assertTrue(verdict == Settlement.Verdict.Breached, "breached");
        assertEq(observedAt, _end(24), "not by the window that was kept");
    }

    function test_rootOf_refusesAPeakTooMany() external {
        HistoryProof memory proof;
        (proof.count, proof.index) = (6, 5);
        proof.siblings = new bytes32[](1);
        proof.peaks = new bytes32[](2);
        vm.expectRevert(abi.encodeWithSelector(History.HistoryProofShape.selector, 1, 1, 2, 1));
        this.rootOf("a", proof);
    }

    /// At least 99 % of each of the first metrics.
    function _router(uint256 metrics, uint8 statistic) private returns (FailoverRouter) {
        bytes32[] memory list = new bytes32[](2);
        (list[0], list[1]) = (A, "b");
        Objective[] memory objectives = new Objective[](metrics);
        for (uint8 metric = 0; metric < metrics; ++metric) {
            objectives[metric] = objective(metric, statistic, 0, 990_000);
        }
        return new FailoverRouter(store, list, objectives, WINDOW, 0, AGE);
    }

    function _take(uint64 window, uint40 value, bool taken) private {
        _keep(0, window, value);
        assertTrue(reader.refresh() == taken, taken ? "taken" : "held back");
    }

    /// Unix seconds at which window number `window` (from 1) ends.
    function _end(uint64 window) private pure returns (uint64) {
        return GENESIS + window * WINDOW * EPOCH_SECONDS;
    }

    function _keep(uint8 metric, uint64 window, uint40 value) private {
        store.set(A, metric, WINDOW, window * WINDOW, _end(window), [value, value, value]);
    }
}
