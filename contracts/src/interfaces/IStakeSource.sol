// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Where the stake of watchers lies. The registry counts it and decides when it may leave; the source holds it. ERC-20 custody is
/// one (Erc20StakeSource); a restaking protocol can be another, as long as what it has locked can be seized until it is released.
///
/// A source serves one registry: the one whose constructor called `bind` first. A registry on a source that somebody else has
/// bound cannot be created, so an early call of `bind` only costs a new deployment of the source.
interface IStakeSource {
    event Bound(address indexed registry);
    event Locked(address indexed operator, uint256 amount);
    event Released(address indexed operator, uint256 amount);
    event Seized(address indexed reporter, uint256 toReporter, uint256 toBurn);
    event Withdrawn(address indexed account, uint256 amount);
    event Burned(uint256 amount);

    error AlreadyBound(address registry);
    error NotRegistry(address caller, address registry);
    /// The token delivered another amount than asked for: it takes a fee or rebases.
    error StakeNotReceived(uint256 received, uint256 expected);
    error NothingOwed(address account);
    error NothingToBurn();

    /// Makes the caller the registry. Once.
    function bind() external;

    /// Takes exactly `amount` of the operator's and keeps it, or reverts. Only the registry.
    function lock(address operator, uint256 amount) external;

    /// Gives `amount` back to the operator; never reverts because of the operator. Only the registry.
    function release(address operator, uint256 amount) external;

    /// Takes `toReporter + toBurn` of what is locked, for good. Moves no token, so no token can stop it. Only the registry.
    function seize(address reporter, uint256 toReporter, uint256 toBurn) external;

    /// Pays what is owed to the caller: a reporter's share, or stake whose transfer failed.
    function withdraw() external;

    /// Sends what was seized to the dead address. Anyone may call it.
    function burn() external;

    function registry() external view returns (address);
    /// The token in whose units stake is counted.
    function token() external view returns (address);
    /// Token units.
    function owed(address account) external view returns (uint256);
    /// Token units seized and not yet sent to the dead address.
    function burnable() external view returns (uint256);
}
