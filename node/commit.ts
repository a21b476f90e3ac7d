import type { Pool } from '../ledger/pool.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Network } from '../platform/network/network.ts';
import type { Signer } from '../platform/signer.ts';

import { commitmentOf, encodeCommit } from '../protocol/commit.ts';
import { commitDigest } from '../protocol/digest.ts';
import { type Committed, type Sealed, sealedPayload } from './artefacts.ts';

export type CommitDeps = {
  readonly facts: OracleFacts;
  readonly clock: Clock;
  readonly network: Network;
  readonly pool: Pool;
  readonly signer: Signer;
  readonly watcher: Uint8Array;
};

/** Signs and gossips the commit of a sealed batch. Batch and salt are on the disk before the signature leaves. */
export function commitStage({ facts, clock, network, pool, signer, watcher }: CommitDeps) {
  return async (sealed: Sealed, seat: number): Promise<Committed> => {
    const { epoch } = sealed.batch;
    const commitment = commitmentOf(epoch, watcher, sealed.hash, sealed.salt);
    const signature = await signer.sign({
      kind: 'commit',
      epoch,
      view: 0,
      digest: commitDigest(facts.domain, epoch, watcher, commitment),
      payload: sealedPayload(sealed),
    });
    const commit = { epoch, watcher, commitment, signature };
    pool.addCommit({ commit, seat, heardAt: clock.now() });
    await network.publish('commit', encodeCommit(commit));
    return { sealed, commit, seat };
  };
}
