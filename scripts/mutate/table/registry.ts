import { type Mutation, mutationsOf } from '../mutation.ts';

/** Seats and sealed sets. */
export const REGISTRY: readonly Mutation[] = [
  ...mutationsOf('WatcherRegistry.sol', 'WatcherRegistryTest', [
    {
      name: 'stake-one-unit-below-the-minimum',
      find: 'if (stake < stakeMin) revert',
      replace: 'if (stake + 1 < stakeMin) revert',
    },
    { name: 'key-registered-twice', find: 'if (keyUsed[watcher]) revert KeyAlreadyUsed(watcher);', replace: '' },
    { name: 'possession-unproven', find: '_requirePossession(publicKey, proofOfPossession, watcher);', replace: '' },
    {
      name: 'possession-proven-by-a-signature',
      find: '"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"',
      replace: '"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"',
    },
    {
      name: 'possession-for-any-operator',
      find: 'if (!Bls.verify(publicKey, point, proof)) revert',
      replace: 'if (!Bls.verify(publicKey, point, proof) && msg.sender == address(0)) revert',
    },
    {
      name: 'stake-counts-above-the-cap',
      find: 'return stake < effectiveStakeCap ? stake : effectiveStakeCap;',
      replace: 'return stake;',
    },
    {
      name: 'too-many-addresses',
      find: 'if (addresses.length > ADDRESSES_MAX) revert',
      replace: 'if (addresses.length > ADDRESSES_MAX + 1) revert',
    },
    {
      name: 'uri-one-byte-too-long',
      find: 'if (bytes(uri).length > URI_BYTES_MAX) revert',
      replace: 'if (bytes(uri).length > URI_BYTES_MAX + 1) revert',
    },
    {
      name: 'contact-by-anybody',
      find: 'if (record.status == SeatStatus.Free) revert NotJoined(index);\n        if (msg.sender != record.operator) revert NotOperator(msg.sender, record.operator);',
      replace: 'if (record.status == SeatStatus.Free) revert NotJoined(index);',
    },
    {
      name: 'exit-by-anybody',
      find: 'if (record.status != SeatStatus.Joined) revert NotJoined(index);\n        if (msg.sender != record.operator) revert NotOperator(msg.sender, record.operator);',
      replace: 'if (record.status != SeatStatus.Joined) revert NotJoined(index);',
    },
    {
      name: 'exit-twice',
      find: 'if (record.status != SeatStatus.Joined) revert NotJoined(index);',
      replace: 'if (record.status == SeatStatus.Free) revert NotJoined(index);',
    },
    {
      name: 'stake-leaves-an-epoch-early',
      find: 'if (currentEpoch() < from) revert',
      replace: 'if (currentEpoch() + 1 < from) revert',
    },
    {
      name: 'stake-leaves-without-the-delay',
      find: 'return expiryEpoch + exitDelayEpochs;',
      replace: 'return expiryEpoch;',
    },
    {
      name: 'stake-leaves-while-its-version-lives',
      find: 'uint32 lastVersion = record.firstVersion > latestVersion ? 0 : latestVersion;',
      replace: 'uint32 lastVersion = 0;',
    },
    {
      name: 'stake-of-an-unsealed-seat-waits',
      find: 'uint32 lastVersion = record.firstVersion > latestVersion ? 0 : latestVersion;',
      replace: 'uint32 lastVersion = latestVersion;',
      first: 'StakeBooksTest',
    },
    {
      name: 'stake-to-whoever-withdraws',
      find: 'stakeSource.release(record.operator, record.stake);',
      replace: 'stakeSource.release(msg.sender, record.stake);',
    },
    { name: 'stake-withdrawn-twice', find: 'delete _seats[index];', replace: '' },
    { name: 'seat-is-never-free-again', find: '_taken[index / 256] &= ~(uint256(1) << (index % 256));', replace: '' },
    { name: 'seat-is-given-twice', find: '_taken[word] |= free & (~free + 1);', replace: '' },
    {
      name: 'genesis-in-milliseconds',
      find: 'if (genesis_ == 0 || genesis_ > type(uint40).max) revert',
      replace: 'if (genesis_ == 0) revert',
    },
    {
      name: 'epochs-of-any-length',
      find: 'if (epochSeconds_ == 0 || epochSeconds_ > EPOCH_SECONDS_MAX) revert',
      replace: 'if (epochSeconds_ == 0) revert',
    },
    {
      name: 'no-exit-delay',
      find: 'if (exitDelayEpochs_ == 0 || exitDelayEpochs_ > DELAY_EPOCHS_MAX) {',
      replace: 'if (exitDelayEpochs_ > DELAY_EPOCHS_MAX) {',
    },
    { name: 'epoch-before-genesis', find: 'if (block.timestamp < genesis) return 0;', replace: '' },
  ]),
  ...mutationsOf('WatcherRegistry.sol', 'SetVersionsTest', [
    { name: 'seal-without-a-change', find: 'if (!_changed) revert NothingToSeal();', replace: '' },
    {
      name: 'seal-while-a-version-waits',
      find: 'if (waiting > epoch) revert VersionPending(latestVersion, waiting);',
      replace: '',
    },
    {
      name: 'seal-refused-when-the-version-is-active',
      find: 'if (waiting > epoch) revert',
      replace: 'if (waiting >= epoch) revert',
    },
    {
      name: 'version-active-too-early',
      find: 'activationEpoch = uint48(epoch + activationDelayEpochs);',
      replace: 'activationEpoch = uint48(epoch + activationDelayEpochs - 1);',
    },
    {
      name: 'version-never-expires',
      find: 'if (id != 1) _versions[id - 1].expiryEpoch = activationEpoch;',
      replace: '',
    },
    {
      name: 'version-found-an-epoch-late',
      find: 'if (_versions[middle].activationEpoch <= epoch) low = middle;',
      replace: 'if (_versions[middle].activationEpoch < epoch) low = middle;',
    },
    {
      name: 'version-used-before-its-activation',
      find: 'if (epoch < activationEpoch || (replaced && epoch >= expiryEpoch)) {',
      replace: 'if (replaced && epoch >= expiryEpoch) {',
    },
    {
      name: 'version-used-at-its-expiry',
      find: 'if (epoch < activationEpoch || (replaced && epoch >= expiryEpoch)) {',
      replace: 'if (epoch < activationEpoch || (replaced && epoch > expiryEpoch)) {',
    },
    {
      name: 'version-used-after-its-stake-left',
      find: 'if (replaced && currentEpoch() >= uint64(expiryEpoch) + exitDelayEpochs) {',
      replace: 'if (replaced && epoch > currentEpoch() + DELAY_EPOCHS_MAX) {',
    },
    {
      name: 'version-used-when-its-stake-may-leave',
      find: 'if (replaced && currentEpoch() >= uint64(expiryEpoch) + exitDelayEpochs) {',
      replace: 'if (replaced && currentEpoch() > uint64(expiryEpoch) + exitDelayEpochs) {',
    },
    { name: 'total-stake-keeps-who-left', find: '_totalEffectiveStake -= _effective(record.stake);', replace: '' },
    {
      name: 'sealed-stake-of-who-left',
      find: '_stakeWords[index / 2] &= ~(uint256(type(uint128).max) << _entryShift(index));',
      replace: '',
    },
    {
      name: 'stakes-of-neighbours-swapped',
      find: 'return index % 2 == 0 ? 128 : 0;',
      replace: 'return index % 2 == 0 ? 0 : 128;',
    },
    {
      name: 'stake-of-the-last-high-seats-not-sealed',
      find: 'return (256 + LibBit.fls(occupied[1])) / 2 + 1;',
      replace: 'return (256 + LibBit.fls(occupied[1])) / 2;',
    },
    {
      name: 'stake-of-the-last-low-seats-not-sealed',
      find: 'return occupied[0] == 0 ? 0 : LibBit.fls(occupied[0]) / 2 + 1;',
      replace: 'return occupied[0] == 0 ? 0 : LibBit.fls(occupied[0]) / 2;',
    },
    {
      name: 'seat-beyond-the-last-is-asked',
      find: 'if (index >= SEATS) revert SeatOutOfRange(index, SEATS);\n        uint256 stake;',
      replace: 'uint256 stake;',
      first: 'StakeBooksTest',
    },
    { name: 'sealed-total-of-before', find: '_totalEffectiveStake += effectiveStake;', replace: '' },
  ]),
  ...mutationsOf('WatcherRegistry.sol', 'SlashingTest', [
    { name: 'slash-by-anybody', find: 'if (msg.sender != court) revert NotCourt(msg.sender, court);', replace: '' },
    {
      name: 'slash-of-the-next-holder',
      find: 'if (record.status == SeatStatus.Free || record.registration != registration) {',
      replace: 'if (record.status == SeatStatus.Free) {',
    },
    { name: 'slash-twice', find: 'if (slashed == 0) revert AlreadySlashed(index, registration);', replace: '' },
    { name: 'slashed-stake-stays', find: 'record.stake = 0;', replace: '' },
    {
      name: 'slashed-seat-stays-in-the-set',
      find: 'if (record.status == SeatStatus.Joined) _leave(index, record);',
      replace: '',
    },
    { name: 'reporter-gets-half', find: 'REPORTER_PARTS = 20;', replace: 'REPORTER_PARTS = 2;' },
    {
      name: 'reporter-gets-a-little-more-than-a-twentieth',
      find: 'REPORTER_PARTS = 20;',
      replace: 'REPORTER_PARTS = 19;',
    },
    {
      name: 'nothing-is-burned',
      find: 'stakeSource.seize(reporter, toReporter, slashed - toReporter);',
      replace: 'stakeSource.seize(reporter, slashed, 0);',
    },
    {
      name: 'slash-pays-the-caller',
      find: 'stakeSource.seize(reporter, toReporter, slashed - toReporter);',
      replace: 'stakeSource.seize(msg.sender, toReporter, slashed - toReporter);',
    },
    {
      name: 'added-stake-counts-above-the-cap',
      find: 'uint128 added = _effective(stake) - before;',
      replace: 'uint128 added = amount;',
    },
    {
      name: 'added-stake-is-not-taken',
      find: 'stakeSource.lock(msg.sender, amount);',
      replace: '',
      first: 'StakeBooksTest',
    },
    { name: 'nothing-is-added', find: 'if (amount == 0) revert StakeBelowMinimum(0, 1);', replace: '' },
    {
      name: 'added-stake-goes-to-the-neighbour',
      find: '_stakeWords[index / 2] += uint256(added) << (32 + _entryShift(index));',
      replace: '_stakeWords[index / 2] += uint256(added) << (32 + _entryShift(index + 1));',
    },
  ]),
];
