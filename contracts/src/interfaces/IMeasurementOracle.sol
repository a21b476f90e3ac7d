// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IWatcherRegistry} from "./IWatcherRegistry.sol";
import {Header, HistoryProof, Leaf, Observation} from "./Types.sol";

/// The chain of reports. A report lands when watchers with more than 2/3 of the effective stake of the set that was active at
/// its epoch have signed it, when it names the last landed report as its predecessor, and before its deadline. Then anybody can
/// prove one of its leaves: with one proof for as long as its results root is kept (at least RING_SIZE epochs), and for ever
/// with two, through the history that every header commits to.
///
/// Rewards are paid in the registry's stake token. A fund is spread over the following reports; a report's part is shared by
/// effective stake over the whole set, and a seat that did not sign, or whose batch did not count, loses its share to nobody.
/// A batch that is missing again costs a growing number of further reports. Refunds are paid in the chain's own coin.
///
/// Nobody owns the oracle and nothing in it can be changed; submitting is open to all.
interface IMeasurementOracle is IERC165 {
    /// `signers`: bitmap of the seats whose aggregate signature was accepted.
    event ReportAccepted(
        uint64 indexed epoch, bytes32 indexed reportHash, uint32 view_, uint256[2] signers, Header header
    );

    event HeadKept(bytes32 indexed reportHash);
    event LeafStored(bytes32 indexed serviceId, uint8 indexed metric, uint64 windowEnd);
    /// Token units; `endsAtReport` counts reports as they land.
    event RewardsFunded(address indexed from, uint256 amount, uint256 ratePerReport, uint64 endsAtReport);
    /// `forfeited`: earned, and lost to the seat's debt or its slashing.
    event RewardsClaimed(
        uint16 indexed seat, uint32 indexed registration, address indexed operator, uint256 paid, uint256 forfeited
    );
    event ForfeitedBurned(uint256 amount);
    /// Wei.
    event RefundsFunded(address indexed from, uint256 amount);
    event RefundWithdrawn(address indexed submitter, uint256 amount);

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
    /// The anchor is neither the last landed report nor one that `keepHead` kept.
    error UnknownAnchor(bytes32 anchorHash);
    /// The proof leads from the report to `computedRoot`, which is not the anchor's.
    error HistoryProofRejected(bytes32 reportHash, bytes32 computedRoot, bytes32 historyRoot);
    error NothingReported();
    error MetricOutOfRange(uint8 given, uint256 metrics);
    /// The leaf's window ends after the report's epoch.
    error WindowInFuture(uint256 windowEnd, uint64 reportEpoch);
    error NotNewer(uint256 windowEnd, uint64 stored);
    /// The leaf is not conclusive, or the statistic not present.
    error NothingKnown(bytes32 serviceId, uint8 metric, uint256 windowEnd);
    error NothingStored(bytes32 serviceId, uint8 metric);
    /// `observedAt` in unix seconds.
    error Stale(bytes32 serviceId, uint8 metric, uint64 observedAt, uint64 ageSeconds);
    error NothingGiven();
    /// The token delivered another amount than asked for: it takes a fee or rebases.
    error RewardsNotReceived(uint256 received, uint256 expected);
    error SeatFree(uint16 seat);
    error NothingEarned(uint16 seat, uint32 registration);
    error NothingForfeited();
    error NothingOwed(address submitter);
    /// The submitter's account did not take its refund.
    error RefundRefused(address submitter, uint256 amount);

    /// Verifies a certificate and advances the head. Reverts with the errors above, with those of `signerSet` of the registry
    /// (set not active, signer outside it) and with those of Bls (lengths, infinity, points that a precompile refuses).
    ///
    /// The anchor must lie below the current block, and its hash must be the chain's if the chain still knows it (256 blocks).
    /// An older anchor is accepted on the word of the signers: refusing it would stop the oracle on chains whose blocks are
    /// fast or whose finality is slow, and nothing that the contracts decide rests on it.
    /// While there is a pot, the sender is credited what this cost at the base fee. Nodes estimate at price zero, where the credit
    /// writes nothing: send with 30,000 gas more than the estimate.
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

    /// Returns when `leaf` is in the results of `report`, however old, and reverts otherwise. `anchor` is the header of the last
    /// landed report, or of one that was kept; `history` leads from `report` to its history root, and is not looked at when
    /// `report` is the anchor itself. @param proof like that of `verifyLeaf`.
    function verifyLeafAt(
        Leaf calldata leaf,
        bytes32[] calldata proof,
        Header calldata report,
        HistoryProof calldata history,
        Header calldata anchor
    ) external view;

    /// Keeps the last landed report as an anchor for ever, so that proofs made for it stay good when the next one lands.
    function keepHead() external returns (bytes32 reportHash);
    function headKept(bytes32 reportHash) external view returns (bool);

    /// Proves a leaf like `verifyLeaf` and keeps one of its statistics for other contracts to read. Anyone may call it. Only a
    /// conclusive leaf whose window ends later than that of the kept one is taken; what is kept never goes back.
    function proveAndStore(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof, uint8 metric) external;
    /// The newest kept value, of all watchers, over the shortest window that settles money. However old: look at `observedAt`.
    function latest(bytes32 serviceId, uint8 metric) external view returns (Observation memory);
    function latestOf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage, uint8 metric)
        external
        view
        returns (Observation memory);
    /// The same, and reverts when its window ended more than `ageSeconds` ago.
    function noOlderThan(bytes32 serviceId, uint8 metric, uint64 ageSeconds) external view returns (Observation memory);
    function noOlderThanOf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage, uint8 metric, uint64 ageSeconds)
        external
        view
        returns (Observation memory);

    /// Takes `amount` units of the reward token (approve first) and spreads it, with what is left of earlier funds, evenly over
    /// the next 8,192 reports. Anyone may fund.
    function fundRewards(uint256 amount) external;
    /// Pays what a seat earned, less its debt, to its operator, in at most `versionsMax` set versions since the last time. Anyone
    /// may call it. It must be called before the seat is withdrawn: whoever holds the seat then has earned nothing of it.
    function claimRewards(uint16 seat, uint32 versionsMax) external returns (uint256 paid);
    /// What `claimRewards` would find: token units earned, and the debt that is taken from them.
    function rewardsOf(uint16 seat, uint32 versionsMax) external view returns (uint256 earned, uint256 debt);
    /// Sends what was forfeited to the dead address. Anyone may call it.
    function burnForfeited() external;
    /// The next report's part, reports landed so far, the number of reports at which the funds end, and what waits to be burned.
    function rewards()
        external
        view
        returns (uint256 ratePerReport, uint64 reports, uint64 endsAtReport, uint256 forfeited);
    function rewardToken() external view returns (IERC20);

    /// Adds to the pot from which submitters are refunded what their reports cost at the base fee.
    function fundRefunds() external payable;
    /// Pays the caller's refunds, in wei.
    function withdrawRefund() external;
    function refundOwed(address submitter) external view returns (uint256);
    function refundPot() external view returns (uint256);

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
