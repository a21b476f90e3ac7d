// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {IWatcherRegistry} from "../src/interfaces/IWatcherRegistry.sol";
import {Header} from "../src/interfaces/Types.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Fixture} from "./Fixture.sol";
import {Signer} from "./Signer.sol";

/// Which reports land; OracleLeaves.t.sol has the leaves and the deployment.
contract MeasurementOracleTest is Fixture {
    uint256 private constant WATCHERS = 9;

    function setUp() external {
        deploy();
        sealGenesis(WATCHERS);
        warpToEpoch(1);
    }

    // What lands

    function test_submitReport_advancesTheHead() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes32 reportHash = this.hashHeader(header);
        bytes memory signature = attest(header, 3, firstSeats(WATCHERS));
        assertEq(oracle.previewCertificate(header, 3, firstSeats(WATCHERS), signature), reportHash, "preview");
        vm.expectEmit(true, true, true, true, address(oracle));
        emit IMeasurementOracle.ReportAccepted(0, reportHash, 3, firstSeats(WATCHERS), header);
        vm.prank(address(0xabcd)); // anyone
        oracle.submitReport(header, 3, firstSeats(WATCHERS), signature);
        (uint64 nextEpoch, bytes32 head) = oracle.head();
        assertEq(nextEpoch, 1, "next epoch");
        assertEq(head, reportHash, "head");
        assertTrue(oracle.isKnownRoot(0, header.resultsRoot), "root kept");
    }

    function test_submitReport_acceptsAGapInTheEpochs() external {
        land(0, WATCHERS, "a");
        warpToEpoch(9);
        land(7, WATCHERS, "b");
        (uint64 nextEpoch,) = oracle.head();
        assertEq(nextEpoch, 8, "next epoch");
    }

    function testFuzz_submitReport_acceptsExactlyTheQuorums(uint16 bits) external {
        uint256[2] memory signers = [uint256(bits) & 0x1ff, 0];
        uint256 count = _popCount(signers[0]);
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes memory signature = count == 0 ? new bytes(128) : attest(header, 0, signers);
        if (3 * count <= 2 * WATCHERS) _expectQuorum(count * STAKE_MIN);
        oracle.submitReport(header, 0, signers, signature);
    }

    function testFuzz_submitReport_weighsByStakeNotByHeads(uint96[4] calldata extra, uint8 bits) external {
        deploy();
        uint256 signed = 0;
        uint256 total = 0;
        uint256[2] memory signers = [uint256(bits) % 15 + 1, 0];
        for (uint256 i = 0; i < 4; ++i) {
            uint128 stake = uint128(STAKE_MIN + bound(extra[i], 0, STAKE_CAP));
            join(i, stake);
            uint256 effective = stake < STAKE_CAP ? stake : STAKE_CAP;
            total += effective;
            if ((signers[0] >> i) & 1 == 1) signed += effective;
        }
        registry.seal();
        warpToEpoch(1);
        Header memory header = headerOf(0, firstSeats(4));
        bytes memory signature = attest(header, 0, signers);
        if (3 * signed <= 2 * total) {
            _expect(abi.encodeWithSelector(IMeasurementOracle.QuorumNotReached.selector, signed, total));
        }
        oracle.submitReport(header, 0, signers, signature);
    }

    function test_submitReport_usesTheSetThatWasActiveAtTheEpoch() external {
        exit(8, 8);
        registry.seal(); // version 2, active from epoch 3
        warpToEpoch(5);
        Header memory header = headerOf(2, firstSeats(8));
        assertEq(header.setId, 1, "old set");
        oracle.submitReport(header, 0, firstSeats(WATCHERS), attest(header, 0, firstSeats(WATCHERS)));
        header = headerOf(3, firstSeats(8));
        assertEq(header.setId, 2, "new set");
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        _expect(abi.encodeWithSelector(IWatcherRegistry.SignerNotInSet.selector, 2, 0, 1 << 8));
        oracle.submitReport(header, 0, firstSeats(WATCHERS), signature);
        signature = attest(header, 0, firstSeats(8));
        oracle.submitReport(header, 0, firstSeats(8), signature);
    }

    // What does not land

    function test_submitReport_refusesAWrongSignature() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS - 1));
        _refusedAs(header, 0, signature, _rejected(header, 0));
        signature = attest(header, 0, firstSeats(WATCHERS));
        _refusedAs(header, 1, signature, _rejected(header, 1)); // signed for another view
        header.batchesRoot = "bent";
        _refusedAs(header, 0, signature, _rejected(header, 0));
    }

    function test_submitReport_refusesASignatureOverAProposal() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes32 digest = Typed.proposalDigest(oracle.DOMAIN_SEPARATOR(), 0, 0, this.hashHeader(header));
        _refusedAs(header, 0, Signer.sign(_allSecrets(), digest), _rejected(header, 0));
    }

    function test_submitReport_refusesAnotherChainsOrOraclesDomain() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes32 digest =
            Typed.attestationDigest(Typed.domainSeparator(address(registry)), 0, 0, this.hashHeader(header));
        _refusedAs(header, 0, Signer.sign(_allSecrets(), digest), _rejected(header, 0));

        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        bytes32 before = oracle.DOMAIN_SEPARATOR();
        vm.chainId(block.chainid + 1); // a fork of the chain that carries the contract's state
        assertTrue(oracle.DOMAIN_SEPARATOR() != before, "the domain follows the chain id");
        _refusedAs(header, 0, signature, _rejected(header, 0));
    }

    function test_submitReport_refusesInfinityAndMalformedSignatures() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        _refusedAs(header, 0, new bytes(128), abi.encodeWithSelector(Bls.InfinityRefused.selector));
        _refusedAs(header, 0, new bytes(48), abi.encodeWithSelector(Bls.BadLength.selector, 48, 128));
        bytes memory bent = attest(header, 0, firstSeats(WATCHERS));
        bent[127] ^= 0x01;
        _refusedAs(header, 0, bent, abi.encodeWithSelector(Bls.PrecompileRefused.selector, address(0x0f)));
    }

    function test_submitReport_refusesAnAggregateKeyAtInfinity() external {
        deploy();
        _joinWithSecret(5);
        _joinWithSecret(Signer.R - 5);
        registry.seal();
        warpToEpoch(1);
        Header memory header = headerOf(0, firstSeats(2));
        _expect(abi.encodeWithSelector(Bls.InfinityRefused.selector));
        oracle.submitReport(header, 0, firstSeats(2), new bytes(128));
    }

    function test_submitReport_refusesASignerOutsideTheSet() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS + 1));
        _expect(abi.encodeWithSelector(IWatcherRegistry.SignerNotInSet.selector, 1, 0, 1 << WATCHERS));
        oracle.submitReport(header, 0, firstSeats(WATCHERS + 1), signature);
    }

    function test_submitReport_refusesACountedSeatOutsideTheSet() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS + 1));
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        bytes memory error_ = abi.encodeWithSelector(IMeasurementOracle.CountedNotInSet.selector, 0, 1 << WATCHERS);
        _refusedAs(header, 0, signature, error_);
        header = headerOf(0, [uint256(0), 4]);
        error_ = abi.encodeWithSelector(IMeasurementOracle.CountedNotInSet.selector, 1, 4);
        _refusedAs(header, 0, attest(header, 0, firstSeats(WATCHERS)), error_);
    }

    function test_submitReport_refusesExactlyTwoThirdsOfTheStake() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes memory signature = attest(header, 0, firstSeats(6));
        _expectQuorum(6 * STAKE_MIN);
        oracle.submitReport(header, 0, firstSeats(6), signature);
        oracle.submitReport(header, 0, firstSeats(7), attest(header, 0, firstSeats(7)));
    }

    function test_submitReport_refusesAnEmptySet() external {
        for (uint16 i = 0; i < WATCHERS; ++i) {
            exit(i, i);
        }
        registry.seal();
        warpToEpoch(4);
        Header memory header = headerOf(3, firstSeats(0));
        _expect(abi.encodeWithSelector(IMeasurementOracle.QuorumNotReached.selector, 0, 0));
        oracle.submitReport(header, 0, firstSeats(0), new bytes(128));
    }

    function test_submitReport_refusesAReplayedEpoch() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        oracle.submitReport(header, 0, firstSeats(WATCHERS), signature);
        _refusedAs(header, 0, signature, abi.encodeWithSelector(IMeasurementOracle.EpochAlreadyReported.selector, 0, 1));
    }

    function test_submitReport_refusesAnOlderEpoch() external {
        warpToEpoch(4);
        land(2, WATCHERS, "root");
        Header memory header = headerOf(1, firstSeats(WATCHERS));
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        _refusedAs(header, 0, signature, abi.encodeWithSelector(IMeasurementOracle.EpochAlreadyReported.selector, 1, 3));
    }

    function test_submitReport_refusesAWrongPrevious() external {
        bytes32 head = land(0, WATCHERS, "root");
        warpToEpoch(2);
        Header memory header = headerOf(1, firstSeats(WATCHERS));
        header.previous = "another";
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        _refusedAs(
            header,
            0,
            signature,
            abi.encodeWithSelector(IMeasurementOracle.WrongPrevious.selector, bytes32("another"), head)
        );
    }

    function test_submitReport_refusesAnEpochThatHasNotEnded() external {
        vm.warp(GENESIS + 2 * EPOCH_SECONDS - 1);
        Header memory header = headerOf(1, firstSeats(WATCHERS));
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        _refusedAs(
            header,
            0,
            signature,
            abi.encodeWithSelector(IMeasurementOracle.EpochNotEnded.selector, 1, GENESIS + 2 * EPOCH_SECONDS)
        );
        vm.warp(GENESIS + 2 * EPOCH_SECONDS);
        oracle.submitReport(header, 0, firstSeats(WATCHERS), signature);
        header.epoch = type(uint64).max;
        vm.expectPartialRevert(IMeasurementOracle.EpochNotEnded.selector);
        oracle.submitReport(header, 0, firstSeats(WATCHERS), signature);
    }

    function test_submitReport_refusesAfterTheDeadline() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        uint256 deadline = GENESIS + (1 + DEADLINE) * EPOCH_SECONDS;
        bytes memory signature = attest(header, 0, firstSeats(WATCHERS));
        vm.warp(deadline);
        _refusedAs(
            header, 0, signature, abi.encodeWithSelector(IMeasurementOracle.DeadlinePassed.selector, 0, deadline)
        );
        vm.warp(deadline - 1);
        oracle.submitReport(header, 0, firstSeats(WATCHERS), signature);
    }

    function test_submitReport_refusesAnotherVersionOrOtherParameters() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        header.protocolVersion = 2;
        _refusedAs(
            header, 0, new bytes(128), abi.encodeWithSelector(IMeasurementOracle.WrongProtocolVersion.selector, 2, 1)
        );
        header.protocolVersion = 1;
        header.parametersId = "others";
        _refusedAs(
            header,
            0,
            new bytes(128),
            abi.encodeWithSelector(
                IMeasurementOracle.WrongParameters.selector, bytes32("others"), oracle.parametersId()
            )
        );
    }

    function test_submitReport_refusesASetThatIsNotActive() external {
        exit(8, 8);
        registry.seal(); // version 2, active from epoch 3
        Header memory header = headerOf(0, firstSeats(8));
        header.setId = 2;
        bytes memory signature = attest(header, 0, firstSeats(8));
        _expect(abi.encodeWithSelector(IWatcherRegistry.VersionNotActive.selector, 2, 0, 3, type(uint64).max));
        oracle.submitReport(header, 0, firstSeats(8), signature);
        header.setId = 7;
        _expect(abi.encodeWithSelector(IWatcherRegistry.UnknownVersion.selector, 7));
        oracle.submitReport(header, 0, firstSeats(8), signature);
    }

    function test_submitReport_checksTheAnchorWhileTheChainKnowsIt() external {
        Header memory header = headerOf(0, firstSeats(WATCHERS));
        header.anchorNumber = uint64(block.number);
        _refusedAs(
            header,
            0,
            new bytes(128),
            abi.encodeWithSelector(IMeasurementOracle.AnchorInFuture.selector, block.number, block.number)
        );
        header.anchorNumber = uint64(block.number - 1);
        vm.setBlockhash(block.number - 1, "actual");
        header.anchorHash = "given";
        _refusedAs(
            header,
            0,
            new bytes(128),
            abi.encodeWithSelector(
                IMeasurementOracle.AnchorMismatch.selector, block.number - 1, bytes32("given"), bytes32("actual")
            )
        );
        // The signers vouch for an anchor that the chain has forgotten.
        header.anchorNumber = uint64(block.number - 257);
        oracle.submitReport(header, 0, firstSeats(WATCHERS), attest(header, 0, firstSeats(WATCHERS)));
    }

    function _allSecrets() private pure returns (uint256 sum) {
        for (uint256 i = 0; i < WATCHERS; ++i) {
            sum = addmod(sum, secretOf(i), Signer.R);
        }
    }

    function _joinWithSecret(uint256 secret) private {
        bytes memory key = Signer.publicKey(secret);
        bytes memory proof = possession(secret, address(this));
        token.approve(address(stakeSource), STAKE_MIN);
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function _popCount(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }

    function _rejected(Header memory header, uint32 view_) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMeasurementOracle.SignatureRejected.selector, this.hashHeader(header), view_);
    }

    function _refusedAs(Header memory header, uint32 view_, bytes memory signature, bytes memory error_) private {
        _expect(error_);
        oracle.previewCertificate(header, view_, firstSeats(WATCHERS), signature);
        _expect(error_);
        oracle.submitReport(header, view_, firstSeats(WATCHERS), signature);
    }

    function _expectQuorum(uint256 signed) private {
        _expect(
            abi.encodeWithSelector(IMeasurementOracle.QuorumNotReached.selector, signed, WATCHERS * uint256(STAKE_MIN))
        );
    }

    function _expect(bytes memory revertData) private {
        vm.expectRevert(revertData);
    }
}
