// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Intent, IntentState, IntentStatus, Terms} from "../src/interfaces/Types.sol";
import {VaultFixture} from "./VaultFixture.sol";

/// Three bidders with a service each, and a customer with an intent.
abstract contract MarketFixture is VaultFixture {
    uint128 internal constant BUDGET = 12 ether;
    /// 2 % of 3 periods at the budget.
    uint256 internal constant DEPOSIT = 0.72 ether;
    uint64 internal constant COMMIT_UNTIL = 10;
    uint64 internal constant REVEAL_UNTIL = 14;
    uint64 internal constant START = 16;
    bytes32 internal constant SALT = "salt";

    address[3] internal bidders = [address(0xb1), address(0xb2), address(0xb3)];
    bytes32[3] internal serviceOf;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(bidders[i]);
            serviceOf[i] = services.register(serviceConfig());
            fund(bidders[i], address(market), 1_000_000 ether);
        }
        vm.prank(CUSTOMER);
        token.approve(address(market), type(uint256).max);
    }

    function feePpm() internal pure override returns (uint32) {
        return 20_000;
    }

    function intent() internal view returns (Intent memory wanted) {
        wanted.kind = 1;
        wanted.commitUntil = COMMIT_UNTIL;
        wanted.revealUntil = REVEAL_UNTIL;
        wanted.firstWindowStart = START;
        wanted.terms = terms();
        wanted.terms.serviceId = 0;
        wanted.terms.pricePerPeriod = BUDGET;
    }

    function post(Intent memory wanted) internal returns (uint256) {
        vm.prank(CUSTOMER);
        return market.post(wanted);
    }

    function commit(uint256 id, uint256 i, uint128 price) internal {
        bytes32 commitment = market.commitmentOf(id, bidders[i], serviceOf[i], price, SALT);
        vm.prank(bidders[i]);
        market.commit(id, commitment);
    }

    function reveal(uint256 id, uint256 i, uint128 price) internal {
        vm.prank(bidders[i]);
        market.reveal(id, serviceOf[i], price, SALT);
    }

    function owedBy(address account) internal view returns (uint256) {
        return market.owed(address(token), account);
    }

    /// The market holds what it owes, and the budgets, deposits and bonds of open intents.
    function assertMarketConserved() internal view {
        uint256 claimed = owedBy(CUSTOMER) + owedBy(address(pool));
        for (uint256 i = 0; i < 3; ++i) {
            claimed += owedBy(bidders[i]);
        }
        for (uint256 id = 1; id <= market.intentCount(); ++id) {
            IntentState memory state = market.intentState(id);
            if (state.status != IntentStatus.Open) continue;
            Terms memory t = market.intent(id).terms;
            claimed += uint256(t.periods) * t.pricePerPeriod + uint256(state.held) * state.deposit;
            if (state.bestOrder != 0) claimed += t.bond;
        }
        assertEq(token.balanceOf(address(market)), claimed, "held = owed + escrowed");
    }
}
