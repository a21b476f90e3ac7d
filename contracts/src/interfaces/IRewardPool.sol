// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// The part of the oracle that fees go to: the money that pays watchers for measuring.
interface IRewardPool {
    /// Takes `amount` of `rewardToken` from the caller, who has approved it.
    function fundRewards(uint256 amount) external;
    function rewardToken() external view returns (IERC20);
}
