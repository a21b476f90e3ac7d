// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibBit} from "solady/utils/LibBit.sol";
import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IWatcherRegistry} from "../interfaces/IWatcherRegistry.sol";
import {Bls} from "./Bls.sol";

/// How a sealed set lies in code. A version's object: the occupied bitmap (2 words), the total effective stake (1 word), the
/// aggregate key (256 bytes), then 16 bytes a seat up to the highest occupied one: effective stake (12 bytes) and registration
/// (4 bytes). A registration is the nonce with which the registry created the code object of the negated key (256 bytes),
/// so that the object's address follows from it and no storage is read.
library SealedSet {
    /// Where the key stands in the head, after bitmap and total.
    uint256 internal constant KEY_OFFSET_BYTES = 96;
    /// Bitmap, total and key.
    uint256 internal constant HEAD_BYTES = 352;
    /// 12 bytes of stake and 4 of registration.
    uint256 internal constant ENTRY_BYTES = 16;

    /// The signers of a certificate. `head`: that of the version, with the signers' aggregate key in the place of the set's.
    /// `entries`: those of all seats, once one of them was asked for; before, empty.
    struct Signers {
        uint256 occupiedLow;
        uint256 occupiedHigh;
        uint256 signedStake;
        uint256 totalStake;
        bytes head;
        bytes entries;
    }

    function read(address pointer) internal view returns (Signers memory set) {
        bytes memory head = SSTORE2.read(pointer, 0, HEAD_BYTES);
        // Reads in bounds: an object of less than a whole head is none of this registry's.
        assert(head.length == HEAD_BYTES);
        (uint256 occupiedLow, uint256 occupiedHigh, uint256 totalStake) = (0, 0, 0);
        assembly ("memory-safe") {
            occupiedLow := mload(add(head, 0x20))
            occupiedHigh := mload(add(head, 0x40))
            totalStake := mload(add(head, 0x60))
        }
        (set.occupiedLow, set.occupiedHigh, set.head) = (occupiedLow, occupiedHigh, head);
        (set.signedStake, set.totalStake) = (totalStake, totalStake);
    }

    /// The key in the head, 256 bytes.
    function keyOf(bytes memory head) internal pure returns (bytes memory) {
        (,,, uint256[8] memory key) = abi.decode(head, (uint256, uint256, uint256, uint256[8]));
        return abi.encodePacked(key);
    }

    /// Zeros for a seat that the version does not name.
    function entry(address pointer, uint256 seat) internal view returns (uint256 stake, uint32 registration) {
        uint256 start = HEAD_BYTES + ENTRY_BYTES * seat;
        uint128 packed = uint128(bytes16(SSTORE2.read(pointer, start, start + ENTRY_BYTES)));
        return (packed >> 32, uint32(packed));
    }

    /// The entries of a set that is charged or subtracted seat by seat, read once.
    function entriesOf(Signers memory set, address pointer) internal view returns (bytes memory entries) {
        if (set.entries.length == 0) {
            entries = SSTORE2.read(pointer, HEAD_BYTES);
            uint256 count = entries.length / ENTRY_BYTES;
            // There is one for every seat that is occupied.
            assert((count < 256 ? set.occupiedLow >> count | set.occupiedHigh : set.occupiedHigh >> (count - 256)) == 0);
            set.entries = entries;
        }
        return set.entries;
    }

    /// `seat` is one of the set's: only of those is an entry in bounds.
    function entryIn(bytes memory entries, uint256 seat) internal pure returns (uint256 stake, uint32 registration) {
        uint256 packed;
        assembly ("memory-safe") {
            packed := shr(128, mload(add(add(entries, 0x20), mul(ENTRY_BYTES, seat))))
        }
        return (packed >> 32, uint32(packed));
    }

    /// −key of a registration, 256 bytes.
    function negatedKey(address registry, uint32 registration) internal view returns (bytes memory) {
        return SSTORE2.read(LibRLP.computeAddress(registry, registration), 0, Bls.G2_BYTES);
    }

    /// The aggregate key and stake of `signers`. Costs the same whatever the size of the set when everybody signed.
    /// @param id only for the error SignerNotInSet.
    function signersOf(address registry, uint32 id, address pointer, uint256[2] calldata signers)
        internal
        view
        returns (Signers memory set)
    {
        set = read(pointer);
        (uint256 low, uint256 high) = (signers[0], signers[1]);
        if (low == set.occupiedLow && high == set.occupiedHigh) return set;
        if (low & ~set.occupiedLow != 0) revert IWatcherRegistry.SignerNotInSet(id, 0, low & ~set.occupiedLow);
        if (high & ~set.occupiedHigh != 0) revert IWatcherRegistry.SignerNotInSet(id, 1, high & ~set.occupiedHigh);
        _subtract(set, registry, pointer, 0, set.occupiedLow ^ low);
        _subtract(set, registry, pointer, 256, set.occupiedHigh ^ high);
    }

    /// Bit i of `missing` is seat `first` + i.
    function _subtract(Signers memory set, address registry, address pointer, uint256 first, uint256 missing)
        private
        view
    {
        if (missing == 0) return;
        bytes memory entries = entriesOf(set, pointer);
        bytes memory head = set.head;
        uint256 missed = 0;
        unchecked {
            while (missing != 0) {
                (uint256 stake, uint32 registration) = entryIn(entries, first + LibBit.ffs(missing));
                missing &= missing - 1;
                // 512 stakes of 96 bits each.
                missed += stake;
                Bls.g2AddCodeAt(head, KEY_OFFSET_BYTES, LibRLP.computeAddress(registry, registration));
            }
        }
        set.signedStake -= missed;
    }
}
