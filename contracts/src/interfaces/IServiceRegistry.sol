// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWatcherRegistry} from "./IWatcherRegistry.sol";
import {Service, ServiceConfig} from "./Types.sol";

/// What is measured. A provider registers its own service; watchers load nothing else. A registration, like a retirement,
/// takes effect `activationDelayEpochs` of the WatcherRegistry later, so that all watchers see it in time; before genesis it
/// takes effect at epoch 0. A configuration never changes: register anew and retire the old one.
/// Whether the provider controls the url is checked by the watchers (well-known file or DNS), not here.
interface IServiceRegistry {
    event ServiceRegistered(
        bytes32 indexed serviceId,
        address indexed provider,
        uint256 indexed index,
        uint64 activeFrom,
        ServiceConfig config
    );
    event ServiceRetired(bytes32 indexed serviceId, address indexed provider, uint64 retiredFrom);

    error UnknownService(bytes32 serviceId);
    error NotProvider(address caller, address provider);
    error AlreadyRetired(bytes32 serviceId, uint64 retiredFrom);
    /// Every watcher measures every live service; retire one before registering another.
    error TooManyServices(uint256 maximum);
    /// A field of the configuration is out of its bounds; `name` says which.
    error FieldOutOfBounds(string name, uint256 given, uint256 minimum, uint256 maximum);
    error IndexOutOfRange(uint256 index, uint256 count);

    /// The caller becomes the provider. `serviceId` = keccak256(abi.encode(chainid, this, provider, nonce)), where nonce
    /// counts the provider's registrations from 0.
    function register(ServiceConfig calldata config) external returns (bytes32 serviceId);

    /// Ends the measuring `activationDelayEpochs` from now. Only the provider; final. A running agreement in SlaVault counts
    /// the periods that this leaves unmeasured as abandoned.
    function retire(bytes32 serviceId) external;

    function watcherRegistry() external view returns (IWatcherRegistry);
    /// All registrations ever made, in order; retired ones stay.
    function count() external view returns (uint256);
    /// Registered and not retired.
    function liveCount() external view returns (uint256);
    function serviceAt(uint256 index) external view returns (bytes32 serviceId);
    function service(bytes32 serviceId) external view returns (Service memory);
    function config(bytes32 serviceId) external view returns (ServiceConfig memory);
    function isActive(bytes32 serviceId, uint64 epoch) external view returns (bool);
    /// The number of registrations of a provider so far: the nonce of its next one.
    function nonces(address provider) external view returns (uint256);
}
