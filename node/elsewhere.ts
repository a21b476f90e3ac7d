import type { Failed } from '../ledger/failure.ts';
import type { SignedBy } from '../ledger/intake/rules.ts';
import type { Guard } from '../platform/guard.ts';
import type { Log } from '../platform/log.ts';
import type { Journal } from '../platform/store/journal.ts';
import { equalBytes } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';

export type ElsewhereDeps = {
  readonly journal: Pick<Journal, 'find'>;
  readonly watcher: Uint8Array;
  readonly guard: Pick<Guard, 'stop'>;
  readonly failed: Failed;
  readonly log: Log;
};

/** Whatever our key signed and our journal does not hold was signed by another process: then this one signs no more. */
export function elsewhereStage({ journal, watcher, guard, failed, log }: ElsewhereDeps) {
  const compare = async (heard: SignedBy): Promise<void> => {
    const held = await journal.find(heard);
    // Below the pruning mark nothing is known, and nothing is signed either.
    if (held === 'forgotten' || (held && equalBytes(held, heard.digest))) return;
    const { kind, epoch, view } = heard;
    const error = new PlumblineError(
      'own-key-elsewhere',
      `another process signs with this key: its ${kind} of epoch ${epoch}, view ${view} is not in this journal; find it and stop it before this one is started again`,
      { kind, epoch, view },
    );
    guard.stop(error);
    log.error({ code: error.code, kind, epoch, view }, 'own-key-elsewhere: this process signs nothing more and ends');
  };
  return (heard: SignedBy): void => {
    if (equalBytes(heard.watcher, watcher)) void compare(heard).catch(failed('elsewhere', heard.epoch));
  };
}
