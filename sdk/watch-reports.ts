import { errorCode, type PlumblineError } from '../protocol/error.ts';
import type { ReadingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { failureOf } from './failure.ts';
import { pause } from './pause.ts';
import type { Report } from './report.ts';
import { Tail } from './tail.ts';
import { requireWhole } from './whole.ts';

/** A look at the chain this often, unless said otherwise: a report a minute is noticed soon enough. */
export const WATCH_POLL_MILLIS = 4_000;
/** After failures the pause doubles up to this. */
export const WATCH_PAUSE_MILLIS_MAX = 60_000;

/** `removed`: a block that had the report was replaced; act as if it had not landed. It may land again. */
export type WatchedReport = { readonly kind: 'landed' | 'removed'; readonly report: Report };

export type WatchOptions = {
  readonly deployment: Pick<Deployment, 'oracle'>;
  /** First block to look at; when undefined, the one after the newest at the first look. To go on after a restart: that of the last report. */
  readonly fromBlock?: number;
  /** `finalized`, the default: minutes later, and never `removed`. `latest`: at once. */
  readonly blocks?: 'finalized' | 'latest';
  /** Between looks, 1 to WATCH_PAUSE_MILLIS_MAX; WATCH_POLL_MILLIS when undefined. */
  readonly pollMillis?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Told of each look that failed; the next one goes on where it stopped. */
  readonly onError?: (error: PlumblineError) => void;
};

/**
 * Every report that lands, in order, until `signal` says to stop:
 *
 *     for await (const { kind, report } of watchReports(client, { deployment, signal })) …
 *
 * Looks are made when the loop asks for more, and hold the reports of LOG_BLOCKS_MAX blocks at most: a slow loop makes them fewer
 * and no queue longer. It goes on through errors of the RPC, and through logs that leave a report out: each report names the one
 * before it.
 * @throws PlumblineError `no-contract` when there is no oracle at the address, `field`; nothing else
 */
export async function* watchReports(client: ReadingClient, options: WatchOptions): AsyncGenerator<WatchedReport> {
  const { signal, onError, pollMillis = WATCH_POLL_MILLIS } = options;
  requireWhole('pollMillis', pollMillis, 1, WATCH_PAUSE_MILLIS_MAX);
  const tail = new Tail(client, options.deployment.oracle, options.fromBlock, options.blocks ?? 'finalized');
  let failures = 0;
  while (!signal?.aborted) {
    const look = await unlessAborted(tail.look(), signal).catch((error: unknown) => {
      if (errorCode(error) === 'no-contract') throw error;
      onError?.(failureOf('watching reports', error));
      return 'failed' as const;
    });
    if (look === undefined) return;
    if (look !== 'failed') {
      for (const one of look.reports) {
        yield one;
        if (signal?.aborted) return;
      }
      failures = 0;
      if (look.isBehind) continue;
    } else failures++;
    await pause(Math.min(WATCH_PAUSE_MILLIS_MAX, pollMillis * 2 ** failures), signal);
  }
}

/** Undefined as soon as the signal says to stop; what the RPC answers later is nobody's. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (!signal) return work;
  work.catch(() => {});
  const { promise, stop } = aborted(signal);
  try {
    return await Promise.race([work, promise]);
  } finally {
    stop();
  }
}

function aborted(signal: AbortSignal): { promise: Promise<undefined>; stop: () => void } {
  let listener = (): void => {};
  const promise = new Promise<undefined>((resolve) => {
    listener = () => resolve(undefined);
    signal.addEventListener('abort', listener, { once: true });
  });
  return { promise, stop: () => signal.removeEventListener('abort', listener) };
}
