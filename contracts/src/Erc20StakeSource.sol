// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";

/// Documentation stands on the interface. Operators approve this contract, not the registry.
contract Erc20StakeSource is IStakeSource {
    using SafeERC20 for IERC20;

    /// Any ERC-20 can be sent there, whether or not it knows how to burn; nobody has its key.
    address public constant DEAD = 0x000000000000000000000000000000000000dEaD;

    IERC20 private immutable _token;
    address public registry;
    mapping(address account => uint256) public owed;
    uint256 public burnable;

    modifier onlyRegistry() {
        if (msg.sender != registry) revert NotRegistry(msg.sender, registry);
        _;
    }

    constructor(IERC20 token_) {
        _token = token_;
    }

    function bind() external {
        if (registry != address(0)) revert AlreadyBound(registry);
        registry = msg.sender;
        emit Bound(msg.sender);
    }

    function lock(address operator, uint256 amount) external onlyRegistry {
        emit Locked(operator, amount);
        uint256 before = _token.balanceOf(address(this));
        _token.safeTransferFrom(operator, address(this), amount);
        uint256 received = _token.balanceOf(address(this)) - before;
        if (received != amount) revert StakeNotReceived(received, amount);
    }

    function release(address operator, uint256 amount) external onlyRegistry {
        emit Released(operator, amount);
        // A refused transfer must not hold the seat for ever.
        if (!_token.trySafeTransfer(operator, amount)) owed[operator] += amount;
    }

    function seize(address reporter, uint256 toReporter, uint256 toBurn) external onlyRegistry {
        owed[reporter] += toReporter;
        burnable += toBurn;
        emit Seized(reporter, toReporter, toBurn);
    }

    function withdraw() external {
        uint256 amount = owed[msg.sender];
        if (amount == 0) revert NothingOwed(msg.sender);
        owed[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        _token.safeTransfer(msg.sender, amount);
    }

    function burn() external {
        uint256 amount = burnable;
        if (amount == 0) revert NothingToBurn();
        burnable = 0;
        emit Burned(amount);
        _token.safeTransfer(DEAD, amount);
    }

    function token() external view returns (address) {
        return address(_token);
    }
}
