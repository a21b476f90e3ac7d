// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What measuring earns. A fund is spread evenly over the next REPORTS reports; each report's part is shared by effective stake
/// over the whole set, whoever took part, so that keeping another out of a report earns nothing: what it does not get, nobody gets.
///
/// `perStake` sums up a report's part per unit of stake since the beginning. It is only written when the rate or the set changes,
/// because between those it grows by the same amount with each report: the reports are counted, and that is all that one costs.
/// A seat that did not sign, or whose batch did not count, is charged what it would have earned, as a debt of its registration.
library Rewards {
    /// 5.7 days of 60-second epochs.
    uint64 internal constant REPORTS = 8192;
    /// Fixed point of `perStake`: a rate below 2^96 over 2^32 reports still fits 224 bits.
    uint256 internal constant SCALE = 1 << 96;
    /// A day of 60-second epochs: a batch missing after a day without is a first one again.
    uint64 internal constant MEMORY_EPOCHS = 1440;
    /// The 1st, 2nd, 3rd, 4th, 5th batch missing within MEMORY_EPOCHS of the last costs 1, 2, 4, 8, 16 reports more.
    uint8 internal constant LEVEL_MAX = 5;

    error RewardRateTooHigh(uint256 tokensPerReport, uint256 maximum);

    /// `rate`: token units per report. The others count reports: the stream ends at `endsAt`, `perStake` holds up to `updatedAt`.
    struct Stream {
        uint96 rate;
        uint64 endsAt;
        uint64 updatedAt;
    }

    /// `perStake` when the version's first report landed, and when that of the next version did.
    struct Span {
        uint256 start;
        uint256 end;
    }

    /// Of one registration. `debt` in token units; `level` and `missedEpoch` of the last batch that was missing.
    struct Account {
        uint128 debt;
        uint64 missedEpoch;
        uint8 level;
    }

    /// How far a registration has been paid.
    struct Cursor {
        uint32 version;
        uint224 perStake;
    }

    struct State {
        Stream stream;
        uint256 perStake;
        /// Of the version of the last report.
        uint256 totalStake;
        /// Token units too few to spread.
        uint256 remainder;
        /// Token units that nobody gets any more.
        uint256 forfeited;
        mapping(uint32 version => Span) spans;
        /// By registration an Account each, packed by hand: the compiler would read and write it field by field. An array of all
        /// that can be, because a mapping would hash every place.
        uint256[1 << 32] accounts;
        mapping(uint32 registration => Cursor) cursors;
    }

    function perStakeAt(State storage state, uint64 reports) internal view returns (uint256) {
        Stream memory stream = state.stream;
        uint64 until = reports < stream.endsAt ? reports : stream.endsAt;
        if (until <= stream.updatedAt) return state.perStake;
        return state.perStake + uint256(until - stream.updatedAt) * stream.rate * SCALE / state.totalStake;
    }

    /// @param reports landed so far.
    function fund(State storage state, uint256 amount, uint64 reports) internal returns (uint96 rate) {
        state.perStake = perStakeAt(state, reports);
        Stream memory stream = state.stream;
        uint256 left = state.remainder + amount;
        if (stream.endsAt > reports) left += uint256(stream.endsAt - reports) * stream.rate;
        uint256 spread = left / REPORTS;
        if (spread > type(uint96).max) revert RewardRateTooHigh(spread, type(uint96).max);
        rate = uint96(spread);
        state.remainder = left % REPORTS;
        state.stream = Stream({rate: rate, endsAt: reports + REPORTS, updatedAt: reports});
    }

    /// The next report is the first of version `id`. @param reports landed before it.
    function enter(State storage state, uint32 last, uint32 id, uint256 totalStake, uint64 reports) internal {
        uint256 perStake = perStakeAt(state, reports);
        state.perStake = perStake;
        state.spans[last].end = perStake;
        state.spans[id].start = perStake;
        state.totalStake = totalStake;
        // Never beyond the stream's end, up to which `perStake` holds now.
        uint64 endsAt = state.stream.endsAt;
        state.stream.updatedAt = reports < endsAt ? reports : endsAt;
    }

    /// Token units that the report after `reports` others pays; 0 when no stream runs.
    function rateAt(State storage state, uint64 reports) internal view returns (uint256) {
        Stream memory stream = state.stream;
        return reports < stream.endsAt ? stream.rate : 0;
    }

    /// Charges a registration its share of a report, rounded up and at most 2^96, and what follows from a missing batch.
    function charge(State storage state, uint32 registration, uint256 shareUp, uint64 epoch, bool counted) internal {
        uint256 word = state.accounts[registration];
        unchecked {
            // What stands above the debt, and the debt after this. Of 96 bits times 17 nothing is carried out of 128 + 1.
            uint256 above = word >> 128;
            if (!counted) {
                uint256 level = above >> 64;
                // Reports land in the order of their epochs. A first batch missing comes to level 1 either way.
                if (epoch - uint64(above) > MEMORY_EPOCHS) level = 1;
                else if (level < LEVEL_MAX) ++level;
                above = level << 64 | epoch;
                shareUp += shareUp << (level - 1);
            }
            uint256 debt = uint128(word) + shareUp;
            // A debt that no reward will ever reach need not grow; a report must land.
            if (debt > type(uint128).max) debt = type(uint128).max;
            state.accounts[registration] = above << 128 | debt;
        }
    }

    /// Takes as much of the debt as `earned` covers, and returns how much.
    function payDebt(State storage state, uint32 registration, uint256 earned) internal returns (uint256 paid) {
        Account memory account = _unpack(state.accounts[registration]);
        paid = earned < account.debt ? earned : account.debt;
        // casting to 'uint128' is safe because it is at most the debt
        account.debt -= uint128(paid);
        state.accounts[registration] = _pack(account);
    }

    function debtOf(State storage state, uint32 registration) internal view returns (uint256) {
        return _unpack(state.accounts[registration]).debt;
    }

    function _unpack(uint256 word) private pure returns (Account memory) {
        return Account({debt: uint128(word), missedEpoch: uint64(word >> 128), level: uint8(word >> 192)});
    }

    function _pack(Account memory account) private pure returns (uint256) {
        return uint256(account.level) << 192 | uint256(account.missedEpoch) << 128 | account.debt;
    }
}
