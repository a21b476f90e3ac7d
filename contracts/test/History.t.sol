// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Header, HistoryProof, Leaf} from "../src/interfaces/Types.sol";
import {History} from "../src/libraries/History.sol";
import {Fixture} from "./Fixture.sol";

/// Leaves of reports that the ring has forgotten, and the proofs that lead to them.
contract HistoryTest is Fixture {
    uint256 private constant WATCHERS = 4;

    string private _json;

    function rootOf(bytes32 reportHash, HistoryProof calldata proof) external pure returns (bytes32) {
        return History.rootOf(reportHash, proof);
    }

    function test_rootOf_agreesWithTheGoldenProofs() external {
        _json = vm.readFile("../test/vectors/history.json");
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _case(count, "root")); ++count) {
            (bytes32 reportHash, HistoryProof memory proof) = _golden(count);
            assertEq(
                this.rootOf(reportHash, proof), vm.parseJsonBytes32(_json, _case(count, "root")), vm.toString(count)
            );
        }
        assertTrue(count >= 50, "history.json has cases");
    }

    function testFuzz_rootOf_isAnotherForAnythingBent(uint8 number, uint8 what, uint8 place, uint8 bit) external {
        _json = vm.readFile("../test/vectors/history.json");
        (bytes32 reportHash, HistoryProof memory proof) = _golden(uint256(number) % 50);
        bytes32 flip = bytes32(uint256(1) << bit);
        if (what % 3 == 0) reportHash ^= flip;
        else if (what % 3 == 1 && proof.siblings.length != 0) proof.siblings[place % proof.siblings.length] ^= flip;
        else if (proof.peaks.length != 0) proof.peaks[place % proof.peaks.length] ^= flip;
        else reportHash ^= flip;
        bytes32 root = vm.parseJsonBytes32(_json, _case(uint256(number) % 50, "root"));
        assertTrue(this.rootOf(reportHash, proof) != root, "bent");
    }

    function test_rootOf_refusesAnotherShape() external {
        HistoryProof memory proof;
        vm.expectRevert(abi.encodeWithSelector(History.HistoryIndexOutOfRange.selector, 0, 0));
        this.rootOf("a", proof);
        (proof.count, proof.index) = (6, 6);
        vm.expectRevert(abi.encodeWithSelector(History.HistoryIndexOutOfRange.selector, 6, 6));
        this.rootOf("a", proof);
        proof.index = 5; // in the tree of two: one sibling, one other peak
        vm.expectRevert(abi.encodeWithSelector(History.HistoryProofShape.selector, 0, 1, 0, 1));
        this.rootOf("a", proof);
        proof.siblings = new bytes32[](2);
        proof.peaks = new bytes32[](1);
        vm.expectRevert(abi.encodeWithSelector(History.HistoryProofShape.selector, 2, 1, 1, 1));
        this.rootOf("a", proof);
    }

    function test_verifyLeafAt_provesALeafThatTheRingForgot() external {
        (Leaf memory leaf, Header memory old, HistoryProof memory proof, Header memory anchor) = _twoReports();
        vm.expectPartialRevert(IMeasurementOracle.ProofRejected.selector);
        oracle.verifyLeaf(leaf, 0, new bytes32[](0));
        oracle.verifyLeafAt(leaf, new bytes32[](0), old, proof, anchor);
        // The anchor proves its own leaves without a history.
        Leaf memory newest = _leaf("newest");
        oracle.verifyLeafAt(newest, new bytes32[](0), anchor, proof, anchor);
    }

    function test_verifyLeafAt_needsTheHeadOrAKeptReport() external {
        (Leaf memory leaf, Header memory old, HistoryProof memory proof, Header memory anchor) = _twoReports();
        bytes32 kept = oracle.keepHead();
        assertEq(kept, this.hashHeader(anchor), "the head");
        warpToEpoch(8194);
        land(8193, WATCHERS, "next");
        oracle.verifyLeafAt(leaf, new bytes32[](0), old, proof, anchor);
        anchor.resultsRoot = "forged";
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.UnknownAnchor.selector, this.hashHeader(anchor)));
        oracle.verifyLeafAt(leaf, new bytes32[](0), old, proof, anchor);
        // Landed once, not kept, and not the head any more.
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.UnknownAnchor.selector, this.hashHeader(old)));
        oracle.verifyLeafAt(leaf, new bytes32[](0), old, proof, old);
    }

    function test_verifyLeafAt_refusesAReportOutsideTheHistoryAndALeafOutsideTheReport() external {
        (Leaf memory leaf, Header memory old, HistoryProof memory proof, Header memory anchor) = _twoReports();
        Header memory forged = old;
        forged.batchesRoot = "forged";
        vm.expectPartialRevert(IMeasurementOracle.HistoryProofRejected.selector);
        oracle.verifyLeafAt(leaf, new bytes32[](0), forged, proof, anchor);
        (leaf, old, proof, anchor) = (_leaf("other"), anchor, proof, anchor);
        vm.expectPartialRevert(IMeasurementOracle.ProofRejected.selector);
        oracle.verifyLeafAt(leaf, new bytes32[](0), anchor, proof, anchor);
        vm.expectRevert(abi.encodeWithSelector(IMeasurementOracle.ProofTooLong.selector, 33, 32));
        oracle.verifyLeafAt(leaf, new bytes32[](33), anchor, proof, anchor);
    }

    function test_keepHead_refusesBeforeTheFirstReport() external {
        deploy();
        vm.expectRevert(IMeasurementOracle.NothingReported.selector);
        oracle.keepHead();
    }

    /// Lands the report of epoch 0 with one leaf, and, once around the ring, one whose history holds it.
    function _twoReports()
        private
        returns (Leaf memory leaf, Header memory old, HistoryProof memory proof, Header memory anchor)
    {
        deploy();
        sealGenesis(WATCHERS);
        warpToEpoch(1);
        leaf = _leaf("old");
        old = headerOf(0, firstSeats(WATCHERS));
        old.resultsRoot = this.hashLeaf(leaf);
        _submit(old);
        warpToEpoch(8193);
        anchor = headerOf(8192, firstSeats(WATCHERS));
        anchor.resultsRoot = this.hashLeaf(_leaf("newest"));
        proof.count = 1;
        anchor.historyRoot = this.rootOf(this.hashHeader(old), proof);
        _submit(anchor);
    }

    function _submit(Header memory header) private {
        oracle.submitReport(header, 0, firstSeats(WATCHERS), attest(header, 0, firstSeats(WATCHERS)));
    }

    function _leaf(bytes32 serviceId) private pure returns (Leaf memory leaf) {
        leaf.serviceId = serviceId;
    }

    function _golden(uint256 number) private view returns (bytes32 reportHash, HistoryProof memory proof) {
        proof.count = uint64(vm.parseJsonUint(_json, _case(number, "count")));
        proof.index = uint64(vm.parseJsonUint(_json, _case(number, "index")));
        proof.siblings = vm.parseJsonBytes32Array(_json, _case(number, "siblings"));
        proof.peaks = vm.parseJsonBytes32Array(_json, _case(number, "peaks"));
        reportHash = vm.parseJsonBytes32(_json, _case(number, "reportHash"));
    }

    function _case(uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(index), "].", field);
    }
}
