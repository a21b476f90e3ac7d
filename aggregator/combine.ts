import type { EpochFacts } from '../ledger/epoch.ts';
import type { Pool } from '../ledger/pool.ts';
import type { Bls } from '../platform/bls/bls.ts';
import { combinePartials } from '../platform/bls/partials.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import type { Log } from '../platform/log.ts';
import { type Attestation, digestOfAttestation } from '../protocol/attestation.ts';
import { toHex } from '../protocol/bytes.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { isQuorum, seatAt, stakeOf, totalStake, type WatcherSet } from '../protocol/set.ts';

export type CombineDeps = {
  readonly facts: OracleFacts;
  readonly bls: Bls;
  readonly pool: Pool;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly log: Log;
};

/** Turns attestations of one (epoch, view, report) into a certificate as soon as more than two thirds have signed. */
export function combineStage({ facts, bls, pool, epochFacts, log }: CombineDeps) {
  return async (epoch: number): Promise<Certificate | undefined> => {
    const groups = pool.attestations(epoch);
    if (groups.length === 0) return undefined;
    const { set } = await epochFacts(epoch);
    // The newest view first: an older certificate may name a head that a reorg has dropped since.
    for (const group of groups.sort((a, b) => (b[0]?.view ?? 0) - (a[0]?.view ?? 0))) {
      const first = group[0];
      if (!first || !reachesQuorum(set, group)) continue;
      const header = pool.proposalOf(epoch, first.report)?.proposal.header;
      if (!header) continue;
      const message = digestOfAttestation(facts.domain, first);
      const combined = combinePartials(bls, message, partialsOf(set, group));
      if (combined.rejected.length > 0) log.warn({ epoch, seats: combined.rejected }, 'bad partial signatures evicted');
      if (!combined.signature || !isQuorum(stakeOf(set, combined.seats), totalStake(set))) continue;
      const signers = [...combined.seats].sort((a, b) => a - b);
      log.debug({ epoch, view: first.view, report: toHex(first.report), signers }, 'combined a certificate');
      return { header, view: first.view, signers, signature: combined.signature };
    }
    return undefined;
  };
}

function reachesQuorum(set: WatcherSet, group: readonly Attestation[]): boolean {
  const seats = group.map(({ seat }) => seat).filter((seat) => seatAt(set, seat));
  return isQuorum(stakeOf(set, seats), totalStake(set));
}

function partialsOf(set: WatcherSet, group: readonly Attestation[]) {
  return group.flatMap(({ seat, signature }) => {
    const publicKey = seatAt(set, seat)?.publicKey;
    return publicKey ? [{ seat, publicKey, signature }] : [];
  });
}
