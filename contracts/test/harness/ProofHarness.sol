// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {HistoryProof, Leaf} from "../../src/interfaces/Types.sol";
import {History} from "../../src/libraries/History.sol";
import {Typed} from "../../src/libraries/Typed.sol";
import {Batch} from "./Batch.sol";

/// Where proofs lead, computed as the oracle does.
contract ProofHarness is Batch {
    function leafRoot(Leaf calldata leaf, bytes32[] calldata proof)
        external
        pure
        returns (bytes32 leafHash, bytes32 root)
    {
        leafHash = Typed.leafHash(leaf);
        root = MerkleProof.processProofCalldata(proof, leafHash);
    }

    function merkleRoot(bytes32 leafHash, bytes32[] calldata proof) external pure returns (bytes32) {
        return MerkleProof.processProofCalldata(proof, leafHash);
    }

    function historyRoot(bytes32 reportHash, HistoryProof calldata proof) external pure returns (bytes32) {
        return History.rootOf(reportHash, proof);
    }
}
