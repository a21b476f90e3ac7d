// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A token without value for devnets and tests: 18 decimals, a fixed supply, all of it minted to one holder.
contract DevnetToken is ERC20 {
    /// `supply` in units of 1e-18.
    constructor(address holder, uint256 supply) ERC20("Plumbline Devnet Token", "PLUMB") {
        _mint(holder, supply);
    }
}
