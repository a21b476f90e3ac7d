import type { Log } from '../platform/log.ts';
import { errorCode, errorMessage } from '../protocol/error.ts';

/** Where a stage's failure ends up: logged with its code, and the next moment or message tries again. */
export type Failed = (stage: string, epoch?: number) => (error: unknown) => void;

export function failureLog(log: Log): Failed {
  return (stage, epoch) => (error) =>
    log.error({ stage, epoch, code: errorCode(error), reason: errorMessage(error) }, 'a stage failed');
}
