import type { EpochFacts } from '../ledger/epoch.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Pool } from '../ledger/pool.ts';
import { epochDue } from '../ledger/turn.ts';
import type { Chain } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Network } from '../platform/network/network.ts';
import type { Signer } from '../platform/signer.ts';
import { leaderOf } from '../protocol/assignment.ts';
import { proposalDigest } from '../protocol/digest.ts';
import { encodeHeader } from '../protocol/header.ts';
import { encodeProposal } from '../protocol/proposal.ts';
import type { Counted } from '../protocol/report.ts';
import { seatOf } from '../protocol/set.ts';
import { roundOf, viewAt } from '../protocol/time.ts';

export type ProposeDeps = {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly network: Network;
  readonly pool: Pool;
  readonly ledger: Ledger;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly signer: Signer;
  readonly watcher: Uint8Array;
  readonly log: Log;
};

/** Proposes the report of the epoch that is due, if the running view is ours. At most once a view: the journal sees to it. */
export function proposeStage(deps: ProposeDeps) {
  const { chain, clock, ledger, pool } = deps;
  const { calendar, parameters, domain } = chain.facts;

  return async (collect: (epoch: number) => Counted[]): Promise<void> => {
    if (!deps.signer.maySign()) return;
    const { state } = ledger;
    const epoch = epochDue(clock, calendar, parameters, state.epoch);
    if (epoch === undefined) return;
    const view = viewAt(roundOf(calendar, parameters, epoch), parameters, clock.now());
    if (view < 0 || pool.proposal(epoch, view)) return;
    const { set, seed } = await deps.epochFacts(epoch);
    const seat = seatOf(set, deps.watcher)?.seat;
    if (seat === undefined || leaderOf(set, seed, epoch, view) !== seat) return;
    const head = await chain.head();
    // Ours is not the chain's head: whatever we proposed would be refused. The follower is catching up.
    if (Buffer.compare(head.reportHash, state.reportHash) !== 0) return;
    const counted = collect(epoch);
    const report = await ledger.compute(state, epoch, await chain.finalized(), counted);
    const signature = await deps.signer.sign({
      kind: 'proposal',
      epoch,
      view,
      digest: proposalDigest(domain, epoch, view, report.hash),
      payload: encodeHeader(report.header),
    });
    const observations = counted.map(({ observation }) => observation);
    const proposal = { view, seat, header: report.header, observations, signature };
    pool.addProposal({ proposal, reportHash: report.hash });
    await deps.network.publish('proposal', encodeProposal(proposal));
    deps.log.info({ epoch, view, counted: counted.length }, 'proposed a report');
  };
}
