import { coalesce } from '../ledger/coalesce.ts';
import type { Failed } from '../ledger/failure.ts';
import type { Timers } from '../ledger/timers.ts';
import type { Log } from '../platform/log.ts';
import type { Refused } from './artefacts.ts';

/** A proposal that may be attestable in a moment is looked at again after this long, besides with every message. */
export const LOOK_AGAIN_MILLIS = 250;

export type ConsiderDeps = { readonly timers: Timers; readonly failed: Failed; readonly log: Log };
export type ConsiderStages = {
  readonly attest: () => Promise<Refused | undefined>;
  readonly refuse: (refused: Refused) => Promise<void>;
};

/** Looks at the proposal of the moment: attests it, or says what is wrong with it. Call it whenever something changed. */
export function considering({ timers, failed, log }: ConsiderDeps, { attest, refuse }: ConsiderStages): () => void {
  const consider = coalesce(async () => {
    const refused = await attest();
    if (!refused) return;
    const { heard, objection } = refused;
    const { epoch } = heard.proposal.header;
    const evidence = { epoch, view: heard.proposal.view, code: objection.code };
    if (objection.passing) {
      timers.later('look again', LOOK_AGAIN_MILLIS, consider);
      return log.debug(evidence, 'proposal not attested yet');
    }
    log.warn(evidence, 'proposal not attested');
    await refuse(refused);
  }, failed('attest'));
  return consider;
}
