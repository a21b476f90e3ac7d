// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibBit} from "solady/utils/LibBit.sol";
import {HistoryProof} from "../interfaces/Types.sol";

/// The Merkle mountain range of landed report hashes: perfect trees of descending size, one for each set bit of the count.
/// Leaf = keccak256(0x00 ‖ hash), node = keccak256(0x01 ‖ left ‖ right), root = keccak256(0x02 ‖ count as 8 bytes ‖ peaks).
/// The first byte tells them apart, so none can pass for another; the count fixes the shape, so a proof has one form.
library History {
    error HistoryIndexOutOfRange(uint64 index, uint64 count);
    /// The proof has another number of siblings or peaks than `count` and `index` ask for.
    error HistoryProofShape(uint256 siblings, uint256 siblingsExpected, uint256 peaks, uint256 peaksExpected);

    /// The root to which the proof leads from `reportHash`.
    function rootOf(bytes32 reportHash, HistoryProof calldata proof) internal pure returns (bytes32) {
        if (proof.index >= proof.count) revert HistoryIndexOutOfRange(proof.index, proof.count);
        (uint256 position, uint256 height, uint256 peak) = _placeOf(proof.index, proof.count);
        uint256 others = LibBit.popCount(proof.count) - 1;
        if (proof.siblings.length != height || proof.peaks.length != others) {
            revert HistoryProofShape(proof.siblings.length, height, proof.peaks.length, others);
        }
        bytes32 node = keccak256(abi.encodePacked(uint8(0), reportHash));
        for (uint256 i = 0; i < height; ++i) {
            bytes32 sibling = proof.siblings[i];
            node = (position >> i) & 1 == 1
                ? keccak256(abi.encodePacked(uint8(1), sibling, node))
                : keccak256(abi.encodePacked(uint8(1), node, sibling));
        }
        bytes32[] memory peaks = new bytes32[](others + 1);
        for (uint256 i = 0; i <= others; ++i) {
            peaks[i] = i == peak ? node : proof.peaks[i < peak ? i : i - 1];
        }
        return keccak256(abi.encodePacked(uint8(2), proof.count, peaks));
    }

    /// In which tree the leaf lies: its position there, the tree's height, and the number of its peak from the left.
    function _placeOf(uint64 index, uint64 count)
        private
        pure
        returns (uint256 position, uint256 height, uint256 peak)
    {
        position = index;
        uint256 rest = count;
        while (true) {
            height = LibBit.fls(rest);
            if (position < uint256(1) << height) return (position, height, peak);
            position -= uint256(1) << height;
            rest ^= uint256(1) << height;
            ++peak;
        }
    }
}
