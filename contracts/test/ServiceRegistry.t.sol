// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Erc20StakeSource} from "../src/Erc20StakeSource.sol";
import {ServiceRegistry} from "../src/ServiceRegistry.sol";
import {WatcherRegistry} from "../src/WatcherRegistry.sol";
import {IServiceRegistry} from "../src/interfaces/IServiceRegistry.sol";
import {Service, ServiceConfig} from "../src/interfaces/Types.sol";
import {Fixture} from "./Fixture.sol";

contract ServiceRegistryTest is Fixture {
    address private constant PROVIDER = address(0xbeef);

    function setUp() external {
        deploy();
    }

    function test_register_beforeGenesisIsActiveFromEpochZero() external {
        bytes32 id = _register(serviceConfig());
        Service memory service = services.service(id);
        assertEq(service.provider, PROVIDER, "provider");
        assertEq(service.activeFrom, 0, "active from");
        assertTrue(services.isActive(id, 0) && services.isActive(id, type(uint64).max - 1), "active");
        assertEq(keccak256(abi.encode(services.config(id))), keccak256(abi.encode(serviceConfig())), "config");
    }

    function test_register_afterGenesisIsActiveAfterTheDelay() external {
        warpToEpoch(10);
        bytes32 id = _register(serviceConfig());
        assertTrue(!services.isActive(id, 11) && services.isActive(id, 12), "active from 12");
    }

    function test_register_derivesTheIdAndKeepsTheOrder() external {
        bytes32 first = _register(serviceConfig());
        bytes32 second = _register(serviceConfig());
        assertEq(first, keccak256(abi.encode(block.chainid, address(services), PROVIDER, uint256(0))), "first id");
        assertEq(second, keccak256(abi.encode(block.chainid, address(services), PROVIDER, uint256(1))), "second id");
        assertEq(services.nonces(PROVIDER), 2, "nonce");
        assertEq(services.count(), 2, "count");
        assertEq(services.serviceAt(0), first, "order");
        assertEq(services.serviceAt(1), second, "order");
    }

    function test_register_emitsTheWholeConfiguration() external {
        bytes32 id = keccak256(abi.encode(block.chainid, address(services), PROVIDER, uint256(0)));
        vm.expectEmit(true, true, true, true, address(services));
        emit IServiceRegistry.ServiceRegistered(id, PROVIDER, 0, 0, serviceConfig());
        _register(serviceConfig());
    }

    function test_register_acceptsEveryFieldAtItsBound() external {
        ServiceConfig memory config = serviceConfig();
        config.kind = 15;
        config.url = string(new bytes(2048));
        config.method = string(new bytes(64));
        config.slotsPerEpoch = 1024;
        config.timeoutMillis = 30_000;
        config.extra = new bytes(4096);
        bytes32 id = _register(config);
        assertEq(keccak256(abi.encode(services.config(id))), keccak256(abi.encode(config)), "config");
    }

    function test_register_refusesEveryFieldBeyondItsBound() external {
        ServiceConfig memory config = serviceConfig();
        config.kind = 16;
        _refused(config, "kind", 16, 0, 15);
        config = serviceConfig();
        config.url = "";
        _refused(config, "url", 0, 1, 2048);
        config.url = string(new bytes(2049));
        _refused(config, "url", 2049, 1, 2048);
        config = serviceConfig();
        config.method = string(new bytes(65));
        _refused(config, "method", 65, 0, 64);
        config = serviceConfig();
        config.slotsPerEpoch = 0;
        _refused(config, "slotsPerEpoch", 0, 1, 1024);
        config.slotsPerEpoch = 1025;
        _refused(config, "slotsPerEpoch", 1025, 1, 1024);
        config = serviceConfig();
        config.timeoutMillis = 0;
        _refused(config, "timeoutMillis", 0, 1, 30_000);
        config.timeoutMillis = 30_001;
        _refused(config, "timeoutMillis", 30_001, 1, 30_000);
        config = serviceConfig();
        config.extra = new bytes(4097);
        _refused(config, "extra", 4097, 0, 4096);
    }

    function test_register_refusesATimeoutLongerThanHalfAnEpoch() external {
        WatcherRegistry quick = newRegistry(new Erc20StakeSource(token), STAKE_MIN, STAKE_CAP, GENESIS, 4);
        services = new ServiceRegistry(quick);
        ServiceConfig memory config = serviceConfig();
        config.timeoutMillis = 2_000;
        _register(config);
        config.timeoutMillis = 2_001;
        _refused(config, "timeoutMillis", 2_001, 1, 2_000);
    }

    function test_register_refusesMoreLiveServicesThanWatchersCanProbe() external {
        ServiceConfig memory config = serviceConfig();
        bytes32 first = _register(config);
        for (uint256 i = 1; i < 1024; ++i) {
            _register(config);
        }
        vm.expectRevert(abi.encodeWithSelector(IServiceRegistry.TooManyServices.selector, 1024));
        _register(config);
        vm.prank(PROVIDER);
        services.retire(first);
        _register(config);
        assertEq(services.liveCount(), 1024, "live");
        assertEq(services.count(), 1025, "ever");
    }

    function test_retire_takesEffectAfterTheDelay() external {
        bytes32 id = _register(serviceConfig());
        warpToEpoch(20);
        vm.prank(PROVIDER);
        services.retire(id);
        assertTrue(services.isActive(id, 21) && !services.isActive(id, 22), "retired from 22");
        assertEq(services.liveCount(), 0, "live");
    }

    function test_retire_refusesAnybodyButTheProvider() external {
        bytes32 id = _register(serviceConfig());
        vm.expectRevert(abi.encodeWithSelector(IServiceRegistry.NotProvider.selector, address(this), PROVIDER));
        services.retire(id);
    }

    function test_retire_refusesASecondTime() external {
        bytes32 id = _register(serviceConfig());
        vm.prank(PROVIDER);
        services.retire(id);
        vm.expectRevert(abi.encodeWithSelector(IServiceRegistry.AlreadyRetired.selector, id, 0));
        vm.prank(PROVIDER);
        services.retire(id);
    }

    function test_views_refuseWhatDoesNotExist() external {
        vm.expectRevert(abi.encodeWithSelector(IServiceRegistry.UnknownService.selector, bytes32(uint256(1))));
        services.service(bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(IServiceRegistry.UnknownService.selector, bytes32(uint256(1))));
        services.retire(bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(IServiceRegistry.IndexOutOfRange.selector, 0, 0));
        services.serviceAt(0);
    }

    function _register(ServiceConfig memory config) private returns (bytes32) {
        vm.prank(PROVIDER);
        return services.register(config);
    }

    function _refused(ServiceConfig memory config, string memory name, uint256 given, uint256 minimum, uint256 maximum)
        private
    {
        vm.expectRevert(
            abi.encodeWithSelector(IServiceRegistry.FieldOutOfBounds.selector, name, given, minimum, maximum)
        );
        services.register(config);
    }
}
