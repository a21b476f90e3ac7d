// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Outcome} from "../interfaces/Types.sol";

/// How the periods of one agreement ended: four bits a period, 63 periods a word.
library Outcomes {
    uint256 private constant PER_WORD = 63;
    /// Above the last period of a word: a word that is not zero is cheaper to write.
    uint256 private constant OPENED = 1 << 252;
    /// Neighbours that are looked at on each side of a period: as long as the longest row that terms can name.
    uint256 internal constant VOIDS_IN_ROW_MAX = 32;

    function get(mapping(uint256 word => uint256) storage words, uint256 period) internal view returns (Outcome) {
        return Outcome((words[period / PER_WORD] >> (4 * (period % PER_WORD))) & 0xf);
    }

    /// Pays for the first word, so that no settlement does.
    function open(mapping(uint256 word => uint256) storage words) internal {
        words[0] = OPENED;
    }

    /// The period must be None before.
    function set(mapping(uint256 word => uint256) storage words, uint256 period, Outcome outcome) internal {
        words[period / PER_WORD] |= uint256(outcome) << (4 * (period % PER_WORD));
    }

    /// Ended without a verdict.
    function isVoid(Outcome outcome) internal pure returns (bool) {
        return outcome == Outcome.Inconclusive || outcome == Outcome.Expired;
    }

    /// The length of the row of void periods that `period` stands in, itself counted as void.
    function voidsAround(mapping(uint256 word => uint256) storage words, uint256 period, uint256 periods)
        internal
        view
        returns (uint256 voids)
    {
        voids = 1;
        uint256 before = period < VOIDS_IN_ROW_MAX ? period : VOIDS_IN_ROW_MAX;
        for (uint256 i = 1; i <= before && isVoid(get(words, period - i)); ++i) {
            ++voids;
        }
        uint256 later = periods - period - 1;
        if (later > VOIDS_IN_ROW_MAX) later = VOIDS_IN_ROW_MAX;
        for (uint256 i = 1; i <= later && isVoid(get(words, period + i)); ++i) {
            ++voids;
        }
    }
}
