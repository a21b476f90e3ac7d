import { createRequire } from 'node:module';
import { commitDigest } from '../../protocol/digest.ts';
import { DOMAIN, drawn } from '../vectors/world.ts';
import { expectTrue, medianMillis, millisOfAllThreads, type Row, skippedRow, timeRow } from './measure.ts';
import { SIGNERS, type Signer } from './signers.ts';

/**
 * How fast it could be: blst in native code, as @chainsafe/blst packs it. It signs in G2 (keys in G1), so it cannot verify
 * ours; it verifies as many of its own. It uses several threads, whose processor time is added up.
 */

/** The little of @chainsafe/blst's interface that is used here. */
interface Blst {
  Signature: { fromBytes(bytes: Uint8Array, validate: boolean): object };
  SecretKey: { fromBytes(bytes: Uint8Array): { toPublicKey(): object; sign(message: Uint8Array): Signature } };
  aggregateSerializedSignatures(signatures: Uint8Array[], validate: boolean): object;
  fastAggregateVerify(message: Uint8Array, keys: object[], signature: object): boolean;
  verifyMultipleAggregateSignatures(sets: { msg: Uint8Array; pk: object; sig: object }[]): boolean;
}
interface Signature {
  toBytes(): Uint8Array;
}

const RUNS = 5;
const CERTIFICATE = `certificate from ${SIGNERS} partials, all valid: blst`;
const COMMITS = `${SIGNERS} commits in one batch: blst`;

/** @param ours milliseconds of the same two rows, done by us */
export function blstRows(signers: readonly Signer[], ours: { certificate: number; commits: number }): Row[] {
  const blst = loadBlst();
  if (typeof blst === 'string') return [CERTIFICATE, COMMITS].map((name) => skippedRow(name, 'ms', blst));
  const keys = signers.map(({ secretKey }) => blst.SecretKey.fromBytes(secretKey));
  const publicKeys = keys.map((key) => key.toPublicKey());
  const message = drawn('report');
  const partials = keys.map((key) => key.sign(message).toBytes());
  const commits = keys.map((key, i) => {
    const msg = commitDigest(DOMAIN, 7, drawn('watcher', i), drawn('commitment', i));
    return { msg, pk: publicKeys[i]!, sig: key.sign(msg).toBytes() };
  });
  const certificate = medianMillis(
    () => {
      const sum = blst.aggregateSerializedSignatures(partials, false);
      expectTrue(blst.fastAggregateVerify(message, publicKeys, sum), 'blst refuses its aggregate');
    },
    RUNS,
    millisOfAllThreads,
  );
  const batch = medianMillis(
    () => {
      const sets = commits.map(({ sig, ...rest }) => ({ ...rest, sig: blst.Signature.fromBytes(sig, true) }));
      expectTrue(blst.verifyMultipleAggregateSignatures(sets), 'blst refuses its batch');
    },
    RUNS,
    millisOfAllThreads,
  );
  return [timeRow(CERTIFICATE, certificate, null, ours.certificate), timeRow(COMMITS, batch, null, ours.commits)];
}

/** The module, or why there is none. */
function loadBlst(): Blst | string {
  const from = process.env.PLUMBLINE_BLST;
  try {
    return createRequire(from ? `${from}/` : import.meta.url)('@chainsafe/blst') as Blst;
  } catch {
    return from
      ? `no @chainsafe/blst under PLUMBLINE_BLST=${from}`
      : 'skipped: @chainsafe/blst is not installed; set PLUMBLINE_BLST to a folder in which it is';
  }
}
