// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISlaVault} from "../interfaces/ISlaVault.sol";
import {Objective, Terms} from "../interfaces/Types.sol";
import {Outcomes} from "./Outcomes.sol";
import {Settlement} from "./Settlement.sol";

/// The bounds of an agreement's terms.
library TermsBounds {
    /// Five years of one-day periods fit.
    uint256 internal constant PERIODS_MAX = 2048;
    /// Each is judged in every settlement: bounds its gas.
    uint256 internal constant OBJECTIVES_MAX = 4;

    /// Reverts with the vault's errors. @param windows the oracle's window lengths, in epochs.
    function check(Terms calldata t, uint64 settleDelayEpochsMax, uint32[4] memory windows) internal pure {
        requireWithin("objectives", t.objectives.length, 1, OBJECTIVES_MAX);
        requireWithin("periods", t.periods, 1, PERIODS_MAX);
        requireWithin("slashPerPeriod", t.slashPerPeriod, 0, t.bond);
        requireWithin("creditPpm", t.creditPpm, 0, Settlement.PPM);
        requireWithin("settleDelayEpochs", t.settleDelayEpochs, 0, settleDelayEpochsMax);
        requireWithin("voidsInRowMax", t.voidsInRowMax, 1, Outcomes.VOIDS_IN_ROW_MAX);
        // At least one: who gives notice must not know yet how the last window goes.
        requireWithin("noticeWindows", t.noticeWindows, 1, PERIODS_MAX);
        for (uint256 i = 0; i < t.objectives.length; ++i) {
            Objective calldata objective = t.objectives[i];
            requireWithin("metric", objective.metric, 0, Settlement.METRICS - 1);
            requireWithin("statistic", objective.statistic, 0, Settlement.STATISTIC_TAIL);
            requireWithin("comparator", objective.comparator, 0, Settlement.COMPARATOR_AT_MOST);
        }
        // The epoch leaf (1) and unused places (0) never settle money.
        if (t.windowEpochs < 2) revert ISlaVault.UnknownWindow(t.windowEpochs);
        for (uint256 i = 0; i < windows.length; ++i) {
            if (windows[i] == t.windowEpochs) return;
        }
        revert ISlaVault.UnknownWindow(t.windowEpochs);
    }

    function requireWithin(string memory name, uint256 given, uint256 minimum, uint256 maximum) internal pure {
        if (given < minimum || given > maximum) revert ISlaVault.FieldOutOfBounds(name, given, minimum, maximum);
    }
}
