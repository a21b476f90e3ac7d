import { createRequire } from 'node:module';
import { commitDigest } from '../../protocol/digest.ts';
import { DOMAIN, drawn } from '../vectors/world.ts';
import { expectTrue, medianMillis, millisOfAllThreads, type Row, skippedRow, timeRow } from './measure.ts';
import { SIGNERS, type Signer } from './signers.ts';

/**
 * How fast it could be: blst in native code, as @chainsafe/blst packs it: prebuilt, and without an install script. It
 * signs in G2 (keys in G1), so it cannot verify ours; it verifies as many of its own. It uses several threads, whose
 * processor time is added up.
 */

type Blst = typeof import('@chainsafe/blst');

const RUNS = 5;
const CERTIFICATE = `certificate from ${SIGNERS} partials, all valid: blst`;
const COMMITS = `${SIGNERS} commits in one batch: blst`;

/** @param ours milliseconds of the same two rows, done by us */
export function blstRows(signers: readonly Signer[], ours: { certificate: number; commits: number }): Row[] {
  const blst = loadBlst();
  if (!blst) return [CERTIFICATE, COMMITS].map((name) => skippedRow(name, 'ms', 'skipped: no blst for this platform'));
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

/** Native code comes as one optional package per platform; undefined where there is none. */
function loadBlst(): Blst | undefined {
  try {
    return createRequire(import.meta.url)('@chainsafe/blst') as Blst;
  } catch {
    return undefined;
  }
}
