// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leaf, Objective, Outcome, Terms} from "../../src/interfaces/Types.sol";
import {Settlement} from "../../src/libraries/Settlement.sol";
import {Batch} from "./Batch.sol";

/// The rule of a period, and what it pays.
contract SettlementHarness is Batch {
    function evaluate(Leaf calldata leaf, Objective[] calldata objectives) external pure returns (Outcome) {
        return Settlement.evaluate(leaf, objectives);
    }

    function amounts(Outcome outcome, uint128 price, uint128 slash, uint32 creditPpm, uint128 bondLeft)
        external
        pure
        returns (uint128 paidToProvider, uint128 returnedToCustomer, uint128 slashed)
    {
        Terms memory terms;
        (terms.pricePerPeriod, terms.slashPerPeriod, terms.creditPpm) = (price, slash, creditPpm);
        return Settlement.amounts(outcome, terms, bondLeft);
    }
}
