// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRewardPool} from "./IRewardPool.sol";

/// Money that a contract holds for others and pays only to who asks for it: no recipient can block anybody else.
interface IEscrow {
    event Withdrawn(address indexed token, address indexed account, uint256 amount);
    event FeesPaid(uint256 amount);

    error NoRewardPool();
    /// The token delivered another amount than asked for: it takes a fee or rebases.
    error TokenNotReceived(uint256 received, uint256 expected);
    error NothingOwed(address token, address account);
    /// A token called back while it was being moved.
    error Reentered();

    /// Pays the caller everything that it is owed in `token`.
    function withdraw(address token) external;

    /// Hands the reward pool what it is owed in its token. A pool that refuses blocks nobody.
    function payFees() external;

    function rewardPool() external view returns (IRewardPool);
    function rewardToken() external view returns (address);
    /// Token units.
    function owed(address token, address account) external view returns (uint256);
}
