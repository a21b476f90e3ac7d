// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IWatcherRegistry} from "./IWatcherRegistry.sol";
import {Header, Leaf} from "./Types.sol";

/// The chain of reports. A report lands when watchers with more than 2/3 of the effective stake of the set that was active at
/// its epoch have signed it, when it names the last landed report as its predecessor, and before its deadline. Then anybody can
/// prove one of its leaves, for as long as its results root is kept (at least RING_SIZE epochs).
///
/// Nobody owns the oracle and nothing in it can be changed; submitting is open to all.
interface IMeasurementOracle is IERC165 {
    /// `signers`: bitmap of the seats whose aggregate signature was accepted.
    event ReportAccepted(
        uint64 indexed epoch, bytes32 indexed reportHash, uint32 view_, uint256[2] signers, Header header
    );

    /// A field of the parameters is out of its bounds; `name` says which.
    error InvalidParameters(string name);
    error WrongProtocolVersion(uint16 given, uint16 expected);
    error WrongParameters(bytes32 given, bytes32 expected);
    /// A report covers a whole epoch; it is accepted from `endsAt` (unix seconds) on.
    error EpochNotEnded(uint64 epoch, uint256 endsAt);
    /// The report had to land before `deadline` (unix seconds).
    error DeadlinePassed(uint64 epoch, uint256 deadline);
    /// A report for this epoch or a later one has landed.
    error EpochAlreadyReported(uint64 given, uint64 nextEpoch);
    error WrongPrevious(bytes32 given, bytes32 head);
    error AnchorInFuture(uint64 anchorNumber, uint256 blockNumber);
    error AnchorMismatch(uint64 anchorNumber, bytes32 given, bytes32 actual);
    /// `word` 0 covers seats 0..255, 1 covers 256..511; `bits` are the counted seats that the set does not know.
    error CountedNotInSet(uint256 word, uint256 bits);
    /// Token units. More than two thirds of `totalStake` must have signed; exactly two thirds do not suffice.
    error QuorumNotReached(uint256 signedStake, uint256 totalStake);
    error SignatureRejected(bytes32 reportHash, uint32 view_);
    /// No results root is kept for this epoch: nothing landed for it yet, or it is too old.
    error UnknownRoot(uint64 epoch);
    /// The proof leads from the leaf to `computedRoot`, which is not the root of that epoch's report (or there was none).
    error ProofRejected(uint64 epoch, bytes32 leafHash, bytes32 computedRoot);
    error ProofTooLong(uint256 given, uint256 maximum);

    /// Verifies a certificate and advances the head. Reverts with the errors above, with those of `signerSet` of the registry
    /// (set not active, signer outside it) and with those of Bls (lengths, infinity, points that a precompile refuses).
    ///
    /// The anchor must lie below the current block, and its hash must be the chain's if the chain still knows it (256 blocks).
    /// An older anchor is accepted on the word of the signers: refusing it would stop the oracle on chains whose blocks are
    /// fast or whose finality is slow, and nothing that the contracts decide rests on it.
    /// @param view_ the view in which the signers attested. @param signers bitmap of the seats that signed.
    /// @param signature aggregate over the Attestation digest, G1 point, 128 bytes (EIP-2537).
    function submitReport(Header calldata header, uint32 view_, uint256[2] calldata signers, bytes calldata signature)
        external;

    /// Runs the checks of `submitReport`, with the same errors, and returns the report's hash.
    function previewCertificate(
        Header calldata header,
        uint32 view_,
        uint256[2] calldata signers,
        bytes calldata signature
    ) external view returns (bytes32 reportHash);

    /// Returns when `leaf` is in the results of the report of `reportEpoch`; reverts otherwise.
    /// @param proof OpenZeppelin StandardMerkleTree proof, at most PROOF_LENGTH_MAX hashes.
    function verifyLeaf(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof) external view;

    /// The lowest epoch that a report may have, and the hash of the last landed report (0 before the first).
    function head() external view returns (uint64 nextEpoch, bytes32 reportHash);
    /// Whether `resultsRoot` is kept as that of the report of `epoch`.
    function isKnownRoot(uint64 epoch, bytes32 resultsRoot) external view returns (bool);
    /// abi.encode(Parameters).
    function parameters() external view returns (bytes memory);
    /// keccak256 of `parameters`.
    function parametersId() external view returns (bytes32);
    /// The window lengths of the parameters, in epochs; 0 for unused places.
    function windowEpochs() external view returns (uint32[4] memory);
    /// Epochs after the end of an epoch within which its report may land.
    function deadlineEpochs() external view returns (uint32);
    function watcherRegistry() external view returns (IWatcherRegistry);
    /// Unix seconds at which epoch 0 starts.
    function genesis() external view returns (uint64);
    function epochSeconds() external view returns (uint32);
    /// The epoch of the current block; 0 also before genesis.
    function currentEpoch() external view returns (uint64);
    /// Seed of the assignments before the first one that chain randomness after genesis determines.
    function genesisSeed() external view returns (bytes32);
    /// EIP-712 domain separator with this contract.
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    /// Results roots kept: the root of epoch e is overwritten by that of epoch e + RING_SIZE at the earliest.
    function RING_SIZE() external view returns (uint64);
}
