import { ByteVectorType, ContainerType } from '@chainsafe/ssz';
import { bigEndian, keccak } from './bytes.ts';
import { decodeExact } from './codec.ts';
import { commitDigest, type Domain } from './digest.ts';
import { U64 } from './uint.ts';

/** A watcher's sealed promise: it fixes the batch before anybody's samples are known. */
export type Commit = {
  epoch: number;
  watcher: Uint8Array;
  /** keccak256(epoch, watcher, batch hash, salt): the salt keeps few-valued batches from being guessed. */
  commitment: Uint8Array;
  signature: Uint8Array;
};

/** Every commit has this length: epoch, watcher, commitment, signature. */
export const COMMIT_BYTES = 8 + 32 + 32 + 48;

export const CommitSsz = new ContainerType(
  {
    epoch: U64,
    watcher: new ByteVectorType(32),
    commitment: new ByteVectorType(32),
    signature: new ByteVectorType(48),
  },
  { typeName: 'Commit' },
);

export function encodeCommit(commit: Commit): Uint8Array {
  return CommitSsz.serialize(commit);
}

export function decodeCommit(bytes: Uint8Array): Commit {
  return decodeExact('commit', CommitSsz, bytes, COMMIT_BYTES);
}

export function commitmentOf(epoch: number, watcher: Uint8Array, batchHash: Uint8Array, salt: Uint8Array): Uint8Array {
  return keccak(bigEndian(epoch, 32), watcher, batchHash, salt);
}

/** What the watcher's BLS key signs. */
export function digestOfCommit(domain: Domain, commit: Commit): Uint8Array {
  return commitDigest(domain, commit.epoch, commit.watcher, commit.commitment);
}
