import type { Folder } from '../platform/files.ts';
import type { Log } from '../platform/log.ts';
import { abstentionName, encodeAbstention, reasonCounts } from '../protocol/abstention.ts';
import { errorMessage } from '../protocol/error.ts';
import type { Measurement } from './artefacts.ts';

export type AbstainDeps = {
  readonly watcher: Uint8Array;
  readonly archive: Pick<Folder, 'write'> | undefined;
  readonly clockErrorMicros: () => number;
  readonly log: Log;
};

/** Notes, next to the records, that this watcher measured an epoch and did not sign its batch, and why. Never rejects. */
export function abstainStage({ watcher, archive, clockErrorMicros, log }: AbstainDeps) {
  return async ({ facts: { epoch }, samples }: Measurement, code: string): Promise<void> => {
    const note = { epoch, watcher, code, clockErrorMicros: clockErrorMicros(), reasons: reasonCounts(samples) };
    try {
      await archive?.write(abstentionName(epoch), encodeAbstention(note));
    } catch (error) {
      log.warn({ epoch, code, reason: errorMessage(error) }, 'cannot note that this epoch was not signed');
    }
  };
}
