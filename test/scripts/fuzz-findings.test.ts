import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeAbiParameters, encodeAbiParameters } from 'viem';
import { describe, expect, test } from 'vitest';
import { AggregateConfig, readConfig } from '../../cli/config.ts';
import { revealIntake } from '../../ledger/intake/reveal.ts';
import { createAnswerParser } from '../../node/probe/answer.ts';
import { decodeEntry, seal } from '../../platform/store/entry.ts';
import { windowKey } from '../../protocol/accumulator.ts';
import { bigEndian, concat, toHex } from '../../protocol/bytes.ts';
import { type AbiLeaf, LEAF_ABI, leafFromAbi } from '../../protocol/leaf.ts';
import { decodeParameters, encodeParameters, MINIMAL } from '../../protocol/parameters.ts';
import { REASON } from '../../protocol/reason.ts';
import { decodeReveal, encodeReveal } from '../../protocol/reveal.ts';
import { decodeState, encodeState, StateSsz } from '../../protocol/state.ts';
import { leaves, states } from '../../scripts/fuzz/world.ts';
import { createBench, said } from '../support/simnet/bench.ts';

/** What the fuzzer found, one test each: it must not come back. */

const refusal = (code: string) => expect.objectContaining({ name: 'PlumblineError', code });
const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('a reveal whose commit was heard before', () => {
  test('must carry the signature that was heard: whoever has not heard it would blame who passes it on', async () => {
    const bench = createBench(5);
    await bench.at(1_700);
    const { commit, reveal } = bench.sealed(1);
    bench.pool.addCommit({ commit, seat: 1, heardAt: 0 });
    const forged = { ...commit, signature: new Uint8Array(48).fill(7) };
    const changed = encodeReveal({ ...decodeReveal(reveal), commit: forged });
    const handle = revealIntake(bench.deps);
    expect(said(await handle('peer', changed))).toBe('reject bad-signature');
    expect(said(await handle('peer', reveal))).toBe('accept');
    expect(bench.pool.reveal(5, 1)?.bytes).toEqual(reveal);
  });
});

describe('a state', () => {
  const flat = StateSsz.deserialize(encodeState(states.at(-1)!));
  const decoded = (value: typeof flat) =>
    thrownBy(() =>
      decodeState(StateSsz.serialize(value), (w) => windowKey(w.serviceId, w.windowStart, w.windowEpochs)),
    );
  const [first, ...others] = flat.windows;

  test('whose windows are out of order, or name one twice, is refused', () => {
    expect(decoded({ ...flat, windows: [...others, first!] })).toEqual(refusal('decode'));
    expect(decoded({ ...flat, windows: [first!, first!, ...others] })).toEqual(refusal('decode'));
  });

  test('whose watchers are out of order, or name one twice, is refused', () => {
    const [one, ...rest] = first!.accumulators;
    for (const accumulators of [
      [...rest, one!],
      [one!, one!, ...rest],
    ]) {
      expect(decoded({ ...flat, windows: [{ ...first!, accumulators }, ...others] })).toEqual(refusal('decode'));
    }
  });

  test('whose buckets are out of order, or name one twice, is refused', () => {
    const [one, ...rest] = first!.accumulators;
    const buckets = [
      { bucket: 9, count: 1 },
      { bucket: 8, count: 1 },
    ];
    for (const latency of [buckets, [buckets[0]!, buckets[0]!]]) {
      const accumulators = [{ ...one!, latency }, ...rest];
      expect(decoded({ ...flat, windows: [{ ...first!, accumulators }, ...others] })).toEqual(refusal('decode'));
    }
  });
});

test('parameters with bits beyond a field are refused by our own error', () => {
  const bytes = encodeParameters(MINIMAL.parameters);
  bytes[32 + 27] = 1;
  expect(thrownBy(() => decodeParameters(bytes))).toEqual(refusal('parameters'));
});

test('a leaf with a number that would be rounded is refused', () => {
  const leaf = decodeAbiParameters(LEAF_ABI, toHex(leaves[0]!))[0] as AbiLeaf;
  const read = (change: object) => {
    const bytes = encodeAbiParameters(LEAF_ABI, [{ ...leaf, ...change }]);
    return leafFromAbi(decodeAbiParameters(LEAF_ABI, bytes)[0] as AbiLeaf);
  };
  expect(read({ samplesGood: 2n ** 53n - 1n }).samplesGood).toBe(Number.MAX_SAFE_INTEGER);
  for (const name of ['windowStart', 'samplesGood', 'samplesBad', 'samplesUnknown', 'samplesFault']) {
    expect(() => read({ [name]: 2n ** 53n + 1n })).toThrow(RangeError);
  }
});

test('a sound journal row that no entry writes is damage: an epoch that would be rounded, a commit of a view', () => {
  const row = (epoch: bigint, view: number) => {
    const key = concat(Uint8Array.of(2), bigEndian(epoch, 8), Uint8Array.of(0), bigEndian(view, 4));
    return thrownBy(() => decodeEntry(key, seal(key, new Uint8Array(32))));
  };
  expect(row(7n, 0)).toMatchObject({ kind: 'commit', epoch: 7, view: 0 });
  expect(row(2n ** 53n + 1n, 0)).toEqual(refusal('journal-corrupt'));
  expect(row(7n, 1)).toEqual(refusal('journal-corrupt'));
});

test('a header line of blanks and one bad byte is read in one pass', () => {
  const line = Buffer.from(`HTTP/1.1 200 OK\r\na:${' '.repeat(16_000)}\x7f\r\n\r\n`, 'latin1');
  const times = Array.from({ length: 5 }, () => {
    const parser = createAnswerParser({ method: 'GET', headerBytesMax: 16_384, bodyBytesMax: 10, keepBody: false });
    const start = performance.now();
    expect(parser.push(line)).toMatchObject({ kind: 'fault', reason: REASON.malformedAnswer });
    return performance.now() - start;
  });
  // Backtracking took 120 ms, one pass takes less than one.
  expect(Math.min(...times)).toBeLessThan(20);
});

test('a setting whose name has a line break is refused in one line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-config-'));
  try {
    const file = join(folder, 'config.yaml');
    await writeFile(file, '{"a\\nb": 1}');
    const error = await readConfig(file, AggregateConfig).catch((caught: unknown) => caught);
    expect(error).toEqual(refusal('config'));
    expect((error as Error).message).not.toContain('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('names of settings that are lists in lists are refused at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-config-'));
  try {
    const file = join(folder, 'config.yaml');
    // Forty took longer than anybody waited: each level doubled the work.
    await writeFile(file, `listen:\n  -${' ?'.repeat(200)} x\n`);
    const error = await readConfig(file, AggregateConfig).catch((caught: unknown) => caught);
    expect(error).toEqual(refusal('config'));
    expect((error as Error).message).toContain('a list or map stands where the name of a setting belongs');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
