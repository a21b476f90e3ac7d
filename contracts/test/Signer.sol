// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bls} from "../src/libraries/Bls.sol";

/// BLS keys and signatures made inside a test, by the MSM precompiles. Secret keys of tests only.
library Signer {
    /// The order of the groups.
    uint256 internal constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    bytes internal constant SIGNATURE_TAG = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
    bytes internal constant POSSESSION_TAG = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

    bytes internal constant G2_GENERATOR = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
        hex"000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";

    function publicKey(uint256 secret) internal view returns (bytes memory) {
        return Bls.g2Mul(G2_GENERATOR, secret);
    }

    /// By the sum of several secret keys this is their aggregate signature.
    function sign(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return Bls.g1Mul(Bls.hashToG1(abi.encodePacked(digest), SIGNATURE_TAG), secret);
    }

    function prove(uint256 secret, bytes32 digest) internal view returns (bytes memory) {
        return Bls.g1Mul(Bls.hashToG1(abi.encodePacked(digest), POSSESSION_TAG), secret);
    }
}
