// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Where fees go: the money that pays watchers for measuring.
interface IRewardPool {
    /// Takes `amount` of `token` from the caller, who has approved it, and shares it out by the pool's own rules.
    function fund(address token, uint256 amount) external;
}
