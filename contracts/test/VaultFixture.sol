// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SlaMarket} from "../src/SlaMarket.sol";
import {SlaVault} from "../src/SlaVault.sol";
import {ISlaVault} from "../src/interfaces/ISlaVault.sol";
import {Agreement, AgreementStatus, Leaf, Objective, Outcome, Terms} from "../src/interfaces/Types.sol";
import {Fixture} from "./Fixture.sol";
import {MockPool, MockStore} from "./Mocks.sol";

/// A vault and a market with one service, a provider and a customer with funds.
abstract contract VaultFixture is Fixture {
    address internal constant PROVIDER = address(0xbeef);
    address internal constant CUSTOMER = address(0xcafe);
    uint256 internal constant WATCHERS = 4;
    uint32 internal constant PERIODS = 3;
    uint128 internal constant PRICE = 10 ether;
    uint128 internal constant BOND = 50 ether;
    uint128 internal constant SLASH = 20 ether;
    uint32 internal constant SETTLE_DELAY = 2;
    /// The first window of the agreements here, and epochs after a window's end at which it expires.
    uint64 internal constant FIRST = 8;
    uint64 internal constant EXPIRY = 8192;

    uint64 internal constant PHASE_MIN = 2;

    SlaVault internal vault;
    SlaMarket internal market;
    MockPool internal pool;
    MockStore internal store;
    bytes32 internal serviceId;

    function setUp() public virtual {
        deploy();
        sealGenesis(WATCHERS);
        deployMoney();
        vm.prank(PROVIDER);
        serviceId = services.register(serviceConfig());
        fund(PROVIDER, address(vault), 1_000_000 ether);
        fund(CUSTOMER, address(vault), 1_000_000 ether);
        warpToEpoch(5);
    }

    /// Most tests look at whole amounts; VaultLife.t.sol takes a fee.
    function feePpm() internal pure virtual returns (uint32) {
        return 0;
    }

    function deployMoney() internal {
        pool = new MockPool(token);
        store = new MockStore();
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        vault = new SlaVault(oracle, services, pool, feePpm(), next);
        market = new SlaMarket(vault, store, PHASE_MIN);
    }

    /// Median availability at least 99 %.
    function terms() internal view returns (Terms memory t) {
        t.serviceId = serviceId;
        t.token = address(token);
        t.windowEpochs = WINDOW;
        t.periods = PERIODS;
        t.pricePerPeriod = PRICE;
        t.bond = BOND;
        t.slashPerPeriod = SLASH;
        t.creditPpm = 250_000;
        t.settleDelayEpochs = SETTLE_DELAY;
        t.voidsInRowMax = 3;
        t.noticeWindows = 1;
        t.objectives = new Objective[](1);
        t.objectives[0] = objective(0, 0, 0, 990_000);
    }

    function offer(Terms memory t) internal returns (uint256) {
        vm.prank(PROVIDER);
        return vault.offer(t);
    }

    function agree(Terms memory t) internal returns (uint256 id) {
        id = offer(t);
        vm.prank(CUSTOMER);
        vault.accept(id, FIRST);
    }

    /// The leaf of a period of an agreement with the terms above, whose availability gives the outcome asked for.
    function leafOf(uint32 period, Outcome outcome) internal view returns (Leaf memory leaf) {
        leaf.serviceId = serviceId;
        leaf.windowStart = FIRST + uint64(period) * WINDOW;
        leaf.windowEpochs = WINDOW;
        leaf.conclusive = outcome != Outcome.Inconclusive;
        if (outcome == Outcome.Met) leaf.stats[0] = stat(995_000, 990_000, 999_000);
        if (outcome == Outcome.Credited) leaf.stats[0] = stat(985_000, 980_000, 991_000);
        if (outcome == Outcome.Breached) leaf.stats[0] = stat(900_000, 890_000, 910_000);
    }

    function windowEnd(uint32 period) internal pure returns (uint64) {
        return FIRST + (uint64(period) + 1) * WINDOW;
    }

    /// Lands the first report that covers the period's window, with this leaf as its only one, and waits for the settle delay.
    function landLeaf(uint32 period, Leaf memory leaf) internal returns (uint64 reportEpoch) {
        reportEpoch = windowEnd(period) - 1;
        warpToEpoch(reportEpoch + 1);
        land(reportEpoch, WATCHERS, this.hashLeaf(leaf));
        warpToEpoch(reportEpoch + 1 + SETTLE_DELAY);
    }

    function settle(uint256 id, uint32 period, Outcome outcome) internal {
        Leaf memory leaf = leafOf(period, outcome);
        vault.settle(id, period, landLeaf(period, leaf), leaf, new bytes32[](0));
    }

    /// Everything that the vault holds is owed to somebody or escrowed in an agreement.
    function assertConserved(address token_, uint256 held) internal view {
        uint256 claimed =
            vault.owed(token_, PROVIDER) + vault.owed(token_, CUSTOMER) + vault.owed(token_, address(pool));
        for (uint256 id = 1; id <= vault.offerCount(); ++id) {
            Agreement memory record = vault.agreement(id);
            claimed += record.bondLeft;
            if (record.status != AgreementStatus.Active) continue;
            Terms memory t = vault.terms(id);
            claimed += uint256(record.periods - record.periodsDone) * t.pricePerPeriod;
        }
        assertEq(held, claimed, "held = owed + escrowed");
    }

    function expectError(bytes memory revertData) internal {
        vm.expectRevert(revertData);
    }

    function expectStatus(uint256 id, AgreementStatus status, AgreementStatus expected) internal {
        vm.expectRevert(abi.encodeWithSelector(ISlaVault.WrongStatus.selector, id, uint8(status), uint8(expected)));
    }
}
