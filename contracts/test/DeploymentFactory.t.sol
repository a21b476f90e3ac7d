// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CREATE3} from "solady/utils/CREATE3.sol";
import {DeploymentFactory} from "../src/DeploymentFactory.sol";
import {Test} from "./Test.sol";

contract Stored {
    uint256 public immutable value;

    constructor(uint256 value_) {
        require(value_ != 0);
        value = value_;
    }
}

contract DeploymentFactoryTest is Test {
    bytes32 private constant NAME = "court";
    DeploymentFactory private factory;

    function setUp() external {
        factory = new DeploymentFactory(address(this));
    }

    function _code(uint256 value) private pure returns (bytes memory) {
        return bytes.concat(type(Stored).creationCode, abi.encode(value));
    }

    function test_create_addressFollowsFromTheNameAlone() external {
        address ahead = factory.addressOf(NAME);
        assertTrue(ahead != factory.addressOf("market"), "another name, another address");
        vm.expectEmit(true, true, true, true, address(factory));
        emit DeploymentFactory.Created(NAME, ahead);
        assertEq(factory.create(NAME, _code(7)), ahead, "address");
        assertEq(Stored(ahead).value(), 7, "constructor argument");
    }

    function test_create_failsForAnybodyElse() external {
        address stranger = address(0xbad);
        vm.expectRevert(abi.encodeWithSelector(DeploymentFactory.NotDeployer.selector, stranger, address(this)));
        vm.prank(stranger);
        factory.create(NAME, _code(7));
    }

    function test_create_nameServesOnce() external {
        factory.create(NAME, _code(7));
        vm.expectRevert(CREATE3.DeploymentFailed.selector);
        factory.create(NAME, _code(8));
    }

    function test_create_afterARevertedConstructorTheNameIsStillFree() external {
        vm.expectRevert(CREATE3.DeploymentFailed.selector);
        factory.create(NAME, _code(0));
        assertEq(factory.create(NAME, _code(8)), factory.addressOf(NAME), "address");
    }
}
