import type { OracleFacts } from '../platform/chain/chain.ts';
import { type Batch, batchHash, encodeBatch } from '../protocol/batch.ts';
import { ABSENT_MICROS } from '../protocol/sample.ts';
import { type Measurement, SALT_BYTES, type Sealed } from './artefacts.ts';
import type { ControlCounts } from './probe/control.ts';

export type SealDeps = {
  readonly facts: OracleFacts;
  readonly watcher: Uint8Array;
  readonly random: (length: number) => Uint8Array;
  readonly clockErrorMicros: () => number;
  /** Of the epoch that is sealed. */
  readonly controlCounts: () => ControlCounts;
};

/** Turns a measurement into the canonical bytes that get committed, revealed, hashed and archived. */
export function sealStage({ facts, watcher, random, clockErrorMicros, controlCounts }: SealDeps) {
  return ({ facts: known, vrfProof, samples }: Measurement): Sealed => {
    const stalls = samples.map(({ stallMicros }) => stallMicros);
    const controls = controlCounts();
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
      stallMaxMicros: Math.max(0, ...stalls),
      stallTotalMicros: Math.min(
        ABSENT_MICROS - 1,
        stalls.reduce((sum, stall) => sum + stall, 0),
      ),
      selfTestP99Micros: ABSENT_MICROS,
      controlsGood: controls.good,
      controlsBad: controls.bad,
      samples,
    };
    const bytes = encodeBatch(batch);
    return { batch, bytes, hash: batchHash(bytes), salt: random(SALT_BYTES) };
  };
}
