import { randomBytes } from 'node:crypto';
import type { Bls } from '../../platform/bls/bls.ts';
import { commitDigest } from '../../protocol/digest.ts';
import { DOMAIN, drawn } from '../vectors/world.ts';
import { expectTrue, median, medianMillis, millisOf, type Row, rateRow, timeRow } from './measure.ts';
import { naiveMillis, SIGNERS, type Signer } from './signers.ts';

/**
 * Commits of all seats arrive within a second or two of an epoch's end, each on a message of its own, and count only if
 * heard within three: 350 a second and core take 1,000 in that time.
 */
const RATE_TARGET = 350;
/** Below five times the plain way, a fallback to one by one would do. */
const RATIO_MIN = 5;

export function commitRows(bls: Bls, signers: readonly Signer[]): Row[] {
  const random = (length: number) => new Uint8Array(randomBytes(length));
  const signed = signers.map((signer, i) => {
    const message = commitDigest(DOMAIN, 7, drawn('watcher', i), drawn('commitment', i));
    return { ...signer, message, signature: bls.sign(signer.secretKey, message) };
  });
  const oneInAHundred = signed.map((item, i) =>
    i % 100 === 37 ? { ...item, signature: signed[i - 1]!.signature } : item,
  );
  const naive = naiveMillis(signed);
  const alone = median(
    signed
      .slice(0, 101)
      .map(({ publicKey, message, signature }) =>
        millisOf(() => expectTrue(bls.verify(publicKey, message, signature), 'a good commit is refused')),
      ),
  );
  const batch = (items: typeof signed, good: number) => () => {
    const verdicts = bls.verifyBatch(items, random);
    expectTrue(verdicts.filter((verdict) => verdict).length === good, 'wrong commits');
  };
  const millis = medianMillis(batch(signed, SIGNERS), 5);
  const spoilt = medianMillis(batch(oneInAHundred, (SIGNERS * 99) / 100), 3);
  return [
    rateRow(`${SIGNERS} commits in one batch`, (1_000 * SIGNERS) / millis, RATE_TARGET, 1_000 / naive, RATIO_MIN),
    timeRow(`the same, beside one by one (${bls.name})`, millis, null, alone * SIGNERS),
    timeRow(`the same with 1 % invalid, beside one by one (${bls.name})`, spoilt, null, alone * SIGNERS),
  ];
}
