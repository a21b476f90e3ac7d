// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Handler} from "./Handler.sol";

/// The invariants of money, under random calls of everything that anybody can do. `npm run soak:contracts` runs it for long.
contract MoneyInvariants is Test {
    Handler private handler;

    function setUp() external {
        handler = new Handler();
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    /// Only what the handler calls on behalf of people; the rest of it is for reading, and for the end.
    function targetSelectors() external view returns (FuzzSelector[] memory list) {
        bytes4[] memory selectors = new bytes4[](27);
        selectors[0] = Handler.advance.selector;
        selectors[1] = Handler.changeSet.selector;
        selectors[2] = Handler.retire.selector;
        selectors[3] = Handler.blacklist.selector;
        selectors[4] = Handler.offer.selector;
        selectors[5] = Handler.withdrawOffer.selector;
        selectors[6] = Handler.accept.selector;
        selectors[7] = Handler.settle.selector;
        selectors[8] = Handler.settleForged.selector;
        selectors[9] = Handler.settleMany.selector;
        selectors[10] = Handler.giveNotice.selector;
        selectors[11] = Handler.post.selector;
        selectors[12] = Handler.cancel.selector;
        selectors[13] = Handler.commit.selector;
        selectors[14] = Handler.reveal.selector;
        selectors[15] = Handler.matchIntent.selector;
        selectors[16] = Handler.lapse.selector;
        selectors[17] = Handler.withdraw.selector;
        selectors[18] = Handler.payFees.selector;
        // What drives a market and an agreement on is called more often.
        selectors[19] = Handler.commit.selector;
        selectors[20] = Handler.reveal.selector;
        selectors[21] = Handler.accept.selector;
        selectors[22] = Handler.settle.selector;
        selectors[23] = Handler.matchIntent.selector;
        selectors[24] = Handler.claimRewards.selector;
        selectors[25] = Handler.burnForfeited.selector;
        selectors[26] = Handler.keepValue.selector;
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(handler), selectors);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// Nothing happened that must never happen: the handler's `broken` says what. And tokens held = sum of what is owed and
    /// escrowed, in both contracts and both tokens, summed after every 64th call and at the end of every run.
    function invariant_money() external view {
        assertTrue(bytes(handler.broken()).length == 0, handler.broken());
        if (handler.calls() % 64 == 0) _assertConserved();
    }

    /// At the end of a run everything is ended and withdrawn: nothing is stuck.
    function afterInvariant() external {
        _assertConserved();
        handler.wind();
        (address vault, address market) = handler.escrows();
        for (uint256 t = 0; t < 2; ++t) {
            _assertRest(vault, t);
            _assertRest(market, t);
        }
    }

    function _assertRest(address holder, uint256 t) private view {
        (uint256 held,) = handler.heldBy(holder, t);
        assertEq(held, handler.restOf(holder, t), "everything returned to its owner");
    }

    function _assertConserved() private view {
        (address vault, address market) = handler.escrows();
        for (uint256 t = 0; t < 2; ++t) {
            (uint256 held, uint256 claimed) = handler.heldBy(vault, t);
            assertEq(held, claimed, "vault: held = owed + escrowed");
            (held, claimed) = handler.heldBy(market, t);
            assertEq(held, claimed, "market: held = owed + escrowed");
        }
        // Nobody else gives rewards here.
        assertEq(handler.rewardsGiven(), handler.feesPaid(), "oracle: held + paid + burned = fees");
    }
}
