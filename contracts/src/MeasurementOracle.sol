// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IMeasurementOracle} from "./interfaces/IMeasurementOracle.sol";
import {IWatcherRegistry} from "./interfaces/IWatcherRegistry.sol";
import {Header, Leaf, Parameters, SignerSet} from "./interfaces/Types.sol";
import {Bls} from "./libraries/Bls.sol";
import {Typed} from "./libraries/Typed.sol";

/// Documentation stands on the interface.
contract MeasurementOracle is IMeasurementOracle {
    /// 5.7 days of 60-second epochs: time enough to settle, and a ring that is warm (5,000 gas a write) from then on.
    uint64 public constant RING_SIZE = 8192;
    /// A tree of 2^32 leaves is out of reach of any report.
    uint256 public constant PROOF_LENGTH_MAX = 32;
    /// A root must outlive its report's deadline by far, see RING_SIZE.
    uint32 public constant DEADLINE_EPOCHS_MAX = 1024;
    /// Four years of 60-second epochs: over it the counts of 1,024 samples an epoch still fit 32 bits.
    uint32 public constant WINDOW_EPOCHS_MAX = 1 << 21;

    bytes private constant SIGNATURE_TAG = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
    uint256 private constant PPM = 1_000_000;

    IWatcherRegistry public immutable watcherRegistry;
    uint64 public immutable genesis;
    uint32 public immutable epochSeconds;
    uint32 public immutable deadlineEpochs;
    uint16 public immutable protocolVersion;
    bytes32 public immutable parametersId;
    bytes32 public immutable genesisSeed;
    address private immutable _parametersPointer;
    uint256 private immutable _deploymentChainId;
    bytes32 private immutable _deploymentDomain;

    bytes32 private _head;
    uint64 private _nextEpoch;
    /// keccak256(abi.encode(epoch, resultsRoot)) at epoch % RING_SIZE.
    bytes32[RING_SIZE] private _roots;

    /// @param parameters_ abi.encode(Parameters), canonical and within bounds.
    constructor(IWatcherRegistry watcherRegistry_, bytes memory parameters_) {
        Parameters memory decoded = abi.decode(parameters_, (Parameters));
        if (keccak256(abi.encode(decoded)) != keccak256(parameters_)) revert InvalidParameters("encoding");
        watcherRegistry = watcherRegistry_;
        genesis = watcherRegistry_.genesis();
        epochSeconds = watcherRegistry_.epochSeconds();
        _requireBounds(decoded, watcherRegistry_);
        deadlineEpochs = decoded.deadlineEpochs;
        protocolVersion = decoded.protocolVersion;
        parametersId = keccak256(parameters_);
        _parametersPointer = SSTORE2.write(parameters_);
        _deploymentChainId = block.chainid;
        _deploymentDomain = Typed.domainSeparator(address(this));
        genesisSeed = keccak256(
            abi.encode(
                "Plumbline genesis seed", block.chainid, address(this), block.prevrandao, blockhash(block.number - 1)
            )
        );
    }

    function submitReport(Header calldata header, uint32 view_, uint256[2] calldata signers, bytes calldata signature)
        external
    {
        bytes32 reportHash = previewCertificate(header, view_, signers, signature);
        _head = reportHash;
        _nextEpoch = header.epoch + 1;
        _roots[header.epoch % RING_SIZE] = _rootEntry(header.epoch, header.resultsRoot);
        emit ReportAccepted(header.epoch, reportHash, view_, signers, header);
    }

    function previewCertificate(
        Header calldata header,
        uint32 view_,
        uint256[2] calldata signers,
        bytes calldata signature
    ) public view returns (bytes32 reportHash) {
        _requireNextReport(header);
        _requireAnchor(header.anchorNumber, header.anchorHash);
        // Reverts unless the set is the one active at the epoch and every signer is in it.
        SignerSet memory set = watcherRegistry.signerSet(header.setId, header.epoch, signers);
        _requireCounted(header, set.occupied);
        if (3 * set.signedStake <= 2 * set.totalStake) revert QuorumNotReached(set.signedStake, set.totalStake);
        reportHash = Typed.reportHash(header);
        bytes32 digest = Typed.attestationDigest(DOMAIN_SEPARATOR(), header.epoch, view_, reportHash);
        bytes memory point = Bls.hashToG1(abi.encodePacked(digest), SIGNATURE_TAG);
        if (!Bls.verify(set.aggregateKey, point, signature)) revert SignatureRejected(reportHash, view_);
    }

    function verifyLeaf(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof) external view {
        if (proof.length > PROOF_LENGTH_MAX) revert ProofTooLong(proof.length, PROOF_LENGTH_MAX);
        bytes32 entry = _roots[reportEpoch % RING_SIZE];
        if (entry == 0 || reportEpoch >= _nextEpoch) revert UnknownRoot(reportEpoch);
        bytes32 leafHash = Typed.leafHash(leaf);
        bytes32 computedRoot = MerkleProof.processProofCalldata(proof, leafHash);
        if (_rootEntry(reportEpoch, computedRoot) != entry) revert ProofRejected(reportEpoch, leafHash, computedRoot);
    }

    function head() external view returns (uint64 nextEpoch, bytes32 reportHash) {
        return (_nextEpoch, _head);
    }

    function isKnownRoot(uint64 epoch, bytes32 resultsRoot) external view returns (bool) {
        return _roots[epoch % RING_SIZE] == _rootEntry(epoch, resultsRoot);
    }

    function parameters() public view returns (bytes memory) {
        return SSTORE2.read(_parametersPointer);
    }

    function windowEpochs() external view returns (uint32[4] memory) {
        return abi.decode(parameters(), (Parameters)).windowEpochs;
    }

    function currentEpoch() external view returns (uint64) {
        if (block.timestamp < genesis) return 0;
        // casting to 'uint64' is safe because a timestamp divided by at least one second fits
        return uint64((block.timestamp - genesis) / epochSeconds);
    }

    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        // After a fork of the chain the copy with the new id must not accept what was signed for the old one.
        return block.chainid == _deploymentChainId ? _deploymentDomain : Typed.domainSeparator(address(this));
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IMeasurementOracle).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    function _requireNextReport(Header calldata header) private view {
        uint64 epoch = header.epoch;
        if (header.protocolVersion != protocolVersion) {
            revert WrongProtocolVersion(header.protocolVersion, protocolVersion);
        }
        if (header.parametersId != parametersId) revert WrongParameters(header.parametersId, parametersId);
        uint256 endsAt = genesis + (uint256(epoch) + 1) * epochSeconds;
        if (block.timestamp < endsAt) revert EpochNotEnded(epoch, endsAt);
        uint256 deadline = endsAt + uint256(deadlineEpochs) * epochSeconds;
        if (block.timestamp >= deadline) revert DeadlinePassed(epoch, deadline);
        if (epoch < _nextEpoch) revert EpochAlreadyReported(epoch, _nextEpoch);
        if (header.previous != _head) revert WrongPrevious(header.previous, _head);
    }

    function _requireAnchor(uint64 number, bytes32 given) private view {
        if (number >= block.number) revert AnchorInFuture(number, block.number);
        bytes32 actual = blockhash(number);
        if (actual != 0 && actual != given) revert AnchorMismatch(number, given, actual);
    }

    function _requireCounted(Header calldata header, uint256[2] memory occupied) private pure {
        uint256 strangers = header.countedLow & ~occupied[0];
        if (strangers != 0) revert CountedNotInSet(0, strangers);
        strangers = header.countedHigh & ~occupied[1];
        if (strangers != 0) revert CountedNotInSet(1, strangers);
    }

    function _rootEntry(uint64 epoch, bytes32 resultsRoot) private pure returns (bytes32) {
        return keccak256(abi.encode(epoch, resultsRoot));
    }

    function _requireBounds(Parameters memory p, IWatcherRegistry registry) private view {
        if (p.protocolVersion == 0) revert InvalidParameters("protocolVersion");
        if (p.commitMillis == 0) revert InvalidParameters("commitMillis");
        if (p.deltaMillis == 0) revert InvalidParameters("deltaMillis");
        // Reveals are sent at commitMillis + 2Δ.
        if (p.revealMillis <= uint256(p.commitMillis) + 2 * uint256(p.deltaMillis)) {
            revert InvalidParameters("revealMillis");
        }
        if (p.viewMillis == 0) revert InvalidParameters("viewMillis");
        if (p.deadlineEpochs == 0 || p.deadlineEpochs > DEADLINE_EPOCHS_MAX) {
            revert InvalidParameters("deadlineEpochs");
        }
        // The first view must end before the deadline, or no report could ever land.
        uint256 firstViewEnds = uint256(p.revealMillis) + p.deltaMillis + p.viewMillis;
        if (firstViewEnds >= uint256(p.deadlineEpochs) * registry.epochSeconds() * 1000) {
            revert InvalidParameters("viewMillis");
        }
        // The signers' stake must still be there when the last report that they can sign lands.
        if (p.deadlineEpochs > registry.exitDelayEpochs()) revert InvalidParameters("deadlineEpochs");
        if (p.assignmentPeriodEpochs == 0) revert InvalidParameters("assignmentPeriodEpochs");
        for (uint256 i = 0; i < 4; ++i) {
            uint32 length = p.windowEpochs[i];
            if (length > WINDOW_EPOCHS_MAX) revert InvalidParameters("windowEpochs");
            bool ascending = i == 0 ? length != 0 : length == 0 || length > p.windowEpochs[i - 1];
            if (!ascending) revert InvalidParameters("windowEpochs");
            // Unused places come last.
            if (i > 0 && length != 0 && p.windowEpochs[i - 1] == 0) revert InvalidParameters("windowEpochs");
        }
        if (p.minEpochsPpm > PPM) revert InvalidParameters("minEpochsPpm");
        if (p.minSamples == 0) revert InvalidParameters("minSamples");
        if (p.maxFaultPpm > PPM) revert InvalidParameters("maxFaultPpm");
    }
}
