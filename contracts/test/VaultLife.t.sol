// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {IServiceRegistry} from "../src/interfaces/IServiceRegistry.sol";
import {ISlaVault} from "../src/interfaces/ISlaVault.sol";
import {Agreement, AgreementStatus, Claim, Leaf, Outcome, Service, Terms} from "../src/interfaces/Types.sol";
import {MockPool} from "./Mocks.sol";
import {BlacklistToken} from "./Tokens.sol";
import {VaultFixture} from "./VaultFixture.sol";

/// How an agreement lives on and ends: notice, void periods, extension, batches, and the fee.
contract VaultLifeTest is VaultFixture {
    uint32 private constant MANY = 8;

    function feePpm() internal pure override returns (uint32) {
        return 20_000;
    }

    // Notice

    function test_giveNotice_endsAfterTheNoticedWindows() external {
        uint256 id = _agree(MANY, 3, false);
        warpToEpoch(FIRST + WINDOW); // period 1 has just started; the notice is one window: 0, 1 and 2 stay
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.AgreementEnding(id, CUSTOMER, 3, 5 * uint256(PRICE));
        vm.prank(CUSTOMER);
        vault.giveNotice(id);
        assertEq(vault.agreement(id).periods, 3, "periods");
        assertEq(vault.owed(address(token), CUSTOMER), 5 * uint256(PRICE), "the rest returns at once");
        assertEq(vault.agreement(id).bondLeft, BOND, "the bond stays");
        _pass();
        _settle(id, 0, Outcome.Met);
        _settle(id, 1, Outcome.Breached);
        _settle(id, 2, Outcome.Met);
        assertTrue(vault.agreement(id).status == AgreementStatus.Closed, "closed");
        assertEq(vault.owed(address(token), CUSTOMER), 6 * uint256(PRICE) + SLASH, "customer");
    }

    function test_giveNotice_neverDropsAWindowThatHasStarted() external {
        uint256 id = _agree(MANY, 3, false);
        for (uint64 epoch = 5; epoch < FIRST + 4 * WINDOW; ++epoch) {
            warpToEpoch(epoch);
            uint256 started = epoch < FIRST ? 0 : (epoch - FIRST) / WINDOW + 1;
            vm.prank(PROVIDER);
            (bool given,) = address(vault).call(abi.encodeCall(ISlaVault.giveNotice, (id)));
            // Once given, later notice would only end it later.
            assertTrue(given == (epoch == 5), "once");
            assertTrue(vault.agreement(id).periods >= (started < 1 ? started : 1), "what started stays");
        }
        assertEq(vault.agreement(id).periods, 1, "0 started, 1 of notice");
    }

    function test_giveNotice_refusesOthersAndTooLate() external {
        uint256 id = _agree(2, 3, false);
        expectError(abi.encodeWithSelector(ISlaVault.NotParty.selector, address(this), PROVIDER, CUSTOMER));
        vault.giveNotice(id);
        warpToEpoch(FIRST);
        expectError(abi.encodeWithSelector(ISlaVault.NoticeTooLate.selector, 2, 2));
        vm.prank(CUSTOMER);
        vault.giveNotice(id);
        uint256 offered = offer(terms());
        expectStatus(offered, AgreementStatus.Offered, AgreementStatus.Active);
        vault.giveNotice(offered);
    }

    // Void periods

    function test_voidsInARow_endTheAgreementWithoutSlashing() external {
        uint256 id = _agree(MANY, 2, false);
        _pass();
        _settle(id, 0, Outcome.Inconclusive);
        assertEq(vault.agreement(id).periods, MANY, "one does not");
        warpToEpoch(FIRST + 2 * WINDOW + SETTLE_DELAY); // period 2 runs
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.AgreementEnding(id, address(0), 3, 5 * uint256(PRICE));
        vault.settle(id, 1, windowEnd(1) - 1, leafOf(1, Outcome.Inconclusive), new bytes32[](0));
        assertEq(vault.agreement(id).bondLeft, BOND, "nothing slashed");
        expectError(abi.encodeWithSelector(ISlaVault.UnknownPeriod.selector, 3, 3));
        vault.settle(id, 3, windowEnd(3) - 1, leafOf(3, Outcome.Met), new bytes32[](0));
        // The window that had started is judged as ever, and the end returns everything.
        warpToEpoch(FIRST + 3 * WINDOW + SETTLE_DELAY);
        _settle(id, 2, Outcome.Breached);
        assertTrue(vault.agreement(id).status == AgreementStatus.Closed, "closed");
        assertEq(vault.owed(address(token), CUSTOMER), uint256(MANY) * PRICE + SLASH, "customer");
        assertEq(vault.owed(address(token), PROVIDER), BOND - SLASH, "provider");
    }

    function test_voidsInARow_countInAnyOrderAndNotAcrossAVerdict() external {
        uint256 id = _agree(MANY, 3, false);
        _pass();
        warpToEpoch(FIRST + 6 * WINDOW);
        _settle(id, 0, Outcome.Inconclusive);
        _settle(id, 1, Outcome.Met);
        _settle(id, 2, Outcome.Inconclusive);
        _settle(id, 4, Outcome.Inconclusive);
        assertEq(vault.agreement(id).periods, MANY, "1 + 1 + 1, apart");
        _settle(id, 3, Outcome.Inconclusive); // 2, 3 and 4
        assertEq(vault.agreement(id).periods, 7, "periods 0 to 6 have started");
    }

    function test_voidsInARow_afterTheLastWindowOnlyClose() external {
        uint256 id = _agree(2, 2, false);
        warpToEpoch(FIRST + 2 * WINDOW + EXPIRY);
        vault.expire(id, 0);
        vault.expire(id, 1);
        assertTrue(vault.agreement(id).status == AgreementStatus.Closed, "closed");
        assertEq(vault.owed(address(token), CUSTOMER), 2 * uint256(PRICE), "customer");
        assertEq(vault.owed(address(token), PROVIDER), BOND, "provider");
    }

    // Extension

    function test_extend_addsAWindowInsteadOfReturningThePrice() external {
        uint256 id = _agree(3, 3, true);
        _pass();
        warpToEpoch(FIRST + WINDOW + SETTLE_DELAY);
        (,, uint128 returned,,) = vault.previewOutcome(id, 0, leafOf(0, Outcome.Inconclusive));
        assertEq(returned, 0, "preview");
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.AgreementExtended(id, 4);
        _settle(id, 0, Outcome.Inconclusive);
        assertEq(vault.owed(address(token), CUSTOMER), 0, "nothing returned yet");
        _assertConserved();
        warpToEpoch(FIRST + 4 * WINDOW + SETTLE_DELAY);
        for (uint32 period = 1; period < 4; ++period) {
            _settle(id, period, Outcome.Met);
        }
        assertEq(vault.owed(address(token), PROVIDER), 3 * _net(PRICE) + BOND, "three paid");
        _assertConserved();
    }

    function test_extend_neverAddsAWindowThatHasStarted() external {
        uint256 id = _agree(2, 3, true);
        _pass();
        // The last period's leaf comes after its window, when the next one runs already.
        warpToEpoch(FIRST + 2 * WINDOW + SETTLE_DELAY);
        _settle(id, 0, Outcome.Inconclusive);
        _settle(id, 1, Outcome.Inconclusive);
        assertTrue(vault.agreement(id).status == AgreementStatus.Closed, "closed");
        assertEq(vault.owed(address(token), CUSTOMER), 2 * uint256(PRICE), "returned");
    }

    function test_extend_isOverAfterNoticeAndWithoutTheService() external {
        uint256 noticed = _agree(3, 3, true);
        uint256 retired = _agree(3, 3, true);
        _pass();
        warpToEpoch(FIRST);
        vm.prank(CUSTOMER);
        vault.giveNotice(noticed);
        warpToEpoch(FIRST + WINDOW + SETTLE_DELAY);
        _settle(noticed, 0, Outcome.Inconclusive);
        assertEq(vault.agreement(noticed).periods, 2, "not extended after notice");
        // The registry says from the end of the agreement on; the period is settled before that.
        Service memory service = services.service(serviceId);
        service.retiredFrom = FIRST + 3 * WINDOW;
        vm.mockCall(address(services), abi.encodeCall(IServiceRegistry.service, (serviceId)), abi.encode(service));
        _settle(retired, 0, Outcome.Inconclusive);
        assertEq(vault.agreement(retired).periods, 3, "not extended over a retired service");
    }

    // Batches

    function test_settleMany_settlesTheGoodAndNamesTheBad() external {
        uint256 id = _agree(MANY, 3, false);
        warpToEpoch(FIRST + MANY * WINDOW + SETTLE_DELAY);
        _pass();
        _settle(id, 1, Outcome.Met);
        Claim[] memory claims = new Claim[](4);
        claims[0] = _claim(id, 0, Outcome.Met);
        claims[1] = _claim(id, 1, Outcome.Met); // settled already
        claims[2] = _claim(id, 2, Outcome.Breached);
        claims[3] = _claim(id + 7, 0, Outcome.Met); // no such agreement
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.SettlementRefused(
            id, 1, abi.encodeWithSelector(ISlaVault.PeriodAlreadySettled.selector, id, 1, Outcome.Met)
        );
        assertEq(vault.settleMany(claims), 2, "settled");
        assertTrue(vault.outcome(id, 0) == Outcome.Met, "0");
        assertTrue(vault.outcome(id, 2) == Outcome.Breached, "2");
        _assertConserved();
    }

    function test_settleMany_checksEveryProof() external {
        uint256 id = _agree(MANY, 3, false);
        warpToEpoch(FIRST + MANY * WINDOW + SETTLE_DELAY);
        Claim[] memory claims = new Claim[](1);
        claims[0] = _claim(id, 0, Outcome.Met);
        assertEq(vault.settleMany(claims), 0, "no report, no payment");
        assertTrue(vault.outcome(id, 0) == Outcome.None, "open");
    }

    function test_settleMany_refusesMoreThanItsBound() external {
        expectError(abi.encodeWithSelector(ISlaVault.TooManyClaims.selector, 65, 64));
        vault.settleMany(new Claim[](65));
    }

    // The fee

    function test_fee_isTakenFromWhatTheProviderIsPaidOnly() external {
        uint256 id = _agree(4, 3, false);
        _pass();
        warpToEpoch(FIRST + 4 * WINDOW + SETTLE_DELAY);
        _settle(id, 0, Outcome.Met);
        _settle(id, 1, Outcome.Credited);
        _settle(id, 2, Outcome.Breached);
        _settle(id, 3, Outcome.Inconclusive);
        uint128 credit = PRICE / 4;
        uint256 fee = PRICE / 50 + (PRICE - credit) / 50;
        assertEq(vault.owed(address(token), address(pool)), fee, "fee");
        assertEq(vault.owed(address(token), PROVIDER), 2 * PRICE - credit - fee + BOND - SLASH, "provider");
        assertEq(vault.owed(address(token), CUSTOMER), credit + 2 * PRICE + SLASH, "customer");
        vault.payFees();
        assertEq(pool.funded(), fee, "funded");
        _assertConserved();
        expectError(abi.encodeWithSelector(IEscrow.NothingOwed.selector, address(token), address(pool)));
        vault.payFees();
    }

    function test_payFees_aPoolThatRefusesBlocksNobody() external {
        uint256 id = _agree(1, 3, false);
        _pass();
        warpToEpoch(FIRST + WINDOW + SETTLE_DELAY);
        pool.setRefuses(true);
        _settle(id, 0, Outcome.Met);
        vm.expectRevert(MockPool.Refused.selector);
        vault.payFees();
        vm.prank(PROVIDER);
        vault.withdraw(address(token));
        assertEq(vault.owed(address(token), address(pool)), PRICE / 50, "still owed");
    }

    /// Whoever plays customer, provider and keeper at once takes out what it put in, less the fee.
    function test_selfDealing_costsTheFee() external {
        Terms memory t = terms();
        t.periods = 1;
        uint256 id = offer(t);
        uint256 before = token.balanceOf(PROVIDER) + BOND;
        vm.startPrank(PROVIDER);
        vault.accept(id, FIRST);
        _pass();
        warpToEpoch(FIRST + WINDOW + SETTLE_DELAY);
        _settle(id, 0, Outcome.Met);
        vault.withdraw(address(token));
        vm.stopPrank();
        assertEq(token.balanceOf(PROVIDER), before - PRICE / 50, "less the fee");
    }

    // Recipients

    function test_withdraw_aBlacklistedRecipientBlocksNobody() external {
        BlacklistToken coin = new BlacklistToken(10_000 ether);
        Terms memory t = terms();
        t.token = address(coin);
        t.periods = 2;
        address[2] memory parties = [PROVIDER, CUSTOMER];
        for (uint256 i = 0; i < 2; ++i) {
            coin.transfer(parties[i], 100 ether);
            vm.prank(parties[i]);
            coin.approve(address(vault), 100 ether);
        }
        uint256 id = agree(t);
        coin.blacklist(CUSTOMER);
        _pass();
        warpToEpoch(FIRST + 2 * WINDOW + SETTLE_DELAY);
        _settle(id, 0, Outcome.Breached);
        _settle(id, 1, Outcome.Met);
        vm.prank(PROVIDER);
        vault.withdraw(address(coin));
        vm.expectPartialRevert(BlacklistToken.Blacklisted.selector);
        vm.prank(CUSTOMER);
        vault.withdraw(address(coin));
        assertEq(vault.owed(address(coin), CUSTOMER), PRICE + SLASH, "kept for it");
        assertEq(
            coin.balanceOf(address(vault)), PRICE + SLASH, "held: no fee in a token that the pool does not pay out"
        );
    }

    function test_open_isForTheMarketAlone() external {
        expectError(abi.encodeWithSelector(ISlaVault.NotMarket.selector, CUSTOMER, address(market)));
        vm.prank(CUSTOMER);
        vault.open(PROVIDER, CUSTOMER, terms(), FIRST);
    }

    // Conservation

    /// Random lives of one agreement: periods end in any order, time goes on, notice may be given; the vault always holds
    /// what it owes and escrows, and at the end everything is withdrawn.
    function testFuzz_life_conservesAndReturnsEverything(uint256 seed, uint8 voidsMax, bool extend) external {
        uint256 id = _agree(MANY, uint32(bound(voidsMax, 1, 8)), extend);
        _pass();
        for (uint64 epoch = FIRST; epoch < FIRST + 3 * MANY * WINDOW; epoch += WINDOW / 2) {
            warpToEpoch(epoch);
            uint256 random = uint256(keccak256(abi.encode(seed, epoch)));
            if (random % 31 == 0) _tryNotice(id, random % 2 == 0 ? PROVIDER : CUSTOMER);
            _trySettle(id, uint32((random >> 8) % (2 * MANY)), Outcome(1 + (random >> 16) % 4));
            _assertConserved();
        }
        warpToEpoch(FIRST + 3 * MANY * WINDOW + EXPIRY);
        for (uint32 period = 0; period < 3 * MANY; ++period) {
            Agreement memory record = vault.agreement(id);
            if (record.status == AgreementStatus.Closed) break;
            if (vault.outcome(id, period) == Outcome.None) vault.expire(id, period);
        }
        assertTrue(vault.agreement(id).status == AgreementStatus.Closed, "closed");
        if (vault.owed(address(token), address(pool)) > 1) vault.payFees();
        address[2] memory parties = [PROVIDER, CUSTOMER];
        for (uint256 i = 0; i < 2; ++i) {
            if (vault.owed(address(token), parties[i]) == 0) continue;
            vm.prank(parties[i]);
            vault.withdraw(address(token));
        }
        assertEq(token.balanceOf(address(vault)), vault.owed(address(token), address(pool)), "nothing stuck");
    }

    function _tryNotice(uint256 id, address party) private {
        vm.prank(party);
        (bool given,) = address(vault).call(abi.encodeCall(ISlaVault.giveNotice, (id)));
        given; // refused when it is too late, or closed
    }

    function _trySettle(uint256 id, uint32 period, Outcome outcome) private {
        Claim[] memory claims = new Claim[](1);
        claims[0] = _claim(id, period, outcome);
        vault.settleMany(claims);
    }

    function _agree(uint32 periods, uint32 voidsInRowMax, bool extend) private returns (uint256) {
        Terms memory t = terms();
        t.periods = periods;
        t.voidsInRowMax = voidsInRowMax;
        t.extend = extend;
        return agree(t);
    }

    /// Every proof holds from here on: these tests are about what follows.
    function _pass() private {
        vm.mockCall(address(oracle), abi.encodeWithSelector(IMeasurementOracle.verifyLeaf.selector), "");
    }

    /// Waits for the settle delay where that has not passed.
    function _settle(uint256 id, uint32 period, Outcome outcome) private {
        uint64 from = windowEnd(period) + SETTLE_DELAY;
        if (oracle.currentEpoch() < from) warpToEpoch(from);
        vault.settle(id, period, windowEnd(period) - 1, leafOf(period, outcome), new bytes32[](0));
    }

    function _claim(uint256 id, uint32 period, Outcome outcome) private view returns (Claim memory) {
        return Claim(id, period, windowEnd(period) - 1, leafOf(period, outcome), new bytes32[](0));
    }

    function _net(uint128 amount) private pure returns (uint256) {
        return amount - amount / 50;
    }

    function _assertConserved() private view {
        assertConserved(address(token), token.balanceOf(address(vault)));
    }
}
