import { type Mutation, mutationsOf } from '../mutation.ts';

/** Certificates, roots, leaves and kept values. */
export const ORACLE: readonly Mutation[] = [
  ...mutationsOf('MeasurementOracle.sol', 'MeasurementOracleTest', [
    {
      name: 'quorum-of-exactly-two-thirds',
      find: '3 * set.signedStake <= 2 * set.totalStake',
      replace: '3 * set.signedStake < 2 * set.totalStake',
    },
    {
      name: 'quorum-of-half',
      find: '3 * set.signedStake <= 2 * set.totalStake',
      replace: '2 * set.signedStake <= set.totalStake',
    },
    {
      name: 'certificate-signature-unchecked',
      find: 'if (!Bls.verifyAt(set.head, SealedSet.KEY_OFFSET_BYTES, point, signature)) {',
      replace: 'if (signature.length == 0) {',
    },
    {
      name: 'certificate-without-view',
      find: 'Typed.attestationDigest(DOMAIN_SEPARATOR(), header.epoch, view_, reportHash)',
      replace: 'Typed.attestationDigest(DOMAIN_SEPARATOR(), header.epoch, 0, reportHash)',
    },
    {
      name: 'previous-unchecked',
      find: 'if (header.previous != head_) revert WrongPrevious(header.previous, head_);',
      replace: '',
    },
    { name: 'epoch-lands-twice', find: 'if (epoch < nextEpoch) revert', replace: 'if (epoch + 1 < nextEpoch) revert' },
    {
      name: 'next-epoch-not-advanced',
      find: 'progress.nextEpoch = header.epoch + 1;',
      replace: 'progress.nextEpoch = header.epoch;',
    },
    { name: 'head-not-moved', find: '_head = reportHash;', replace: '' },
    {
      name: 'report-a-second-before-its-epoch-ends',
      find: 'if (block.timestamp < endsAt) revert',
      replace: 'if (block.timestamp + 1 < endsAt) revert',
    },
    {
      name: 'report-at-its-deadline',
      find: 'if (block.timestamp >= deadline) revert',
      replace: 'if (block.timestamp > deadline) revert',
    },
    {
      name: 'other-protocol-version',
      find: 'if (header.protocolVersion != protocolVersion) {',
      replace: 'if (header.protocolVersion == 0) {',
    },
    {
      name: 'other-parameters',
      find: 'if (header.parametersId != parametersId) revert',
      replace: 'if (header.parametersId == 0) revert',
    },
    {
      name: 'anchor-at-the-current-block',
      find: 'if (number >= block.number) revert',
      replace: 'if (number > block.number) revert',
    },
    {
      name: 'anchor-hash-unchecked',
      find: 'if (actual != 0 && actual != given) revert',
      replace: 'if (actual != 0 && given == 0) revert',
    },
    {
      name: 'counted-strangers-in-low-seats',
      find: 'uint256 strangers = header.countedLow & ~low;',
      replace: 'uint256 strangers = 0;',
    },
    {
      name: 'counted-strangers-in-high-seats',
      find: 'strangers = header.countedHigh & ~high;',
      replace: 'strangers = 0;',
    },
    {
      name: 'set-of-another-epoch',
      find: 'pointer = watcherRegistry.sealedSet(header.setId, header.epoch);',
      replace: 'pointer = watcherRegistry.sealedSet(header.setId, watcherRegistry.currentEpoch());',
    },
    {
      name: 'domain-of-a-forked-chain',
      find: 'return block.chainid == _deploymentChainId ? _deploymentDomain : Typed.domainSeparator(address(this));',
      replace: 'return _deploymentDomain;',
    },
    {
      name: 'genesis-seed-without-randomness',
      find: 'block.chainid, address(this), block.prevrandao, blockhash(block.number - 1)',
      replace: 'block.chainid, address(this), uint256(0), blockhash(block.number - 1)',
      first: 'BoundariesTest',
    },
    {
      name: 'parameters-not-canonical',
      find: 'if (keccak256(abi.encode(decoded)) != keccak256(parameters_)) revert InvalidParameters("encoding");',
      replace: '',
      first: 'OracleLeavesTest',
    },
    {
      name: 'reveal-before-reveals-are-sent',
      find: 'if (p.revealMillis <= uint256(p.commitMillis) + 2 * uint256(p.deltaMillis)) {',
      replace: 'if (p.revealMillis < uint256(p.commitMillis) + 2 * uint256(p.deltaMillis)) {',
      first: 'OracleLeavesTest',
    },
    {
      name: 'deadline-beyond-the-exit-delay',
      find: 'if (p.deadlineEpochs > registry.exitDelayEpochs()) revert',
      replace: 'if (p.deadlineEpochs == 0) revert',
      first: 'OracleLeavesTest',
    },
    {
      name: 'first-view-ends-at-the-deadline',
      find: 'if (firstViewEnds >= uint256',
      replace: 'if (firstViewEnds > uint256',
      first: 'RewardEdgesTest',
    },
    {
      name: 'windows-of-equal-length',
      find: 'length == 0 || length > p.windowEpochs[i - 1];',
      replace: 'length == 0 || length >= p.windowEpochs[i - 1];',
      first: 'OracleLeavesTest',
    },
    {
      name: 'window-behind-an-unused-place',
      find: 'if (i > 0 && length != 0 && p.windowEpochs[i - 1] == 0) revert InvalidParameters("windowEpochs");',
      replace: '',
      first: 'OracleLeavesTest',
    },
    {
      name: 'longest-window-unbounded',
      find: 'if (length > WINDOW_EPOCHS_MAX) revert InvalidParameters("windowEpochs");',
      replace: '',
      first: 'OracleLeavesTest',
    },
  ]),
  ...mutationsOf('MeasurementOracle.sol', 'OracleLeavesTest', [
    {
      name: 'root-kept-for-another-epoch',
      find: '_roots[header.epoch % RING_SIZE] = _rootEntry(header.epoch, header.resultsRoot);',
      replace: '_roots[header.epoch % RING_SIZE] = _rootEntry(header.epoch + 1, header.resultsRoot);',
    },
    {
      name: 'root-entry-without-its-epoch',
      find: 'return keccak256(abi.encode(epoch, resultsRoot));',
      replace: 'return keccak256(abi.encode(uint64(0), resultsRoot));',
    },
    {
      name: 'any-leaf-of-a-known-epoch',
      find: 'if (_rootEntry(reportEpoch, computedRoot) == entry) return;',
      replace: 'if (entry != 0) return;',
    },
    {
      name: 'known-root-of-any-report',
      find: 'return _roots[epoch % RING_SIZE] == _rootEntry(epoch, resultsRoot);',
      replace: 'return _roots[epoch % RING_SIZE] != 0;',
    },
    {
      name: 'longest-proof-refused',
      find: 'if (proof.length > PROOF_LENGTH_MAX) revert ProofTooLong(proof.length, PROOF_LENGTH_MAX);',
      replace: 'if (proof.length >= PROOF_LENGTH_MAX) revert ProofTooLong(proof.length, PROOF_LENGTH_MAX);',
      first: 'BoundariesTest',
    },
    {
      name: 'proof-of-any-length',
      find: 'if (proof.length > PROOF_LENGTH_MAX) revert ProofTooLong(proof.length, PROOF_LENGTH_MAX);',
      replace: '',
    },
    { name: 'ring-of-half-the-size', find: 'RING_SIZE = 8192;', replace: 'RING_SIZE = 4096;' },
  ]),
  ...mutationsOf('MeasurementOracle.sol', 'HistoryTest', [
    {
      name: 'old-leaf-on-an-unknown-anchor',
      find: 'if (anchorHash != _head && !headKept[anchorHash]) revert UnknownAnchor(anchorHash);',
      replace: '',
    },
    {
      name: 'old-leaf-on-the-head-alone',
      find: 'anchorHash != _head && !headKept[anchorHash]',
      replace: 'anchorHash != _head',
    },
    {
      name: 'old-report-outside-the-history',
      find: 'if (historyRoot != anchor.historyRoot) {',
      replace: 'if (historyRoot == 0) {',
    },
    {
      name: 'old-leaf-outside-its-report',
      find: 'if (computedRoot != report.resultsRoot) revert',
      replace: 'if (computedRoot == 0) revert',
    },
    {
      name: 'old-proof-of-any-length',
      find: 'if (proof.length > PROOF_LENGTH_MAX) {\n            revert ProofTooLong(proof.length, PROOF_LENGTH_MAX);\n        }',
      replace: '',
    },
    { name: 'no-head-is-kept', find: 'if (reportHash == 0) revert NothingReported();', replace: '' },
  ]),
  ...mutationsOf('MeasurementOracle.sol', 'KeptValuesTest', [
    {
      name: 'kept-value-of-a-window-beyond-its-report',
      find: 'if (end > uint256(reportEpoch) + 1) revert',
      replace: 'if (end > uint256(reportEpoch) + 2) revert',
    },
    {
      name: 'kept-value-goes-back',
      find: 'if (end <= place.windowEnd) revert NotNewer(end, place.windowEnd);',
      replace: '',
    },
    {
      name: 'kept-value-is-replaced',
      find: 'if (end <= place.windowEnd) revert',
      replace: 'if (end < place.windowEnd) revert',
    },
    {
      name: 'inconclusive-value-is-kept',
      find: 'if (!leaf.conclusive || word >> 248 != STATUS_PRESENT) revert',
      replace: 'if (word >> 248 != STATUS_PRESENT) revert',
    },
    {
      name: 'absent-value-is-kept',
      find: 'if (!leaf.conclusive || word >> 248 != STATUS_PRESENT) revert',
      replace: 'if (!leaf.conclusive) revert',
    },
    { name: 'unproven-value-is-kept', find: 'verifyLeaf(leaf, reportEpoch, proof);', replace: '' },
    {
      name: 'kept-metric-out-of-range',
      find: 'if (metric >= METRICS) revert',
      replace: 'if (metric > METRICS) revert',
    },
    {
      name: 'observed-when-reported',
      find: 'observedAt: genesis + stored.windowEnd * epochSeconds,',
      replace: 'observedAt: genesis + stored.reportEpoch * epochSeconds,',
    },
    {
      name: 'kept-values-of-all-vantages-mixed',
      find: 'return keccak256(abi.encode(serviceId, windowEpochs_, vantage, metric));',
      replace: 'return keccak256(abi.encode(serviceId, windowEpochs_, uint16(vantage * 0), metric));',
    },
    {
      name: 'kept-values-of-all-metrics-mixed',
      find: 'return keccak256(abi.encode(serviceId, windowEpochs_, vantage, metric));',
      replace: 'return keccak256(abi.encode(serviceId, windowEpochs_, vantage, uint8(metric * 0)));',
    },
    {
      name: 'stale-value-a-second-longer',
      find: 'if (block.timestamp > uint256(observation.observedAt) + ageSeconds) {',
      replace: 'if (block.timestamp > uint256(observation.observedAt) + ageSeconds + 1) {',
    },
    {
      name: 'latest-is-of-the-epoch-leaf',
      find: '_defaultWindow = first == 1 && decoded.windowEpochs[1] != 0 ? decoded.windowEpochs[1] : first;',
      replace: '_defaultWindow = first;',
    },
    {
      name: 'tail-and-median-swapped',
      find: 'median: uint40(stored.word >> 208),',
      replace: 'median: uint40(stored.word >> 88),',
    },
  ]),
  ...mutationsOf('libraries/Accepted.sol', 'MeasurementOracleTest', [
    {
      name: 'header-hash-without-its-last-word',
      find: 'keccak256(free, add(0x20, HEADER_BYTES))',
      replace: 'keccak256(free, HEADER_BYTES)',
    },
    { name: 'header-hash-without-its-type', find: 'mstore(free, typeHash)', replace: 'mstore(free, 0)' },
    { name: 'logged-without-the-signers', find: 'calldatacopy(free, VIEW_AT, VIEW_AND_SIGNERS_BYTES)', replace: '' },
    {
      name: 'logged-with-another-header',
      find: 'calldatacopy(add(free, VIEW_AND_SIGNERS_BYTES), HEADER_AT, HEADER_BYTES)',
      replace: 'calldatacopy(add(free, VIEW_AND_SIGNERS_BYTES), VIEW_AT, HEADER_BYTES)',
    },
    { name: 'logged-under-the-wrong-epoch', find: 'topic, epoch, reportHash)', replace: 'topic, reportHash, epoch)' },
  ]),
];
