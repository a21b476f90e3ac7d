import { COMMIT_BYTES, decodeCommit, encodeCommit } from '../../../protocol/commit.ts';
import { commits } from '../../../scripts/fuzz/messages.ts';
import { decoderTarget, type Target } from '../../../scripts/fuzz/target.ts';

/** Decoders with one mistake each: what the fuzzer must find. */
const planted = (name: string, decode: (bytes: Uint8Array) => unknown): Target =>
  decoderTarget({ name, values: commits, encode: encodeCommit, decode: (bytes) => decode(bytes) });

const kept: Uint8Array[] = [];

function burn(isEndless: boolean): void {
  const until = performance.now() + 80;
  while (isEndless || performance.now() < until);
}

export const TARGETS: readonly Target[] = [
  planted('sound', decodeCommit),
  planted('range-error', (bytes) => {
    if (bytes[8] === 0xff) throw new RangeError('not ours');
    return decodeCommit(bytes);
  }),
  planted('trailing-bytes', (bytes) => decodeCommit(bytes.subarray(0, COMMIT_BYTES))),
  planted('changes-input', (bytes) => {
    const commit = decodeCommit(bytes);
    bytes[0]! ^= 1;
    return commit;
  }),
  planted('slow', (bytes) => {
    if (bytes.length > COMMIT_BYTES + 8) burn(false);
    return decodeCommit(bytes);
  }),
  planted('endless', (bytes) => {
    if (bytes.length < 8) burn(true);
    return decodeCommit(bytes);
  }),
  planted('leak', (bytes) => {
    kept.push(new Uint8Array(20_000));
    return decodeCommit(bytes);
  }),
];
