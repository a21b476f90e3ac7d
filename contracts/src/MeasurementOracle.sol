// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {LibBit} from "solady/utils/LibBit.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IMeasurementOracle} from "./interfaces/IMeasurementOracle.sol";
import {IWatcherRegistry} from "./interfaces/IWatcherRegistry.sol";
import {Header, HistoryProof, Leaf, Observation, Parameters, Seat, SeatStatus} from "./interfaces/Types.sol";
import {Accepted} from "./libraries/Accepted.sol";
import {Bls} from "./libraries/Bls.sol";
import {History} from "./libraries/History.sol";
import {Rewards} from "./libraries/Rewards.sol";
import {SealedSet} from "./libraries/SealedSet.sol";
import {Typed} from "./libraries/Typed.sol";

/// Documentation stands on the interface.
contract MeasurementOracle is IMeasurementOracle {
    using SafeERC20 for IERC20;
    using Rewards for Rewards.State;

    /// 5.7 days of 60-second epochs: time enough to settle, and a ring that is warm (5,000 gas a write) from then on.
    uint64 public constant RING_SIZE = 8192;
    /// A tree of 2^32 leaves is out of reach of any report.
    uint256 public constant PROOF_LENGTH_MAX = 32;
    /// A root must outlive its report's deadline by far, see RING_SIZE.
    uint32 public constant DEADLINE_EPOCHS_MAX = 1024;
    /// Four years of 60-second epochs: over it the counts of 1,024 samples an epoch still fit 32 bits.
    uint32 public constant WINDOW_EPOCHS_MAX = 1 << 21;

    uint256 private constant METRICS = 12;
    /// What a submitter gets back besides the measured gas: intrinsic gas, calldata, and the writes after the measurement. Less
    /// than they cost, so that a refund is never a profit.
    uint256 private constant REFUND_FIXED_GAS = 32_000;
    uint256 private constant STATUS_PRESENT = 2;
    /// Any ERC-20 can be sent there; nobody has its key.
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;

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

    /// One word, written by every report. `version` is the set of the last one; `refundPot` in wei.
    struct Progress {
        uint64 nextEpoch;
        uint64 reports;
        uint32 version;
        uint96 refundPot;
    }

    struct Stored {
        uint256 word;
        uint64 windowEnd;
        uint64 reportEpoch;
    }

    IERC20 public immutable rewardToken;
    /// The shortest window that settles money.
    uint32 private immutable _defaultWindow;

    bytes32 private _head;
    /// A Progress, packed by hand: the compiler would read and write it field by field.
    uint256 private _progressWord;
    Rewards.State private _rewards;
    mapping(bytes32 reportHash => bool) public headKept;
    mapping(address submitter => uint256) public refundOwed;
    mapping(bytes32 key => Stored) private _stored;
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
        rewardToken = watcherRegistry_.stakeToken();
        uint32 first = decoded.windowEpochs[0];
        _defaultWindow = first == 1 && decoded.windowEpochs[1] != 0 ? decoded.windowEpochs[1] : first;
        genesisSeed = keccak256(
            abi.encode(
                "Plumbline genesis seed", block.chainid, address(this), block.prevrandao, blockhash(block.number - 1)
            )
        );
    }

    function submitReport(Header calldata header, uint32 view_, uint256[2] calldata signers, bytes calldata signature)
        external
    {
        uint256 gasBefore = gasleft();
        Progress memory progress = _progress();
        (bytes32 reportHash, address pointer, SealedSet.Signers memory set) =
            _check(header, view_, signers, signature, progress.nextEpoch);
        _head = reportHash;
        _roots[header.epoch % RING_SIZE] = _rootEntry(header.epoch, header.resultsRoot);
        Accepted.log(header.epoch, reportHash);
        _bookRewards(header, signers, pointer, set, progress);
        unchecked {
            // An epoch that has ended is far below the maximum.
            progress.nextEpoch = header.epoch + 1;
            ++progress.reports;
        }
        if (progress.refundPot != 0) progress.refundPot -= _refund(gasBefore, progress.refundPot);
        _keepProgress(progress);
    }

    function previewCertificate(
        Header calldata header,
        uint32 view_,
        uint256[2] calldata signers,
        bytes calldata signature
    ) external view returns (bytes32 reportHash) {
        (reportHash,,) = _check(header, view_, signers, signature, _progress().nextEpoch);
    }

    function verifyLeaf(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof) public view {
        if (proof.length > PROOF_LENGTH_MAX) revert ProofTooLong(proof.length, PROOF_LENGTH_MAX);
        bytes32 entry = _roots[reportEpoch % RING_SIZE];
        if (entry == 0) revert UnknownRoot(reportEpoch);
        bytes32 leafHash = Typed.leafHash(leaf);
        bytes32 computedRoot = MerkleProof.processProofCalldata(proof, leafHash);
        // An entry binds its epoch, so this alone decides; the rest says why.
        if (_rootEntry(reportEpoch, computedRoot) == entry) return;
        if (reportEpoch >= _progress().nextEpoch) revert UnknownRoot(reportEpoch);
        revert ProofRejected(reportEpoch, leafHash, computedRoot);
    }

    function verifyLeafAt(
        Leaf calldata leaf,
        bytes32[] calldata proof,
        Header calldata report,
        HistoryProof calldata history,
        Header calldata anchor
    ) external view {
        if (proof.length > PROOF_LENGTH_MAX) {
            revert ProofTooLong(proof.length, PROOF_LENGTH_MAX);
        }
        bytes32 anchorHash = Typed.reportHash(anchor);
        if (anchorHash != _head && !headKept[anchorHash]) revert UnknownAnchor(anchorHash);
        bytes32 reportHash = Typed.reportHash(report);
        // The anchor's own history holds the reports before it.
        if (reportHash != anchorHash) {
            bytes32 historyRoot = History.rootOf(reportHash, history);
            if (historyRoot != anchor.historyRoot) {
                revert HistoryProofRejected(reportHash, historyRoot, anchor.historyRoot);
            }
        }
        bytes32 leafHash = Typed.leafHash(leaf);
        bytes32 computedRoot = MerkleProof.processProofCalldata(proof, leafHash);
        if (computedRoot != report.resultsRoot) revert ProofRejected(report.epoch, leafHash, computedRoot);
    }

    function keepHead() external returns (bytes32 reportHash) {
        reportHash = _head;
        if (reportHash == 0) revert NothingReported();
        headKept[reportHash] = true;
        emit HeadKept(reportHash);
    }

    function proveAndStore(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof, uint8 metric) external {
        if (metric >= METRICS) revert MetricOutOfRange(metric, METRICS);
        // In 256 bits, for the caller chooses the leaf.
        uint256 end = uint256(leaf.windowStart) + leaf.windowEpochs;
        // A report knows nothing of what came after its epoch, whoever signed it.
        if (end > uint256(reportEpoch) + 1) revert WindowInFuture(end, reportEpoch);
        Stored storage place = _stored[_keyOf(leaf.serviceId, leaf.windowEpochs, leaf.vantage, metric)];
        if (end <= place.windowEnd) revert NotNewer(end, place.windowEnd);
        uint256 word = leaf.stats[metric];
        if (!leaf.conclusive || word >> 248 != STATUS_PRESENT) revert NothingKnown(leaf.serviceId, metric, end);
        verifyLeaf(leaf, reportEpoch, proof);
        place.word = word;
        // casting to 'uint64' is safe because the end is at most an epoch that was reported, plus one
        (place.windowEnd, place.reportEpoch) = (uint64(end), reportEpoch);
        emit LeafStored(leaf.serviceId, metric, uint64(end));
    }

    function latest(bytes32 serviceId, uint8 metric) external view returns (Observation memory) {
        return latestOf(serviceId, _defaultWindow, 0, metric);
    }

    function latestOf(bytes32 serviceId, uint32 windowEpochs_, uint16 vantage, uint8 metric)
        public
        view
        returns (Observation memory)
    {
        Stored memory stored = _stored[_keyOf(serviceId, windowEpochs_, vantage, metric)];
        if (stored.windowEnd == 0) revert NothingStored(serviceId, metric);
        return Observation({
            windowStart: stored.windowEnd - windowEpochs_,
            windowEnd: stored.windowEnd,
            reportEpoch: stored.reportEpoch,
            observedAt: genesis + stored.windowEnd * epochSeconds,
            median: uint40(stored.word >> 208),
            medianLower: uint40(stored.word >> 168),
            medianUpper: uint40(stored.word >> 128),
            tail: uint40(stored.word >> 88),
            tailLower: uint40(stored.word >> 48),
            tailUpper: uint40(stored.word >> 8)
        });
    }

    function noOlderThan(bytes32 serviceId, uint8 metric, uint64 ageSeconds)
        external
        view
        returns (Observation memory)
    {
        return noOlderThanOf(serviceId, _defaultWindow, 0, metric, ageSeconds);
    }

    function noOlderThanOf(bytes32 serviceId, uint32 windowEpochs_, uint16 vantage, uint8 metric, uint64 ageSeconds)
        public
        view
        returns (Observation memory observation)
    {
        observation = latestOf(serviceId, windowEpochs_, vantage, metric);
        if (block.timestamp > uint256(observation.observedAt) + ageSeconds) {
            revert Stale(serviceId, metric, observation.observedAt, ageSeconds);
        }
    }

    function fundRewards(uint256 amount) external {
        if (amount == 0) revert NothingGiven();
        uint64 reports = _progress().reports;
        uint96 rate = _rewards.fund(amount, reports);
        emit RewardsFunded(msg.sender, amount, rate, reports + Rewards.REPORTS);
        uint256 before = rewardToken.balanceOf(address(this));
        rewardToken.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = rewardToken.balanceOf(address(this)) - before;
        if (received != amount) revert RewardsNotReceived(received, amount);
    }

    function claimRewards(uint16 seat, uint32 versionsMax) external returns (uint256 paid) {
        Seat memory record = watcherRegistry.seat(seat);
        if (record.status == SeatStatus.Free) revert SeatFree(seat);
        (uint256 earned, Rewards.Cursor memory cursor) = _earned(seat, record, versionsMax);
        if (earned == 0) revert NothingEarned(seat, record.registration);
        // A slashed registration has lost its claim.
        uint256 lost = record.stake == 0 ? earned : _rewards.payDebt(record.registration, earned);
        paid = earned - lost;
        _rewards.forfeited += lost;
        _rewards.cursors[record.registration] = cursor;
        emit RewardsClaimed(seat, record.registration, record.operator, paid, lost);
        if (paid != 0) rewardToken.safeTransfer(record.operator, paid);
    }

    function rewardsOf(uint16 seat, uint32 versionsMax) external view returns (uint256 earned, uint256 debt) {
        Seat memory record = watcherRegistry.seat(seat);
        (earned,) = _earned(seat, record, versionsMax);
        debt = _rewards.debtOf(record.registration);
    }

    function burnForfeited() external {
        uint256 amount = _rewards.forfeited;
        if (amount == 0) revert NothingForfeited();
        _rewards.forfeited = 0;
        emit ForfeitedBurned(amount);
        rewardToken.safeTransfer(DEAD, amount);
    }

    function fundRefunds() external payable {
        if (msg.value == 0) revert NothingGiven();
        Progress memory progress = _progress();
        // casting to 'uint96' is safe because no chain has as much ether
        progress.refundPot += uint96(msg.value);
        _keepProgress(progress);
        emit RefundsFunded(msg.sender, msg.value);
    }

    function withdrawRefund() external {
        uint256 amount = refundOwed[msg.sender];
        if (amount == 0) revert NothingOwed(msg.sender);
        refundOwed[msg.sender] = 0;
        emit RefundWithdrawn(msg.sender, amount);
        (bool sent,) = msg.sender.call{value: amount}("");
        if (!sent) revert RefundRefused(msg.sender, amount);
    }

    function rewards()
        external
        view
        returns (uint256 ratePerReport, uint64 reports, uint64 endsAtReport, uint256 forfeited)
    {
        reports = _progress().reports;
        return (_rewards.rateAt(reports), reports, _rewards.stream.endsAt, _rewards.forfeited);
    }

    function refundPot() external view returns (uint256) {
        return _progress().refundPot;
    }

    function head() external view returns (uint64 nextEpoch, bytes32 reportHash) {
        return (_progress().nextEpoch, _head);
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

    function _check(
        Header calldata header,
        uint32 view_,
        uint256[2] calldata signers,
        bytes calldata signature,
        uint64 nextEpoch
    ) private view returns (bytes32 reportHash, address pointer, SealedSet.Signers memory set) {
        _requireNextReport(header, nextEpoch);
        _requireAnchor(header.anchorNumber, header.anchorHash);
        // Reverts unless the set is the one active at the epoch and every signer is in it.
        pointer = watcherRegistry.sealedSet(header.setId, header.epoch);
        set = SealedSet.signersOf(address(watcherRegistry), header.setId, pointer, signers);
        _requireCounted(header, set.occupiedLow, set.occupiedHigh);
        unchecked {
            // 512 stakes of 96 bits each.
            if (3 * set.signedStake <= 2 * set.totalStake) revert QuorumNotReached(set.signedStake, set.totalStake);
        }
        // Both functions that come here have the calldata that this reads, and every narrow field of the header has been read.
        reportHash = Accepted.headerHash();
        bytes32 digest = Typed.attestationDigest(DOMAIN_SEPARATOR(), header.epoch, view_, reportHash);
        bytes memory point = Bls.hashToG1(abi.encodePacked(digest), SIGNATURE_TAG);
        if (!Bls.verifyAt(set.head, SealedSet.KEY_OFFSET_BYTES, point, signature)) {
            revert SignatureRejected(reportHash, view_);
        }
    }

    /// Nothing is to do when the set is that of the last report and everybody signed and counted: reports are counted anyway.
    function _bookRewards(
        Header calldata header,
        uint256[2] calldata signers,
        address pointer,
        SealedSet.Signers memory set,
        Progress memory progress
    ) private {
        uint256 totalStake = set.totalStake;
        if (header.setId != progress.version) {
            _rewards.enter(progress.version, header.setId, totalStake, progress.reports);
            progress.version = header.setId;
        }
        uint256 absentLow = set.occupiedLow & ~(signers[0] & header.countedLow);
        uint256 absentHigh = set.occupiedHigh & ~(signers[1] & header.countedHigh);
        if (absentLow | absentHigh == 0) return;
        uint256 rate = _rewards.rateAt(progress.reports);
        if (rate == 0) return;
        _chargeAbsent(pointer, set, rate, header.epoch, 0, absentLow, header.countedLow);
        _chargeAbsent(pointer, set, rate, header.epoch, 256, absentHigh, header.countedHigh);
    }

    /// Bit i of the words is seat `first` + i.
    function _chargeAbsent(
        address pointer,
        SealedSet.Signers memory set,
        uint256 rate,
        uint64 epoch,
        uint256 first,
        uint256 absent,
        uint256 counted
    ) private {
        if (absent == 0) return;
        bytes memory entries = SealedSet.entriesOf(set, pointer);
        uint256 totalStake = set.totalStake;
        unchecked {
            // A rate and a stake have 96 bits each.
            while (absent != 0) {
                uint256 bit = absent & (~absent + 1);
                absent ^= bit;
                (uint256 stake, uint32 registration) = SealedSet.entryIn(entries, first + LibBit.ffs(bit));
                // Rounded up, so that a seat that misses everything never has anything left.
                uint256 shareUp = (rate * stake + totalStake - 1) / totalStake;
                _rewards.charge(registration, shareUp, epoch, counted & bit != 0);
            }
        }
    }

    /// Credits the submitter what the report cost at the base fee, as far as the pot goes.
    function _refund(uint256 gasBefore, uint96 pot) private returns (uint96 amount) {
        uint256 price = tx.gasprice < block.basefee ? tx.gasprice : block.basefee;
        uint256 cost = (gasBefore - gasleft() + REFUND_FIXED_GAS) * price;
        amount = cost < pot ? uint96(cost) : pot;
        refundOwed[msg.sender] += amount;
    }

    /// What a registration earned since it was last paid, debts aside, in at most `versionsMax` versions.
    function _earned(uint16 seat, Seat memory record, uint32 versionsMax)
        private
        view
        returns (uint256 earned, Rewards.Cursor memory cursor)
    {
        Progress memory progress = _progress();
        cursor = _rewards.cursors[record.registration];
        uint32 id = cursor.version > record.firstVersion ? cursor.version : record.firstVersion;
        uint32 last = progress.version;
        if (record.status == SeatStatus.Exiting && record.lastVersion < last) last = record.lastVersion;
        for (; id <= last && versionsMax != 0; ++id) {
            --versionsMax;
            Rewards.Span memory span = _rewards.spans[id];
            uint256 end = id == progress.version ? _rewards.perStakeAt(progress.reports) : span.end;
            uint256 start = cursor.perStake > span.start ? cursor.perStake : span.start;
            cursor.version = id;
            if (end <= start) continue;
            (uint256 stake, uint32 registration) = watcherRegistry.sealedSeat(id, seat);
            if (registration != record.registration) continue;
            earned += (end - start) * stake / Rewards.SCALE;
            // casting to 'uint224' is safe because of the bounds of SCALE
            cursor.perStake = uint224(end);
        }
    }

    function _keyOf(bytes32 serviceId, uint32 windowEpochs_, uint16 vantage, uint8 metric)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(serviceId, windowEpochs_, vantage, metric));
    }

    function _progress() private view returns (Progress memory) {
        uint256 word = _progressWord;
        return Progress({
            nextEpoch: uint64(word >> 192),
            reports: uint64(word >> 128),
            version: uint32(word >> 96),
            refundPot: uint96(word)
        });
    }

    function _keepProgress(Progress memory progress) private {
        _progressWord = uint256(progress.nextEpoch) << 192 | uint256(progress.reports) << 128
            | uint256(progress.version) << 96 | progress.refundPot;
    }

    function _requireNextReport(Header calldata header, uint64 nextEpoch) private view {
        uint64 epoch = header.epoch;
        if (header.protocolVersion != protocolVersion) {
            revert WrongProtocolVersion(header.protocolVersion, protocolVersion);
        }
        if (header.parametersId != parametersId) revert WrongParameters(header.parametersId, parametersId);
        unchecked {
            // Numbers of 64 and 32 bits, in 256.
            uint256 endsAt = genesis + (uint256(epoch) + 1) * epochSeconds;
            if (block.timestamp < endsAt) revert EpochNotEnded(epoch, endsAt);
            uint256 deadline = endsAt + uint256(deadlineEpochs) * epochSeconds;
            if (block.timestamp >= deadline) revert DeadlinePassed(epoch, deadline);
        }
        if (epoch < nextEpoch) revert EpochAlreadyReported(epoch, nextEpoch);
        bytes32 head_ = _head;
        if (header.previous != head_) revert WrongPrevious(header.previous, head_);
    }

    function _requireAnchor(uint64 number, bytes32 given) private view {
        if (number >= block.number) revert AnchorInFuture(number, block.number);
        bytes32 actual = blockhash(number);
        if (actual != 0 && actual != given) revert AnchorMismatch(number, given, actual);
    }

    function _requireCounted(Header calldata header, uint256 low, uint256 high) private pure {
        uint256 strangers = header.countedLow & ~low;
        if (strangers != 0) revert CountedNotInSet(0, strangers);
        strangers = header.countedHigh & ~high;
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
