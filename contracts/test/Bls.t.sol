// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Signer} from "./Signer.sol";
import {Test} from "./Test.sol";

contract BlsTest is Test {
    /// RFC 9380 appendix J.9.1, BLS12381G1_XMD:SHA-256_SSWU_RO_.
    bytes private constant RFC_TAG = "QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";

    // A point on the curve but outside the subgroup: x = 4 (see the test that shows it).
    bytes private constant OUTSIDE_G1 = hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000004"
        hex"000000000000000000000000000000000a989badd40d6212b33cffc3f3763e9bc760f988c9926b26da9dd85e928483446346b8ed00e1de5d5ea93e354abe706c";

    function hashToG1(bytes calldata message, bytes calldata tag) external view returns (bytes memory) {
        return Bls.hashToG1(message, tag);
    }

    function verify(bytes calldata key, bytes calldata point, bytes calldata signature) external view returns (bool) {
        return Bls.verify(key, point, signature);
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

    function g2Add(bytes memory a, bytes memory b) public view returns (bytes memory) {
        Bls.g2AddTo(a, b);
        return a;
    }

    function g2AddCode(bytes memory a, address pointer) public view returns (bytes memory) {
        Bls.g2AddCodeAt(a, 0, pointer);
        return a;
    }

    function g2Negate(bytes calldata point) external pure returns (bytes memory) {
        return Bls.g2Negate(point);
    }

    function test_hashToG1_agreesWithTheVectorsOfRfc9380() external view {
        _assertHash(
            "",
            hex"052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
            hex"08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265"
        );
        _assertHash(
            "abc",
            hex"03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
            hex"0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d"
        );
        _assertHash(
            "abcdef0123456789",
            hex"11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98",
            hex"03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d709"
        );
        _assertHash(
            bytes.concat("q128_", _repeat("q", 128)),
            hex"15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac488",
            hex"1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6dd38"
        );
        _assertHash(
            bytes.concat("a512_", _repeat("a", 512)),
            hex"082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2dcfe",
            hex"05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7ac8"
        );
    }

    function test_hashToG1_hashesADomainTagLongerThan255BytesFirst() external view {
        bytes memory tag = _repeat("t", 256);
        bytes memory reduced = abi.encodePacked(sha256(bytes.concat("H2C-OVERSIZE-DST-", tag)));
        assertEq(this.hashToG1("message", tag), this.hashToG1("message", reduced), "RFC 9380 section 5.3.3");
        this.hashToG1("message", _repeat("t", 255));
    }

    function test_hashToG1_refusesAnEmptyDomainTag() external {
        vm.expectRevert(abi.encodeWithSelector(Bls.EmptyDomainTag.selector));
        this.hashToG1("message", "");
    }

    function testFuzz_verify_acceptsWhatAKeySigned(uint256 secret, bytes32 digest) external view {
        secret = bound(secret, 1, Signer.R - 1);
        bytes memory point = Bls.hashToG1(abi.encodePacked(digest), Signer.SIGNATURE_TAG);
        assertTrue(Bls.verify(Signer.publicKey(secret), point, Signer.sign(secret, digest)), "own signature");
    }

    function testFuzz_verify_rejectsWhatAnotherKeySigned(uint256 secret, bytes32 digest) external view {
        secret = bound(secret, 1, Signer.R - 2);
        bytes memory point = Bls.hashToG1(abi.encodePacked(digest), Signer.SIGNATURE_TAG);
        assertTrue(!Bls.verify(Signer.publicKey(secret), point, Signer.sign(secret + 1, digest)), "foreign signature");
    }

    function test_verify_refusesInfinity() external {
        (bytes memory key, bytes memory point, bytes memory signature) = _signed();
        vm.expectRevert(Bls.InfinityRefused.selector);
        this.verify(new bytes(256), point, signature);
        vm.expectRevert(Bls.InfinityRefused.selector);
        this.verify(key, new bytes(128), signature);
        vm.expectRevert(Bls.InfinityRefused.selector);
        this.verify(key, point, new bytes(128));
    }

    function test_verify_refusesMalformedLengths() external {
        (bytes memory key, bytes memory point, bytes memory signature) = _signed();
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 257, 256));
        this.verify(bytes.concat(key, hex"00"), point, signature);
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 0, 128));
        this.verify(key, "", signature);
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 48, 128));
        this.verify(key, point, new bytes(48));
    }

    function test_verify_refusesAPointOutsideTheSubgroup() external {
        (bytes memory key, bytes memory point,) = _signed();
        // It is on the curve, for ADD takes it; it is outside the subgroup, for MSM does not.
        this.g1Add(OUTSIDE_G1, OUTSIDE_G1);
        _expectRefusal(0x0c);
        this.g1Mul(OUTSIDE_G1, 1);
        _expectRefusal(0x0f);
        this.verify(key, point, OUTSIDE_G1);
    }

    function test_verify_refusesAPointOffTheCurveOrNotCanonical() external {
        (bytes memory key, bytes memory point, bytes memory signature) = _signed();
        bytes memory bent = bytes.concat(signature);
        bent[127] ^= 0x01;
        _expectRefusal(0x0f);
        this.verify(key, point, bent);
        bytes memory padded = bytes.concat(signature);
        padded[0] = 0x01;
        _expectRefusal(0x0f);
        this.verify(key, point, padded);
    }

    function test_verify_capsTheGasOfARefusedPrecompileCall() external view {
        (bytes memory key, bytes memory point,) = _signed();
        uint256 before = gasleft();
        try this.verify(key, point, OUTSIDE_G1) returns (bool) {
            revert NotTrue("accepted");
        } catch {
            assertTrue(before - gasleft() < 500_000, "gas burnt by a refusal");
        }
    }

    function test_addAndMul_refuseMalformedLengths() external {
        bytes memory g1 = new bytes(128);
        bytes memory g2 = new bytes(256);
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 127, 128));
        this.g1Add(new bytes(127), g1);
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 129, 128));
        this.g1Add(g1, new bytes(129));
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 96, 128));
        this.g1Mul(new bytes(96), 1);
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 192, 256));
        this.g2Mul(new bytes(192), 1);
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 192, 256));
        this.g2Add(new bytes(192), g2);
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 192, 256));
        this.g2Add(g2, new bytes(192));
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 255, 256));
        this.g2Negate(new bytes(255));
    }

    function test_g2AddTo_refusesAPointOffTheCurve() external {
        bytes memory off = bytes.concat(Signer.G2_GENERATOR);
        off[255] ^= 0x01;
        _expectRefusal(0x0d);
        this.g2Add(off, Signer.G2_GENERATOR);
    }

    function testFuzz_g2AddTo_addsLikeTheSecrets(uint256 a, uint256 b) external view {
        a = bound(a, 1, Signer.R - 1);
        b = bound(b, 1, Signer.R - 1);
        bytes memory sum = g2Add(Signer.publicKey(a), Signer.publicKey(b));
        assertEq(sum, Signer.publicKey(addmod(a, b, Signer.R)), "sum of keys");
    }

    function testFuzz_g2AddCodeAt_addsTheKeyInTheCode(uint256 a, uint256 b) external {
        a = bound(a, 1, Signer.R - 1);
        b = bound(b, 1, Signer.R - 1);
        bytes memory sum = g2AddCode(Signer.publicKey(a), SSTORE2.write(Signer.publicKey(b)));
        assertEq(sum, Signer.publicKey(addmod(a, b, Signer.R)), "sum of keys");
    }

    function test_g2AddCodeAt_refusesWhatIsNoKey() external {
        bytes memory key = Signer.publicKey(7);
        bytes memory off = bytes.concat(Signer.G2_GENERATOR);
        off[255] ^= 0x01;
        address[3] memory pointers = [address(0xbeef), SSTORE2.write(new bytes(256)), SSTORE2.write(off)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Bls.InfinityRefused.selector));
            this.g2AddCode(key, pointers[i]);
        }
        _expectRefusal(0x0d);
        this.g2AddCode(key, pointers[2]);
    }

    function testFuzz_g2Negate_isTheKeyOfTheNegatedSecret(uint256 secret) external view {
        secret = bound(secret, 1, Signer.R - 1);
        bytes memory negated = Bls.g2Negate(Signer.publicKey(secret));
        assertEq(negated, Signer.publicKey(Signer.R - secret), "negation");
        assertEq(g2Add(Signer.publicKey(secret), negated), new bytes(256), "sum is infinity");
    }

    function test_g2Negate_keepsAZeroCoordinateZero() external pure {
        bytes memory point = new bytes(256);
        point[255] = 0x05; // y = (0, 5): p − 0 would be p, which is not canonical
        bytes memory negated = Bls.g2Negate(point);
        uint256[8] memory words = abi.decode(negated, (uint256[8]));
        assertEq(words[4] | words[5], 0, "y.c0");
        assertEq(words[7], 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab - 5, "y.c1");
        assertEq(Bls.g2Negate(negated), point, "twice");
    }

    function _signed() private view returns (bytes memory key, bytes memory point, bytes memory signature) {
        bytes32 digest = keccak256("digest");
        key = Signer.publicKey(7);
        point = Bls.hashToG1(abi.encodePacked(digest), Signer.SIGNATURE_TAG);
        signature = Signer.sign(7, digest);
    }

    function _expectRefusal(uint160 precompile) private {
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileRefused.selector, address(precompile)));
    }

    function _assertHash(bytes memory message, bytes memory x, bytes memory y) private view {
        bytes memory expected = bytes.concat(new bytes(16), x, new bytes(16), y);
        assertEq(Bls.hashToG1(message, RFC_TAG), expected, string(message));
    }

    function _repeat(bytes1 letter, uint256 times) private pure returns (bytes memory text) {
        text = new bytes(times);
        for (uint256 i = 0; i < times; ++i) {
            text[i] = letter;
        }
    }
}
