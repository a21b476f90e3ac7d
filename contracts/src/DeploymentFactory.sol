// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CREATE3} from "solady/utils/CREATE3.sol";

/// Creates contracts for one account at addresses that follow from a name alone, and not from code or constructor arguments.
/// So a registry can name its court, and a vault its market, before either exists; and a deployment that stopped half-way is
/// gone on with. Only that account creates: whoever chooses the block of an oracle's creation chooses its genesis seed.
contract DeploymentFactory {
    error NotDeployer(address caller, address deployer);

    /// `name` is what `create` was given; the address follows from it and from this factory's own.
    event Created(bytes32 indexed name, address contract_);

    address public immutable deployer;

    constructor(address deployer_) {
        deployer = deployer_;
    }

    /// Each name serves once. `creationCode` has the constructor's arguments at its end. Reverts with `DeploymentFailed` when
    /// the name is taken or the constructor reverts.
    function create(bytes32 name, bytes calldata creationCode) external returns (address contract_) {
        if (msg.sender != deployer) revert NotDeployer(msg.sender, deployer);
        contract_ = CREATE3.deployDeterministic(creationCode, name);
        emit Created(name, contract_);
    }

    function addressOf(bytes32 name) external view returns (address) {
        return CREATE3.predictDeterministicAddress(name);
    }
}
