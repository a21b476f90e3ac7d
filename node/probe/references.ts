import type { Clock } from '../../platform/clock.ts';
import { postJson } from '../../platform/post.ts';
import type { HeadBook } from './heads.ts';
import { batchText, readBatch } from './rpc-batch.ts';

/**
 * Endpoints that the operator trusts, beside those that are measured: voices like the others, and a veto, because
 * whoever registers three services has three voices, but not the operator's own.
 */
export interface References {
  /** Asks those of this chain when their last answer is older than a period. Returns at once, never throws. */
  refresh(chainId: bigint, depth: number): void;
}

export type ReferencesOptions = {
  readonly urls: readonly string[];
  readonly clock: Clock;
  readonly heads: HeadBook;
  readonly post?: typeof postJson;
};

/** More would be load without saying more: two that disagree already accuse nobody. */
export const REFERENCES_MAX = 8;
/**
 * No head counts above what a reference has said, so a lag is too small by what the chain grew since that. A second is a block
 * or less on most chains, and a batch a second is little beside what a watcher asks of its RPC anyway.
 */
export const REFERENCE_MILLIS = 1_000;
/** One that takes longer is as good as silent. */
export const REFERENCE_TIMEOUT_MILLIS = 3_000;
/** Four answers without transactions: even a block of 10,000 hashes fits. */
export const REFERENCE_BYTES_MAX = 1 << 20;
/** One that is of another chain, or gave no answer, is asked for its chain this often. */
export const REFERENCE_RETRY_MILLIS = 60_000;

const MICROS_PER_MILLI = 1_000;

type State = { chainId: bigint | undefined; running: boolean; askedMicros: number };

export function createReferences({ urls, clock, heads, post = postJson }: ReferencesOptions): References {
  const all = [...new Set(urls)].slice(0, REFERENCES_MAX).map((url) => {
    const state: State = { chainId: undefined, running: false, askedMicros: Number.NEGATIVE_INFINITY };
    return { url, state };
  });

  const ask = async (url: string, state: State, chainId: bigint, depth: number): Promise<void> => {
    const height = depth === 0 || state.chainId !== chainId ? undefined : heads.heightToCheck(chainId, depth);
    const limits = { millisMax: REFERENCE_TIMEOUT_MILLIS, bytesMax: REFERENCE_BYTES_MAX };
    const body = await post(url, batchText(height), limits);
    const answers = body === undefined ? 'no answer' : readBatch(body, height);
    if (typeof answers === 'string') {
      state.chainId = undefined;
      return;
    }
    state.chainId = answers.chainId;
    if (answers.chainId !== chainId) return;
    const voice = `reference ${url}`;
    const { number: head, unixSeconds: headUnixSeconds } = answers.latest;
    const { askedMicros } = state;
    heads.note({ chainId, voice, head, headUnixSeconds, askedMicros, trusted: true });
    if (height === undefined || !answers.checked) return;
    heads.digests.note({ chainId, depth, height, voice, hash: answers.checked.hash, trusted: true });
  };

  return {
    refresh: (chainId, depth) => {
      const nowMicros = clock.monotonicMicros();
      for (const { url, state } of all) {
        const period = state.chainId === chainId ? REFERENCE_MILLIS : REFERENCE_RETRY_MILLIS;
        if (state.running || nowMicros - state.askedMicros < period * MICROS_PER_MILLI) continue;
        state.running = true;
        state.askedMicros = nowMicros;
        void ask(url, state, chainId, depth).finally(() => {
          state.running = false;
        });
      }
    },
  };
}
