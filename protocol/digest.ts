import { domainSeparator, isAddress } from 'viem';
import { fromHex, type Hex, keccak, toHex } from './bytes.ts';
import { bytes32, typeHash, word } from './typed.ts';

/**
 * Everything that a BLS key signs is an EIP-712 digest of its own type, bound to one chain and one oracle: a signature
 * made for one message, chain or contract is worth nothing for another.
 */
export type Domain = { readonly chainId: number; readonly oracle: Uint8Array /* 20 bytes */ };

export const TYPES = {
  Commit: [
    { name: 'epoch', type: 'uint64' },
    { name: 'watcher', type: 'bytes32' },
    { name: 'commitment', type: 'bytes32' },
  ],
  Proposal: [
    { name: 'epoch', type: 'uint64' },
    { name: 'view', type: 'uint32' },
    { name: 'report', type: 'bytes32' },
  ],
  Attestation: [
    { name: 'epoch', type: 'uint64' },
    { name: 'view', type: 'uint32' },
    { name: 'report', type: 'bytes32' },
  ],
  Refusal: [
    { name: 'epoch', type: 'uint64' },
    { name: 'view', type: 'uint32' },
    { name: 'report', type: 'bytes32' },
    { name: 'missing', type: 'bytes32' },
  ],
  VrfInput: [
    { name: 'epoch', type: 'uint64' },
    { name: 'seed', type: 'bytes32' },
  ],
  ProofOfPossession: [
    { name: 'operator', type: 'address' },
    { name: 'watcher', type: 'bytes32' },
  ],
} as const;

/** Not changed after its first use: the separator is remembered by object. */
const separators = new WeakMap<Domain, Uint8Array>();

function separatorOf(domain: Domain): Uint8Array {
  let separator = separators.get(domain);
  if (!separator) {
    const verifyingContract = toHex(domain.oracle);
    const named = { name: 'Plumbline', version: '1', chainId: domain.chainId, verifyingContract };
    separator = fromHex(domainSeparator({ domain: named }));
    separators.set(domain, separator);
  }
  return separator;
}

const TYPE_HASHES = new Map(Object.entries(TYPES).map(([name, fields]) => [name, typeHash(name, fields)]));
const PREFIX = Uint8Array.of(0x19, 0x01);

/**
 * keccak256(0x1901 ‖ domain separator ‖ keccak256(type hash ‖ one word a field)), written out: each message that is heard
 * costs one, and the general way takes ten times as long. test/protocol/digest.test.ts holds it to the definition.
 */
function digest(domain: Domain, type: keyof typeof TYPES, words: readonly Uint8Array[]): Uint8Array {
  return keccak(PREFIX, separatorOf(domain), keccak(TYPE_HASHES.get(type)!, ...words));
}

export function commitDigest(domain: Domain, epoch: number, watcher: Uint8Array, commitment: Uint8Array): Uint8Array {
  return digest(domain, 'Commit', [word(epoch, 8), bytes32(watcher), bytes32(commitment)]);
}

export function proposalDigest(domain: Domain, epoch: number, view: number, report: Uint8Array): Uint8Array {
  return digest(domain, 'Proposal', [word(epoch, 8), word(view, 4), bytes32(report)]);
}

export function attestationDigest(domain: Domain, epoch: number, view: number, report: Uint8Array): Uint8Array {
  return digest(domain, 'Attestation', [word(epoch, 8), word(view, 4), bytes32(report)]);
}

/** @param missing keccak256 over the identifiers of the batches that the proposal left out */
export function refusalDigest(
  domain: Domain,
  epoch: number,
  view: number,
  report: Uint8Array,
  missing: Uint8Array,
): Uint8Array {
  return digest(domain, 'Refusal', [word(epoch, 8), word(view, 4), bytes32(report), bytes32(missing)]);
}

export function vrfDigest(domain: Domain, epoch: number, seed: Uint8Array): Uint8Array {
  return digest(domain, 'VrfInput', [word(epoch, 8), bytes32(seed)]);
}

/** Bound to the registry, because a key is proved before any oracle names it. */
export function possessionDigest(
  chainId: number,
  registry: Uint8Array,
  operator: Hex,
  watcher: Uint8Array,
): Uint8Array {
  const address = new Uint8Array(32);
  // A wrong checksum is a typing mistake: the key would be proved for somebody else.
  if (!isAddress(operator)) throw new RangeError(`not an address: ${operator}`);
  address.set(fromHex(operator), 12);
  return digest({ chainId, oracle: registry }, 'ProofOfPossession', [address, bytes32(watcher)]);
}
