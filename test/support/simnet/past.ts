import type { LandedReport } from '../../../protocol/certificate.ts';
import type { Observation } from '../../../protocol/observation.ts';
import { computeReport, type Report } from '../../../protocol/report.ts';
import { GENESIS_STATE, type State } from '../../../protocol/state.ts';
import type { Bench } from './bench.ts';
import { draw } from './random.ts';

export type PastEpoch = {
  readonly landed: LandedReport;
  readonly report: Report;
  readonly observations: Observation[];
  readonly reveals: Uint8Array[];
};

/**
 * Epochs whose reports landed one after another, from the batches of some seats.
 * @param branch another branch has other anchors, and so other reports
 */
export function past(bench: Bench, epochs: readonly number[], from: State = GENESIS_STATE, branch = 0): PastEpoch[] {
  const { set, services, facts, seed, assignment } = bench;
  let state = from;
  return epochs.map((epoch) => {
    const sealed = [0, 1, 2].map((seat) =>
      bench.by(seat).sealed(bench.by(seat).batch({ epoch, set, services, seed, assignment })),
    );
    const anchor = { number: epoch + 1, hash: draw(branch, 'anchor', epoch) };
    const counted = sealed.map(({ observation, batch }) => ({ observation, batch }));
    const report = computeReport(state, { epoch, set, services, parameters: facts.parameters, anchor }, counted);
    state = report.next;
    const landed = {
      header: report.header,
      reportHash: report.hash,
      view: 0,
      signers: [0, 1, 2],
      txHash: `0x${epoch}`,
      blockNumber: 10 * (epoch + 1),
    };
    return {
      landed,
      report,
      observations: sealed.map(({ observation }) => observation),
      reveals: sealed.map(({ reveal }) => reveal),
    };
  });
}

/** Puts what was heard of an epoch into the bench's pool: its proposal, and its batches. */
export function hear(
  bench: Bench,
  { report, observations, reveals }: PastEpoch,
  what: 'proposal' | 'all' = 'all',
): void {
  const { epoch } = report.header;
  const proposal = bench.by(0).proposal(report.header, 0, observations);
  bench.pool.addProposal({ proposal, reportHash: report.hash });
  if (what === 'proposal') return;
  observations.forEach((observation, i) => {
    const { set, services, seed, assignment } = bench;
    const batch = bench.by(observation.seat).batch({ epoch, set, services, seed, assignment });
    bench.pool.addReveal({ observation, batch, bytes: reveals[i]!, heardAt: 0 });
  });
}
