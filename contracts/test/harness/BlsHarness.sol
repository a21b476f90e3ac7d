// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls} from "../../src/libraries/Bls.sol";
import {Batch} from "./Batch.sol";

/// The BLS library, one function each.
contract BlsHarness is Batch {
    function hashToG1(bytes calldata message, bytes calldata domainTag) external view returns (bytes memory) {
        return Bls.hashToG1(message, domainTag);
    }

    function verify(bytes calldata key, bytes calldata messagePoint, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return Bls.verify(key, messagePoint, signature);
    }

    /// The sum of the keys, less those at the end: as a certificate's key is made of a set's.
    function subtract(bytes[] calldata all, bytes[] calldata missing) external view returns (bytes memory sum) {
        sum = new bytes(Bls.G2_BYTES);
        for (uint256 i = 0; i < all.length; ++i) {
            Bls.g2AddTo(sum, all[i]);
        }
        for (uint256 i = 0; i < missing.length; ++i) {
            Bls.g2AddTo(sum, Bls.g2Negate(missing[i]));
        }
    }

    function g1Add(bytes calldata a, bytes calldata b) external view returns (bytes memory) {
        return Bls.g1Add(a, b);
    }

    function g1Mul(bytes calldata point, uint256 scalar) external view returns (bytes memory) {
        return Bls.g1Mul(point, scalar);
    }

    function g2Mul(bytes calldata point, uint256 scalar) external view returns (bytes memory) {
        return Bls.g2Mul(point, scalar);
    }
}
