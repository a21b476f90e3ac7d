// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {ISlaVault} from "../src/interfaces/ISlaVault.sol";
import {AgreementStatus, Leaf, Outcome, Terms} from "../src/interfaces/Types.sol";
import {ReentrantToken} from "./Tokens.sol";
import {VaultFixture} from "./VaultFixture.sol";

contract VaultSettlementTest is VaultFixture {
    // Outcomes

    function test_settle_met_paysTheProvider() external {
        _settledAs(Outcome.Met, PRICE, 0, 0);
    }

    function test_settle_credited_sharesThePrice() external {
        _settledAs(Outcome.Credited, PRICE - PRICE / 4, PRICE / 4, 0);
    }

    function test_settle_inconclusive_returnsThePrice() external {
        _settledAs(Outcome.Inconclusive, 0, PRICE, 0);
    }

    function test_settle_breached_returnsThePriceAndSlashes() external {
        _settledAs(Outcome.Breached, 0, PRICE, SLASH);
    }

    function test_settle_neverSlashesMoreThanTheBond() external {
        uint256 id = agree(terms());
        for (uint32 period = 0; period < PERIODS; ++period) {
            settle(id, period, Outcome.Breached);
        }
        assertEq(vault.owed(address(token), CUSTOMER), PERIODS * uint256(PRICE) + BOND, "customer"); // 20 + 20 + 10
        assertEq(vault.owed(address(token), PROVIDER), 0, "provider");
        assertTrue(vault.agreement(id).status == AgreementStatus.Closed, "closed");
    }

    function test_settle_returnsTheBondAfterTheLastPeriod() external {
        uint256 id = agree(terms());
        settle(id, 0, Outcome.Met);
        settle(id, 1, Outcome.Breached);
        Leaf memory leaf = leafOf(2, Outcome.Met);
        uint64 reportEpoch = landLeaf(2, leaf);
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.PeriodSettled(id, 2, Outcome.Met, PRICE, 0, 0, 0);
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.AgreementClosed(id, BOND - SLASH);
        vault.settle(id, 2, reportEpoch, leaf, new bytes32[](0));
        assertEq(vault.owed(address(token), PROVIDER), 2 * PRICE + BOND - SLASH, "provider");
        assertEq(vault.owed(address(token), CUSTOMER), PRICE + SLASH, "customer");
        expectStatus(id, AgreementStatus.Closed, AgreementStatus.Active);
        vault.settle(id, 2, reportEpoch, leaf, new bytes32[](0));
    }

    function test_settle_paysTheSameWhoeverCalls() external {
        uint256 id = agree(terms());
        Leaf memory leaf = leafOf(0, Outcome.Met);
        uint64 reportEpoch = landLeaf(0, leaf);
        vm.prank(address(0xdead));
        vault.settle(id, 0, reportEpoch, leaf, new bytes32[](0));
        assertEq(vault.owed(address(token), address(0xdead)), 0, "caller");
        assertEq(vault.owed(address(token), PROVIDER), PRICE, "provider");
    }

    function test_previewOutcome_saysWhatSettleDoes() external {
        uint256 id = agree(terms());
        (Outcome outcome, uint128 paid, uint128 returned, uint128 slashed,) =
            vault.previewOutcome(id, 0, leafOf(0, Outcome.Breached));
        assertTrue(outcome == Outcome.Breached, "outcome");
        assertEq(paid, 0, "paid");
        assertEq(returned, PRICE, "returned");
        assertEq(slashed, SLASH, "slashed");
    }

    // What does not settle

    function test_settle_refusesASecondSettlement() external {
        uint256 id = agree(terms());
        settle(id, 0, Outcome.Met);
        expectError(abi.encodeWithSelector(ISlaVault.PeriodAlreadySettled.selector, id, 0, Outcome.Met));
        vault.settle(id, 0, windowEnd(0) - 1, leafOf(0, Outcome.Met), new bytes32[](0));
        warpToEpoch(windowEnd(0) + EXPIRY);
        expectError(abi.encodeWithSelector(ISlaVault.PeriodAlreadySettled.selector, id, 0, Outcome.Met));
        vault.expire(id, 0);
    }

    function test_settle_refusesAnUnknownPeriod() external {
        uint256 id = agree(terms());
        expectError(abi.encodeWithSelector(ISlaVault.UnknownPeriod.selector, PERIODS, PERIODS));
        vault.settle(id, PERIODS, 100, leafOf(PERIODS, Outcome.Met), new bytes32[](0));
        expectError(abi.encodeWithSelector(ISlaVault.UnknownPeriod.selector, PERIODS, PERIODS));
        vault.expire(id, PERIODS);
    }

    function test_settle_refusesAnOfferThatNobodyAccepted() external {
        uint256 id = offer(terms());
        expectStatus(id, AgreementStatus.Offered, AgreementStatus.Active);
        vault.settle(id, 0, 100, leafOf(0, Outcome.Met), new bytes32[](0));
        expectStatus(id, AgreementStatus.Offered, AgreementStatus.Active);
        vault.expire(id, 0);
    }

    function test_settle_refusesTheLeafOfAnotherServiceWindowOrVantage() external {
        uint256 id = agree(terms());
        Leaf memory leaf = leafOf(0, Outcome.Met);
        leaf.serviceId = "another";
        _refused(
            id, leaf, abi.encodeWithSelector(ISlaVault.LeafOfAnotherService.selector, bytes32("another"), serviceId)
        );
        leaf = leafOf(1, Outcome.Met);
        _refused(id, leaf, abi.encodeWithSelector(ISlaVault.LeafOfAnotherWindow.selector, 12, WINDOW, FIRST, WINDOW));
        leaf = leafOf(0, Outcome.Met);
        leaf.windowEpochs = 1;
        _refused(id, leaf, abi.encodeWithSelector(ISlaVault.LeafOfAnotherWindow.selector, FIRST, 1, FIRST, WINDOW));
        leaf = leafOf(0, Outcome.Met);
        leaf.vantage = 3;
        _refused(id, leaf, abi.encodeWithSelector(ISlaVault.LeafOfAnotherVantage.selector, 3, 0));
    }

    function test_settle_refusesAReportFromBeforeTheWindowsEnd() external {
        uint256 id = agree(terms());
        Leaf memory leaf = leafOf(0, Outcome.Met);
        warpToEpoch(11);
        land(10, WATCHERS, this.hashLeaf(leaf));
        warpToEpoch(20);
        expectError(abi.encodeWithSelector(ISlaVault.ReportBeforeWindowEnd.selector, 10, 12));
        vault.settle(id, 0, 10, leaf, new bytes32[](0));
    }

    function test_settle_refusesBeforeTheSettleDelay() external {
        uint256 id = agree(terms());
        Leaf memory leaf = leafOf(0, Outcome.Met);
        landLeaf(0, leaf);
        warpToEpoch(13);
        expectError(abi.encodeWithSelector(ISlaVault.SettleDelayRunning.selector, 13, 14));
        vault.settle(id, 0, 11, leaf, new bytes32[](0));
        expectError(
            abi.encodeWithSelector(
                ISlaVault.SettleDelayRunning.selector, 13, uint256(type(uint64).max) + 1 + SETTLE_DELAY
            )
        );
        vault.settle(id, 0, type(uint64).max, leaf, new bytes32[](0));
    }

    function test_settle_refusesABentProof() external {
        uint256 id = agree(terms());
        Leaf memory leaf = leafOf(0, Outcome.Met);
        landLeaf(0, leaf);
        vm.expectPartialRevert(IMeasurementOracle.ProofRejected.selector);
        vault.settle(id, 0, 11, leaf, new bytes32[](1));
        vm.expectPartialRevert(IMeasurementOracle.ProofRejected.selector);
        vault.settle(id, 0, 11, leafOf(0, Outcome.Breached), new bytes32[](0));
        expectError(abi.encodeWithSelector(IMeasurementOracle.UnknownRoot.selector, 12));
        warpToEpoch(20);
        vault.settle(id, 0, 12, leaf, new bytes32[](0));
    }

    // Expiry and retirement

    function test_expire_returnsThePriceWithoutSlashing() external {
        uint256 id = agree(terms());
        warpToEpoch(windowEnd(0) + EXPIRY - 1);
        expectError(
            abi.encodeWithSelector(
                ISlaVault.PeriodNotExpired.selector, windowEnd(0) + EXPIRY - 1, windowEnd(0) + EXPIRY
            )
        );
        vault.expire(id, 0);
        warpToEpoch(windowEnd(0) + EXPIRY);
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.PeriodSettled(id, 0, Outcome.Expired, 0, PRICE, 0, 0);
        vault.expire(id, 0);
        assertEq(vault.owed(address(token), CUSTOMER), PRICE, "customer");
        assertEq(vault.agreement(id).bondLeft, BOND, "bond");
    }

    function test_settle_refusesOnceThePeriodExpired() external {
        uint256 id = agree(terms());
        Leaf memory leaf = leafOf(0, Outcome.Breached);
        landLeaf(0, leaf);
        warpToEpoch(windowEnd(0) + EXPIRY);
        expectError(
            abi.encodeWithSelector(ISlaVault.PeriodExpired.selector, windowEnd(0) + EXPIRY, windowEnd(0) + EXPIRY)
        );
        vault.settle(id, 0, 11, leaf, new bytes32[](0));
        warpToEpoch(windowEnd(0) + EXPIRY - 1);
        vault.settle(id, 0, 11, leaf, new bytes32[](0)); // until then
    }

    function test_retiring_insideAnAgreedWindowIsSettledLikeABreach() external {
        uint256 id = agree(terms());
        warpToEpoch(9);
        vm.prank(PROVIDER);
        services.retire(serviceId); // from 11, inside period 0
        Leaf memory leaf = leafOf(0, Outcome.Inconclusive);
        vault.settle(id, 0, landLeaf(0, leaf), leaf, new bytes32[](0));
        assertTrue(vault.outcome(id, 0) == Outcome.Abandoned, "inconclusive leaf");
        warpToEpoch(windowEnd(1) + EXPIRY);
        vault.expire(id, 1);
        assertTrue(vault.outcome(id, 1) == Outcome.Abandoned, "no leaf");
        assertEq(vault.owed(address(token), CUSTOMER), 2 * uint256(PRICE) + 2 * SLASH, "customer");
        assertConserved(address(token), token.balanceOf(address(vault)));
    }

    function test_retiring_doesNotTouchAConclusiveLeafOrAnEndedWindow() external {
        uint256 id = agree(terms());
        warpToEpoch(windowEnd(0));
        vm.prank(PROVIDER);
        services.retire(serviceId); // from 14, inside period 1
        Leaf memory leaf = leafOf(0, Outcome.Inconclusive);
        vault.settle(id, 0, landLeaf(0, leaf), leaf, new bytes32[](0));
        assertTrue(vault.outcome(id, 0) == Outcome.Inconclusive, "ended before");
        settle(id, 1, Outcome.Met);
        assertTrue(vault.outcome(id, 1) == Outcome.Met, "conclusive");
    }

    // Payments

    function test_withdraw_paysWhatIsOwedOnce() external {
        uint256 id = agree(terms());
        settle(id, 0, Outcome.Credited);
        uint256 before = token.balanceOf(CUSTOMER);
        vm.expectEmit(true, true, true, true, address(vault));
        emit IEscrow.Withdrawn(address(token), CUSTOMER, PRICE / 4);
        vm.prank(CUSTOMER);
        vault.withdraw(address(token));
        assertEq(token.balanceOf(CUSTOMER) - before, PRICE / 4, "paid");
        expectError(abi.encodeWithSelector(IEscrow.NothingOwed.selector, address(token), CUSTOMER));
        vm.prank(CUSTOMER);
        vault.withdraw(address(token));
        assertConserved(address(token), token.balanceOf(address(vault)));
    }

    function test_withdraw_paysOnceToATokenThatReenters() external {
        ReentrantToken evil = new ReentrantToken(1000 ether);
        uint256 id = _reentrantAgreement(evil);
        settle(id, 0, Outcome.Breached);
        // The customer's withdrawal calls back; the token is no creditor, so only the customer could be paid twice.
        evil.arm(address(vault), abi.encodeCall(IEscrow.withdraw, (address(evil))));
        uint256 before = evil.balanceOf(CUSTOMER);
        vm.prank(CUSTOMER);
        vault.withdraw(address(evil));
        assertTrue(!evil.reentered(), "refused");
        assertEq(bytes4(evil.refusal()), IEscrow.Reentered.selector, "as owing nothing");
        assertEq(evil.balanceOf(CUSTOMER) - before, PRICE + SLASH, "paid once");
        assertConserved(address(evil), evil.balanceOf(address(vault)));
    }

    function test_deposits_refuseATokenThatMovesMoneyByReentering() external {
        ReentrantToken evil = new ReentrantToken(1000 ether);
        uint256 id = _reentrantAgreement(evil);
        settle(id, 0, Outcome.Met); // the provider is owed PRICE
        Terms memory t = terms();
        t.token = address(evil);
        uint256 offerId = offer(t);
        // While the vault takes the customer's price, the offer is already taken and cannot be taken back.
        evil.arm(address(vault), abi.encodeCall(ISlaVault.withdrawOffer, (offerId)));
        vm.prank(CUSTOMER);
        vault.accept(offerId, 20);
        assertEq(bytes4(evil.refusal()), ISlaVault.WrongStatus.selector, "accepted already");
        // Nor can a period be settled twice from inside a deposit.
        evil.arm(
            address(vault), abi.encodeCall(ISlaVault.settle, (id, 0, 11, leafOf(0, Outcome.Met), new bytes32[](0)))
        );
        offer(t);
        assertEq(bytes4(evil.refusal()), ISlaVault.PeriodAlreadySettled.selector, "settled already");
        assertConserved(address(evil), evil.balanceOf(address(vault)));
    }

    // Conservation

    /// Three agreements of random terms, every period ended in random order by a random leaf or by expiry; after every step the
    /// vault holds exactly what it owes and escrows, and at the end everything can be withdrawn.
    function testFuzz_conservation(
        uint128[3] calldata prices,
        uint128[3] calldata bonds,
        uint128[3] calldata slashes,
        uint32[3] calldata credits,
        uint256 seed
    ) external {
        vm.mockCall(address(oracle), abi.encodeWithSelector(IMeasurementOracle.verifyLeaf.selector), "");
        for (uint256 i = 0; i < 3; ++i) {
            Terms memory t = terms();
            t.pricePerPeriod = uint128(bound(prices[i], 0, 1000 ether));
            t.bond = uint128(bound(bonds[i], 0, 1000 ether));
            t.slashPerPeriod = uint128(bound(slashes[i], 0, t.bond));
            t.creditPpm = uint32(bound(credits[i], 0, 1_000_000));
            agree(t);
            _assertConserved();
        }
        for (uint256 step = 0; step < 3 * PERIODS; ++step) {
            uint256 turn = (step * 4 + seed % 9) % (3 * PERIODS); // 4 and 9 are coprime: a permutation
            _endPeriod(turn / PERIODS + 1, uint32(turn % PERIODS), uint256(keccak256(abi.encode(seed, step))));
            _assertConserved();
        }
        _withdrawIfOwed(PROVIDER);
        _withdrawIfOwed(CUSTOMER);
        assertEq(token.balanceOf(address(vault)), 0, "nothing stuck");
    }

    function _endPeriod(uint256 id, uint32 period, uint256 random) private {
        // Time never goes back: after one expiry the earlier periods can only expire too.
        uint64 epoch = oracle.currentEpoch();
        bool late = epoch >= windowEnd(period) + EXPIRY;
        Outcome outcome = late ? Outcome.Expired : Outcome(1 + random % 5);
        if (outcome == Outcome.Expired) {
            if (!late) warpToEpoch(windowEnd(period) + EXPIRY);
            vault.expire(id, period);
        } else {
            if (epoch < windowEnd(period) + SETTLE_DELAY) warpToEpoch(windowEnd(period) + SETTLE_DELAY);
            vault.settle(id, period, windowEnd(period) - 1, leafOf(period, outcome), new bytes32[](0));
        }
        assertTrue(vault.outcome(id, period) == outcome, "outcome");
    }

    function _withdrawIfOwed(address account) private {
        if (vault.owed(address(token), account) == 0) return;
        vm.prank(account);
        vault.withdraw(address(token));
    }

    function _assertConserved() private view {
        assertConserved(address(token), token.balanceOf(address(vault)));
    }

    function _reentrantAgreement(ReentrantToken evil) private returns (uint256) {
        address[2] memory accounts = [PROVIDER, CUSTOMER];
        for (uint256 i = 0; i < 2; ++i) {
            evil.transfer(accounts[i], 400 ether);
            vm.prank(accounts[i]);
            evil.approve(address(vault), type(uint256).max);
        }
        Terms memory t = terms();
        t.token = address(evil);
        return agree(t);
    }

    function _settledAs(Outcome outcome, uint128 paid, uint128 returned, uint128 slashed) private {
        uint256 id = agree(terms());
        Leaf memory leaf = leafOf(0, outcome);
        uint64 reportEpoch = landLeaf(0, leaf);
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.PeriodSettled(id, 0, outcome, paid, returned, slashed, 0);
        vault.settle(id, 0, reportEpoch, leaf, new bytes32[](0));
        assertEq(vault.owed(address(token), PROVIDER), paid, "provider");
        assertEq(vault.owed(address(token), CUSTOMER), uint256(returned) + slashed, "customer");
        assertEq(vault.agreement(id).bondLeft, BOND - slashed, "bond");
        assertTrue(vault.outcome(id, 0) == outcome, "outcome");
        assertTrue(vault.outcome(id, 1) == Outcome.None, "other periods");
        _assertConserved();
    }

    function _refused(uint256 id, Leaf memory leaf, bytes memory error_) private {
        expectError(error_);
        vault.settle(id, 0, 100, leaf, new bytes32[](0));
    }
}
