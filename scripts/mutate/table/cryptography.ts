import { type Mutation, mutationsOf } from '../mutation.ts';

/** Signatures, digests, the history, and sealed sets in code. */
export const CRYPTOGRAPHY: readonly Mutation[] = [
  ...mutationsOf('libraries/Bls.sol', 'BlsTest', [
    { name: 'every-pairing-holds', find: 'return product == 1;', replace: 'return true;' },
    { name: 'signature-at-infinity', find: 'requireG1(signature);', replace: '_requireLength(signature, G1_BYTES);' },
    { name: 'signature-of-any-length', find: 'requireG1(signature);', replace: 'requireG1(messagePoint);' },
    { name: 'message-at-infinity', find: 'requireG1(messagePoint);\n        return', replace: 'return' },
    {
      name: 'message-point-of-any-length',
      find: '_requireG2At(holder, offset);\n        _requireLength(messagePoint, G1_BYTES);',
      replace: '_requireG2At(holder, offset);',
      survives: 'every caller but verify hands on what hashToG1 made, and verify checks the length itself',
    },
    {
      name: 'key-at-infinity',
      find: '_requireG2At(holder, offset);\n        _requireLength',
      replace: '_requireLength',
    },
    { name: 'key-of-any-length', find: '_requireLength(key, G2_BYTES);', replace: '' },
    {
      name: 'half-of-the-key-at-infinity',
      find: 'let at := add(add(holder, 0x20), offset)\n            bits := or(or(mload(at), mload(add(at, 0x20))), or(mload(add(at, 0x40)), mload(add(at, 0x60))))',
      replace: 'let at := add(add(holder, 0x20), offset)',
      first: 'BlsAbsentTest',
    },
    {
      name: 'pairing-precompile-that-is-not-there',
      find: 'ok := and(ok, eq(returndatasize(), 0x20))\n            product',
      replace: 'product',
      first: 'BlsAbsentTest',
    },
    {
      name: 'addition-precompile-that-is-not-there',
      find: 'ok := and(ok, eq(returndatasize(), 0x100))\n        }\n        if (!ok)',
      replace: '}\n        if (!ok)',
      first: 'BlsAbsentTest',
    },
    {
      name: 'addition-of-a-key-in-code-that-is-not-there',
      find: 'ok := and(ok, eq(returndatasize(), 0x100))\n        }\n        if (bits',
      replace: '}\n        if (bits',
      first: 'BlsAbsentTest',
    },
    {
      name: 'key-of-an-address-without-code',
      find: 'if (bits == 0) revert InfinityRefused();\n        if (!ok)',
      replace: 'if (!ok)',
    },
    {
      name: 'sum-of-the-hash-that-is-not-there',
      find: 'ok := and(ok, eq(returndatasize(), 0x80))',
      replace: '',
      first: 'BlsAbsentTest',
    },
    {
      name: 'refused-sum-of-the-hash-goes-on',
      find: 'mstore(point, 0x80)\n        }\n        if (!ok) revert PrecompileRefused(precompile);',
      replace: 'mstore(point, 0x80)\n        }',
      first: 'BlsAbsentTest',
    },
    {
      name: 'mapping-precompile-that-is-not-there',
      find: 'mapped := and(mapped, eq(returndatasize(), 0x80))',
      replace: '',
      first: 'BlsAbsentTest',
    },
    {
      name: 'precompile-that-is-not-there',
      find: 'ok := and(ok, eq(returndatasize(), outputBytes))',
      replace: '',
      first: 'BlsAbsentTest',
    },
    {
      name: 'refused-addition-goes-on',
      find: 'if (!ok) revert PrecompileRefused(precompile);\n    }\n\n    /// −point',
      replace: '}\n\n    /// −point',
    },
    { name: 'refused-pairing-burns-more', find: 'PAIRING_GAS_CAP = 412_000;', replace: 'PAIRING_GAS_CAP = 4_120_000;' },
    {
      name: 'sum-beyond-its-holder',
      find: '_requireLength(sum, G2_BYTES);',
      replace: '',
    },
    {
      name: 'key-beyond-its-holder',
      find: 'function _requireG2At(bytes memory holder, uint256 offset) private pure {\n        if (holder.length < offset + G2_BYTES) revert BadLength(holder.length, offset + G2_BYTES);',
      replace: 'function _requireG2At(bytes memory holder, uint256 offset) private pure {',
      first: 'BlsAbsentTest',
    },
    { name: 'empty-domain-tag', find: 'if (domainTag.length == 0) revert EmptyDomainTag();', replace: '' },
    {
      name: 'long-domain-tag-is-not-hashed',
      find: 'if (domainTag.length > 255)',
      replace: 'if (domainTag.length > 256)',
    },
    { name: 'hash-expanded-to-another-length', find: 'mstore(at, shl(240, 128))', replace: 'mstore(at, shl(240, 64))' },
    {
      name: 'hash-of-one-point-only',
      find: '_mapToG1(uniform[2], uniform[3], pair, G1_BYTES);',
      replace: '_mapToG1(uniform[0], uniform[1], pair, G1_BYTES);',
    },
    { name: 'zero-is-negated-to-the-modulus', find: 'if (high | low == 0) return (0, 0);', replace: '' },
    { name: 'negation-without-the-borrow', find: '(low > P_LOW ? 1 : 0)', replace: '(low > P_LOW ? 0 : 0)' },
  ]),
  ...mutationsOf('libraries/SealedSet.sol', 'SetVersionsTest', [
    { name: 'non-signers-keep-their-stake', find: 'missed += stake;', replace: '' },
    { name: 'last-non-signer-alone-loses-its-stake', find: 'missed += stake;', replace: 'missed = stake;' },
    {
      name: 'non-signers-keep-their-key',
      find: 'Bls.g2AddCodeAt(head, KEY_OFFSET_BYTES, LibRLP.computeAddress(registry, registration));',
      replace: '',
    },
    {
      name: 'non-signers-in-high-seats-are-ignored',
      find: '_subtract(set, registry, pointer, 256, set.occupiedHigh ^ high);',
      replace: '',
    },
    {
      name: 'low-signers-outside-the-set',
      find: 'if (low & ~set.occupiedLow != 0) revert IWatcherRegistry.SignerNotInSet(id, 0, low & ~set.occupiedLow);',
      replace: '',
    },
    {
      name: 'high-signers-outside-the-set',
      find: 'if (high & ~set.occupiedHigh != 0) revert IWatcherRegistry.SignerNotInSet(id, 1, high & ~set.occupiedHigh);',
      replace: '',
    },
    {
      name: 'high-signers-not-looked-at',
      find: 'if (low == set.occupiedLow && high == set.occupiedHigh) return set;',
      replace: 'if (low == set.occupiedLow) return set;',
    },
  ]),
  ...mutationsOf('libraries/Typed.sol', 'VectorsTest', [
    {
      name: 'proposal-passes-for-an-attestation',
      find: 'keccak256("Proposal(uint64 epoch,uint32 view,bytes32 report)")',
      replace: 'keccak256("Attestation(uint64 epoch,uint32 view,bytes32 report)")',
    },
    {
      name: 'commit-of-another-type',
      find: 'keccak256("Commit(uint64 epoch,bytes32 watcher,bytes32 commitment)")',
      replace: 'keccak256("Commit(uint64 epoch,bytes32 commitment,bytes32 watcher)")',
    },
    {
      name: 'header-of-another-type',
      find: 'uint64 anchorNumber,bytes32 anchorHash)',
      replace: 'uint32 anchorNumber,bytes32 anchorHash)',
    },
    {
      name: 'domain-of-another-type',
      find: 'string version,uint256 chainId',
      replace: 'string version,uint64 chainId',
    },
    {
      name: 'domain-of-any-chain',
      find: 'NAME_HASH, VERSION_HASH, block.chainid, verifyingContract',
      replace: 'NAME_HASH, VERSION_HASH, uint256(1), verifyingContract',
    },
    {
      name: 'domain-of-any-contract',
      find: 'NAME_HASH, VERSION_HASH, block.chainid, verifyingContract',
      replace: 'NAME_HASH, VERSION_HASH, block.chainid, address(uint160(verifyingContract) * 0)',
    },
    {
      name: 'possession-without-the-operator',
      find: 'keccak256(abi.encode(POSSESSION_TYPEHASH, operator, watcher))',
      replace: 'keccak256(abi.encode(POSSESSION_TYPEHASH, address(uint160(operator) * 0), watcher))',
    },
    {
      name: 'leaf-hashed-once',
      find: 'return keccak256(bytes.concat(keccak256(abi.encode(leaf))));',
      replace: 'return keccak256(abi.encode(leaf));',
    },
    {
      name: 'digest-without-the-domain',
      find: 'abi.encodePacked(hex"1901", domain, structHash)',
      replace: 'abi.encodePacked(hex"1901", structHash, structHash)',
    },
  ]),
  ...mutationsOf('libraries/History.sol', 'HistoryTest', [
    {
      name: 'history-index-out-of-range',
      find: 'if (proof.index >= proof.count) revert',
      replace: 'if (proof.index > proof.count) revert',
    },
    {
      name: 'history-proof-with-other-siblings',
      find: 'if (proof.siblings.length != height || proof.peaks.length != others) {',
      replace: 'if (proof.peaks.length != others) {',
    },
    {
      name: 'history-proof-with-other-peaks',
      find: 'if (proof.siblings.length != height || proof.peaks.length != others) {',
      replace: 'if (proof.siblings.length != height) {',
      first: 'ConsumerEdgesTest',
    },
    {
      name: 'history-leaf-like-a-node',
      find: 'abi.encodePacked(uint8(0), reportHash)',
      replace: 'abi.encodePacked(uint8(1), reportHash)',
    },
    { name: 'history-siblings-swapped', find: '(position >> i) & 1 == 1', replace: '(position >> i) & 1 == 0' },
    {
      name: 'history-root-without-the-count',
      find: 'abi.encodePacked(uint8(2), proof.count, peaks)',
      replace: 'abi.encodePacked(uint8(2), peaks)',
    },
    {
      name: 'history-place-one-off',
      find: 'if (position < uint256(1) << height) return',
      replace: 'if (position <= uint256(1) << height) return',
    },
    {
      name: 'history-peak-in-another-place',
      find: 'peaks[i] = i == peak ? node : proof.peaks[i < peak ? i : i - 1];',
      replace: 'peaks[i] = i == others ? node : proof.peaks[i];',
    },
  ]),
];
