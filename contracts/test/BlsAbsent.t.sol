// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Signer} from "./Signer.sol";
import {Test} from "./Test.sol";

/// A chain without a precompile answers a call to it with success and nothing: that must not pass for a sum.
contract BlsAbsentTest is Test {
    bytes32 private constant DIGEST = keccak256("digest");

    function hashToG1() external view returns (bytes memory) {
        return Bls.hashToG1(abi.encodePacked(DIGEST), Signer.SIGNATURE_TAG);
    }

    function g1Add(bytes calldata a) external view returns (bytes memory) {
        return Bls.g1Add(a, a);
    }

    function g1Mul(bytes calldata a) external view returns (bytes memory) {
        return Bls.g1Mul(a, 2);
    }

    function g2Mul(bytes calldata a) external view returns (bytes memory) {
        return Bls.g2Mul(a, 2);
    }

    function g2Add(bytes memory a) external view {
        Bls.g2AddTo(a, a);
    }

    function g2AddCode(bytes memory a, address pointer) external view {
        Bls.g2AddCodeAt(a, 0, pointer);
    }

    function verifyAt(bytes calldata holder, uint256 offset, bytes calldata point, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return Bls.verifyAt(holder, offset, point, signature);
    }

    function test_hashToG1_needsTheModularPower() external {
        _takeAway(0x05);
        this.hashToG1();
    }

    function test_hashToG1_needsTheMapToTheCurve() external {
        _takeAway(0x10);
        this.hashToG1();
    }

    function test_hashToG1_needsTheSum() external {
        _takeAway(0x0b);
        this.hashToG1();
    }

    function test_addAndMul_needTheirPrecompiles() external {
        bytes memory point = this.hashToG1();
        bytes memory key = Signer.publicKey(7);
        _takeAway(0x0b);
        this.g1Add(point);
        _takeAway(0x0c);
        this.g1Mul(point);
        _takeAway(0x0e);
        this.g2Mul(key);
    }

    function test_g2AddTo_needsTheSum() external {
        bytes memory key = Signer.publicKey(7);
        _takeAway(0x0d);
        this.g2Add(key);
    }

    function test_g2AddCodeAt_needsTheSum() external {
        bytes memory key = Signer.publicKey(7);
        address pointer = SSTORE2.write(key);
        _takeAway(0x0d);
        this.g2AddCode(key, pointer);
    }

    /// It has no y, so it is on no curve; but it is not infinity, which would be another's mistake.
    function test_verifyAt_refusesHalfAKeyByThePairing() external {
        bytes memory signature = Signer.sign(7, DIGEST);
        bytes memory half = bytes.concat(new bytes(127), hex"01", new bytes(128));
        bytes memory point = this.hashToG1();
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileRefused.selector, address(0x0f)));
        this.verifyAt(half, 0, point, signature);
    }

    function test_verifyAt_needsThePairing() external {
        bytes memory point = this.hashToG1();
        (bytes memory key, bytes memory signature) = (Signer.publicKey(7), Signer.sign(7, DIGEST));
        assertTrue(this.verifyAt(bytes.concat(new bytes(96), key), 96, point, signature), "with it");
        _takeAway(0x0f);
        this.verifyAt(key, 0, point, signature);
    }

    function test_verifyAt_refusesAHolderThatEndsWithinTheKey() external {
        (bytes memory key, bytes memory signature) = (Signer.publicKey(7), Signer.sign(7, DIGEST));
        bytes memory point = this.hashToG1();
        vm.expectRevert(abi.encodeWithSelector(Bls.BadLength.selector, 256, 257));
        this.verifyAt(key, 1, point, signature);
    }

    function _takeAway(uint160 precompile) private {
        vm.mockCall(address(precompile), "", "");
        vm.expectRevert(abi.encodeWithSelector(Bls.PrecompileRefused.selector, address(precompile)));
    }
}
