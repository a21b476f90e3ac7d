// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Header, Leaf, Parameters} from "../src/interfaces/Types.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Signer} from "./Signer.sol";
import {Test} from "./Test.sol";

/// The golden bytes of test/vectors, which the TypeScript side writes: both sides must agree on every digest and point.
contract VectorsTest is Test {
    string private _json;

    function hashHeader(Header calldata header) external pure returns (bytes32) {
        return Typed.reportHash(header);
    }

    function hashLeaf(Leaf calldata leaf) external pure returns (bytes32) {
        return Typed.leafHash(leaf);
    }

    function test_digests_agreeWithTheGoldenBytes() external {
        _read("digests.json");
        vm.chainId(_uint(".chainId"));
        bytes32 domain = Typed.domainSeparator(vm.parseJsonAddress(_json, ".oracle"));
        Header memory header = _header();
        bytes32 report = this.hashHeader(header);
        uint32 view_ = uint32(_uint(".view"));
        assertEq(report, _word(".reportHash"), "reportHash");
        bytes32 watcher = _word(".commit.watcher");
        assertEq(
            Typed.commitDigest(domain, header.epoch, watcher, _word(".commit.commitment")),
            _word(".commit.digest"),
            "commit"
        );
        assertEq(Typed.proposalDigest(domain, header.epoch, view_, report), _word(".proposalDigest"), "proposal");
        assertEq(
            Typed.attestationDigest(domain, header.epoch, view_, report), _word(".attestationDigest"), "attestation"
        );
        assertEq(
            Typed.refusalDigest(domain, header.epoch, view_, report, _word(".refusal.missing")),
            _word(".refusal.digest"),
            "refusal"
        );
        assertEq(Typed.vrfDigest(domain, header.epoch, _word(".vrf.seed")), _word(".vrf.digest"), "vrf");
    }

    function test_proofOfPossession_agreesWithTheGoldenBytes() external {
        _read("digests.json");
        vm.chainId(_uint(".chainId"));
        bytes32 domain = Typed.domainSeparator(vm.parseJsonAddress(_json, ".registry"));
        address operator = vm.parseJsonAddress(_json, ".proofOfPossession.operator");
        bytes32 watcher = _word(".proofOfPossession.watcher");
        assertEq(Typed.possessionDigest(domain, operator, watcher), _word(".proofOfPossession.digest"), "possession");
    }

    function test_leafHash_agreesWithTheGoldenBytes() external {
        _read("digests.json");
        assertEq(this.hashLeaf(_leaf()), _word(".leafHash"), "leafHash");
    }

    function test_parameters_agreeWithTheGoldenBytes() external {
        _read("digests.json");
        bytes memory encoded = vm.parseJsonBytes(_json, ".parameters.encoded");
        assertEq(keccak256(encoded), _word(".parameters.id"), "id");
        assertEq(abi.encode(abi.decode(encoded, (Parameters))), encoded, "encoding");
    }

    function test_bls_agreesWithTheGoldenPoints() external {
        _read("bls.json");
        uint256 count = 0;
        for (; vm.keyExistsJson(_json, _case(count, "message")); ++count) {
            uint256 secret = uint256(_word(_case(count, "secretKey")));
            bytes memory message = vm.parseJsonBytes(_json, _case(count, "message"));
            bytes memory tag = bytes(vm.parseJsonString(_json, _case(count, "dst")));
            bytes memory key = Signer.publicKey(secret);
            bytes memory point = Bls.hashToG1(message, tag);
            bytes memory signature = Bls.g1Mul(point, secret);
            assertEq(key, vm.parseJsonBytes(_json, _case(count, "publicKeyEvm")), "public key");
            assertEq(point, vm.parseJsonBytes(_json, _case(count, "hashEvm")), "hash");
            assertEq(signature, vm.parseJsonBytes(_json, _case(count, "signatureEvm")), "signature");
            assertTrue(Bls.verify(key, point, signature), "verifies");
        }
        assertTrue(count > 0, "bls.json has cases");
    }

    function _header() private view returns (Header memory header) {
        header.protocolVersion = uint16(_uint(".header.protocolVersion"));
        header.epoch = uint64(_uint(".header.epoch"));
        header.setId = uint32(_uint(".header.setId"));
        header.parametersId = _word(".header.parametersId");
        header.previous = _word(".header.previous");
        header.resultsRoot = _word(".header.resultsRoot");
        header.batchesRoot = _word(".header.batchesRoot");
        header.countedLow = _uint(".header.countedLow");
        header.countedHigh = _uint(".header.countedHigh");
        header.accumulatorRoot = _word(".header.accumulatorRoot");
        header.historyRoot = _word(".header.historyRoot");
        header.anchorNumber = uint64(_uint(".header.anchorNumber"));
        header.anchorHash = _word(".header.anchorHash");
    }

    function _leaf() private view returns (Leaf memory leaf) {
        leaf.serviceId = _word(".leaf.serviceId");
        leaf.windowStart = uint64(_uint(".leaf.windowStart"));
        leaf.windowEpochs = uint32(_uint(".leaf.windowEpochs"));
        leaf.vantage = uint16(_uint(".leaf.vantage"));
        leaf.conclusive = vm.parseJsonBool(_json, ".leaf.conclusive");
        leaf.epochsExpected = uint32(_uint(".leaf.epochsExpected"));
        leaf.epochsCounted = uint32(_uint(".leaf.epochsCounted"));
        leaf.watchersAssigned = uint16(_uint(".leaf.watchersAssigned"));
        leaf.watchersValid = uint16(_uint(".leaf.watchersValid"));
        leaf.samplesGood = uint64(_uint(".leaf.samplesGood"));
        leaf.samplesBad = uint64(_uint(".leaf.samplesBad"));
        leaf.samplesUnknown = uint64(_uint(".leaf.samplesUnknown"));
        leaf.samplesFault = uint64(_uint(".leaf.samplesFault"));
        leaf.dispersionAvailabilityPpm = uint40(_uint(".leaf.dispersionAvailabilityPpm"));
        leaf.dispersionLatencyP50Micros = uint40(_uint(".leaf.dispersionLatencyP50Micros"));
        bytes32[] memory stats = vm.parseJsonBytes32Array(_json, ".leaf.stats");
        assertEq(stats.length, 12, "stats");
        for (uint256 i = 0; i < 12; ++i) {
            leaf.stats[i] = uint256(stats[i]);
        }
    }

    function _read(string memory file) private {
        _json = vm.readFile(string.concat("../test/vectors/", file));
    }

    function _case(uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(index), "].", field);
    }

    function _uint(string memory key) private view returns (uint256) {
        return vm.parseJsonUint(_json, key);
    }

    function _word(string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, key);
    }
}
