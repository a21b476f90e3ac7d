import type { Pool } from '../ledger/pool.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import type { Network } from '../platform/network/network.ts';
import type { Signer } from '../platform/signer.ts';
import { digestOfRefusal, encodeRefusal } from '../protocol/refusal.ts';
import type { Refused } from './artefacts.ts';

export type RefuseDeps = {
  readonly facts: OracleFacts;
  readonly network: Network;
  readonly pool: Pool;
  readonly signer: Signer;
};

/** Tells everybody which timely batches a proposal left out, so that the next leader includes them. */
export function refuseStage({ facts, network, pool, signer }: RefuseDeps) {
  return async ({ heard, seat, objection }: Refused): Promise<void> => {
    if (objection.missing.length === 0) return;
    const { proposal, reportHash } = heard;
    const { epoch } = proposal.header;
    const body = { epoch, view: proposal.view, report: reportHash, missing: [...objection.missing] };
    const digest = digestOfRefusal(facts.domain, body);
    const entry = { kind: 'refusal', epoch, view: proposal.view, digest, payload: new Uint8Array() } as const;
    const refusal = { ...body, seat, signature: await signer.sign(entry) };
    pool.addRefusal(refusal);
    await network.publish('refusal', encodeRefusal(refusal));
  };
}
