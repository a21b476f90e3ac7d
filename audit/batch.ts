import type { Bls } from '../platform/bls/bls.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import { vrfInput } from '../protocol/assignment.ts';
import { type Batch, batchHash, checkBatch, decodeBatch } from '../protocol/batch.ts';
import { scheduleOf } from '../protocol/burst.ts';
import { equalBytes } from '../protocol/bytes.ts';
import { digestOfCommit } from '../protocol/commit.ts';
import { errorMessage, PlumblineError } from '../protocol/error.ts';
import type { Observation } from '../protocol/observation.ts';
import { decodeReveal, opensCommit, type Reveal } from '../protocol/reveal.ts';
import type { Seat } from '../protocol/set.ts';
import type { EpochFacts } from './epoch.ts';

/**
 * Whose fault it is. `file`: the report on chain does not bind these bytes, so a copy was changed. `report`: the report
 * binds them by hash, so its signers counted a batch that must not count.
 */
export type BatchFault = { readonly blame: 'file' | 'report'; readonly what: string };

export type ExaminedBatch = {
  readonly seat: number;
  /** What the report counted, whenever the bytes are those that it counted and they decode. */
  readonly batch: Batch | undefined;
  readonly faults: readonly BatchFault[];
};

export type BatchRules = {
  readonly facts: OracleFacts;
  readonly bls: Pick<Bls, 'verify'>;
  /** False leaves out both BLS checks of every batch: recomputing then still proves the hashes. */
  readonly signatures: boolean;
};

/** Decodes a reveal without throwing. */
export function readReveal(bytes: Uint8Array): Reveal | string {
  try {
    return decodeReveal(bytes);
  } catch (error) {
    return errorMessage(error);
  }
}

/** Every rule that a counted batch must keep; the same that watchers applied when they heard it. */
export function examineBatch(
  rules: BatchRules,
  known: EpochFacts,
  seat: Seat,
  observation: Observation,
  reveal: Reveal,
): ExaminedBatch {
  const { commit } = reveal;
  const faults: BatchFault[] = [];
  const file = (what: string) => faults.push({ blame: 'file', what });
  // [file] the batch is the one that the observation names, and the reveal opens the observed commit
  const isCounted = equalBytes(batchHash(reveal.batch), observation.batchHash);
  if (!isCounted) file('the batch does not hash to the batch hash of its observation');
  const isObserved = equalBytes(commit.commitment, observation.commitment);
  if (!isObserved) file('the commit is not the one that was observed');
  // The commitment binds watcher and epoch: when it is the observed one and opens, they were so when it was counted.
  const blame = isObserved && opensCommit(reveal) ? 'report' : 'file';
  const wrongCommit = (what: string) => faults.push({ blame, what });
  if (!equalBytes(commit.watcher, seat.watcher)) wrongCommit("the commit names another watcher than the seat's");
  if (commit.epoch !== known.epoch) wrongCommit(`the commit is of epoch ${commit.epoch}`);
  // [file] batch and salt are what the commit was made over
  if (!opensCommit(reveal)) file('batch and salt do not open the commit');
  // [file] the commit is signed by the seat's key
  else if (rules.signatures && !isSigned(rules, seat, reveal)) file("the commit's signature is not by the seat's key");
  if (!isCounted) return { seat: seat.seat, batch: undefined, faults };
  const { batch, what } = readBatch(rules, known, seat, reveal.batch);
  if (what) faults.push({ blame: 'report', what });
  return { seat: seat.seat, batch, faults };
}

function isSigned({ bls, facts }: BatchRules, seat: Seat, { commit }: Reveal): boolean {
  return bls.verify(seat.publicKey, digestOfCommit(facts.domain, commit), commit.signature);
}

/** The batch, and the first rule that it breaks. */
function readBatch(
  { facts, bls, signatures }: BatchRules,
  known: EpochFacts,
  seat: Seat,
  bytes: Uint8Array,
): { batch: Batch | undefined; what: string | undefined } {
  let batch: Batch | undefined;
  try {
    // [report] it is the canonical encoding of a batch of this oracle, epoch, set and watcher, on its own schedule
    batch = decodeBatch(bytes);
    const frame = {
      protocolVersion: facts.parameters.protocolVersion,
      chainId: facts.domain.chainId,
      oracle: facts.domain.oracle,
      epoch: known.epoch,
      setId: known.set.id,
      parametersId: facts.parametersId,
      watcher: seat.watcher,
    };
    checkBatch(batch, frame, scheduleOf(known, seat.watcher, batch.vrfProof, facts.calendar.epochSeconds));
  } catch (error) {
    if (!(error instanceof PlumblineError)) throw error;
    return { batch, what: error.message };
  }
  // [report] the schedule is the one that the watcher's VRF draws
  const input = vrfInput(facts.domain, known.epoch, known.seed);
  const isDrawn = !signatures || bls.verify(seat.publicKey, input, batch.vrfProof);
  return { batch, what: isDrawn ? undefined : 'the VRF proof is not by the key of the seat for this epoch' };
}
