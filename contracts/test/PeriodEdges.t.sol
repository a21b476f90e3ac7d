// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {IServiceRegistry} from "../src/interfaces/IServiceRegistry.sol";
import {Outcome, Service, Terms} from "../src/interfaces/Types.sol";
import {TermsBounds} from "../src/libraries/TermsBounds.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// A period at the edges of its window, of the agreement's length, and of a unit.
contract PeriodEdgesTest is MarketFixture {
    function setUp() public override {
        super.setUp();
        // Every proof holds: these tests are about what follows.
        vm.mockCall(address(oracle), abi.encodeWithSelector(IMeasurementOracle.verifyLeaf.selector), "");
    }

    function test_extend_addsNoWindowThatStartsInThisEpoch() external {
        uint256 id = _extending(2);
        warpToEpoch(FIRST + 2 * WINDOW);
        _settle(id, 0, Outcome.Inconclusive);
        assertEq(vault.agreement(id).periods, 2, "its successor's first epoch has begun");
        assertEq(vault.owed(address(token), CUSTOMER), PRICE, "so the price returns");
    }

    function test_extend_neverMakesAnAgreementLongerThanTheLongest() external {
        // casting to 'uint32' is safe because it is 2048
        uint32 longest = uint32(TermsBounds.PERIODS_MAX);
        uint256 id = _extending(longest);
        uint256 shorter = _extending(longest - 1);
        warpToEpoch(windowEnd(0) + SETTLE_DELAY);
        _settle(id, 0, Outcome.Inconclusive);
        assertEq(vault.agreement(id).periods, longest, "no longer");
        _settle(shorter, 0, Outcome.Inconclusive);
        assertEq(vault.agreement(shorter).periods, longest, "up to it");
    }

    function test_fee_isRoundedDown() external {
        Terms memory t = terms();
        t.pricePerPeriod = 99; // 2 % of it is 1.98
        uint256 id = agree(t);
        warpToEpoch(windowEnd(0) + SETTLE_DELAY);
        _settle(id, 0, Outcome.Met);
        assertEq(vault.owed(address(token), address(pool)), 1, "fee");
        assertEq(vault.owed(address(token), PROVIDER), 98, "the rest");
    }

    /// A service that was measured to the last epoch of a window has not abandoned it.
    function test_settle_slashesNoServiceThatRetiresAtTheEndOfTheWindow() external {
        uint256 id = agree(terms());
        warpToEpoch(windowEnd(0) + SETTLE_DELAY);
        Service memory service = services.service(serviceId);
        service.retiredFrom = windowEnd(0);
        vm.mockCall(address(services), abi.encodeCall(IServiceRegistry.service, (serviceId)), abi.encode(service));
        _settle(id, 0, Outcome.Inconclusive);
        assertTrue(vault.outcome(id, 0) == Outcome.Inconclusive, "inconclusive");
        service.retiredFrom = windowEnd(1) - 1;
        vm.mockCall(address(services), abi.encodeCall(IServiceRegistry.service, (serviceId)), abi.encode(service));
        warpToEpoch(windowEnd(1) + SETTLE_DELAY);
        _settle(id, 1, Outcome.Inconclusive);
        assertTrue(vault.outcome(id, 1) == Outcome.Abandoned, "abandoned an epoch before it ended");
    }

    function test_payFees_refusesAPoolThatTakesAnotherAmount() external {
        uint256 id = agree(terms());
        warpToEpoch(windowEnd(0) + SETTLE_DELAY);
        _settle(id, 0, Outcome.Met);
        uint256 fee = PRICE / 50;
        vm.mockCall(address(pool), abi.encodeCall(pool.fundRewards, (fee)), "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TokenNotReceived.selector, 0, fee));
        vault.payFees();
    }

    function _extending(uint32 periods) private returns (uint256) {
        Terms memory t = terms();
        (t.periods, t.extend) = (periods, true);
        return agree(t);
    }

    function _settle(uint256 id, uint32 period, Outcome outcome) private {
        vault.settle(id, period, windowEnd(period) - 1, leafOf(period, outcome), new bytes32[](0));
    }
}
