import type { OracleFacts } from '../platform/chain/chain.ts';
import { type Batch, batchHash, encodeBatch } from '../protocol/batch.ts';
import { ABSENT_MICROS, type Sample } from '../protocol/sample.ts';
import { type Measurement, SALT_BYTES, type Sealed } from './artefacts.ts';
import type { Vitals } from './probe/vitals.ts';

export type SealDeps = {
  readonly facts: OracleFacts;
  readonly watcher: Uint8Array;
  readonly random: (length: number) => Uint8Array;
  readonly clockErrorMicros: () => number;
  /** Of the epoch that is sealed. */
};

/** Turns a measurement into the canonical bytes that get committed, revealed, hashed and archived. */
export function sealStage({ facts, watcher, random, clockErrorMicros }: SealDeps) {
  return ({ facts: known, vrfProof, samples, vitals }: Measurement): Sealed => {
    const { stallMaxMicros, stallTotalMicros, selfTestP99Micros, controlsGood, controlsBad } =
      vitals ?? vitalsOf(samples);
    const batch: Batch = {
      protocolVersion: facts.parameters.protocolVersion,
      chainId: facts.domain.chainId,
      oracle: facts.domain.oracle,
      epoch: known.epoch,
      setId: known.set.id,
      parametersId: facts.parametersId,
      watcher,
      vrfProof,
      clockErrorMicros: clockErrorMicros(),
      stallMaxMicros,
      stallTotalMicros,
      selfTestP99Micros,
      controlsGood,
      controlsBad,
      samples,
    };
    const bytes = encodeBatch(batch);
    return { batch, bytes, hash: batchHash(bytes), salt: random(SALT_BYTES) };
  };
}

/** Of a prober that says nothing of itself: probes that ran at once saw the same stall, so the longest is all that is known of it. */
function vitalsOf(samples: readonly Sample[]): Vitals {
  const longest = Math.max(0, ...samples.map(({ stallMicros }) => stallMicros));
  return {
    stallMaxMicros: longest,
    stallTotalMicros: longest,
    selfTestP99Micros: ABSENT_MICROS,
    controlsGood: 0,
    controlsBad: 0,
  };
}
