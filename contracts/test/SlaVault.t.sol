// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ServiceRegistry} from "../src/ServiceRegistry.sol";
import {Erc20StakeSource} from "../src/Erc20StakeSource.sol";
import {SlaVault} from "../src/SlaVault.sol";
import {WatcherRegistry} from "../src/WatcherRegistry.sol";
import {IMeasurementOracle} from "../src/interfaces/IMeasurementOracle.sol";
import {IServiceRegistry} from "../src/interfaces/IServiceRegistry.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {IRewardPool} from "../src/interfaces/IRewardPool.sol";
import {ISlaVault} from "../src/interfaces/ISlaVault.sol";
import {AgreementStatus, Objective, Terms} from "../src/interfaces/Types.sol";
import {FeeToken} from "./Tokens.sol";
import {VaultFixture} from "./VaultFixture.sol";

/// Offers and acceptance; VaultSettlement.t.sol has the rest.
contract SlaVaultTest is VaultFixture {
    // Offers

    function test_offer_escrowsTheBond() external {
        uint256 id = offer(terms());
        assertEq(id, 1, "id");
        assertEq(token.balanceOf(address(vault)), BOND, "held");
        assertEq(vault.agreement(id).bondLeft, BOND, "bond");
        assertEq(keccak256(abi.encode(vault.terms(id))), keccak256(abi.encode(terms())), "terms");
    }

    function test_offer_emitsTheTerms() external {
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.Offered(1, PROVIDER, serviceId, terms());
        offer(terms());
    }

    function test_offer_refusesAnybodyButTheProvider() external {
        expectError(abi.encodeWithSelector(ISlaVault.NotProvider.selector, CUSTOMER, PROVIDER));
        vm.prank(CUSTOMER);
        vault.offer(terms());
        Terms memory t = terms();
        t.serviceId = "unknown";
        expectError(abi.encodeWithSelector(IServiceRegistry.UnknownService.selector, bytes32("unknown")));
        offer(t);
    }

    function test_offer_refusesEveryFieldBeyondItsBound() external {
        Terms memory t = terms();
        t.objectives = new Objective[](0);
        _refused(t, "objectives", 0, 1, 4);
        t.objectives = new Objective[](5);
        _refused(t, "objectives", 5, 1, 4);
        t = terms();
        t.periods = 0;
        _refused(t, "periods", 0, 1, 2048);
        t.periods = 2049;
        _refused(t, "periods", 2049, 1, 2048);
        t = terms();
        t.slashPerPeriod = BOND + 1;
        _refused(t, "slashPerPeriod", BOND + 1, 0, BOND);
        t = terms();
        t.creditPpm = 1_000_001;
        _refused(t, "creditPpm", 1_000_001, 0, 1_000_000);
        t = terms();
        t.settleDelayEpochs = 4097;
        _refused(t, "settleDelayEpochs", 4097, 0, 4096);
        t = terms();
        t.voidsInRowMax = 0;
        _refused(t, "voidsInRowMax", 0, 1, 32);
        t.voidsInRowMax = 33;
        _refused(t, "voidsInRowMax", 33, 1, 32);
        t = terms();
        t.noticeWindows = 0;
        _refused(t, "noticeWindows", 0, 1, 2048);
        t = terms();
        t.objectives[0] = objective(12, 0, 0, 1);
        _refused(t, "metric", 12, 0, 11);
        t.objectives[0] = objective(11, 2, 0, 1);
        _refused(t, "statistic", 2, 0, 1);
        t.objectives[0] = objective(11, 1, 2, 1);
        _refused(t, "comparator", 2, 0, 1);
    }

    function test_offer_refusesAWindowThatSettlesNoMoney() external {
        uint32[3] memory windows = [uint32(0), 1, 5];
        for (uint256 i = 0; i < 3; ++i) {
            Terms memory t = terms();
            t.windowEpochs = windows[i];
            expectError(abi.encodeWithSelector(ISlaVault.UnknownWindow.selector, windows[i]));
            offer(t);
        }
    }

    function test_offer_refusesATokenThatTakesAFee() external {
        FeeToken fee = new FeeToken(1000 ether);
        fee.transfer(PROVIDER, 200 ether);
        vm.prank(PROVIDER);
        fee.approve(address(vault), BOND);
        Terms memory t = terms();
        t.token = address(fee);
        expectError(abi.encodeWithSelector(IEscrow.TokenNotReceived.selector, BOND - BOND / 100, BOND));
        offer(t);
    }

    function test_withdrawOffer_returnsTheBond() external {
        uint256 id = offer(terms());
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.OfferWithdrawn(id, PROVIDER);
        vm.prank(PROVIDER);
        vault.withdrawOffer(id);
        assertEq(vault.owed(address(token), PROVIDER), BOND, "owed");
        assertConserved(address(token), token.balanceOf(address(vault)));
    }

    function test_withdrawOffer_refusesOthersAndOtherStates() external {
        uint256 id = offer(terms());
        expectError(abi.encodeWithSelector(ISlaVault.NotProvider.selector, CUSTOMER, PROVIDER));
        vm.prank(CUSTOMER);
        vault.withdrawOffer(id);
        vm.prank(PROVIDER);
        vault.withdrawOffer(id);
        expectStatus(id, AgreementStatus.Withdrawn, AgreementStatus.Offered);
        vm.prank(PROVIDER);
        vault.withdrawOffer(id);
        expectStatus(id, AgreementStatus.Withdrawn, AgreementStatus.Offered);
        vault.accept(id, FIRST);
        id = agree(terms());
        expectStatus(id, AgreementStatus.Active, AgreementStatus.Offered);
        vm.prank(PROVIDER);
        vault.withdrawOffer(id);
    }

    // Acceptance

    function test_accept_escrowsThePriceOfAllPeriods() external {
        uint256 id = offer(terms());
        vm.expectEmit(true, true, true, true, address(vault));
        emit ISlaVault.Accepted(id, CUSTOMER, PROVIDER, FIRST);
        vm.prank(CUSTOMER);
        assertEq(vault.accept(id, FIRST), id, "the agreement keeps the offer's id");
        assertEq(token.balanceOf(address(vault)), BOND + PERIODS * uint256(PRICE), "held");
        assertEq(vault.agreement(id).customer, CUSTOMER, "customer");
        assertConserved(address(token), token.balanceOf(address(vault)));
    }

    function test_accept_refusesAWindowThatHasStarted() external {
        uint256 id = offer(terms());
        warpToEpoch(FIRST);
        expectError(
            abi.encodeWithSelector(ISlaVault.WindowOutOfRange.selector, FIRST, FIRST + 1, FIRST + 1 + 4 * WINDOW)
        );
        vault.accept(id, FIRST);
        vm.warp(GENESIS + FIRST * EPOCH_SECONDS - 1);
        vm.prank(CUSTOMER);
        vault.accept(id, FIRST); // its last second
    }

    function test_accept_refusesAWindowFarAhead() external {
        uint256 id = offer(terms());
        expectError(abi.encodeWithSelector(ISlaVault.WindowOutOfRange.selector, 24, 6, 22));
        vault.accept(id, 24);
    }

    function test_accept_refusesAWindowThatIsNotAligned() external {
        uint256 id = offer(terms());
        expectError(abi.encodeWithSelector(ISlaVault.WindowNotAligned.selector, FIRST + 1, WINDOW));
        vault.accept(id, FIRST + 1);
    }

    function test_accept_refusesAServiceThatIsNotMeasuredThroughout() external {
        warpToEpoch(7);
        vm.prank(PROVIDER);
        Terms memory t = terms();
        t.serviceId = services.register(serviceConfig()); // active from 9
        vm.prank(PROVIDER);
        uint256 id = vault.offer(t);
        expectError(abi.encodeWithSelector(ISlaVault.ServiceNotActive.selector, t.serviceId, 9, type(uint64).max));
        vault.accept(id, 8);

        id = offer(terms());
        warpToEpoch(17);
        vm.prank(PROVIDER);
        services.retire(serviceId); // from 19, in the middle of the window that starts at 16
        expectError(abi.encodeWithSelector(ISlaVault.ServiceNotActive.selector, serviceId, 0, 19));
        vault.accept(id, 20);
    }

    function test_accept_refusesAnUnknownOffer() external {
        expectStatus(7, AgreementStatus.None, AgreementStatus.Offered);
        vault.accept(7, FIRST);
        expectStatus(7, AgreementStatus.None, AgreementStatus.Offered);
        vault.terms(7);
        expectStatus(7, AgreementStatus.None, AgreementStatus.Active);
        vault.periodTimes(7, 0);
    }

    function test_accept_refusesASecondCustomer() external {
        uint256 id = agree(terms());
        expectStatus(id, AgreementStatus.Active, AgreementStatus.Offered);
        vault.accept(id, FIRST);
    }

    function test_periodTimes_tellWhenWhatWorks() external {
        uint256 id = agree(terms());
        (uint64 start, uint64 end, uint64 settleable, uint64 expires) = vault.periodTimes(id, 1);
        assertEq(start, 12, "start");
        assertEq(end, 16, "end");
        assertEq(settleable, 16 + SETTLE_DELAY, "settleable");
        assertEq(expires, 16 + EXPIRY, "expires");
        expectError(abi.encodeWithSelector(ISlaVault.UnknownPeriod.selector, 3, 3));
        vault.periodTimes(id, 3);
    }

    function test_constructor_refusesRegistriesOfDifferentTime() external {
        WatcherRegistry other = newRegistry(new Erc20StakeSource(token), 1, 1, GENESIS, 30);
        ServiceRegistry foreign = new ServiceRegistry(other);
        expectError(abi.encodeWithSelector(ISlaVault.RegistriesDiffer.selector, address(registry), address(other)));
        new SlaVault(IMeasurementOracle(address(oracle)), foreign, pool, 0, address(market));
    }

    function test_constructor_refusesAFeeBeyondItsBoundAndNoPool() external {
        expectError(abi.encodeWithSelector(ISlaVault.FieldOutOfBounds.selector, "feePpm", 50_001, 0, 50_000));
        new SlaVault(oracle, services, pool, 50_001, address(market));
        expectError(abi.encodeWithSelector(IEscrow.NoRewardPool.selector));
        new SlaVault(oracle, services, IRewardPool(address(0)), 0, address(market));
    }

    function _refused(Terms memory t, string memory name, uint256 given, uint256 minimum, uint256 maximum) private {
        expectError(abi.encodeWithSelector(ISlaVault.FieldOutOfBounds.selector, name, given, minimum, maximum));
        offer(t);
    }
}
