// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IServiceRegistry} from "./interfaces/IServiceRegistry.sol";
import {IWatcherRegistry} from "./interfaces/IWatcherRegistry.sol";
import {Service, ServiceConfig} from "./interfaces/Types.sol";

/// Documentation stands on the interface.
contract ServiceRegistry is IServiceRegistry {
    /// What a watcher can probe, and a report can carry leaves for, in one epoch.
    uint256 public constant SERVICES_MAX = 1024;
    /// The longest url that common servers accept; it must fit a probe's request line.
    uint256 public constant URL_BYTES_MAX = 2048;
    /// The longest registered HTTP method has 17 letters; JSON-RPC methods are below 64.
    uint256 public constant METHOD_BYTES_MAX = 64;
    /// Kind-specific settings: a request body, a JSON path. Bounds what every watcher must hold.
    uint256 public constant EXTRA_BYTES_MAX = 4096;
    /// One probe takes at least tens of milliseconds of a watcher's epoch.
    uint256 public constant SLOTS_PER_EPOCH_MAX = 1024;
    /// Longer than any service that is worth a promise takes to answer.
    uint256 public constant TIMEOUT_MILLIS_MAX = 30_000;
    /// The kind is four bits on the wire.
    uint256 public constant KIND_MAX = 15;

    IWatcherRegistry public immutable watcherRegistry;
    /// TIMEOUT_MILLIS_MAX, or half an epoch if that is shorter: the other half is for the times at which probes start.
    uint256 public immutable timeoutMillisMax;
    uint256 public liveCount;
    mapping(address provider => uint256) public nonces;
    bytes32[] private _ids;
    mapping(bytes32 serviceId => Service) private _services;

    constructor(IWatcherRegistry watcherRegistry_) {
        watcherRegistry = watcherRegistry_;
        uint256 halfEpochMillis = uint256(watcherRegistry_.epochSeconds()) * 500;
        timeoutMillisMax = halfEpochMillis < TIMEOUT_MILLIS_MAX ? halfEpochMillis : TIMEOUT_MILLIS_MAX;
    }

    function register(ServiceConfig calldata config_) external returns (bytes32 serviceId) {
        _requireWithin("kind", config_.kind, 0, KIND_MAX);
        _requireWithin("url", bytes(config_.url).length, 1, URL_BYTES_MAX);
        _requireWithin("method", bytes(config_.method).length, 0, METHOD_BYTES_MAX);
        _requireWithin("slotsPerEpoch", config_.slotsPerEpoch, 1, SLOTS_PER_EPOCH_MAX);
        _requireWithin("timeoutMillis", config_.timeoutMillis, 1, timeoutMillisMax);
        _requireWithin("extra", config_.extra.length, 0, EXTRA_BYTES_MAX);
        if (liveCount == SERVICES_MAX) revert TooManyServices(SERVICES_MAX);

        serviceId = keccak256(abi.encode(block.chainid, address(this), msg.sender, nonces[msg.sender]++));
        uint256 index = _ids.length;
        uint64 activeFrom = _effectiveEpoch();
        ++liveCount;
        _ids.push(serviceId);
        _services[serviceId] = Service({
            provider: msg.sender,
            activeFrom: activeFrom,
            retiredFrom: type(uint64).max,
            configPointer: SSTORE2.write(abi.encode(config_))
        });
        emit ServiceRegistered(serviceId, msg.sender, index, activeFrom, config_);
    }

    function retire(bytes32 serviceId) external {
        Service storage record = _service(serviceId);
        if (msg.sender != record.provider) revert NotProvider(msg.sender, record.provider);
        if (record.retiredFrom != type(uint64).max) revert AlreadyRetired(serviceId, record.retiredFrom);
        uint64 retiredFrom = _effectiveEpoch();
        --liveCount;
        record.retiredFrom = retiredFrom;
        emit ServiceRetired(serviceId, msg.sender, retiredFrom);
    }

    function count() external view returns (uint256) {
        return _ids.length;
    }

    function serviceAt(uint256 index) external view returns (bytes32) {
        if (index >= _ids.length) revert IndexOutOfRange(index, _ids.length);
        return _ids[index];
    }

    function service(bytes32 serviceId) external view returns (Service memory) {
        return _service(serviceId);
    }

    function config(bytes32 serviceId) external view returns (ServiceConfig memory) {
        return abi.decode(SSTORE2.read(_service(serviceId).configPointer), (ServiceConfig));
    }

    function isActive(bytes32 serviceId, uint64 epoch) external view returns (bool) {
        Service storage record = _service(serviceId);
        return record.activeFrom <= epoch && epoch < record.retiredFrom;
    }

    function _service(bytes32 serviceId) private view returns (Service storage record) {
        record = _services[serviceId];
        if (record.provider == address(0)) revert UnknownService(serviceId);
    }

    /// When a change made now takes effect.
    function _effectiveEpoch() private view returns (uint64) {
        if (block.timestamp < watcherRegistry.genesis()) return 0;
        return watcherRegistry.currentEpoch() + watcherRegistry.activationDelayEpochs();
    }

    function _requireWithin(string memory name, uint256 given, uint256 minimum, uint256 maximum) private pure {
        if (given < minimum || given > maximum) revert FieldOutOfBounds(name, given, minimum, maximum);
    }
}
