import { batchHash } from '../protocol/batch.ts';
import { bitmapOf, seatsOf } from '../protocol/bitmap.ts';
import { equalBytes, fromHex, keccak } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { errorMessage } from '../protocol/error.ts';
import { headerToAbi } from '../protocol/header.ts';
import { encodeLeaf, type Leaf } from '../protocol/leaf.ts';
import { merkleTree } from '../protocol/merkle.ts';
import { batchesRoot, type Observation } from '../protocol/observation.ts';
import { decodeRecord, type EpochRecord } from '../protocol/record.ts';
import type { Counted } from '../protocol/report.ts';
import type { Reveal } from '../protocol/reveal.ts';
import { seatAt } from '../protocol/set.ts';
import { type BatchRules, type ExaminedBatch, examineBatch, readReveal } from './batch.ts';
import { type Check, fail, type Place } from './check.ts';
import type { EpochFacts } from './epoch.ts';
import { layoutFault } from './layout.ts';

export type ExaminedRecord = {
  readonly bytes: Uint8Array;
  /** What is wrong with the file itself. */
  readonly damage: readonly Check[];
  /** The counted batches, when all of them are those that the report on chain counted. */
  readonly counted: readonly Counted[] | undefined;
  readonly batches: readonly ExaminedBatch[];
  /** Undefined when the record does not decode. */
  readonly leaves: readonly Uint8Array[] | undefined;
};

/** Checks one stored record against the report on chain, without the state before it. */
export function examineRecord(
  rules: BatchRules,
  known: EpochFacts,
  landed: LandedReport,
  bytes: Uint8Array,
  file: string,
): ExaminedRecord {
  const seats = seatsOf([landed.header.countedLow, landed.header.countedHigh]);
  let record: EpochRecord;
  try {
    record = decodeRecord(bytes);
  } catch (error) {
    const broken = layoutFault(bytes, seats);
    const what = `the record does not decode: ${errorMessage(error)}`;
    return { bytes, damage: [fail(what, { where: { file, ...broken } })], ...NOTHING };
  }
  const broken = layoutFault(bytes, seats);
  if (broken) {
    return { bytes, damage: [missing(record, seats, { file, ...broken })], ...NOTHING };
  }
  const damage: Check[] = frameDamage(record, landed).map((check) => ({ ...check, where: { file, ...check.where } }));
  const observations = trueObservations(record, landed, file, damage);
  const batches: ExaminedBatch[] = [];
  const counted: Counted[] = [];
  for (const [i, bytesOfReveal] of record.reveals.entries()) {
    const seatIndex = seats[i]!;
    const where = { file, seat: seatIndex };
    const reveal = readReveal(bytesOfReveal);
    const seat = seatAt(known.set, seatIndex);
    const observation = observations?.[i] ?? record.observations[i]!;
    if (typeof reveal === 'string') damage.push(fail(reveal, { where: { ...where, region: 'reveal' } }));
    else if (!seat) {
      const what = `the report counts a seat that set ${known.set.id} does not have`;
      batches.push({ seat: seatIndex, batch: undefined, faults: [{ blame: 'report', what }] });
    } else {
      const examined = examineBatch(rules, known, seat, observation, reveal);
      batches.push(examined);
      for (const { blame, what } of examined.faults) {
        if (blame === 'file') damage.push(fail(what, { where: { ...where, region: 'reveal' } }));
      }
      if (examined.batch) counted.push({ observation, batch: examined.batch });
    }
  }
  const isWhole = observations !== undefined && counted.length === seats.length;
  return { bytes, damage, counted: isWhole ? counted : undefined, batches, leaves: record.leaves };
}

const NOTHING = { counted: undefined, batches: [], leaves: undefined } as const;

/** A whole encoding, but not of as many batches as the chain counts. */
function missing(record: EpochRecord, seats: readonly number[], where: Place): Check {
  const held = new Set(record.observations.map(({ seat }) => seat));
  const lost = seats.filter((seat) => !held.has(seat));
  const names = lost.length > 0 ? `: seat ${lost.join(', ')} is missing` : '';
  return fail(`${held.size} batches in the record, the report on chain counts ${seats.length}${names}`, {
    where: { ...where, ...(lost.length === 1 ? { seat: lost[0]! } : {}) },
  });
}

/** Header, view and signers, which the chain repeats. */
function frameDamage(record: EpochRecord, landed: LandedReport): Check[] {
  const damage: Check[] = [];
  const stored = headerToAbi(record.header);
  const onChain = headerToAbi(landed.header);
  for (const name of Object.keys(onChain) as (keyof typeof onChain)[]) {
    if (stored[name] === onChain[name]) continue;
    damage.push(differs(`header.${name}`, String(onChain[name]), String(stored[name])));
  }
  if (record.view !== landed.view) damage.push(differs('view', String(landed.view), String(record.view)));
  const [low, high] = bitmapOf(landed.signers);
  if (record.signersLow !== low) damage.push(differs('signersLow', String(low), String(record.signersLow)));
  if (record.signersHigh !== high) damage.push(differs('signersHigh', String(high), String(record.signersHigh)));
  return damage;
}

function differs(region: string, expected: string, got: string): Check {
  return fail(`${region} is not what the chain says`, { expected, got, where: { region } });
}

/**
 * The observations that hash to batchesRoot: as stored, or, when those were changed, as the reveals give them. A Merkle
 * root says only that some leaf is wrong; the two together say which.
 */
function trueObservations(
  record: EpochRecord,
  landed: LandedReport,
  file: string,
  damage: Check[],
): readonly Observation[] | undefined {
  const seats = seatsOf([landed.header.countedLow, landed.header.countedHigh]);
  const isTrue = (observations: readonly Observation[]) => equalBytes(rootOf(observations), landed.header.batchesRoot);
  const namesSeats = record.observations.every(({ seat }, i) => seat === seats[i]);
  if (namesSeats && isTrue(record.observations)) return record.observations;
  const derived = record.reveals.map((bytes, i) => {
    const reveal = readReveal(bytes);
    return typeof reveal === 'string' ? record.observations[i]! : observationOf(seats[i]!, reveal);
  });
  const region = 'observation';
  for (const [i, stored] of record.observations.entries()) {
    const own = derived[i]!;
    if (sameObservation(stored, own)) continue;
    damage.push(fail('the observation is not that of its reveal', { where: { file, seat: seats[i]!, region } }));
  }
  if (isTrue(derived)) return derived;
  damage.push(fail('the observations do not hash to batchesRoot', { where: { file, region: 'observations' } }));
  return undefined;
}

/** Two equal leaves have no tree, and so no root. */
function rootOf(observations: readonly Observation[]): Uint8Array {
  const names = new Set(observations.map(({ seat }) => seat));
  return names.size === observations.length ? batchesRoot(observations) : new Uint8Array();
}

function observationOf(seat: number, { commit, batch }: Reveal): Observation {
  return { seat, watcher: commit.watcher, batchHash: batchHash(batch), commitment: commit.commitment };
}

function sameObservation(a: Observation, b: Observation): boolean {
  return (
    a.seat === b.seat &&
    equalBytes(a.watcher, b.watcher) &&
    equalBytes(a.batchHash, b.batchHash) &&
    equalBytes(a.commitment, b.commitment)
  );
}

/**
 * The stored leaves against the report on chain and, once it is known, the recomputed one. Leaves that agree with
 * either are not the file's fault.
 * @param computed the recomputed leaves and whether they hash to the root on chain
 */
export function leafDamage(
  stored: readonly Uint8Array[],
  resultsRoot: Uint8Array,
  computed: { readonly leaves: readonly Leaf[]; readonly isOnChain: boolean } | undefined,
  file: string,
): Check | undefined {
  const expected = computed?.leaves.map((leaf) => fromHex(encodeLeaf(leaf)));
  const at = expected?.findIndex((leaf, i) => !stored[i] || !equalBytes(leaf, stored[i]));
  if (expected && at === -1 && stored.length === expected.length) return undefined;
  const hashes = stored.map((leaf) => keccak(keccak(leaf)));
  const distinct = new Set(hashes.map((hash) => Buffer.from(hash).toString('hex')));
  const isTrue = distinct.size === hashes.length && equalBytes(merkleTree(hashes).root, resultsRoot);
  if (isTrue && !computed?.isOnChain) return undefined;
  const region = computed?.isOnChain ? `leaf ${at === -1 ? expected?.length : at}` : 'leaves';
  return fail('the stored leaves are not those of the report', { where: { file, region } });
}
