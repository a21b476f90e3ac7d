// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "./IMeasurementOracle.sol";
import {IWatcherRegistry} from "./IWatcherRegistry.sol";
import {Equivocation} from "./Types.sol";

/// Takes the stake of whoever signed two messages of which an honest watcher signs one: two commits for one epoch, two proposals
/// or two attestations for one (epoch, view). Two signatures prove it, and nothing else counts: no vote, no owner, no appeal.
///
/// The whole stake of the registration is taken, once. A twentieth goes to the reporter, the rest is sent to the dead address.
/// Whoever sees a proof on its way may send it first and have the reporter's part; the fault is punished all the same, and
/// nobody can stop it with that. To keep the part, send the proof to a block producer directly.
interface IEquivocationCourt {
    event EquivocationProven(
        uint16 indexed seat,
        bytes32 indexed watcher,
        address indexed reporter,
        uint8 kind,
        uint64 epoch,
        uint32 view_,
        bytes32 first,
        bytes32 second,
        uint128 slashed
    );

    /// Another registry's stake cannot be taken: the registry names another court.
    error NotCourtOfRegistry(address court);
    error UnknownKind(uint8 kind);
    /// Commits have no view.
    error ViewOfCommit(uint32 view_);
    /// Twice the same message is no contradiction.
    error SameMessage(bytes32 message);
    error EpochNotStarted(uint64 epoch, uint64 currentEpoch);
    /// The set of that epoch does not name the seat.
    error SeatNotInSet(uint32 setId, uint16 seat);
    /// `which` 0 is the first signature, 1 the second: it is not the watcher's over that message.
    error SignatureNotTheWatchers(uint256 which, bytes32 watcher, bytes32 digest);

    /// Slashes the seat's registration. Reverts with the errors above, with those of the registry (no set at the epoch, a set
    /// whose stake may have left, already slashed, withdrawn) and with those of Bls.
    /// @param reporter gets the reporter's part, as a credit in the stake source.
    function prove(Equivocation calldata fault, address reporter) external returns (uint128 slashed);

    function oracle() external view returns (IMeasurementOracle);
    function registry() external view returns (IWatcherRegistry);
}
