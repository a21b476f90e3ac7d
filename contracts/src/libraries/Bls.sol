// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// BLS12-381 signatures, min-sig (signatures in G1, keys in G2), on the precompiles of EIP-2537. No curve arithmetic of our
/// own. Assembly is here, in SealedSet and in Accepted, and nowhere else.
///
/// Encodings are EIP-2537's: a field element is 64 bytes big-endian (the top 16 zero), a G1 point 128 bytes (x, y), a G2 point
/// 256 bytes (x.c0, x.c1, y.c0, y.c1), infinity all zeros. The precompiles refuse coordinates not below the field's modulus and
/// points off the curve; pairing and MSM also refuse points outside the prime-order subgroup, the ADD precompiles do not.
///
/// A precompile that refuses its input burns all gas that it was given, so every call is capped: at about four times today's
/// price, which leaves an immutable contract room for repricing.
library Bls {
    /// A point, key or signature has the wrong number of bytes.
    error BadLength(uint256 given, uint256 expected);
    /// The point at infinity verifies anything that it pairs with; it is neither a key nor a signature.
    error InfinityRefused();
    /// The precompile refused its input (off the curve, outside the subgroup, not canonical) or does not exist on this chain.
    error PrecompileRefused(address precompile);
    /// RFC 9380 section 3.1: a domain separation tag must not be empty.
    error EmptyDomainTag();

    /// EIP-2537: two coordinates of 64 bytes in G1, four in G2.
    uint256 internal constant G1_BYTES = 128;
    uint256 internal constant G2_BYTES = 256;

    address private constant SHA256 = address(0x02);
    address private constant MODEXP = address(0x05);
    address private constant G1ADD = address(0x0b);
    address private constant G1MSM = address(0x0c);
    address private constant G2ADD = address(0x0d);
    address private constant G2MSM = address(0x0e);
    address private constant PAIRING = address(0x0f);
    address private constant MAP_FP_TO_G1 = address(0x10);

    // Price today in brackets (EIP-2537; EIP-7883 for modexp).
    uint256 private constant MODEXP_GAS_CAP = 4_000; // 500
    uint256 private constant G1ADD_GAS_CAP = 1_500; // 375
    uint256 private constant G1MSM_GAS_CAP = 48_000; // 12,000 for one point
    uint256 private constant G2ADD_GAS_CAP = 2_400; // 600
    uint256 private constant G2MSM_GAS_CAP = 90_000; // 22,500 for one point
    uint256 private constant PAIRING_GAS_CAP = 412_000; // 102,900 for two pairs
    uint256 private constant MAP_GAS_CAP = 22_000; // 5,500

    /// The field modulus p, most significant 32 bytes of its 64-byte form first.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// The negated generator of G2.
    bytes private constant NEGATED_G2_GENERATOR = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
        hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";

    /// e(signature, −g2) · e(messagePoint, key) = 1, that is: `signature` = secret · messagePoint. Checks the subgroup of all
    /// three points. About 103.5k gas.
    function verify(bytes memory key, bytes memory messagePoint, bytes memory signature) internal view returns (bool) {
        _requireLength(key, G2_BYTES);
        requireG1(messagePoint);
        return verifyAt(key, 0, messagePoint, signature);
    }

    /// The same for a key that stands in `holder` from byte `offset` on, and a message point that `hashToG1` made.
    function verifyAt(bytes memory holder, uint256 offset, bytes memory messagePoint, bytes memory signature)
        internal
        view
        returns (bool)
    {
        _requireG2At(holder, offset);
        _requireLength(messagePoint, G1_BYTES);
        requireG1(signature);
        bytes memory generator = NEGATED_G2_GENERATOR;
        address precompile = PAIRING;
        uint256 gasCap = PAIRING_GAS_CAP;
        bool ok;
        uint256 product;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, add(signature, 0x20), 0x80)
            mcopy(add(input, 0x80), add(generator, 0x20), 0x100)
            mcopy(add(input, 0x180), add(messagePoint, 0x20), 0x80)
            mcopy(add(input, 0x200), add(add(holder, 0x20), offset), 0x100)
            ok := staticcall(gasCap, precompile, input, 0x300, 0, 0x20)
            ok := and(ok, eq(returndatasize(), 0x20))
            product := mload(0)
        }
        if (!ok) revert PrecompileRefused(precompile);
        return product == 1;
    }

    /// hash_to_curve of RFC 9380 for BLS12381G1_XMD:SHA-256_SSWU_RO_, with the caller's domain separation tag. A tag longer
    /// than 255 bytes is hashed first (section 5.3.3). The mapping precompile clears the cofactor. About 13.5k gas.
    function hashToG1(bytes memory message, bytes memory domainTag) internal view returns (bytes memory point) {
        if (domainTag.length == 0) revert EmptyDomainTag();
        if (domainTag.length > 255) domainTag = abi.encodePacked(sha256(bytes.concat("H2C-OVERSIZE-DST-", domainTag)));
        uint256[4] memory uniform = _expandMessage(message, domainTag);
        bytes memory pair = new bytes(2 * G1_BYTES);
        _mapToG1(uniform[0], uniform[1], pair, 0);
        _mapToG1(uniform[2], uniform[3], pair, G1_BYTES);
        address precompile = G1ADD;
        uint256 gasCap = G1ADD_GAS_CAP;
        bool ok;
        assembly ("memory-safe") {
            // The sum takes the place of the first.
            point := pair
            let at := add(pair, 0x20)
            ok := staticcall(gasCap, precompile, at, 0x100, at, 0x80)
            ok := and(ok, eq(returndatasize(), 0x80))
            mstore(point, 0x80)
        }
        if (!ok) revert PrecompileRefused(precompile);
    }

    function g1Add(bytes memory a, bytes memory b) internal view returns (bytes memory) {
        _requireLength(a, G1_BYTES);
        _requireLength(b, G1_BYTES);
        return _call(G1ADD, G1ADD_GAS_CAP, bytes.concat(a, b), G1_BYTES);
    }

    /// scalar · point, with a subgroup check.
    function g1Mul(bytes memory point, uint256 scalar) internal view returns (bytes memory) {
        _requireLength(point, G1_BYTES);
        return _call(G1MSM, G1MSM_GAS_CAP, abi.encodePacked(point, scalar), G1_BYTES);
    }

    /// scalar · point, with a subgroup check.
    function g2Mul(bytes memory point, uint256 scalar) internal view returns (bytes memory) {
        _requireLength(point, G2_BYTES);
        return _call(G2MSM, G2MSM_GAS_CAP, abi.encodePacked(point, scalar), G2_BYTES);
    }

    /// sum += point, in place and without allocating, so that a long sum costs memory once. Infinity is a valid operand.
    function g2AddTo(bytes memory sum, bytes memory point) internal view {
        _requireLength(sum, G2_BYTES);
        _requireLength(point, G2_BYTES);
        address precompile = G2ADD;
        uint256 gasCap = G2ADD_GAS_CAP;
        bool ok;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            let at := add(sum, 0x20)
            mcopy(scratch, at, 0x100)
            mcopy(add(scratch, 0x100), add(point, 0x20), 0x100)
            ok := staticcall(gasCap, precompile, scratch, 0x200, at, 0x100)
            ok := and(ok, eq(returndatasize(), 0x100))
        }
        if (!ok) revert PrecompileRefused(precompile);
    }

    /// The same for a sum that stands in `holder` from byte `offset` on, and a point in the code of `pointer`, behind the byte that
    /// stops its execution. An address without
    /// code reads as infinity, which would leave the sum as it is, and is refused. The holder is as long as it has to be, see SealedSet.
    function g2AddCodeAt(bytes memory holder, uint256 offset, address pointer) internal view {
        address precompile = G2ADD;
        uint256 gasCap = G2ADD_GAS_CAP;
        bool ok;
        uint256 bits;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            let sum := add(add(holder, 0x20), offset)
            let x := add(scratch, 0x100)
            mcopy(scratch, sum, 0x100)
            extcodecopy(pointer, x, 1, 0x100)
            // 256 of its bits decide: to find a key in which they are zero takes as long as to find any other key's secret.
            bits := mload(add(x, 0x20))
            ok := staticcall(gasCap, precompile, scratch, 0x200, sum, 0x100)
            ok := and(ok, eq(returndatasize(), 0x100))
        }
        if (bits == 0) revert InfinityRefused();
        if (!ok) revert PrecompileRefused(precompile);
    }

    /// −point = (x, p − y). The point must be canonical (as the pairing precompile ensures).
    function g2Negate(bytes memory point) internal pure returns (bytes memory) {
        _requireLength(point, G2_BYTES);
        uint256[8] memory words = abi.decode(point, (uint256[8]));
        (words[4], words[5]) = _negateField(words[4], words[5]);
        (words[6], words[7]) = _negateField(words[6], words[7]);
        return abi.encodePacked(words);
    }

    /// Refuses a wrong length and infinity.
    function requireG1(bytes memory point) internal pure {
        _requireLength(point, G1_BYTES);
        uint256 bits;
        assembly ("memory-safe") {
            bits := or(
                or(mload(add(point, 0x20)), mload(add(point, 0x40))),
                or(mload(add(point, 0x60)), mload(add(point, 0x80)))
            )
        }
        if (bits == 0) revert InfinityRefused();
    }

    function _requireG2At(bytes memory holder, uint256 offset) private pure {
        if (holder.length < offset + G2_BYTES) revert BadLength(holder.length, offset + G2_BYTES);
        uint256 bits;
        assembly ("memory-safe") {
            let at := add(add(holder, 0x20), offset)
            bits := or(or(mload(at), mload(add(at, 0x20))), or(mload(add(at, 0x40)), mload(add(at, 0x60))))
            at := add(at, 0x80)
            bits := or(bits, or(or(mload(at), mload(add(at, 0x20))), or(mload(add(at, 0x40)), mload(add(at, 0x60)))))
        }
        if (bits == 0) revert InfinityRefused();
    }

    /// expand_message_xmd with SHA-256 to 128 bytes (RFC 9380 section 5.3.1): two field elements of 64 bytes each. The tag has
    /// 1 to 255 bytes.
    function _expandMessage(bytes memory message, bytes memory tag) private view returns (uint256[4] memory uniform) {
        address precompile = SHA256;
        bool ok;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            let tagBytes := mload(tag)
            // b_0 = H(64 zeros ‖ message ‖ 128 in 2 bytes ‖ 0 ‖ tag ‖ length of the tag)
            mstore(scratch, 0)
            mstore(add(scratch, 0x20), 0)
            let at := add(scratch, 0x40)
            mcopy(at, add(message, 0x20), mload(message))
            at := add(at, mload(message))
            mstore(at, shl(240, 128))
            at := add(at, 3)
            mcopy(at, add(tag, 0x20), tagBytes)
            at := add(at, tagBytes)
            mstore8(at, tagBytes)
            ok := staticcall(gas(), precompile, scratch, sub(add(at, 1), scratch), 0, 0x20)
            ok := and(ok, eq(returndatasize(), 0x20))
            // b_i = H((b_0 xor b_(i - 1)) ‖ i ‖ tag ‖ length of the tag), where b_1 takes b_0 alone
            let first := mload(0)
            mstore(scratch, first)
            mcopy(add(scratch, 0x21), add(tag, 0x20), tagBytes)
            mstore8(add(add(scratch, 0x21), tagBytes), tagBytes)
            let inputBytes := add(0x22, tagBytes)
            for { let i := 1 } lt(i, 5) { i := add(i, 1) } {
                mstore8(add(scratch, 0x20), i)
                let output := add(uniform, shl(5, sub(i, 1)))
                ok := and(ok, staticcall(gas(), precompile, scratch, inputBytes, output, 0x20))
                ok := and(ok, eq(returndatasize(), 0x20))
                mstore(scratch, xor(first, mload(output)))
            }
        }
        if (!ok) revert PrecompileRefused(precompile);
    }

    /// map_to_curve((high ‖ low) mod p) into `output` from byte `offset` on. The modulus is passed in 64 bytes, so the
    /// remainder comes back as a field element.
    function _mapToG1(uint256 high, uint256 low, bytes memory output, uint256 offset) private view {
        (address modexp, address mapping_) = (MODEXP, MAP_FP_TO_G1);
        (uint256 modexpGasCap, uint256 mapGasCap) = (MODEXP_GAS_CAP, MAP_GAS_CAP);
        (uint256 pHigh, uint256 pLow) = (P_HIGH, P_LOW);
        bool reduced;
        bool mapped;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mstore(scratch, 64)
            mstore(add(scratch, 0x20), 1)
            mstore(add(scratch, 0x40), 64)
            mstore(add(scratch, 0x60), high)
            mstore(add(scratch, 0x80), low)
            mstore8(add(scratch, 0xa0), 1)
            mstore(add(scratch, 0xa1), pHigh)
            mstore(add(scratch, 0xc1), pLow)
            reduced := staticcall(modexpGasCap, modexp, scratch, 0xe1, scratch, 0x40)
            reduced := and(reduced, eq(returndatasize(), 0x40))
            mapped := staticcall(mapGasCap, mapping_, scratch, 0x40, add(add(output, 0x20), offset), 0x80)
            mapped := and(mapped, eq(returndatasize(), 0x80))
        }
        if (!reduced) revert PrecompileRefused(modexp);
        if (!mapped) revert PrecompileRefused(mapping_);
    }

    /// p − (high, low), and 0 for 0, whose negation p would not be canonical.
    function _negateField(uint256 high, uint256 low) private pure returns (uint256, uint256) {
        if (high | low == 0) return (0, 0);
        unchecked {
            return (P_HIGH - high - (low > P_LOW ? 1 : 0), P_LOW - low);
        }
    }

    function _requireLength(bytes memory given, uint256 expected) private pure {
        if (given.length != expected) revert BadLength(given.length, expected);
    }

    /// The answer's size is checked because a call to a precompile that this chain lacks succeeds with nothing.
    function _call(address precompile, uint256 gasCap, bytes memory input, uint256 outputBytes)
        private
        view
        returns (bytes memory output)
    {
        output = new bytes(outputBytes);
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(gasCap, precompile, add(input, 0x20), mload(input), add(output, 0x20), outputBytes)
            ok := and(ok, eq(returndatasize(), outputBytes))
        }
        if (!ok) revert PrecompileRefused(precompile);
    }
}
