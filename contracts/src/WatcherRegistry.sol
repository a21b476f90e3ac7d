// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {LibBit} from "solady/utils/LibBit.sol";
import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {IWatcherRegistry} from "./interfaces/IWatcherRegistry.sol";
import {Contact, Metadata, Seat, SeatStatus, SetVersion, SignerSet} from "./interfaces/Types.sol";
import {Bls} from "./libraries/Bls.sol";
import {SealedSet} from "./libraries/SealedSet.sol";
import {Typed} from "./libraries/Typed.sol";

/// Documentation stands on the interface.
contract WatcherRegistry is IWatcherRegistry {
    /// Two bitmap words in every certificate, and a version that fits one code object.
    uint256 public constant SEATS = 512;
    /// The link travels in a log of every follower.
    uint256 public constant URI_BYTES_MAX = 256;
    /// IPv4, IPv6, a name, and one to spare.
    uint256 public constant ADDRESSES_MAX = 4;
    /// The longest IPv6 multiaddr with a port and a peer id has 111 bytes; a host name may have 55.
    uint256 public constant ADDRESS_BYTES_MAX = 128;
    /// An hour: no deployment needs a slower heartbeat, and a sample's offset in its epoch fits 32 bits of microseconds.
    uint32 public constant EPOCH_SECONDS_MAX = 3600;
    /// Delays beyond this would lock stake for what amounts to ever.
    uint32 public constant DELAY_EPOCHS_MAX = 1_000_000;

    bytes private constant POSSESSION_TAG = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

    uint256 private constant STAKE_WORDS = SEATS / 2;
    /// Whoever proves a fault gets one part in this many of the stake, 5 %: enough to pay for the proof, too little to profit
    /// from proving one's own.
    uint256 private constant REPORTER_PARTS = 20;
    /// The expiry of a version that has no successor.
    uint48 private constant NEVER = type(uint48).max;

    /// `pointer`: see SealedSet.
    struct VersionRecord {
        address pointer;
        uint48 activationEpoch;
        uint48 expiryEpoch;
    }

    IStakeSource public immutable stakeSource;
    address public immutable court;
    IERC20 public immutable stakeToken;
    uint128 public immutable stakeMin;
    uint128 public immutable effectiveStakeCap;
    uint64 public immutable genesis;
    uint32 public immutable epochSeconds;
    uint32 public immutable activationDelayEpochs;
    uint32 public immutable exitDelayEpochs;

    uint32 public latestVersion;
    bool private _changed;
    /// The nonce with which this contract creates its next code object; a contract's first is 1.
    uint32 private _nextNonce = 1;
    mapping(uint32 id => VersionRecord) private _versions;
    mapping(uint256 seat => Seat) private _seats;
    mapping(bytes32 watcher => bool) public keyUsed;

    /// Seats that cannot be given away: joined, or exiting and not withdrawn.
    uint256[2] private _taken;
    // The pending set. A stake word holds the entries (see SealedSet) of two seats, the even one in its high half.
    uint256[2] private _occupied;
    uint256[8] private _aggregateKey;
    uint256 private _totalEffectiveStake;
    uint256[STAKE_WORDS] private _stakeWords;

    /// @param stakeSource_ bound by this call. @param court_ the one address that may slash; it may have no code yet.
    /// @param genesis_ unix seconds; the genesis set must be sealed before it. Stakes in token units.
    constructor(
        IStakeSource stakeSource_,
        address court_,
        uint128 stakeMin_,
        uint128 effectiveStakeCap_,
        uint64 genesis_,
        uint32 epochSeconds_,
        uint32 activationDelayEpochs_,
        uint32 exitDelayEpochs_
    ) {
        if (address(stakeSource_).code.length == 0) {
            revert InvalidConfiguration("stakeSource");
        }
        address token = stakeSource_.token();
        if (token.code.length == 0) revert InvalidConfiguration("stakeToken");
        if (court_ == address(0)) revert InvalidConfiguration("court");
        if (stakeMin_ == 0) revert InvalidConfiguration("stakeMin");
        // Twelve bytes in a version's entry.
        if (effectiveStakeCap_ < stakeMin_ || effectiveStakeCap_ > type(uint96).max) {
            revert InvalidConfiguration("effectiveStakeCap");
        }
        // A genesis beyond uint40 seconds (the year 36,812) is milliseconds by mistake.
        if (genesis_ == 0 || genesis_ > type(uint40).max) revert InvalidConfiguration("genesis");
        if (epochSeconds_ == 0 || epochSeconds_ > EPOCH_SECONDS_MAX) revert InvalidConfiguration("epochSeconds");
        if (activationDelayEpochs_ == 0 || activationDelayEpochs_ > DELAY_EPOCHS_MAX) {
            revert InvalidConfiguration("activationDelayEpochs");
        }
        if (exitDelayEpochs_ == 0 || exitDelayEpochs_ > DELAY_EPOCHS_MAX) {
            revert InvalidConfiguration("exitDelayEpochs");
        }
        stakeSource = stakeSource_;
        stakeToken = IERC20(token);
        court = court_;
        stakeMin = stakeMin_;
        effectiveStakeCap = effectiveStakeCap_;
        genesis = genesis_;
        epochSeconds = epochSeconds_;
        activationDelayEpochs = activationDelayEpochs_;
        exitDelayEpochs = exitDelayEpochs_;
        stakeSource_.bind();
    }

    function register(
        bytes calldata publicKey,
        bytes calldata proofOfPossession,
        uint128 stake,
        Metadata calldata metadata
    ) external returns (uint16 index) {
        if (stake < stakeMin) revert StakeBelowMinimum(stake, stakeMin);
        _requireContactBounds(metadata.uri, metadata.addresses);
        bytes32 watcher = keccak256(publicKey);
        if (keyUsed[watcher]) revert KeyAlreadyUsed(watcher);
        _requirePossession(publicKey, proofOfPossession, watcher);

        index = _takeSeat();
        keyUsed[watcher] = true;
        uint32 registration = _store(Bls.g2Negate(publicKey));
        _seats[index] = Seat({
            operator: msg.sender,
            firstVersion: latestVersion + 1,
            lastVersion: 0,
            status: SeatStatus.Joined,
            stake: stake,
            registration: registration,
            watcher: watcher
        });
        uint128 effectiveStake = _effective(stake);
        _flipPending(index, publicKey);
        _totalEffectiveStake += effectiveStake;
        _stakeWords[index / 2] |= (uint256(effectiveStake) << 32 | registration) << _entryShift(index);
        emit Registered(index, msg.sender, watcher, publicKey, stake, effectiveStake, metadata);
        stakeSource.lock(msg.sender, stake);
    }

    function topUp(uint16 index, uint128 amount) external {
        Seat storage record = _requireJoined(index);
        if (amount == 0) revert StakeBelowMinimum(0, 1);
        uint128 before = _effective(record.stake);
        uint128 stake = record.stake + amount;
        record.stake = stake;
        uint128 added = _effective(stake) - before;
        if (added != 0) {
            _totalEffectiveStake += added;
            // The entry's stake stays below 2^96, so nothing is carried into its neighbour.
            _stakeWords[index / 2] += uint256(added) << (32 + _entryShift(index));
            _changed = true;
        }
        emit StakeAdded(index, msg.sender, record.watcher, stake, before + added);
        stakeSource.lock(msg.sender, amount);
    }

    function setContact(uint16 index, Contact calldata contact) external {
        Seat storage record = _seat(index);
        if (record.status == SeatStatus.Free) revert NotJoined(index);
        if (msg.sender != record.operator) revert NotOperator(msg.sender, record.operator);
        _requireContactBounds(contact.uri, contact.addresses);
        emit ContactChanged(index, msg.sender, contact);
    }

    function exit(uint16 index) external {
        _leave(index, _requireJoined(index));
    }

    function withdraw(uint16 index) external {
        uint64 from = withdrawableFrom(index);
        if (currentEpoch() < from) revert ExitDelayRunning(currentEpoch(), from);
        Seat memory record = _seats[index];
        delete _seats[index];
        _taken[index / 256] &= ~(uint256(1) << (index % 256));
        emit Withdrawn(index, record.operator, record.watcher, record.stake);
        if (record.stake != 0) stakeSource.release(record.operator, record.stake);
    }

    function slash(uint16 index, uint32 registration, address reporter) external returns (uint128 slashed) {
        if (msg.sender != court) revert NotCourt(msg.sender, court);
        Seat storage record = _seat(index);
        if (record.status == SeatStatus.Free || record.registration != registration) {
            revert RegistrationEnded(index, registration, record.registration);
        }
        slashed = record.stake;
        if (slashed == 0) revert AlreadySlashed(index, registration);
        if (record.status == SeatStatus.Joined) _leave(index, record);
        record.stake = 0;
        uint256 toReporter = slashed / REPORTER_PARTS;
        emit Slashed(index, record.operator, record.watcher, reporter, slashed, toReporter);
        stakeSource.seize(reporter, toReporter, slashed - toReporter);
    }

    function seal() external returns (uint32 id) {
        if (!_changed) revert NothingToSeal();
        uint48 activationEpoch = 0;
        // Before genesis every seal replaces the genesis version; otherwise whoever sealed first would have chosen the set.
        if (block.timestamp >= genesis) {
            uint64 epoch = currentEpoch();
            uint64 waiting = _versions[latestVersion].activationEpoch;
            if (waiting > epoch) revert VersionPending(latestVersion, waiting);
            // casting to 'uint48' is safe because epochs last a second at least
            activationEpoch = uint48(epoch + activationDelayEpochs);
        }
        id = ++latestVersion;
        _changed = false;
        if (id != 1) _versions[id - 1].expiryEpoch = activationEpoch;

        uint256[] memory stakeWords = new uint256[](_stakeWordCount(_occupied));
        for (uint256 i = 0; i < stakeWords.length; ++i) {
            stakeWords[i] = _stakeWords[i];
        }
        bytes memory aggregateKey = abi.encodePacked(_aggregateKey);
        uint32 nonce = _store(abi.encodePacked(_occupied, _totalEffectiveStake, aggregateKey, stakeWords));
        _versions[id] = VersionRecord({
            pointer: LibRLP.computeAddress(address(this), nonce), activationEpoch: activationEpoch, expiryEpoch: NEVER
        });
        emit VersionSealed(id, activationEpoch, _occupied, _totalEffectiveStake, aggregateKey);
    }

    function domainSeparator() public view returns (bytes32) {
        return Typed.domainSeparator(address(this));
    }

    function currentEpoch() public view returns (uint64) {
        if (block.timestamp < genesis) return 0;
        // casting to 'uint64' is safe because a timestamp divided by at least one second fits
        return uint64((block.timestamp - genesis) / epochSeconds);
    }

    function versionAt(uint64 epoch) external view returns (uint32) {
        uint32 low = 0; // the largest id known to be active at or before the epoch; 0 is none
        uint32 high = latestVersion;
        while (low < high) {
            uint32 middle = low + (high - low + 1) / 2;
            if (_versions[middle].activationEpoch <= epoch) low = middle;
            else high = middle - 1;
        }
        if (low == 0) revert NoVersionAt(epoch);
        return low;
    }

    function version(uint32 id) external view returns (SetVersion memory sealed_) {
        VersionRecord memory record = _version(id);
        sealed_.activationEpoch = record.activationEpoch;
        sealed_.expiryEpoch = _expiryOf(record);
        SealedSet.Signers memory all = SealedSet.read(record.pointer);
        sealed_.aggregateKey = SealedSet.keyOf(all.head);
        sealed_.occupied = [all.occupiedLow, all.occupiedHigh];
        sealed_.totalEffectiveStake = all.totalStake;
        sealed_.effectiveStakes = new uint128[](2 * _stakeWordCount(sealed_.occupied));
        for (uint256 i = 0; i < sealed_.effectiveStakes.length; ++i) {
            (uint256 stake,) = SealedSet.entry(record.pointer, i);
            // casting to 'uint128' is safe because an entry's stake has 96 bits
            sealed_.effectiveStakes[i] = uint128(stake);
        }
    }

    function sealedSeat(uint32 id, uint16 index) external view returns (uint128 effectiveStake, uint32 registration) {
        if (index >= SEATS) revert SeatOutOfRange(index, SEATS);
        uint256 stake;
        (stake, registration) = SealedSet.entry(_version(id).pointer, index);
        // casting to 'uint128' is safe because an entry's stake has 96 bits
        effectiveStake = uint128(stake);
    }

    function pending() external view returns (uint256[2] memory, uint256, bytes memory, bool) {
        return (_occupied, _totalEffectiveStake, abi.encodePacked(_aggregateKey), _changed);
    }

    function seat(uint16 index) external view returns (Seat memory) {
        return _seat(index);
    }

    function seatKey(uint16 index) external view returns (bytes memory) {
        Seat storage record = _seat(index);
        if (record.status == SeatStatus.Free) revert NotJoined(index);
        return Bls.g2Negate(SealedSet.negatedKey(address(this), record.registration));
    }

    function withdrawableFrom(uint16 index) public view returns (uint64) {
        Seat storage record = _seat(index);
        if (record.status != SeatStatus.Exiting) revert NotExiting(index);
        if (record.lastVersion == 0) return 0;
        uint64 expiryEpoch = _expiryOf(_versions[record.lastVersion]);
        if (expiryEpoch == type(uint64).max) revert VersionStillLive(record.lastVersion);
        return expiryEpoch + exitDelayEpochs;
    }

    function sealedSet(uint32 id, uint64 epoch) public view returns (address pointer) {
        VersionRecord storage record = _versions[id];
        uint48 activationEpoch;
        uint48 expiryEpoch;
        (pointer, activationEpoch, expiryEpoch) = (record.pointer, record.activationEpoch, record.expiryEpoch);
        if (pointer == address(0)) revert UnknownVersion(id);
        bool replaced = expiryEpoch != NEVER;
        if (epoch < activationEpoch || (replaced && epoch >= expiryEpoch)) {
            revert VersionNotActive(id, epoch, activationEpoch, replaced ? expiryEpoch : type(uint64).max);
        }
        // The same bound as in `withdraw`: as long as it holds, every seat of this version has its key and its stake.
        if (replaced && currentEpoch() >= uint64(expiryEpoch) + exitDelayEpochs) {
            revert VersionExpired(id, expiryEpoch);
        }
    }

    function signerSet(uint32 id, uint64 epoch, uint256[2] calldata signers) external view returns (SignerSet memory) {
        SealedSet.Signers memory set = SealedSet.signersOf(address(this), id, sealedSet(id, epoch), signers);
        return SignerSet({
            occupied: [set.occupiedLow, set.occupiedHigh],
            signedStake: set.signedStake,
            totalStake: set.totalStake,
            aggregateKey: SealedSet.keyOf(set.head)
        });
    }

    function _requireJoined(uint16 index) private view returns (Seat storage record) {
        record = _seat(index);
        if (record.status != SeatStatus.Joined) revert NotJoined(index);
        if (msg.sender != record.operator) revert NotOperator(msg.sender, record.operator);
    }

    /// Takes a joined seat out of the pending set.
    function _leave(uint16 index, Seat storage record) private {
        uint32 lastVersion = record.firstVersion > latestVersion ? 0 : latestVersion;
        record.status = SeatStatus.Exiting;
        record.lastVersion = lastVersion;
        _flipPending(index, SealedSet.negatedKey(address(this), record.registration));
        _totalEffectiveStake -= _effective(record.stake);
        _stakeWords[index / 2] &= ~(uint256(type(uint128).max) << _entryShift(index));
        emit ExitRequested(index, record.operator, record.watcher, lastVersion);
    }

    /// Writes a code object and returns the nonce that its address follows from.
    function _store(bytes memory data) private returns (uint32 nonce) {
        nonce = _nextNonce++;
        address pointer = SSTORE2.write(data);
        assert(pointer == LibRLP.computeAddress(address(this), nonce));
    }

    function _requireContactBounds(string calldata uri, string[] calldata addresses) private pure {
        if (bytes(uri).length > URI_BYTES_MAX) revert UriTooLong(bytes(uri).length, URI_BYTES_MAX);
        if (addresses.length > ADDRESSES_MAX) revert TooManyAddresses(addresses.length, ADDRESSES_MAX);
        for (uint256 i = 0; i < addresses.length; ++i) {
            uint256 length = bytes(addresses[i]).length;
            if (length > ADDRESS_BYTES_MAX) revert AddressTooLong(i, length, ADDRESS_BYTES_MAX);
        }
    }

    function _requirePossession(bytes calldata publicKey, bytes calldata proof, bytes32 watcher) private view {
        bytes32 digest = Typed.possessionDigest(domainSeparator(), msg.sender, watcher);
        bytes memory point = Bls.hashToG1(abi.encodePacked(digest), POSSESSION_TAG);
        if (!Bls.verify(publicKey, point, proof)) revert ProofOfPossessionRejected(msg.sender, watcher);
    }

    /// The lowest seat that is not taken.
    function _takeSeat() private returns (uint16) {
        for (uint256 word = 0; word < 2; ++word) {
            uint256 free = ~_taken[word];
            if (free == 0) continue;
            _taken[word] |= free & (~free + 1);
            // casting to 'uint16' is safe because a seat is below 512
            return uint16(256 * word + LibBit.ffs(free));
        }
        revert SeatsExhausted(SEATS);
    }

    /// Adds a key to the pending set, or removes it when given its negation.
    function _flipPending(uint16 index, bytes memory key) private {
        _occupied[index / 256] ^= uint256(1) << (index % 256);
        bytes memory sum = abi.encodePacked(_aggregateKey);
        Bls.g2AddTo(sum, key);
        _aggregateKey = abi.decode(sum, (uint256[8]));
        _changed = true;
    }

    function _seat(uint16 index) private view returns (Seat storage) {
        if (index >= SEATS) revert SeatOutOfRange(index, SEATS);
        return _seats[index];
    }

    function _version(uint32 id) private view returns (VersionRecord memory record) {
        record = _versions[id];
        if (record.pointer == address(0)) revert UnknownVersion(id);
    }

    /// A version expires when the next one activates.
    function _expiryOf(VersionRecord memory record) private pure returns (uint64) {
        return record.expiryEpoch == NEVER ? type(uint64).max : record.expiryEpoch;
    }

    function _effective(uint128 stake) private view returns (uint128) {
        return stake < effectiveStakeCap ? stake : effectiveStakeCap;
    }

    function _entryShift(uint256 index) private pure returns (uint256) {
        return index % 2 == 0 ? 128 : 0;
    }

    /// Words up to the highest occupied seat.
    function _stakeWordCount(uint256[2] memory occupied) private pure returns (uint256) {
        if (occupied[1] != 0) return (256 + LibBit.fls(occupied[1])) / 2 + 1;
        return occupied[0] == 0 ? 0 : LibBit.fls(occupied[0]) / 2 + 1;
    }
}
