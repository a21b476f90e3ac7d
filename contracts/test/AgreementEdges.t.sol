// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {IServiceRegistry} from "../src/interfaces/IServiceRegistry.sol";
import {ISlaMarket} from "../src/interfaces/ISlaMarket.sol";
import {ISlaVault} from "../src/interfaces/ISlaVault.sol";
import {Intent, Outcome, Service, Terms} from "../src/interfaces/Types.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {BlacklistToken, ReentrantToken} from "./Tokens.sol";

/// An agreement at the edges of its service's life, of its void periods, and while a token moves.
contract AgreementEdgesTest is MarketFixture {
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;

    function test_accept_refusesAServiceThatRetiresInTheMiddle() external {
        uint256 id = offer(terms());
        Service memory service = _services(serviceId, 0, FIRST + PERIODS * WINDOW - 1);
        expectError(abi.encodeWithSelector(ISlaVault.ServiceNotActive.selector, serviceId, 0, service.retiredFrom));
        vm.prank(CUSTOMER);
        vault.accept(id, FIRST);
        _services(serviceId, 0, FIRST + PERIODS * WINDOW);
        vm.prank(CUSTOMER);
        vault.accept(id, FIRST);
    }

    function test_reveal_refusesAServiceThatStartsWithinTheAgreement() external {
        uint256 id = post(intent());
        commit(id, 0, 10 ether);
        warpToEpoch(COMMIT_UNTIL);
        _services(serviceOf[0], START + 1, type(uint64).max);
        expectError(abi.encodeWithSelector(ISlaMarket.ServiceDoesNotQualify.selector, serviceOf[0], "active"));
        reveal(id, 0, 10 ether);
        _services(serviceOf[0], START, type(uint64).max);
        reveal(id, 0, 10 ether);
    }

    function test_reveal_refusesAServiceThatRetiresWithinTheAgreement() external {
        uint256 id = post(intent());
        commit(id, 0, 10 ether);
        warpToEpoch(COMMIT_UNTIL);
        _services(serviceOf[0], 0, START + PERIODS * WINDOW - 1);
        expectError(abi.encodeWithSelector(ISlaMarket.ServiceDoesNotQualify.selector, serviceOf[0], "active"));
        reveal(id, 0, 10 ether);
        _services(serviceOf[0], 0, START + PERIODS * WINDOW);
        reveal(id, 0, 10 ether);
    }

    function test_post_roundsTheDepositUp() external {
        Intent memory wanted = intent();
        wanted.terms.pricePerPeriod = 17; // 2 % of 51
        assertEq(market.intentState(post(wanted)).deposit, 2, "1.02");
    }

    /// The pool pays out its own token alone: another would lie there for ever, and look like a reward.
    function test_lapse_burnsForfeitsInATokenThatThePoolDoesNotPay() external {
        BlacklistToken coin = new BlacklistToken(10_000 ether);
        Intent memory wanted = intent();
        wanted.terms.token = address(coin);
        address[2] memory both = [CUSTOMER, bidders[0]];
        for (uint256 i = 0; i < 2; ++i) {
            coin.transfer(both[i], 1000 ether);
            vm.prank(both[i]);
            coin.approve(address(market), type(uint256).max);
        }
        uint256 id = post(wanted);
        commit(id, 0, 10 ether);
        warpToEpoch(REVEAL_UNTIL);
        market.lapse(id);
        assertEq(market.owed(address(coin), address(pool)), 0, "nothing to the pool");
        assertEq(market.owed(address(coin), DEAD), DEPOSIT, "to nobody");
    }

    /// The period that ends the agreement returns its own price and adds no window.
    function test_extend_addsNothingForTheLastVoidInARow() external {
        Terms memory t = terms();
        (t.periods, t.voidsInRowMax, t.extend) = (8, 2, true);
        uint256 id = agree(t);
        vm.mockCall(address(oracle), abi.encodeWithSelector(IMeasurementOracle.verifyLeaf.selector), "");
        warpToEpoch(windowEnd(0) + SETTLE_DELAY);
        vault.settle(id, 0, windowEnd(0) - 1, leafOf(0, Outcome.Inconclusive), new bytes32[](0));
        assertEq(vault.agreement(id).periods, 9, "extended once");
        warpToEpoch(windowEnd(1) + SETTLE_DELAY);
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.PeriodSettled(id, 1, Outcome.Inconclusive, 0, PRICE, 0, 0);
        vault.settle(id, 1, windowEnd(1) - 1, leafOf(1, Outcome.Inconclusive), new bytes32[](0));
    }

    /// Fees are pushed to the pool, and what moved is told by balances: nothing else may move meanwhile.
    function test_payFees_refusesWhileATokenMoves() external {
        ReentrantToken evil = new ReentrantToken(10_000 ether);
        evil.transfer(CUSTOMER, 1000 ether);
        vm.prank(CUSTOMER);
        evil.approve(address(market), type(uint256).max);
        // A forfeited deposit is what the market owes to the pool.
        uint256 id = post(intent());
        commit(id, 0, 10 ether);
        warpToEpoch(REVEAL_UNTIL);
        market.lapse(id);
        assertEq(owedBy(address(pool)), DEPOSIT, "something to pay");
        evil.arm(address(market), abi.encodeCall(IEscrow.payFees, ()));
        Intent memory wanted = intent();
        wanted.terms.token = address(evil);
        wanted.commitUntil += 2 * WINDOW;
        wanted.revealUntil += 2 * WINDOW;
        wanted.firstWindowStart += 2 * WINDOW;
        post(wanted);
        assertTrue(!evil.reentered(), "refused");
        assertEq(bytes4(evil.refusal()), IEscrow.Reentered.selector, "as a reentry");
        market.payFees();
    }

    function _services(bytes32 id, uint64 activeFrom, uint64 retiredFrom) private returns (Service memory service) {
        service = services.service(id);
        (service.activeFrom, service.retiredFrom) = (activeFrom, retiredFrom);
        vm.mockCall(address(services), abi.encodeCall(IServiceRegistry.service, (id)), abi.encode(service));
    }
}
