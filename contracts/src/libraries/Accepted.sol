// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "../interfaces/IMeasurementOracle.sol";
import {Typed} from "./Typed.sol";

/// What a certificate's function makes of its own calldata: (header, view, signers, signature), of which all but the signature is
/// ABI encoding as it stands. Copying it instead of encoding it again saves 1,900 gas a report. To be called only where every
/// narrow field of the header has been read before, for reading refuses a word with bits beyond its type.
library Accepted {
    /// Behind the selector 13 words of header. Numbers as they are: assembly takes no others.
    uint256 private constant HEADER_AT = 4;
    uint256 private constant HEADER_BYTES = 416;
    /// Behind it the view and two words of signers.
    uint256 private constant VIEW_AT = 420;
    uint256 private constant VIEW_AND_SIGNERS_BYTES = 96;

    /// Typed.reportHash of the header.
    function headerHash() internal pure returns (bytes32 hash) {
        bytes32 typeHash = Typed.HEADER_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), HEADER_AT, HEADER_BYTES)
            hash := keccak256(free, add(0x20, HEADER_BYTES))
        }
    }

    /// emit IMeasurementOracle.ReportAccepted(epoch, reportHash, view_, signers, header)
    function log(uint64 epoch, bytes32 reportHash) internal {
        bytes32 topic = IMeasurementOracle.ReportAccepted.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, VIEW_AT, VIEW_AND_SIGNERS_BYTES)
            calldatacopy(add(free, VIEW_AND_SIGNERS_BYTES), HEADER_AT, HEADER_BYTES)
            log3(free, add(VIEW_AND_SIGNERS_BYTES, HEADER_BYTES), topic, epoch, reportHash)
        }
    }
}
