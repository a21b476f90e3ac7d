// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IStakeSource} from "./IStakeSource.sol";
import {Contact, Metadata, Seat, SetVersion, SignerSet} from "./Types.sol";

/// Who may measure: stake, proof of possession, seats, and the set versions that certificates are checked against.
///
/// A watcher registers a BLS key with stake and takes one of 512 seats of the pending set. `seal` turns the pending set into a
/// version: before genesis it replaces the genesis version (active from epoch 0, the last one sealed counts), afterwards it
/// activates `activationDelayEpochs` later, and a version stays active until the next one activates. At most one version waits
/// for its activation, so nobody can make many. Stake leaves only `exitDelayEpochs` after the last version that names the seat
/// has expired; until then the seat keeps its key, so every certificate that can still be submitted can be checked.
///
/// Whoever signed two contradicting messages loses the whole stake, and the seat its place in the next version. Only the court may
/// take it: a contract named at construction, which checks two signatures and knows nobody. The stake can be taken for as long
/// as it has not been withdrawn, also while its seat is leaving.
///
/// The logs alone rebuild every set: replay `Registered` (joins), `StakeAdded` and `ExitRequested` (leaves); `VersionSealed` is
/// the set then. No owner, no pause, no upgrade. The stake token must neither take a fee nor rebase.
interface IWatcherRegistry {
    /// `publicKey`: 256 bytes, EIP-2537. `stake` and `effectiveStake` in token units.
    event Registered(
        uint16 indexed seat,
        address indexed operator,
        bytes32 indexed watcher,
        bytes publicKey,
        uint128 stake,
        uint128 effectiveStake,
        Metadata metadata
    );
    /// `stake` and `effectiveStake` after the addition, token units; the latter counts from the next sealed version on.
    event StakeAdded(
        uint16 indexed seat, address indexed operator, bytes32 indexed watcher, uint128 stake, uint128 effectiveStake
    );
    /// `slashed` is all that the seat had, `toReporter` of it goes to the reporter, the rest to nobody. Token units.
    event Slashed(
        uint16 indexed seat,
        address indexed operator,
        bytes32 indexed watcher,
        address reporter,
        uint128 slashed,
        uint256 toReporter
    );
    /// Takes the place of what the seat said before. It holds from its block on: no report depends on it.
    event ContactChanged(uint16 indexed seat, address indexed operator, Contact contact);
    /// `lastVersion`: the last sealed version that can name the seat; 0 if none does.
    event ExitRequested(uint16 indexed seat, address indexed operator, bytes32 indexed watcher, uint32 lastVersion);
    event Withdrawn(uint16 indexed seat, address indexed operator, bytes32 indexed watcher, uint128 stake);
    event VersionSealed(
        uint32 indexed id,
        uint64 indexed activationEpoch,
        uint256[2] occupied,
        uint256 totalEffectiveStake,
        bytes aggregateKey
    );

    /// A constructor argument is out of its bounds; `name` says which.
    error InvalidConfiguration(string name);
    error StakeBelowMinimum(uint128 given, uint128 minimum);
    error UriTooLong(uint256 given, uint256 maximum);
    error TooManyAddresses(uint256 given, uint256 maximum);
    /// In bytes; `index` counts from 0.
    error AddressTooLong(uint256 index, uint256 given, uint256 maximum);
    /// A key serves once, even after its seat was left.
    error KeyAlreadyUsed(bytes32 watcher);
    /// The proof was not made by this key for this chain, registry and operator (msg.sender).
    error ProofOfPossessionRejected(address operator, bytes32 watcher);
    error SeatsExhausted(uint256 seats);
    error SeatOutOfRange(uint256 seat, uint256 seats);
    error NotOperator(address caller, address operator);
    error NotJoined(uint16 seat);
    error NotCourt(address caller, address court);
    /// The seat is free, or somebody else's by now: what was accused has withdrawn.
    error RegistrationEnded(uint16 seat, uint32 accused, uint32 current);
    error AlreadySlashed(uint16 seat, uint32 registration);
    error NotExiting(uint16 seat);
    /// The seat is named by a version that has not expired. Call `seal` to make the next one.
    error VersionStillLive(uint32 id);
    error ExitDelayRunning(uint64 currentEpoch, uint64 withdrawableFrom);
    error NothingToSeal();
    /// The previous version still waits for its activation; seal again from that epoch on.
    error VersionPending(uint32 id, uint64 activationEpoch);
    error UnknownVersion(uint32 id);
    /// No version is active at this epoch.
    error NoVersionAt(uint64 epoch);
    error VersionNotActive(uint32 id, uint64 epoch, uint64 activationEpoch, uint64 expiryEpoch);
    /// The version expired so long ago that its stake may have left and its seats may have new keys.
    error VersionExpired(uint32 id, uint64 expiryEpoch);
    /// `word` 0 covers seats 0..255, 1 covers 256..511; `bits` are the signers that the version does not know.
    error SignerNotInSet(uint32 id, uint256 word, uint256 bits);

    /// Takes the lowest free seat. The caller becomes its operator and pays `stake` token units (approve the stake source first); the stake
    /// counts up to `effectiveStakeCap`. Costs the same whatever the size of the set.
    /// @param publicKey G2 point, 256 bytes. @param proofOfPossession G1 point, 128 bytes, signature over the
    /// ProofOfPossession digest under the POP tag. @param metadata published in the log only; `uri` at most 256 bytes,
    /// at most 4 addresses of at most 128 bytes each.
    function register(
        bytes calldata publicKey,
        bytes calldata proofOfPossession,
        uint128 stake,
        Metadata calldata metadata
    ) external returns (uint16 seat);

    /// Publishes a new link and new addresses of a seat, in the log only and within the bounds of `register`. Only the
    /// seat's operator, until the seat is withdrawn: an exiting watcher must be found for as long as a set names it.
    function setContact(uint16 seat, Contact calldata contact) external;

    /// Adds `amount` token units (approve the stake source first) to the stake of a joined seat. Only its operator. It can be
    /// slashed at once, and counts from the next sealed version on, up to `effectiveStakeCap`.
    function topUp(uint16 seat, uint128 amount) external;

    /// Leaves the pending set. Only the seat's operator.
    function exit(uint16 seat) external;

    /// Pays an exited seat's whole stake to its operator and frees the seat, once `withdrawableFrom` has come. Anyone may
    /// call it, so that an operator who never returns cannot hold a seat for ever.
    function withdraw(uint16 seat) external;

    /// Takes the whole stake of a seat, whether it stays or leaves, and takes it out of the pending set. Only the court.
    /// @param registration whose stake it is: the seat may have changed hands. @param reporter gets a twentieth.
    function slash(uint16 seat, uint32 registration, address reporter) external returns (uint128 slashed);

    /// Writes the pending set as a new version, if it changed. Anyone may call it.
    function seal() external returns (uint32 id);

    function stakeSource() external view returns (IStakeSource);
    /// The only address that may call `slash`.
    function court() external view returns (address);
    /// Of the stake source.
    function stakeToken() external view returns (IERC20);
    /// Token units.
    function stakeMin() external view returns (uint128);
    /// Token units.
    function effectiveStakeCap() external view returns (uint128);
    /// Unix seconds at which epoch 0 starts.
    function genesis() external view returns (uint64);
    function epochSeconds() external view returns (uint32);
    function activationDelayEpochs() external view returns (uint32);
    function exitDelayEpochs() external view returns (uint32);
    /// EIP-712 domain separator with this contract, for proofs of possession.
    function domainSeparator() external view returns (bytes32);

    /// The epoch of the current block; 0 also before genesis.
    function currentEpoch() external view returns (uint64);
    /// Ids count from 1; 0 means that nothing was sealed yet.
    function latestVersion() external view returns (uint32);
    /// The version active at `epoch`. Reverts with NoVersionAt.
    function versionAt(uint64 epoch) external view returns (uint32 id);
    function version(uint32 id) external view returns (SetVersion memory);
    /// What the version says of a seat, for ever: its effective stake in token units and its registration; zeros if it does not
    /// name the seat.
    function sealedSeat(uint32 id, uint16 seat) external view returns (uint128 effectiveStake, uint32 registration);
    /// The code object of a version (see SealedSet), which must be active at `epoch` and not expired for long.
    function sealedSet(uint32 id, uint64 epoch) external view returns (address pointer);
    /// The set that `seal` would write, and whether it would.
    function pending()
        external
        view
        returns (uint256[2] memory occupied, uint256 totalEffectiveStake, bytes memory aggregateKey, bool changed);
    function seat(uint16 index) external view returns (Seat memory);
    /// The public key of a taken seat, 256 bytes.
    function seatKey(uint16 index) external view returns (bytes memory);
    /// Whether a key was ever registered.
    function keyUsed(bytes32 watcher) external view returns (bool);
    /// The first epoch at which `withdraw` works for an exiting seat. Reverts like `withdraw` while none is known.
    function withdrawableFrom(uint16 seat) external view returns (uint64);

    /// The aggregate key and stake of `signers` in the version `id`, which must be active at `epoch`. Costs the same whatever
    /// the size of the set when everybody signed; every seat missing adds about 4.5k gas.
    function signerSet(uint32 id, uint64 epoch, uint256[2] calldata signers) external view returns (SignerSet memory);
}
