// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// What every test contract needs: the cheatcodes, and assertions that revert with what they saw.
abstract contract Test {
    error NotEqual(string what, bytes32 given, bytes32 expected);
    error NotTrue(string what);

    /// keccak256("hevm cheat code"), the address at which forge answers.
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function assertEq(bytes32 given, bytes32 expected, string memory what) internal pure {
        if (given != expected) revert NotEqual(what, given, expected);
    }

    function assertEq(uint256 given, uint256 expected, string memory what) internal pure {
        assertEq(bytes32(given), bytes32(expected), what);
    }

    function assertEq(address given, address expected, string memory what) internal pure {
        assertEq(uint256(uint160(given)), uint256(uint160(expected)), what);
    }

    function assertEq(bytes memory given, bytes memory expected, string memory what) internal pure {
        assertEq(keccak256(given), keccak256(expected), what);
    }

    /// `value` folded into [minimum, maximum].
    function bound(uint256 value, uint256 minimum, uint256 maximum) internal pure returns (uint256) {
        if (value >= minimum && value <= maximum) return value;
        return minimum + value % (maximum - minimum + 1);
    }
}
