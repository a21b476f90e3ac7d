import { ANSWER_BYTES_MAX } from '../platform/network/limits.ts';
import type { Network } from '../platform/network/network.ts';
import { batchHash } from '../protocol/batch.ts';
import { equalBytes } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { batchesRoot, checkObservations, type Observation } from '../protocol/observation.ts';
import { decodeObservations, OBSERVATIONS_BYTES_MAX } from '../protocol/record.ts';
import { decodeReveal, opensCommit, REVEAL_BYTES_MAX } from '../protocol/reveal.ts';
import { batchKey, type Custody } from './custody.ts';
import type { Pool } from './pool.ts';

/** One peer gets this long for an answer; a dead one costs no more. */
export const FETCH_TIMEOUT_MILLIS = 1_000;
/** A snapshot is larger. */
export const STATE_TIMEOUT_MILLIS = 10_000;

/** Gets what this node lacks, from the pool, the disk or a peer, and believes nothing that does not hash right. */
export class Fetch {
  readonly #network: Network;
  readonly #pool: Pool;
  readonly #custody: Custody;

  constructor(network: Network, pool: Pool, custody: Custody) {
    this.#network = network;
    this.#pool = pool;
    this.#custody = custody;
  }

  /** The reveal's bytes behind an observation. */
  async reveal(epoch: number, observation: Observation): Promise<Uint8Array | undefined> {
    const held = this.#pool.reveal(epoch, observation.seat);
    if (held && equalBytes(held.observation.batchHash, observation.batchHash)) return held.bytes;
    const kept = await this.#custody.reveal(epoch, observation.batchHash);
    if (kept && isReveal(kept, observation)) return kept;
    return this.#network.request('batch', batchKey(epoch, observation.batchHash), {
      maxBytes: REVEAL_BYTES_MAX,
      timeoutMillis: FETCH_TIMEOUT_MILLIS,
      accept: (bytes) => isReveal(bytes, observation),
    });
  }

  /** The observation set of a report on chain. */
  async observations(landed: LandedReport): Promise<Observation[] | undefined> {
    const kept = await this.#custody.observations(landed.reportHash);
    let found = kept && observationsOf(landed, kept);
    if (found) return found;
    await this.#network.request('epoch', landed.reportHash, {
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
    await this.#network.request('state', report, {
      maxBytes: ANSWER_BYTES_MAX,
      timeoutMillis: STATE_TIMEOUT_MILLIS,
      accept,
    });
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

function isReveal(bytes: Uint8Array, observation: Observation): boolean {
  try {
    const reveal = decodeReveal(bytes);
    return (
      equalBytes(batchHash(reveal.batch), observation.batchHash) &&
      equalBytes(reveal.commit.commitment, observation.commitment) &&
      opensCommit(reveal)
    );
  } catch {
    return false;
  }
}
