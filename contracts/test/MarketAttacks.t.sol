// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {ISlaMarket} from "../src/interfaces/ISlaMarket.sol";
import {Agreement, Intent, IntentStatus} from "../src/interfaces/Types.sol";
import {MarketFixture} from "./MarketFixture.sol";
import {BlacklistToken, FeeToken, ReentrantToken} from "./Tokens.sol";

/// What people try at the market, and what it costs them.
contract MarketAttacksTest is MarketFixture {
    /// Bids that are never opened cost 2 % of the budget each, and the money goes to nobody who could gain from it.
    function test_bidGriefing_costsTheGrieferAndPaysNobodyInvolved() external {
        uint256 id = post(intent());
        commit(id, 0, 10 ether);
        commit(id, 1, 1);
        commit(id, 2, 2);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 10 ether);
        warpToEpoch(REVEAL_UNTIL);
        vm.expectEmit(true, true, true, true, address(market));
        emit ISlaMarket.Forfeited(id, 2, 2 * DEPOSIT);
        market.matchIntent(id);
        assertEq(owedBy(address(pool)), 2 * DEPOSIT, "forfeited to the pool");
        assertEq(owedBy(bidders[1]) + owedBy(bidders[2]), 0, "not to the bidders");
        assertEq(owedBy(bidders[0]), DEPOSIT, "nor to their rival");
        assertEq(owedBy(CUSTOMER), 3 * (BUDGET - 10 ether), "nor to the customer");
        market.payFees();
        assertEq(pool.funded(), 2 * DEPOSIT, "funded");
        assertMarketConserved();
    }

    /// Nobody is kept out: after any number of other bids there is room for one more, at the same price.
    function test_bidStuffing_keepsNobodyOut() external {
        uint256 id = post(intent());
        for (uint160 i = 1; i <= 200; ++i) {
            fund(address(i << 32), address(market), DEPOSIT);
            vm.prank(address(i << 32));
            market.commit(id, bytes32(uint256(i)));
        }
        commit(id, 0, 10 ether);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 10 ether);
        warpToEpoch(REVEAL_UNTIL);
        market.matchIntent(id);
        assertEq(vault.agreement(1).provider, bidders[0], "served");
        assertEq(owedBy(address(pool)), 200 * DEPOSIT, "400 % of the budget were burnt on it");
    }

    function test_bidCopying_isWorthless() external {
        uint256 id = post(intent());
        bytes32 seen = market.commitmentOf(id, bidders[0], serviceOf[0], 9 ether, SALT);
        vm.prank(bidders[1]);
        market.commit(id, seen); // in front of the one that it copies
        commit(id, 0, 9 ether);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 9 ether);
        bytes32 own = market.commitmentOf(id, bidders[1], serviceOf[0], 9 ether, SALT);
        expectError(abi.encodeWithSelector(ISlaMarket.CommitmentMismatch.selector, own, seen));
        vm.prank(bidders[1]);
        market.reveal(id, serviceOf[0], 9 ether, SALT);
        warpToEpoch(REVEAL_UNTIL);
        market.matchIntent(id);
        assertEq(owedBy(address(pool)), DEPOSIT, "the copy cost its deposit");
    }

    function test_commitments_areBoundToIntentChainAndContract() external {
        bytes32 here = market.commitmentOf(1, bidders[0], serviceOf[0], 9 ether, SALT);
        assertTrue(here != market.commitmentOf(2, bidders[0], serviceOf[0], 9 ether, SALT), "intent");
        assertTrue(
            here
                == keccak256(
                    abi.encode(block.chainid, address(market), 1, bidders[0], serviceOf[0], uint128(9 ether), SALT)
                ),
            "as documented"
        );
        vm.chainId(77);
        assertTrue(here != market.commitmentOf(1, bidders[0], serviceOf[0], 9 ether, SALT), "chain");
    }

    function test_malformedReveals_changeNothing() external {
        uint256 id = post(intent());
        commit(id, 0, 9 ether);
        vm.prank(bidders[1]);
        expectError(abi.encodeWithSelector(ISlaMarket.NoCommitment.selector));
        market.commit(id, 0);
        expectError(abi.encodeWithSelector(ISlaMarket.AlreadyBid.selector, id, bidders[0]));
        vm.prank(bidders[0]);
        market.commit(id, "second");
        warpToEpoch(COMMIT_UNTIL);
        vm.startPrank(bidders[0]);
        vm.expectPartialRevert(ISlaMarket.CommitmentMismatch.selector);
        market.reveal(id, serviceOf[0], 8 ether, SALT);
        vm.expectPartialRevert(ISlaMarket.CommitmentMismatch.selector);
        market.reveal(id, serviceOf[1], 9 ether, SALT);
        vm.expectPartialRevert(ISlaMarket.CommitmentMismatch.selector);
        market.reveal(id, serviceOf[0], 9 ether, "pepper");
        vm.stopPrank();
    }

    function test_reveal_refusesStrangersSecondsAndOtherIntents() external {
        uint256 id = post(intent());
        commit(id, 0, 9 ether);
        warpToEpoch(COMMIT_UNTIL);
        expectError(abi.encodeWithSelector(ISlaMarket.NoBid.selector, id, bidders[1]));
        reveal(id, 1, 9 ether);
        expectError(abi.encodeWithSelector(ISlaMarket.WrongIntentStatus.selector, 7, 0, 1));
        reveal(7, 0, 9 ether);
        reveal(id, 0, 9 ether);
        expectError(abi.encodeWithSelector(ISlaMarket.AlreadyRevealed.selector, id, bidders[0]));
        reveal(id, 0, 9 ether);
        assertMarketConserved();
    }

    /// A price above the budget, or another's service, is no bid: its deposit is lost like that of an unopened one.
    function test_bidsThatCannotQualify_forfeitLikeUnopenedOnes() external {
        uint256 id = post(intent());
        commit(id, 0, BUDGET + 1);
        bytes32 stolen = market.commitmentOf(id, bidders[1], serviceOf[2], 1, SALT);
        vm.prank(bidders[1]);
        market.commit(id, stolen);
        warpToEpoch(COMMIT_UNTIL);
        expectError(abi.encodeWithSelector(ISlaMarket.PriceAboveBudget.selector, BUDGET + 1, BUDGET));
        reveal(id, 0, BUDGET + 1);
        expectError(abi.encodeWithSelector(ISlaMarket.NotProvider.selector, bidders[1], bidders[2]));
        vm.prank(bidders[1]);
        market.reveal(id, serviceOf[2], 1, SALT);
        warpToEpoch(REVEAL_UNTIL);
        market.lapse(id);
        assertEq(owedBy(address(pool)), 2 * DEPOSIT, "forfeited");
        assertEq(owedBy(CUSTOMER), 3 * uint256(BUDGET), "the budget returns");
    }

    /// A winner that takes its service away before the match loses its deposit, and the customer nothing.
    function test_winnerThatSabotages_losesItsDeposit() external {
        uint256 id = post(intent());
        commit(id, 0, 1);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 1);
        vm.prank(bidders[0]);
        services.retire(serviceOf[0]);
        warpToEpoch(REVEAL_UNTIL);
        expectError(abi.encodeWithSelector(ISlaMarket.ServiceDoesNotQualify.selector, serviceOf[0], "active"));
        market.matchIntent(id);
        market.lapse(id);
        assertEq(owedBy(bidders[0]), BOND, "the bond returns");
        assertEq(owedBy(address(pool)), DEPOSIT, "the deposit does not");
        assertEq(owedBy(CUSTOMER), 3 * uint256(BUDGET), "customer");
        assertMarketConserved();
    }

    /// However late the match, no window of the agreement has started.
    function test_match_neverOpensOverAStartedWindow() external {
        uint256 id = post(intent());
        commit(id, 0, 9 ether);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 9 ether);
        vm.warp(GENESIS + START * EPOCH_SECONDS - 1);
        uint256 before = block.timestamp;
        market.matchIntent(id);
        Agreement memory agreed = vault.agreement(1);
        assertTrue(GENESIS + agreed.firstWindowStart * EPOCH_SECONDS > before, "starts later");
    }

    // Tokens

    function test_tokensThatTakeAFee_areRefused() external {
        FeeToken fee = new FeeToken(10_000 ether);
        fee.transfer(CUSTOMER, 1000 ether);
        vm.prank(CUSTOMER);
        fee.approve(address(market), type(uint256).max);
        Intent memory wanted = intent();
        wanted.terms.token = address(fee);
        uint256 budget = 3 * uint256(BUDGET);
        expectError(abi.encodeWithSelector(IEscrow.TokenNotReceived.selector, budget - budget / 100, budget));
        post(wanted);
    }

    function test_tokensThatCallBack_moveNothingElse() external {
        ReentrantToken evil = new ReentrantToken(10_000 ether);
        evil.transfer(CUSTOMER, 1000 ether);
        vm.prank(CUSTOMER);
        evil.approve(address(market), type(uint256).max);
        evil.approve(address(market), type(uint256).max);
        Intent memory wanted = intent();
        wanted.terms.token = address(evil);
        // The token posts an intent of its own from inside the transfer, to be credited twice for one payment.
        evil.arm(address(market), abi.encodeCall(ISlaMarket.post, (wanted)));
        uint256 id = post(wanted);
        assertTrue(!evil.reentered(), "refused");
        assertEq(bytes4(evil.refusal()), IEscrow.Reentered.selector, "as a reentry");
        // And nothing of an open intent can be taken from inside the match.
        for (uint256 i = 0; i < 2; ++i) {
            evil.transfer(bidders[i], 1000 ether);
            vm.prank(bidders[i]);
            evil.approve(address(market), type(uint256).max);
        }
        commit(id, 0, 9 ether);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 9 ether);
        warpToEpoch(REVEAL_UNTIL);
        evil.arm(address(market), abi.encodeCall(ISlaMarket.lapse, (id)));
        market.matchIntent(id);
        assertEq(bytes4(evil.refusal()), ISlaMarket.WrongIntentStatus.selector, "matched already");
        assertEq(
            evil.balanceOf(address(market)),
            market.owed(address(evil), CUSTOMER) + market.owed(address(evil), bidders[0]),
            "held = owed"
        );
    }

    function test_aBlacklistedBidder_blocksNobody() external {
        BlacklistToken coin = new BlacklistToken(10_000 ether);
        Intent memory wanted = intent();
        wanted.terms.token = address(coin);
        address[3] memory all = [CUSTOMER, bidders[0], bidders[1]];
        for (uint256 i = 0; i < 3; ++i) {
            coin.transfer(all[i], 1000 ether);
            vm.prank(all[i]);
            coin.approve(address(market), type(uint256).max);
        }
        uint256 id = post(wanted);
        commit(id, 0, 10 ether);
        commit(id, 1, 9 ether);
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 10 ether);
        coin.blacklist(bidders[0]);
        coin.blacklist(CUSTOMER);
        reveal(id, 1, 9 ether); // overtakes one that can receive nothing
        warpToEpoch(REVEAL_UNTIL);
        market.matchIntent(id);
        assertTrue(market.intentState(id).status == IntentStatus.Matched, "matched");
        assertEq(market.owed(address(coin), bidders[0]), DEPOSIT + BOND, "kept for it");
        vm.prank(bidders[1]);
        market.withdraw(address(coin));
    }
}
