// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Header, Leaf} from "../interfaces/Types.sol";

/// EIP-712 digests of everything that a BLS key signs, and the hash of a Merkle leaf. Every digest is
/// keccak256(0x1901 ‖ domainSeparator ‖ hashStruct); the domain names the chain and the contract.
library Typed {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Plumbline");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 internal constant HEADER_TYPEHASH = keccak256(
        "Header(uint16 protocolVersion,uint64 epoch,uint32 setId,bytes32 parametersId,bytes32 previous,bytes32 resultsRoot,bytes32 batchesRoot,uint256 countedLow,uint256 countedHigh,bytes32 accumulatorRoot,bytes32 historyRoot,uint64 anchorNumber,bytes32 anchorHash)"
    );
    bytes32 private constant COMMIT_TYPEHASH = keccak256("Commit(uint64 epoch,bytes32 watcher,bytes32 commitment)");
    bytes32 private constant PROPOSAL_TYPEHASH = keccak256("Proposal(uint64 epoch,uint32 view,bytes32 report)");
    bytes32 private constant ATTESTATION_TYPEHASH = keccak256("Attestation(uint64 epoch,uint32 view,bytes32 report)");
    bytes32 private constant REFUSAL_TYPEHASH =
        keccak256("Refusal(uint64 epoch,uint32 view,bytes32 report,bytes32 missing)");
    bytes32 private constant VRF_TYPEHASH = keccak256("VrfInput(uint64 epoch,bytes32 seed)");
    bytes32 private constant POSSESSION_TYPEHASH = keccak256("ProofOfPossession(address operator,bytes32 watcher)");

    function domainSeparator(address verifyingContract) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, verifyingContract));
    }

    /// hashStruct(Header), without a domain: the digests below bind it.
    function reportHash(Header calldata header) internal pure returns (bytes32) {
        return keccak256(abi.encode(HEADER_TYPEHASH, header));
    }

    function commitDigest(bytes32 domain, uint64 epoch, bytes32 watcher, bytes32 commitment)
        internal
        pure
        returns (bytes32)
    {
        return _digest(domain, keccak256(abi.encode(COMMIT_TYPEHASH, epoch, watcher, commitment)));
    }

    function proposalDigest(bytes32 domain, uint64 epoch, uint32 view_, bytes32 report)
        internal
        pure
        returns (bytes32)
    {
        return _digest(domain, keccak256(abi.encode(PROPOSAL_TYPEHASH, epoch, view_, report)));
    }

    function attestationDigest(bytes32 domain, uint64 epoch, uint32 view_, bytes32 report)
        internal
        pure
        returns (bytes32)
    {
        return _digest(domain, keccak256(abi.encode(ATTESTATION_TYPEHASH, epoch, view_, report)));
    }

    function refusalDigest(bytes32 domain, uint64 epoch, uint32 view_, bytes32 report, bytes32 missing)
        internal
        pure
        returns (bytes32)
    {
        return _digest(domain, keccak256(abi.encode(REFUSAL_TYPEHASH, epoch, view_, report, missing)));
    }

    function vrfDigest(bytes32 domain, uint64 epoch, bytes32 seed) internal pure returns (bytes32) {
        return _digest(domain, keccak256(abi.encode(VRF_TYPEHASH, epoch, seed)));
    }

    /// `domain` is the WatcherRegistry's; `watcher` is keccak256 of the 256-byte public key.
    function possessionDigest(bytes32 domain, address operator, bytes32 watcher) internal pure returns (bytes32) {
        return _digest(domain, keccak256(abi.encode(POSSESSION_TYPEHASH, operator, watcher)));
    }

    /// The double hash of OpenZeppelin's StandardMerkleTree: an inner node can never pass for a leaf.
    function leafHash(Leaf calldata leaf) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(leaf))));
    }

    function _digest(bytes32 domain, bytes32 structHash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
