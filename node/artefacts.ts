import type { EpochFacts } from '../ledger/epoch.ts';
import type { HeardProposal } from '../ledger/pool.ts';
import { type Batch, batchHash, decodeBatch } from '../protocol/batch.ts';
import { concat } from '../protocol/bytes.ts';
import type { Commit } from '../protocol/commit.ts';
import type { Observation } from '../protocol/observation.ts';
import type { Sample } from '../protocol/sample.ts';
import type { Vitals } from './probe/vitals.ts';

/** What the stages hand to each other; they know these and not one another. */

/** What the prober saw in one epoch, not yet sealed. */
export type Measurement = {
  readonly facts: EpochFacts;
  readonly vrfProof: Uint8Array;
  readonly samples: Sample[];
  readonly vitals?: Vitals;
};

/** A batch that will not change any more, with the salt that hides it until the reveal. */
export type Sealed = {
  readonly batch: Batch;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly salt: Uint8Array;
};

/** As many as the hash that it hides: guessing a batch from its commit is out of reach. */
export const SALT_BYTES = 32;

/** What the journal keeps of a commit: salt and batch, so that a restart sends the same and never anything new. */
export function sealedPayload({ salt, bytes }: Sealed): Uint8Array {
  return concat(salt, bytes);
}

/** The inverse of sealedPayload. */
export function sealedFrom(payload: Uint8Array): Sealed {
  const bytes = payload.slice(SALT_BYTES);
  return { batch: decodeBatch(bytes), bytes, hash: batchHash(bytes), salt: payload.slice(0, SALT_BYTES) };
}

/** A sealed batch whose commit is signed, journaled and on its way. */
export type Committed = { readonly sealed: Sealed; readonly commit: Commit; readonly seat: number };

/** Why a proposal was not attested. */
export type Objection = {
  readonly code: string;
  /** The timely batches that it leaves out. */
  readonly missing: readonly Observation[];
  /** It can heal while the view lasts: the proposal deserves another look. */
  readonly passing: boolean;
};

/** A proposal that was not attested, by which seat, and why. */
export type Refused = { readonly heard: HeardProposal; readonly seat: number; readonly objection: Objection };
