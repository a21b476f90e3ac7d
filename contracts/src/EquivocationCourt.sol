// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEquivocationCourt} from "./interfaces/IEquivocationCourt.sol";
import {IMeasurementOracle} from "./interfaces/IMeasurementOracle.sol";
import {IWatcherRegistry} from "./interfaces/IWatcherRegistry.sol";
import {Equivocation} from "./interfaces/Types.sol";
import {Bls} from "./libraries/Bls.sol";
import {SealedSet} from "./libraries/SealedSet.sol";
import {Typed} from "./libraries/Typed.sol";

/// Documentation stands on the interface.
contract EquivocationCourt is IEquivocationCourt {
    uint8 public constant KIND_COMMIT = 0;
    uint8 public constant KIND_PROPOSAL = 1;
    uint8 public constant KIND_ATTESTATION = 2;

    bytes private constant SIGNATURE_TAG = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

    IMeasurementOracle public immutable oracle;
    IWatcherRegistry public immutable registry;

    constructor(IMeasurementOracle oracle_) {
        oracle = oracle_;
        registry = oracle_.watcherRegistry();
        if (registry.court() != address(this)) revert NotCourtOfRegistry(registry.court());
    }

    function prove(Equivocation calldata fault, address reporter) external returns (uint128 slashed) {
        if (fault.kind > KIND_ATTESTATION) revert UnknownKind(fault.kind);
        if (fault.kind == KIND_COMMIT && fault.view_ != 0) revert ViewOfCommit(fault.view_);
        if (fault.first == fault.second) revert SameMessage(fault.first);
        uint32 registration = _registrationOf(fault.seat, fault.epoch);
        // The key that the registration proved to hold, whoever sits on the seat by now.
        bytes memory key = Bls.g2Negate(SealedSet.negatedKey(address(registry), registration));
        bytes32 watcher = keccak256(key);
        _requireSigned(key, 0, _digest(fault, watcher, fault.first), fault.firstSignature);
        _requireSigned(key, 1, _digest(fault, watcher, fault.second), fault.secondSignature);
        slashed = registry.slash(fault.seat, registration, reporter);
        emit EquivocationProven(
            fault.seat, watcher, reporter, fault.kind, fault.epoch, fault.view_, fault.first, fault.second, slashed
        );
    }

    /// Of the seat in the set that was active at the epoch.
    function _registrationOf(uint16 seat, uint64 epoch) private view returns (uint32 registration) {
        uint64 current = registry.currentEpoch();
        if (epoch > current) revert EpochNotStarted(epoch, current);
        uint32 setId = registry.versionAt(epoch);
        // Reverts for a set whose stake may have left.
        registry.sealedSet(setId, epoch);
        (, registration) = registry.sealedSeat(setId, seat);
        if (registration == 0) revert SeatNotInSet(setId, seat);
    }

    function _requireSigned(bytes memory key, uint256 which, bytes32 digest, bytes calldata signature) private view {
        bytes memory point = Bls.hashToG1(abi.encodePacked(digest), SIGNATURE_TAG);
        if (!Bls.verify(key, point, signature)) revert SignatureNotTheWatchers(which, keccak256(key), digest);
    }

    function _digest(Equivocation calldata fault, bytes32 watcher, bytes32 message) private view returns (bytes32) {
        bytes32 domain = oracle.DOMAIN_SEPARATOR();
        if (fault.kind == KIND_COMMIT) return Typed.commitDigest(domain, fault.epoch, watcher, message);
        if (fault.kind == KIND_PROPOSAL) return Typed.proposalDigest(domain, fault.epoch, fault.view_, message);
        return Typed.attestationDigest(domain, fault.epoch, fault.view_, message);
    }
}
