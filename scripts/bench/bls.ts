import type { Bls } from '../../platform/bls/bls.ts';
import { deriveSecretKey } from '../../platform/bls/keygen.ts';
import { createMclBls } from '../../platform/bls/mcl.ts';
import { createNobleBls } from '../../platform/bls/noble.ts';
import { combinePartials } from '../../platform/bls/partials.ts';
import { bigEndian } from '../../protocol/bytes.ts';

/**
 * How long BLS takes here, mcl against the reference. Milliseconds depend on the machine; the ratio hardly does, so the
 * targets are ratios. `--json` ends the output with one line for machines.
 */

/** Signers of the aggregate: the set that docs/CRYPTOGRAPHY.md speaks of. */
const SIGNERS = 80;
/** Runs of which the fastest is shown: other programs on the machine only ever add time. */
const RUNS = 25;

interface Row {
  readonly name: string;
  /** mcl. */
  readonly value: number;
  readonly unit: 'ms';
  /** The least ratio at which the second library earns its place. */
  readonly target: number;
  /** noble. */
  readonly baseline: number;
  /** baseline / value. */
  readonly ratio: number;
  readonly holds: boolean;
}

const message = new Uint8Array(32).fill(7);
const secretKeys = Array.from({ length: SIGNERS }, (_, i) => deriveSecretKey(bigEndian(i, 32)));
const mcl = await createMclBls();
const publicKeys = secretKeys.map((key) => mcl.publicKey(key));
const signatures = secretKeys.map((key) => mcl.sign(key, message));
const aggregate = mcl.aggregate(signatures);
const [secretKey, publicKey, signature] = [secretKeys[3]!, publicKeys[3]!, signatures[3]!];
const partials = signatures.map((bytes, seat) => ({ seat, publicKey: publicKeys[seat]!, signature: bytes }));
const oneBad = partials.map((partial) => (partial.seat === 21 ? { ...partial, signature } : partial));

function expectTrue(holds: boolean): void {
  if (!holds) throw new Error('a valid signature was refused');
}

/** Each is prepared for one implementation and then timed; `fresh` makes an implementation whose cache is empty. */
const operations: Record<string, (bls: Bls, fresh: () => Bls) => () => void> = {
  'public key': (bls) => () => bls.publicKey(secretKey),
  sign: (bls) => () => bls.sign(secretKey, message),
  'verify, key seen before': (bls) => () => expectTrue(bls.verify(publicKey, message, signature)),
  'verify, key new': (_, fresh) => () => expectTrue(fresh().verify(publicKey, message, signature)),
  [`aggregate ${SIGNERS} signatures`]: (bls) => () => bls.aggregate(signatures),
  [`verify an aggregate of ${SIGNERS}`]: (bls) => () => expectTrue(bls.verifyAggregate(publicKeys, message, aggregate)),
  [`combine ${SIGNERS} partials, all good`]: (bls) => () =>
    expectTrue(!!combinePartials(bls, message, partials).signature),
  [`combine ${SIGNERS} partials, one bad`]: (bls) => () =>
    expectTrue(combinePartials(bls, message, oneBad).rejected.length === 1),
};

async function measure(name: string, runs: number): Promise<Row> {
  const prepare = operations[name]!;
  const fastestOf = (bls: Bls, fresh: () => Bls) => {
    const run = prepare(bls, fresh);
    run();
    const times = Array.from({ length: runs }, () => {
      const start = process.hrtime.bigint();
      run();
      return Number(process.hrtime.bigint() - start) / 1e6;
    });
    return Math.min(...times);
  };
  const mcls = await Promise.all(Array.from({ length: runs + 1 }, createMclBls));
  const value = fastestOf(mcl, () => mcls.pop()!);
  const baseline = fastestOf(noble, createNobleBls);
  const target = 1.5;
  return { name, value, unit: 'ms', target, baseline, ratio: baseline / value, holds: baseline / value >= target };
}

const noble = createNobleBls();
const rows: Row[] = [];
console.log(`${'milliseconds'.padEnd(34)}${['noble', 'mcl', 'ratio'].map((title) => title.padStart(9)).join('')}`);
for (const name of Object.keys(operations)) {
  const row = await measure(name, name.startsWith('combine') ? 8 : RUNS);
  const figures = [row.baseline.toFixed(2), row.value.toFixed(2), `${row.ratio.toFixed(1)}x`];
  console.log(
    `${name.padEnd(34)}${figures.map((figure) => figure.padStart(9)).join('')}${row.holds ? '' : '  below target'}`,
  );
  rows.push(row);
}
if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'bls', rows }));
process.exitCode = rows.every((row) => row.holds) ? 0 : 1;
