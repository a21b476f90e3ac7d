import { hashTypedData } from 'viem';
import { fromHex, type Hex, toHex } from './bytes.ts';

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

function digest(domain: Domain, primaryType: keyof typeof TYPES, message: Record<string, unknown>): Uint8Array {
  return fromHex(
    hashTypedData({
      domain: { name: 'Plumbline', version: '1', chainId: domain.chainId, verifyingContract: toHex(domain.oracle) },
      types: { [primaryType]: TYPES[primaryType] },
      primaryType,
      message,
    } as Parameters<typeof hashTypedData>[0]),
  );
}

export function commitDigest(domain: Domain, epoch: number, watcher: Uint8Array, commitment: Uint8Array): Uint8Array {
  return digest(domain, 'Commit', { epoch: BigInt(epoch), watcher: toHex(watcher), commitment: toHex(commitment) });
}

export function proposalDigest(domain: Domain, epoch: number, view: number, report: Uint8Array): Uint8Array {
  return digest(domain, 'Proposal', { epoch: BigInt(epoch), view, report: toHex(report) });
}

export function attestationDigest(domain: Domain, epoch: number, view: number, report: Uint8Array): Uint8Array {
  return digest(domain, 'Attestation', { epoch: BigInt(epoch), view, report: toHex(report) });
}

/** @param missing keccak256 over the identifiers of the batches that the proposal left out */
export function refusalDigest(
  domain: Domain,
  epoch: number,
  view: number,
  report: Uint8Array,
  missing: Uint8Array,
): Uint8Array {
  return digest(domain, 'Refusal', { epoch: BigInt(epoch), view, report: toHex(report), missing: toHex(missing) });
}

export function vrfDigest(domain: Domain, epoch: number, seed: Uint8Array): Uint8Array {
  return digest(domain, 'VrfInput', { epoch: BigInt(epoch), seed: toHex(seed) });
}

/** Bound to the registry, because a key is proved before any oracle names it. */
export function possessionDigest(
  chainId: number,
  registry: Uint8Array,
  operator: Hex,
  watcher: Uint8Array,
): Uint8Array {
  return digest({ chainId, oracle: registry }, 'ProofOfPossession', { operator, watcher: toHex(watcher) });
}
