import { ByteVectorType, ContainerType, ListCompositeType } from '@chainsafe/ssz';
import type { Slot } from './assignment.ts';
import { equalBytes, keccak } from './bytes.ts';
import { decodeExact } from './codec.ts';
import { PlumblineError } from './error.ts';
import { BATCH_BYTES_MAX, SAMPLES_MAX } from './limits.ts';
import { ABSENT_BURST, ABSENT_MICROS, OUTCOME, type Sample, SampleSsz } from './sample.ts';
import { U16, U32, U64 } from './uint.ts';

/** A probe that starts later than this after its slot measured another moment: it must be a watcher fault. */
export const START_LAG_MAX_MICROS = 1_000_000;

/** All samples of one watcher in one epoch, with what the watcher knows about its own health. */
export type Batch = {
  protocolVersion: number;
  chainId: number;
  oracle: Uint8Array;
  epoch: number;
  setId: number;
  parametersId: Uint8Array;
  watcher: Uint8Array;
  /** BLS signature over VrfInput: fixes the schedule. */
  vrfProof: Uint8Array;
  /** |clock − reference|, µs; ABSENT_MICROS when it was not measured. */
  clockErrorMicros: number;
  /** The longest and the total stall of the event loop in the epoch. */
  stallMaxMicros: number;
  stallTotalMicros: number;
  /** The prober's own error against a known delay, p99; ABSENT_MICROS when it was not measured. */
  selfTestP99Micros: number;
  controlsGood: number;
  controlsBad: number;
  samples: Sample[];
};

const B32 = new ByteVectorType(32);

export const BatchSsz = new ContainerType(
  {
    protocolVersion: U16,
    chainId: U64,
    oracle: new ByteVectorType(20),
    epoch: U64,
    setId: U32,
    parametersId: B32,
    watcher: B32,
    vrfProof: new ByteVectorType(48),
    clockErrorMicros: U32,
    stallMaxMicros: U32,
    stallTotalMicros: U32,
    selfTestP99Micros: U32,
    controlsGood: U16,
    controlsBad: U16,
    samples: new ListCompositeType(SampleSsz, SAMPLES_MAX),
  },
  { typeName: 'Batch' },
);

export function encodeBatch(batch: Batch): Uint8Array {
  return BatchSsz.serialize(batch);
}

export function decodeBatch(bytes: Uint8Array): Batch {
  return decodeExact('batch', BatchSsz, bytes, BATCH_BYTES_MAX) as Batch;
}

/** The name of a batch: keccak256 of its canonical bytes. */
export function batchHash(bytes: Uint8Array): Uint8Array {
  return keccak(bytes);
}

/** What the batch of a watcher in an epoch must say about itself. */
export type BatchFrame = Pick<
  Batch,
  'protocolVersion' | 'chainId' | 'oracle' | 'epoch' | 'setId' | 'parametersId' | 'watcher'
>;

/**
 * Checks a batch against its frame and its schedule: every assigned slot has exactly one sample, in order, started
 * when the VRF said, and only a burst's slot says how a burst went. The VRF proof itself is checked by who calls.
 * @throws PlumblineError `batch` naming the rule that it breaks
 */
export function checkBatch(batch: Batch, frame: BatchFrame, slots: readonly Slot[]): void {
  const fail = (what: string): never => {
    throw new PlumblineError('batch', `batch of epoch ${frame.epoch}: ${what}`);
  };
  if (batch.protocolVersion !== frame.protocolVersion) fail(`protocol version ${batch.protocolVersion}`);
  if (batch.chainId !== frame.chainId || !equalBytes(batch.oracle, frame.oracle)) fail('made for another oracle');
  if (batch.epoch !== frame.epoch || batch.setId !== frame.setId) fail('made for another epoch or set');
  if (!equalBytes(batch.parametersId, frame.parametersId)) fail('made under other parameters');
  if (!equalBytes(batch.watcher, frame.watcher)) fail('made by another watcher');
  if (batch.samples.length !== slots.length) fail(`${batch.samples.length} samples for ${slots.length} slots`);
  batch.samples.forEach((sample, i) => {
    const slot = slots[i]!;
    if (sample.service !== slot.service || sample.slot !== slot.slot) fail(`sample ${i} is not of slot ${i}`);
    if (sample.outcome > OUTCOME.watcherFault) fail(`sample ${i} has no known outcome`);
    if (sample.burst !== ABSENT_BURST && (sample.burst > 1 || slot.burstRate === undefined))
      fail(`sample ${i} is no burst`);
    if (sample.outcome === OUTCOME.good && sample.totalMicros === ABSENT_MICROS) fail(`good sample ${i} has no time`);
    if (sample.outcome === OUTCOME.watcherFault || sample.outcome === OUTCOME.unknown) return;
    const lag = sample.startMicros - slot.offsetMicros;
    if (lag < 0 || lag > START_LAG_MAX_MICROS) fail(`sample ${i} started ${lag} µs off its schedule`);
  });
}
