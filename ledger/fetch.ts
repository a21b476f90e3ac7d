import type { Bls } from '../platform/bls/bls.ts';
import { ANSWER_BYTES_MAX } from '../platform/network/limits.ts';
import type { Network } from '../platform/network/network.ts';
import { batchHash } from '../protocol/batch.ts';
import { equalBytes } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { digestOfCommit } from '../protocol/commit.ts';
import type { Domain } from '../protocol/digest.ts';
import { batchesRoot, checkObservations, type Observation } from '../protocol/observation.ts';
import { decodeObservations, OBSERVATIONS_BYTES_MAX } from '../protocol/record.ts';
import { decodeReveal, opensCommit, REVEAL_BYTES_MAX } from '../protocol/reveal.ts';
import { type Seat, seatAt } from '../protocol/set.ts';
import { batchKey, type Custody } from './custody.ts';
import type { EpochFacts } from './epoch.ts';
import type { Pool } from './pool.ts';

/** One peer gets this long for an answer; a dead one costs no more. */
export const FETCH_TIMEOUT_MILLIS = 1_000;
/** A snapshot is larger. */
export const STATE_TIMEOUT_MILLIS = 10_000;

export type FetchDeps = {
  readonly network: Network;
  readonly pool: Pool;
  readonly custody: Custody;
  readonly domain: Domain;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly bls: Pick<Bls, 'verify'>;
};

/**
 * Gets what this node lacks, from the pool, the disk or a peer, and believes nothing that does not hash right, nor a
 * commit whose signature nothing hashed binds: what is fetched here is passed on and archived as it came.
 */
export class Fetch {
  readonly #deps: FetchDeps;

  constructor(deps: FetchDeps) {
    this.#deps = deps;
  }

  /**
   * The reveal's bytes behind an observation; undefined when nobody has them, or the set has no such seat.
   * @throws PlumblineError chain errors when the epoch's set cannot be read
   */
  async reveal(epoch: number, observation: Observation): Promise<Uint8Array | undefined> {
    const { network, pool, custody } = this.#deps;
    const held = pool.reveal(epoch, observation.seat);
    if (held && isNamed(held.observation, observation)) return held.bytes;
    const seat = seatAt((await this.#deps.epochFacts(epoch)).set, observation.seat);
    if (!seat) return undefined;
    const accept = (bytes: Uint8Array): boolean => this.#isReveal(bytes, epoch, seat, observation);
    const kept = await custody.reveal(epoch, observation.batchHash);
    if (kept && accept(kept)) return kept;
    return network.request('batch', batchKey(epoch, observation.batchHash), {
      maxBytes: REVEAL_BYTES_MAX,
      timeoutMillis: FETCH_TIMEOUT_MILLIS,
      accept,
    });
  }

  /** The observation set of a report on chain. */
  async observations(landed: LandedReport): Promise<Observation[] | undefined> {
    const kept = await this.#deps.custody.observations(landed.reportHash);
    let found = kept && observationsOf(landed, kept);
    if (found) return found;
    await this.#deps.network.request('epoch', landed.reportHash, {
      maxBytes: OBSERVATIONS_BYTES_MAX,
      timeoutMillis: FETCH_TIMEOUT_MILLIS,
      accept: (bytes) => {
        found = observationsOf(landed, bytes);
        return found !== undefined;
      },
    });
    return found;
  }

  /** A state snapshot that `accept` finds proven. */
  async state(report: Uint8Array, accept: (bytes: Uint8Array) => boolean): Promise<void> {
    await this.#deps.network.request('state', report, {
      maxBytes: ANSWER_BYTES_MAX,
      timeoutMillis: STATE_TIMEOUT_MILLIS,
      accept,
    });
  }

  #isReveal(bytes: Uint8Array, epoch: number, seat: Seat, observation: Observation): boolean {
    try {
      const reveal = decodeReveal(bytes);
      const { commit } = reveal;
      const named = { batchHash: batchHash(reveal.batch), commitment: commit.commitment };
      if (commit.epoch !== epoch || !equalBytes(commit.watcher, seat.watcher)) return false;
      if (!isNamed(named, observation) || !opensCommit(reveal)) return false;
      // Last: it is the dear one.
      return this.#deps.bls.verify(seat.publicKey, digestOfCommit(this.#deps.domain, commit), commit.signature);
    } catch {
      return false;
    }
  }
}

/** Undefined unless they are those of the report. */
function observationsOf({ header }: LandedReport, bytes: Uint8Array): Observation[] | undefined {
  try {
    const observations = decodeObservations(bytes);
    checkObservations(observations);
    return equalBytes(batchesRoot(observations), header.batchesRoot) ? observations : undefined;
  } catch {
    return undefined;
  }
}

type Named = Pick<Observation, 'batchHash' | 'commitment'>;

/** The commitment too: of one batch under two commits the report counts one, and the archive must hold that. */
function isNamed(a: Named, b: Named): boolean {
  return equalBytes(a.batchHash, b.batchHash) && equalBytes(a.commitment, b.commitment);
}
