import { type Mutation, mutationsOf } from '../mutation.ts';

/** What watchers earn and submitters get back. */
export const REWARDS: readonly Mutation[] = [
  ...mutationsOf('MeasurementOracle.sol', 'RewardsTest', [
    {
      name: 'fund-from-a-token-that-takes-a-fee',
      find: 'if (received != amount) revert RewardsNotReceived(received, amount);',
      replace: '',
    },
    { name: 'reports-are-not-counted', find: '++progress.reports;', replace: '' },
    {
      name: 'version-of-rewards-not-entered',
      find: 'if (header.setId != progress.version) {',
      replace: 'if (progress.version == 0) {',
    },
    {
      name: 'signed-and-not-counted-is-paid',
      find: 'uint256 absentLow = set.occupiedLow & ~(signers[0] & header.countedLow);',
      replace: 'uint256 absentLow = set.occupiedLow & ~signers[0];',
    },
    {
      name: 'counted-and-not-signed-is-paid',
      find: 'uint256 absentLow = set.occupiedLow & ~(signers[0] & header.countedLow);',
      replace: 'uint256 absentLow = set.occupiedLow & ~header.countedLow;',
    },
    {
      name: 'absent-high-seats-are-paid',
      find: 'uint256 absentHigh = set.occupiedHigh & ~(signers[1] & header.countedHigh);',
      replace: 'uint256 absentHigh = 0;',
      first: 'BoundariesTest',
    },
    {
      name: 'absent-high-seats-charge-the-low',
      find: '_chargeAbsent(pointer, set, rate, header.epoch, 256, absentHigh, header.countedHigh);',
      replace: '_chargeAbsent(pointer, set, rate, header.epoch, 0, absentHigh, header.countedHigh);',
    },
    {
      name: 'share-of-the-absent-rounded-down',
      find: 'uint256 shareUp = (rate * stake + totalStake - 1) / totalStake;',
      replace: 'uint256 shareUp = rate * stake / totalStake;',
      first: 'RewardEdgesTest',
    },
    {
      name: 'missing-batch-costs-no-more',
      find: '_rewards.charge(registration, shareUp, epoch, counted & bit != 0);',
      replace: '_rewards.charge(registration, shareUp, epoch, true);',
    },
    {
      name: 'reward-of-a-slashed-seat',
      find: 'record.stake == 0 ? earned : _rewards.payDebt(record.registration, earned)',
      replace: '_rewards.payDebt(record.registration, earned)',
    },
    {
      name: 'debt-is-not-paid',
      find: 'record.stake == 0 ? earned : _rewards.payDebt(record.registration, earned)',
      replace: 'record.stake == 0 ? earned : 0',
    },
    {
      name: 'reward-to-whoever-claims',
      find: 'rewardToken.safeTransfer(record.operator, paid);',
      replace: 'rewardToken.safeTransfer(msg.sender, paid);',
    },
    { name: 'reward-twice', find: '_rewards.cursors[record.registration] = cursor;', replace: '' },
    { name: 'claim-on-a-free-seat', find: 'if (record.status == SeatStatus.Free) revert SeatFree(seat);', replace: '' },
    { name: 'forfeits-are-not-counted', find: '_rewards.forfeited += lost;', replace: '' },
    {
      name: 'forfeits-are-burned-twice',
      find: '_rewards.forfeited = 0;',
      replace: '',
      first: 'StakeBooksTest',
    },
    {
      name: 'forfeits-to-whoever-burns',
      find: 'rewardToken.safeTransfer(DEAD, amount);',
      replace: 'rewardToken.safeTransfer(msg.sender, amount);',
      first: 'StakeBooksTest',
    },
    {
      name: 'cursor-forgets-within-a-version',
      find: 'cursor.perStake > span.start ? cursor.perStake : span.start',
      replace: 'span.start',
    },
    {
      name: 'reward-beyond-the-version',
      find: 'id == progress.version ? _rewards.perStakeAt(progress.reports) : span.end',
      replace: '_rewards.perStakeAt(progress.reports)',
    },
    {
      name: 'versions-after-an-exit-are-looked-at',
      find: 'if (record.status == SeatStatus.Exiting && record.lastVersion < last) last = record.lastVersion;',
      replace: '',
      survives:
        'in a version after its last the seat is empty or of another registration, which the check below passes over: this one saves the reading',
    },
    {
      name: 'reward-of-another-registration',
      find: 'if (registration != record.registration) continue;',
      replace: '',
      survives:
        'a registration is asked only from its first version on, and no live version names a seat that was given away: what stands there is its own, or nothing',
    },
    { name: 'versions-in-one-claim-unbounded', find: '--versionsMax;', replace: '' },
    {
      name: 'refund-at-the-price-offered',
      find: 'uint256 price = tx.gasprice < block.basefee ? tx.gasprice : block.basefee;',
      replace: 'uint256 price = tx.gasprice;',
    },
    {
      name: 'refund-at-the-base-fee-of-a-cheaper-transaction',
      find: 'uint256 price = tx.gasprice < block.basefee ? tx.gasprice : block.basefee;',
      replace: 'uint256 price = block.basefee;',
      first: 'BoundariesTest',
    },
    {
      name: 'refund-beyond-the-pot',
      find: 'amount = cost < pot ? uint96(cost) : pot;',
      replace: 'amount = uint96(cost);',
    },
    {
      name: 'refund-is-not-taken-from-the-pot',
      find: 'progress.refundPot -= _refund(gasBefore, progress.refundPot);',
      replace: '_refund(gasBefore, progress.refundPot);',
    },
    { name: 'refund-twice', find: 'refundOwed[msg.sender] = 0;', replace: '' },
    { name: 'refused-refund-is-lost', find: 'if (!sent) revert RefundRefused(msg.sender, amount);', replace: '' },
    {
      name: 'refund-overwrites-an-earlier-one',
      find: 'refundOwed[msg.sender] += amount;',
      replace: 'refundOwed[msg.sender] = amount;',
    },
    {
      name: 'refund-pot-overwritten',
      find: 'progress.refundPot += uint96(msg.value);',
      replace: 'progress.refundPot = uint96(msg.value);',
      first: 'BoundariesTest',
    },
  ]),
  ...mutationsOf('libraries/Rewards.sol', 'RewardsTest', [
    {
      name: 'stream-pays-one-report-too-many',
      find: 'return reports < stream.endsAt ? stream.rate : 0;',
      replace: 'return reports <= stream.endsAt ? stream.rate : 0;',
      first: 'BoundariesTest',
    },
    {
      name: 'stream-without-an-end',
      find: 'uint64 until = reports < stream.endsAt ? reports : stream.endsAt;',
      replace: 'uint64 until = reports;',
    },
    {
      name: 'remainder-is-lost',
      find: 'state.remainder = left % REPORTS;',
      replace: 'state.remainder = 0;',
      first: 'RewardEdgesTest',
    },
    {
      name: 'what-was-left-is-not-spread-again',
      find: 'if (stream.endsAt > reports) left += uint256(stream.endsAt - reports) * stream.rate;',
      replace: '',
    },
    {
      name: 'rate-is-cut-off',
      find: 'if (spread > type(uint96).max) revert RewardRateTooHigh(spread, type(uint96).max);',
      replace: '',
    },
    { name: 'last-version-is-not-closed', find: 'state.spans[last].end = perStake;', replace: '' },
    {
      name: 'version-starts-at-nothing',
      find: 'state.spans[id].start = perStake;',
      replace: '',
      first: 'StakeBooksTest',
    },
    {
      name: 'version-after-the-end-of-a-stream',
      find: 'state.stream.updatedAt = reports < endsAt ? reports : endsAt;',
      replace: 'state.stream.updatedAt = reports;',
      survives:
        'perStakeAt looks no further than the end of the stream, and the next fund writes updatedAt anew: a later one reads the same',
    },
    { name: 'every-miss-is-a-first-one', find: 'else if (level < LEVEL_MAX) ++level;', replace: 'else level = 1;' },
    {
      name: 'misses-are-remembered-for-ever',
      find: 'if (epoch - uint64(above) > MEMORY_EPOCHS) level = 1;\n                else if',
      replace: 'if',
    },
    {
      name: 'misses-are-forgotten-an-epoch-early',
      find: 'if (epoch - uint64(above) > MEMORY_EPOCHS)',
      replace: 'if (epoch - uint64(above) >= MEMORY_EPOCHS)',
      first: 'RewardEdgesTest',
    },
    { name: 'sixth-miss-costs-more-than-the-fifth', find: 'LEVEL_MAX = 5;', replace: 'LEVEL_MAX = 6;' },
    { name: 'debt-stays-after-it-was-paid', find: 'account.debt -= uint128(paid);', replace: '' },
    {
      name: 'debt-beyond-what-is-earned',
      find: 'paid = earned < account.debt ? earned : account.debt;',
      replace: 'paid = account.debt;',
    },
    {
      name: 'debt-wraps',
      find: 'debt = type(uint128).max;',
      replace: 'debt = uint128(debt);',
      first: 'RewardEdgesTest',
    },
    {
      name: 'missing-batch-costs-a-report-less',
      find: 'shareUp += shareUp << (level - 1);',
      replace: 'shareUp <<= level - 1;',
    },
    {
      name: 'epoch-of-a-miss-is-not-kept',
      find: 'above = level << 64 | epoch;',
      replace: 'above = level << 64 | uint64(above);',
      first: 'RewardEdgesTest',
    },
    {
      name: 'debt-runs-into-the-epoch',
      find: 'if (debt > type(uint128).max) debt = type(uint128).max;',
      replace: '',
      first: 'RewardEdgesTest',
    },
  ]),
];
