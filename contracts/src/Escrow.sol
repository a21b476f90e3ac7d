// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IRewardPool} from "./interfaces/IRewardPool.sol";

/// What vault and market share: the only ways in which tokens enter and leave them.
abstract contract Escrow is IEscrow {
    using SafeERC20 for IERC20;

    /// Where money goes that nobody may have: the pool's token alone can be paid out by the pool.
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;

    IRewardPool public immutable rewardPool;
    address public immutable rewardToken;
    /// What is owed and one more, once the account is open: a place that is not zero is 17,100 gas cheaper for whoever pays
    /// into it, and stays so after everything was withdrawn.
    mapping(address token => mapping(address account => uint256)) private _owedAndOne;
    /// While a token is being moved; nothing else may move then, because balances before and after are compared.
    bool private transient _moving;

    constructor(IRewardPool rewardPool_) {
        if (address(rewardPool_) == address(0)) revert NoRewardPool();
        rewardPool = rewardPool_;
        rewardToken = address(rewardPool_.rewardToken());
        _openAccount(rewardToken, address(rewardPool_));
    }

    function withdraw(address token) external {
        if (_moving) revert Reentered();
        uint256 amount = owed(token, msg.sender);
        if (amount == 0) revert NothingOwed(token, msg.sender);
        _owedAndOne[token][msg.sender] = 1;
        emit Withdrawn(token, msg.sender, amount);
        _moving = true;
        IERC20(token).safeTransfer(msg.sender, amount);
        _moving = false;
    }

    function payFees() external {
        address token = rewardToken;
        uint256 amount = owed(token, address(rewardPool));
        if (amount == 0) revert NothingOwed(token, address(rewardPool));
        _owedAndOne[token][address(rewardPool)] = 1;
        emit FeesPaid(amount);
        uint256 before = _beforePush(token, address(rewardPool), amount);
        rewardPool.fundRewards(amount);
        _afterPush(token, amount, before);
    }

    function owed(address token, address account) public view returns (uint256) {
        uint256 andOne = _owedAndOne[token][account];
        return andOne == 0 ? 0 : andOne - 1;
    }

    /// So that the first payment costs no more than later ones. Whoever opens it pays for the place.
    function _openAccount(address token, address account) internal {
        if (_owedAndOne[token][account] == 0) _owedAndOne[token][account] = 1;
    }

    function _owe(address token, address account, uint256 amount) internal {
        if (amount == 0) return;
        uint256 andOne = _owedAndOne[token][account];
        _owedAndOne[token][account] = (andOne == 0 ? 1 : andOne) + amount;
    }

    /// Takes `amount` of the caller, last of all effects.
    function _pull(address token, uint256 amount) internal {
        if (_moving) revert Reentered();
        _moving = true;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert TokenNotReceived(received, amount);
        _moving = false;
    }

    /// Lets `spender` take `amount` in the call that `_afterPush` follows.
    /// @return before what is held now
    function _beforePush(address token, address spender, uint256 amount) internal returns (uint256 before) {
        if (_moving) revert Reentered();
        _moving = true;
        before = IERC20(token).balanceOf(address(this));
        IERC20(token).forceApprove(spender, amount);
    }

    /// Reverts unless exactly `amount` was taken since `_beforePush`.
    function _afterPush(address token, uint256 amount, uint256 before) internal {
        uint256 sent = before - IERC20(token).balanceOf(address(this));
        if (sent != amount) revert TokenNotReceived(sent, amount);
        _moving = false;
    }
}
