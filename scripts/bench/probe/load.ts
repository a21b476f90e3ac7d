import { deriveSecretKey } from '../../../platform/bls/keygen.ts';
import { createMclBls } from '../../../platform/bls/mcl.ts';
import { bigEndian } from '../../../protocol/bytes.ts';
import { expectTrue } from '../measure.ts';

/** What keeps this thread busy, or nothing. */
export type Load = { start(): void; stop(): void };

export const IDLE: Load = { start: () => undefined, stop: () => undefined };

/** About 50 ms of work between two looks at what others sent to this thread: a node that verifies a full epoch does no better. */
const VERIFICATIONS_AT_ONCE = 20;

/** Verifies signatures on this thread without a pause, as a node does when many arrive. */
export async function verifying(): Promise<Load> {
  const bls = await createMclBls();
  const message = new Uint8Array(32).fill(7);
  const secretKey = deriveSecretKey(bigEndian(1, 32));
  const publicKey = bls.publicKey(secretKey);
  const signature = bls.sign(secretKey, message);
  let running = false;
  const turn = () => {
    if (!running) return;
    for (let i = 0; i < VERIFICATIONS_AT_ONCE; i++)
      expectTrue(bls.verify(publicKey, message, signature), 'a signature');
    setImmediate(turn);
  };
  return {
    start: () => {
      running = true;
      turn();
    },
    stop: () => {
      running = false;
    },
  };
}
