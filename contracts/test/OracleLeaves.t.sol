// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {MeasurementOracle} from "../src/MeasurementOracle.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {Leaf, Parameters} from "../src/interfaces/Types.sol";
import {Fixture} from "./Fixture.sol";

contract OracleLeavesTest is Fixture {
    uint256 private constant WATCHERS = 4;

    function setUp() external {
        deploy();
        sealGenesis(WATCHERS);
        warpToEpoch(1);
    }

    // Leaves

    function test_verifyLeaf_acceptsALeafOfTheReport() external {
        Leaf memory leaf = _leaf();
        bytes32[] memory proof = new bytes32[](2);
        (proof[0], proof[1]) = (keccak256("sibling"), keccak256("aunt"));
        land(0, WATCHERS, _rootOf(leaf, proof));
        oracle.verifyLeaf(leaf, 0, proof);
    }

    function test_verifyLeaf_acceptsTheOnlyLeafWithAnEmptyProof() external {
        Leaf memory leaf = _leaf();
        land(0, WATCHERS, this.hashLeaf(leaf));
        oracle.verifyLeaf(leaf, 0, new bytes32[](0));
    }

    function testFuzz_verifyLeaf_refusesABentProofOrLeaf(uint8 position, uint8 bit, uint8 what) external {
        Leaf memory leaf = _leaf();
        bytes32[] memory proof = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            proof[i] = keccak256(abi.encode("sibling", i));
        }
        land(0, WATCHERS, _rootOf(leaf, proof));
        if (what % 3 == 0) proof[position % 3] ^= bytes32(uint256(1) << bit);
        if (what % 3 == 1) leaf.stats[position % 12] ^= uint256(1) << bit;
        if (what % 3 == 2) leaf.conclusive = !leaf.conclusive;
        vm.expectPartialRevert(IMeasurementOracle.ProofRejected.selector);
        oracle.verifyLeaf(leaf, 0, proof);
    }

    function test_verifyLeaf_refusesTheRootOfAnotherEpoch() external {
        Leaf memory leaf = _leaf();
        bytes32 root = this.hashLeaf(leaf);
        land(0, WATCHERS, root);
        warpToEpoch(3);
        land(2, WATCHERS, "root");
        _expect(abi.encodeWithSelector(IMeasurementOracle.ProofRejected.selector, 2, root, root));
        oracle.verifyLeaf(leaf, 2, new bytes32[](0));
    }

    function test_verifyLeaf_refusesAnEpochWithoutReport() external {
        Leaf memory leaf = _leaf();
        _expect(abi.encodeWithSelector(IMeasurementOracle.UnknownRoot.selector, 0));
        oracle.verifyLeaf(leaf, 0, new bytes32[](0));
        warpToEpoch(3);
        land(2, WATCHERS, this.hashLeaf(leaf));
        _expect(abi.encodeWithSelector(IMeasurementOracle.UnknownRoot.selector, 1));
        oracle.verifyLeaf(leaf, 1, new bytes32[](0));
        // An epoch that shares the ring's place with a landed one.
        _expect(abi.encodeWithSelector(IMeasurementOracle.UnknownRoot.selector, 8194));
        oracle.verifyLeaf(leaf, 8194, new bytes32[](0));
    }

    function test_verifyLeaf_refusesAnEpochThatTheRingForgot() external {
        Leaf memory leaf = _leaf();
        bytes32 root = this.hashLeaf(leaf);
        land(0, WATCHERS, root);
        warpToEpoch(8193);
        land(8192, WATCHERS, "root");
        assertTrue(!oracle.isKnownRoot(0, root), "forgotten");
        _expect(abi.encodeWithSelector(IMeasurementOracle.ProofRejected.selector, 0, root, root));
        oracle.verifyLeaf(leaf, 0, new bytes32[](0));
    }

    function test_verifyLeaf_refusesAProofLongerThanAnyTree() external {
        _expect(abi.encodeWithSelector(IMeasurementOracle.ProofTooLong.selector, 33, 32));
        oracle.verifyLeaf(_leaf(), 0, new bytes32[](33));
    }

    // Deployment

    function test_constructor_keepsTheParameters() external {
        bytes memory encoded = abi.encode(parameters());
        assertEq(oracle.parameters(), encoded, "parameters");
        assertEq(oracle.parametersId(), keccak256(encoded), "id");
        assertEq(oracle.windowEpochs()[1], WINDOW, "window");
        assertEq(oracle.deadlineEpochs(), DEADLINE, "deadline");
        assertEq(oracle.genesis(), GENESIS, "genesis");
        assertEq(oracle.currentEpoch(), 1, "epoch");
        vm.warp(GENESIS - 1);
        assertEq(oracle.currentEpoch(), 0, "before genesis");
        assertTrue(oracle.genesisSeed() != 0, "seed");
        assertTrue(new MeasurementOracle(registry, encoded).genesisSeed() != oracle.genesisSeed(), "seed of its own");
    }

    function test_constructor_refusesImpossibleParameters() external {
        Parameters memory p = parameters();
        p.protocolVersion = 0;
        _refusedParameters(p, "protocolVersion");
        p = parameters();
        p.commitMillis = 0;
        _refusedParameters(p, "commitMillis");
        p = parameters();
        p.deltaMillis = 0;
        _refusedParameters(p, "deltaMillis");
        p = parameters();
        p.revealMillis = 3000;
        _refusedParameters(p, "revealMillis");
        p = parameters();
        p.viewMillis = 0;
        _refusedParameters(p, "viewMillis");
        p.viewMillis = DEADLINE * EPOCH_SECONDS * 1000;
        _refusedParameters(p, "viewMillis");
        p = parameters();
        p.deadlineEpochs = 0;
        _refusedParameters(p, "deadlineEpochs");
        p.deadlineEpochs = 1025;
        _refusedParameters(p, "deadlineEpochs");
        p.deadlineEpochs = EXIT_DELAY + 1;
        _refusedParameters(p, "deadlineEpochs");
        p = parameters();
        p.assignmentPeriodEpochs = 0;
        _refusedParameters(p, "assignmentPeriodEpochs");
        p = parameters();
        p.minEpochsPpm = 1_000_001;
        _refusedParameters(p, "minEpochsPpm");
        p = parameters();
        p.minSamples = 0;
        _refusedParameters(p, "minSamples");
        p = parameters();
        p.maxFaultPpm = 1_000_001;
        _refusedParameters(p, "maxFaultPpm");
    }

    function test_constructor_refusesWindowsThatAreNotAscending() external {
        _refusedWindows([uint32(0), 0, 0, 0]);
        _refusedWindows([uint32(4), 4, 0, 0]);
        _refusedWindows([uint32(4), 3, 0, 0]);
        _refusedWindows([uint32(4), 0, 8, 0]);
        _refusedWindows([uint32(4), 8, (1 << 21) + 1, 0]);
    }

    function test_constructor_refusesAnEncodingThatIsNotCanonical() external {
        bytes memory padded = bytes.concat(abi.encode(parameters()), hex"00");
        _expect(abi.encodeWithSelector(IMeasurementOracle.InvalidParameters.selector, "encoding"));
        new MeasurementOracle(registry, padded);
    }

    function test_supportsInterface_namesItsOwnAndErc165() external view {
        assertTrue(oracle.supportsInterface(type(IMeasurementOracle).interfaceId), "own");
        assertTrue(oracle.supportsInterface(type(IERC165).interfaceId), "ERC-165");
        assertTrue(!oracle.supportsInterface(0xffffffff), "none");
    }

    function _leaf() private pure returns (Leaf memory leaf) {
        leaf.serviceId = "service";
        leaf.windowEpochs = 1;
        leaf.conclusive = true;
        leaf.stats[0] = stat(990_000, 980_000, 1_000_000);
    }

    function _rootOf(Leaf memory leaf, bytes32[] memory proof) private view returns (bytes32 node) {
        node = this.hashLeaf(leaf);
        for (uint256 i = 0; i < proof.length; ++i) {
            node = node < proof[i]
                ? keccak256(abi.encodePacked(node, proof[i]))
                : keccak256(abi.encodePacked(proof[i], node));
        }
    }

    function _refusedWindows(uint32[4] memory windows) private {
        Parameters memory p = parameters();
        p.windowEpochs = windows;
        _refusedParameters(p, "windowEpochs");
    }

    function _refusedParameters(Parameters memory p, string memory name) private {
        _expect(abi.encodeWithSelector(IMeasurementOracle.InvalidParameters.selector, name));
        new MeasurementOracle(registry, abi.encode(p));
    }

    function _expect(bytes memory revertData) private {
        vm.expectRevert(revertData);
    }
}
