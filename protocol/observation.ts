import { ByteVectorType, ContainerType } from '@chainsafe/ssz';
import { bigEndian, keccakTwice } from './bytes.ts';
import { PlumblineError } from './error.ts';
import { merkleTree } from './merkle.ts';
import { U16 } from './uint.ts';

/** One batch that counts in an epoch. A list of these, seats strictly ascending, is the observation set. */
export type Observation = { seat: number; watcher: Uint8Array; batchHash: Uint8Array; commitment: Uint8Array };

const B32 = new ByteVectorType(32);

export const ObservationSsz = new ContainerType(
  { seat: U16, watcher: B32, batchHash: B32, commitment: B32 },
  { typeName: 'Observation' },
);

/** @throws PlumblineError `observations` unless seats are strictly ascending (one batch a seat, one order) */
export function checkObservations(observations: readonly Observation[]): void {
  observations.forEach((observation, i) => {
    if (i > 0 && observation.seat <= observations[i - 1]!.seat) {
      throw new PlumblineError('observations', `seat ${observation.seat} is out of order or named twice`);
    }
  });
}

/** Double-hashed like every Merkle leaf here, so that no inner node can pass for one. */
export function observationLeaf({ seat, watcher, batchHash, commitment }: Observation): Uint8Array {
  return keccakTwice(bigEndian(seat, 32), watcher, batchHash, commitment);
}

/** batchesRoot of the header. */
export function batchesRoot(observations: readonly Observation[]): Uint8Array {
  return merkleTree(observations.map(observationLeaf)).root;
}
