import type { OracleFacts } from '../platform/chain/chain.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { VIEWS_MAX } from '../protocol/limits.ts';
import { roundOf } from '../protocol/time.ts';

/** What became of a view: its report landed, a later view's did, or none did before the deadline. */
export type ViewFate = 'landed' | 'skipped' | 'stalled';

/** An epoch with the views for which a leader can be held to account. */
export type EpochViews = {
  readonly epoch: number;
  readonly landed: LandedReport | undefined;
  readonly views: readonly { readonly view: number; readonly fate: ViewFate }[];
};

/**
 * The views of each epoch, from the chain alone. A leader can propose only after the report before has landed or expired; so a
 * view that began earlier is nobody's fault and is left out. The report before is taken to have been known when the view
 * after its own began: from the chain it cannot be told more exactly, and the doubt favours the leader.
 */
export class ViewsOfEpochs {
  readonly #facts: OracleFacts;
  #dueMillis = Number.NEGATIVE_INFINITY;

  constructor(facts: OracleFacts) {
    this.#facts = facts;
  }

  /** Epochs in order. @param landed undefined when the deadline passed without a report */
  next(epoch: number, landed: LandedReport | undefined): EpochViews {
    const { calendar, parameters } = this.#facts;
    const round = roundOf(calendar, parameters, epoch);
    const startOf = (view: number): number => round.views + view * parameters.viewMillis;
    const beforeDeadline = Math.ceil((round.deadline - round.views) / parameters.viewMillis);
    const count = Math.min(landed ? landed.view + 1 : beforeDeadline, VIEWS_MAX);
    const views: { view: number; fate: ViewFate }[] = [];
    for (let view = 0; view < count; view++) {
      const isLanding = view === landed?.view;
      if (!isLanding && startOf(view) < this.#dueMillis) continue;
      views.push({ view, fate: isLanding ? 'landed' : landed ? 'skipped' : 'stalled' });
    }
    this.#dueMillis = Math.max(this.#dueMillis, landed ? startOf(landed.view + 1) : round.deadline);
    return { epoch, landed, views };
  }
}
