// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SlaMarket} from "../src/SlaMarket.sol";
import {ILeafStore} from "../src/interfaces/ILeafStore.sol";
import {ISlaMarket} from "../src/interfaces/ISlaMarket.sol";
import {ISlaVault} from "../src/interfaces/ISlaVault.sol";
import {Agreement, AgreementStatus, Intent, IntentStatus, ServiceConfig} from "../src/interfaces/Types.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// The course of an intent; MarketAttacks.t.sol has what people try.
contract SlaMarketTest is MarketFixture {
    // Posting

    function test_post_escrowsTheBudget() external {
        uint256 id = post(intent());
        assertEq(token.balanceOf(address(market)), 3 * uint256(BUDGET), "held");
        assertEq(market.intentState(id).deposit, DEPOSIT, "deposit");
        assertEq(keccak256(abi.encode(market.intent(id))), keccak256(abi.encode(intent())), "intent");
        assertMarketConserved();
    }

    function test_post_refusesTimesOutOfOrderOrOfNoLength() external {
        Intent memory wanted = intent();
        wanted.commitUntil = 7; // now is 5, the first whole epoch 6, and a phase lasts 2
        _refused(wanted, "commitUntil", 7, 8, 6 + 43_200);
        wanted.commitUntil = 6 + 43_201;
        _refused(wanted, "commitUntil", 6 + 43_201, 8, 6 + 43_200);
        wanted = intent();
        wanted.revealUntil = COMMIT_UNTIL + 1;
        _refused(wanted, "revealUntil", COMMIT_UNTIL + 1, COMMIT_UNTIL + 2, COMMIT_UNTIL + 43_200);
        wanted = intent();
        wanted.firstWindowStart = 12;
        _refused(wanted, "firstWindowStart", 12, REVEAL_UNTIL + 2, REVEAL_UNTIL + 16);
        wanted.firstWindowStart = 32;
        _refused(wanted, "firstWindowStart", 32, REVEAL_UNTIL + 2, REVEAL_UNTIL + 16);
        wanted.firstWindowStart = 17;
        expectError(abi.encodeWithSelector(ISlaMarket.WindowNotAligned.selector, 17, WINDOW));
        post(wanted);
    }

    function test_post_refusesTermsThatTheVaultWouldRefuse() external {
        Intent memory wanted = intent();
        wanted.terms.slashPerPeriod = BOND + 1;
        expectError(abi.encodeWithSelector(ISlaVault.FieldOutOfBounds.selector, "slashPerPeriod", BOND + 1, 0, BOND));
        post(wanted);
        wanted = intent();
        wanted.terms.serviceId = "chosen";
        expectError(abi.encodeWithSelector(ISlaMarket.ServiceNotEmpty.selector, bytes32("chosen")));
        post(wanted);
        wanted = intent();
        wanted.terms.pricePerPeriod = 0;
        _refused(wanted, "pricePerPeriod", 0, 1, type(uint96).max);
        wanted = intent();
        wanted.kind = 16;
        _refused(wanted, "kind", 16, 0, 15);
    }

    function test_cancel_returnsTheBudgetWhileNobodyHasBid() external {
        uint256 id = post(intent());
        expectError(abi.encodeWithSelector(ISlaMarket.NotCustomer.selector, bidders[0], CUSTOMER));
        vm.prank(bidders[0]);
        market.cancel(id);
        vm.prank(CUSTOMER);
        market.cancel(id);
        assertEq(owedBy(CUSTOMER), 3 * uint256(BUDGET), "owed");
        vm.expectRevert(abi.encodeWithSelector(ISlaMarket.WrongIntentStatus.selector, id, 2, 1));
        vm.prank(bidders[0]);
        market.commit(id, "late");
        id = post(intent());
        commit(id, 0, 10 ether);
        expectError(abi.encodeWithSelector(ISlaMarket.HasBids.selector, id, 1));
        vm.prank(CUSTOMER);
        market.cancel(id);
        assertMarketConserved();
    }

    // A whole course

    function test_lowestQualifyingPriceWins() external {
        uint256 id = post(intent());
        commit(id, 0, 11 ether);
        commit(id, 1, 9 ether);
        commit(id, 2, 10 ether);
        assertEq(token.balanceOf(address(market)), 3 * (BUDGET + DEPOSIT), "deposits");
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 11 ether);
        assertEq(owedBy(bidders[0]), 0, "leads: deposit and bond are held");
        assertMarketConserved();
        reveal(id, 1, 9 ether);
        assertEq(owedBy(bidders[0]), DEPOSIT + BOND, "overtaken: both return");
        reveal(id, 2, 10 ether);
        assertEq(owedBy(bidders[2]), DEPOSIT, "does not lead: no bond was taken");
        assertMarketConserved();
        warpToEpoch(REVEAL_UNTIL);
        vm.expectEmit(true, true, true, true, address(market));
        emit ISlaMarket.Matched(id, 1, bidders[1], serviceOf[1], 9 ether);
        vm.prank(address(0xdead));
        assertEq(market.matchIntent(id), 1, "agreement");
        Agreement memory agreed = vault.agreement(1);
        assertEq(agreed.provider, bidders[1], "provider");
        assertEq(agreed.customer, CUSTOMER, "customer");
        assertTrue(agreed.status == AgreementStatus.Active, "active");
        assertEq(agreed.firstWindowStart, START, "start");
        assertEq(vault.terms(1).pricePerPeriod, 9 ether, "its own price");
        assertEq(vault.terms(1).serviceId, serviceOf[1], "service");
        assertEq(owedBy(CUSTOMER), 3 * (BUDGET - 9 ether), "the rest of the budget");
        assertEq(owedBy(bidders[1]), DEPOSIT, "deposit");
        assertEq(token.balanceOf(address(vault)), BOND + 3 * 9 ether, "escrow of the vault");
        assertMarketConserved();
    }

    function test_tiesGoToTheEarliestCommit() external {
        uint256 id = post(intent());
        commit(id, 1, 10 ether);
        commit(id, 0, 10 ether);
        commit(id, 2, 10 ether);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 2, 10 ether);
        reveal(id, 1, 10 ether);
        reveal(id, 0, 10 ether);
        assertEq(market.intentState(id).bestBidder, bidders[1], "whoever revealed first");
    }

    function test_everythingReturns_whenNobodyMatchesInTime() external {
        uint256 id = post(intent());
        commit(id, 0, 10 ether);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 10 ether);
        warpToEpoch(REVEAL_UNTIL);
        expectError(abi.encodeWithSelector(ISlaMarket.CanBeMatched.selector, id));
        market.lapse(id);
        warpToEpoch(START);
        expectError(abi.encodeWithSelector(ISlaMarket.OutsidePhase.selector, START, REVEAL_UNTIL, START));
        market.matchIntent(id);
        market.lapse(id);
        assertEq(owedBy(CUSTOMER), 3 * uint256(BUDGET), "customer");
        assertEq(owedBy(bidders[0]), DEPOSIT + BOND, "bidder");
        assertTrue(market.intentState(id).status == IntentStatus.Lapsed, "lapsed");
        assertMarketConserved();
    }

    function test_lapse_withoutAnyBid() external {
        uint256 id = post(intent());
        warpToEpoch(REVEAL_UNTIL - 1);
        expectError(
            abi.encodeWithSelector(ISlaMarket.OutsidePhase.selector, REVEAL_UNTIL - 1, REVEAL_UNTIL, type(uint64).max)
        );
        market.lapse(id);
        warpToEpoch(REVEAL_UNTIL);
        expectError(abi.encodeWithSelector(ISlaMarket.NothingRevealed.selector, id));
        market.matchIntent(id);
        market.lapse(id);
        assertEq(owedBy(CUSTOMER), 3 * uint256(BUDGET), "customer");
        expectError(abi.encodeWithSelector(ISlaMarket.WrongIntentStatus.selector, id, 4, 1));
        market.lapse(id);
    }

    function test_phases_areKept() external {
        uint256 id = post(intent());
        commit(id, 0, 10 ether);
        expectError(abi.encodeWithSelector(ISlaMarket.OutsidePhase.selector, 5, COMMIT_UNTIL, REVEAL_UNTIL));
        reveal(id, 0, 10 ether);
        warpToEpoch(COMMIT_UNTIL);
        expectError(abi.encodeWithSelector(ISlaMarket.OutsidePhase.selector, COMMIT_UNTIL, 0, COMMIT_UNTIL));
        vm.prank(bidders[1]);
        market.commit(id, "late");
        expectError(abi.encodeWithSelector(ISlaMarket.OutsidePhase.selector, COMMIT_UNTIL, REVEAL_UNTIL, START));
        market.matchIntent(id);
        warpToEpoch(REVEAL_UNTIL);
        expectError(abi.encodeWithSelector(ISlaMarket.OutsidePhase.selector, REVEAL_UNTIL, COMMIT_UNTIL, REVEAL_UNTIL));
        reveal(id, 0, 10 ether);
    }

    // Qualifying

    function test_reveal_takesOnlyAServiceOfTheKindAndLoadAskedFor() external {
        ServiceConfig memory other = serviceConfig();
        other.kind = 2;
        vm.prank(bidders[0]);
        serviceOf[0] = services.register(other);
        other = serviceConfig();
        other.extra = abi.encode(uint32(1000));
        vm.prank(bidders[1]);
        serviceOf[1] = services.register(other);
        Intent memory wanted = intent();
        wanted.extraDigest = keccak256(abi.encode(uint32(1000)));
        uint256 id = post(wanted);
        for (uint256 i = 0; i < 3; ++i) {
            commit(id, i, 10 ether);
        }
        warpToEpoch(COMMIT_UNTIL);
        _disqualified(id, 0, "kind");
        _disqualified(id, 2, "extra");
        reveal(id, 1, 10 ether);
        assertEq(market.intentState(id).bestBidder, bidders[1], "the one that fits");
    }

    function test_reveal_takesOnlyAServiceThatIsMeasuredThroughout() external {
        uint256 id = post(intent());
        commit(id, 0, 10 ether);
        warpToEpoch(COMMIT_UNTIL);
        vm.prank(bidders[0]);
        services.retire(serviceOf[0]);
        _disqualified(id, 0, "active");
    }

    function test_reveal_canAskForAValueThatOnlyConsentGives() external {
        Intent memory wanted = intent();
        wanted.measuredWithinSeconds = 300;
        uint256 id = post(wanted);
        for (uint256 i = 0; i < 3; ++i) {
            commit(id, i, 10 ether);
        }
        warpToEpoch(COMMIT_UNTIL);
        uint64 now_ = uint64(block.timestamp);
        store.set(serviceOf[0], 0, WINDOW, 8, now_ - 300, [uint40(1), 1, 1]);
        store.set(serviceOf[1], 0, WINDOW, 8, now_ - 301, [uint40(1), 1, 1]);
        // Nothing was ever proven of the third.
        reveal(id, 0, 10 ether);
        _disqualified(id, 1, "measured");
        _disqualified(id, 2, "measured");
    }

    function test_constructor_refusesTheVaultOfAnotherMarket() external {
        expectError(abi.encodeWithSelector(ISlaMarket.NotMarketOfVault.selector, address(market)));
        new SlaMarket(vault, ILeafStore(address(store)), PHASE_MIN);
    }

    function _disqualified(uint256 id, uint256 i, string memory what) private {
        expectError(abi.encodeWithSelector(ISlaMarket.ServiceDoesNotQualify.selector, serviceOf[i], what));
        reveal(id, i, 10 ether);
    }

    function _refused(Intent memory wanted, string memory name, uint256 given, uint256 minimum, uint256 maximum)
        private
    {
        expectError(abi.encodeWithSelector(ISlaMarket.FieldOutOfBounds.selector, name, given, minimum, maximum));
        post(wanted);
    }
}
