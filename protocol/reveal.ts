import { ByteListType, ByteVectorType, ContainerType } from '@chainsafe/ssz';
import { batchHash } from './batch.ts';
import { equalBytes } from './bytes.ts';
import { decodeExact } from './codec.ts';
import { COMMIT_BYTES, type Commit, CommitSsz, commitmentOf } from './commit.ts';
import { BATCH_BYTES_MAX } from './limits.ts';

/** The opening of a commit. It carries the signed commit, so anybody can check it alone and hand it on. */
export type Reveal = { commit: Commit; salt: Uint8Array; batch: Uint8Array };

/** The commit that it opens, the salt, one offset and the largest batch. */
export const REVEAL_BYTES_MAX = COMMIT_BYTES + 32 + 4 + BATCH_BYTES_MAX;

export const RevealSsz = new ContainerType(
  { commit: CommitSsz, salt: new ByteVectorType(32), batch: new ByteListType(BATCH_BYTES_MAX) },
  { typeName: 'Reveal' },
);

export function encodeReveal(reveal: Reveal): Uint8Array {
  return RevealSsz.serialize(reveal);
}

export function decodeReveal(bytes: Uint8Array): Reveal {
  return decodeExact('reveal', RevealSsz, bytes, REVEAL_BYTES_MAX);
}

/**
 * True when salt and batch are what the commit was made over.
 * @param hash of the batch, by whoever has it already
 */
export function opensCommit(reveal: Reveal, hash = batchHash(reveal.batch)): boolean {
  const { epoch, watcher, commitment } = reveal.commit;
  return equalBytes(commitmentOf(epoch, watcher, hash, reveal.salt), commitment);
}
