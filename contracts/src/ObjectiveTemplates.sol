// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Objective} from "./interfaces/Types.sol";
import {Templates} from "./libraries/Templates.sol";

/// The templates for wallets and scripts, which cannot link a library.
contract ObjectiveTemplates {
    /// @return objectives for the terms of an intent or offer. @return extraDigest for the intent; 0 without a rate.
    function template(Templates.Tier tier, Templates.Form form, uint8 statistic, uint32 targetRatePerSecond)
        external
        pure
        returns (Objective[] memory objectives, bytes32 extraDigest)
    {
        objectives = Templates.objectives(tier, form, statistic, targetRatePerSecond);
        if (targetRatePerSecond > 0) extraDigest = keccak256(Templates.extraOf(targetRatePerSecond));
    }
}
