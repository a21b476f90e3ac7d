import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Archive } from '../../audit/archive.ts';
import { AUDIT_EXIT, type Check } from '../../audit/check.ts';
import { renderVerdict, verdictJson } from '../../audit/render.ts';
import { replay } from '../../audit/replay.ts';
import type { Bls } from '../../platform/bls/bls.ts';
import { createBls } from '../../platform/bls/create.ts';
import type { Batch } from '../../protocol/batch.ts';
import { commitDigest } from '../../protocol/digest.ts';
import { reportHash } from '../../protocol/header.ts';
import { decodeRecord, encodeRecord, recordName } from '../../protocol/record.ts';
import { decodeReveal, encodeReveal } from '../../protocol/reveal.ts';
import { flipped, memoryArchive, withRecord } from '../support/archives.ts';
import { createWorld, type World } from '../support/world.ts';

let bls: Bls;
let world: World;

beforeAll(async () => {
  bls = await createBls(() => undefined);
  world = createWorld({ bls, missed: [2] });
});

const TARGET = 5;

function run(on: World, archives: readonly Archive[], epoch = TARGET, earlierSignatures = false) {
  const transactions = async (hash: string) => on.transactions.get(hash);
  return replay({ chain: on.chain, transactions, bls: on.bls, archives }, { epoch, earlierSignatures });
}

const sound = (on: World, name = 'watchers/0/archive') => memoryArchive(name, on.records);

function failed(verdict: Awaited<ReturnType<typeof run>>): Check[] {
  return verdict.sections.flatMap(({ checks }) => checks).filter(({ ok }) => ok === false);
}

describe('audit replay', () => {
  it('recomputes a report from its batches over a gap, with every check passed', async () => {
    const verdict = await run(world, [sound(world), sound(world, 'watchers/1/archive')], TARGET, true);
    expect(failed(verdict)).toEqual([]);
    expect(verdict.exit).toBe(AUDIT_EXIT.follows);
    const lines = renderVerdict(verdict);
    expect(lines.at(-1)).toBe('epoch 5: the report on chain follows from its batches');
    expect(lines).toContain('  ✓ aggregate signature of seats 0, 1, 2, 3 in view 0');
    expect(lines).toContain('  ✓ 4 earlier reports replayed from the genesis state');
    expect(lines).toContain('  ✓ resultsRoot');
    expect(lines.filter((line) => line.includes('signature, VRF, schedule'))).toHaveLength(4);
    expect(JSON.parse(JSON.stringify(verdictJson(verdict)))).toMatchObject({ epoch: 5, status: 'follows' });
  });

  it('replays the first report of all', async () => {
    expect((await run(world, [sound(world)], 0)).exit).toBe(AUDIT_EXIT.follows);
  });

  it('names a damaged file and its seat, and still recomputes from another', async () => {
    const record = world.records.get(TARGET)!;
    // 8 bytes of epoch, 32 of watcher, 32 of commitment, and then the signature.
    const at = revealStart(record, 2) + 100;
    const damaged = memoryArchive('watchers/1/archive', withRecord(world.records, TARGET, flipped(record, at)));
    const verdict = await run(world, [damaged, sound(world)]);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    const file = `watchers/1/archive/${recordName(TARGET)}`;
    expect(verdict.conclusion).toBe(`epoch 5: the report on chain follows from its batches, but damaged: ${file}`);
    const [first] = failed(verdict);
    expect(first!.where).toEqual({ file, seat: 2, region: 'reveal: commit signature', offset: at });
    expect(first!.got).not.toBe(first!.expected);
    expect(renderVerdict(verdict).join('\n')).not.toContain('no stored copy is better');
  });

  it('names every file with the same damage', async () => {
    const record = flipped(world.records.get(TARGET)!, 1_000);
    const records = withRecord(world.records, TARGET, record);
    const verdict = await run(world, [memoryArchive('a', records), sound(world), memoryArchive('b', records)]);
    expect(verdict.conclusion).toContain(`but damaged: a/${recordName(TARGET)}, b/${recordName(TARGET)}`);
  });

  it('recomputes from a record of which only a signature was changed, and says that no copy is better', async () => {
    const record = world.records.get(TARGET)!;
    const bytes = flipped(record, revealStart(record, 1) + 100);
    const verdict = await run(world, [memoryArchive('a', withRecord(world.records, TARGET, bytes))]);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    expect(verdict.conclusion).toContain('follows from its batches, but damaged: a/');
    expect(renderVerdict(verdict).join('\n')).toContain(
      "✗ seat 1: the commit's signature is not by the seat's key (no stored copy is better)",
    );
  });

  it('finds a commit that another key signed', async () => {
    const record = decodeRecord(world.records.get(TARGET)!);
    const reveal = decodeReveal(record.reveals[0]!);
    const { epoch, watcher, commitment } = reveal.commit;
    reveal.commit.signature = bls.sign(
      world.secretKeys[1]!,
      commitDigest(world.chain.facts.domain, epoch, watcher, commitment),
    );
    record.reveals[0] = encodeReveal(reveal);
    const verdict = await run(world, [memoryArchive('a', withRecord(world.records, TARGET, encodeRecord(record)))]);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    expect(failed(verdict)[0]).toMatchObject({ where: { seat: 0 }, what: expect.stringContaining('signature') });
  });

  it('finds a batch that was dropped from a record, by its seat', async () => {
    const record = decodeRecord(world.records.get(TARGET)!);
    record.observations.splice(2, 1);
    record.reveals.splice(2, 1);
    const verdict = await run(world, [memoryArchive('a', withRecord(world.records, TARGET, encodeRecord(record)))]);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    expect(failed(verdict)[0]).toMatchObject({
      what: '3 batches in the record, the report on chain counts 4: seat 2 is missing',
      where: { seat: 2 },
    });
    expect(verdict.conclusion).toContain('cannot be recomputed');
  });

  it('finds a batch that its signers counted although it is off its schedule', async () => {
    const batchOf = (epoch: number, seat: number, batch: Batch) => (epoch === 1 && seat === 3 ? shifted(batch) : batch);
    const bent = createWorld({ bls, epochs: 2, batchOf });
    const verdict = await run(bent, [sound(bent)], 1);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    const [first] = failed(verdict);
    expect(first!.what).toMatch(/^seat 3: batch of epoch 1: sample 0 started -?\d+ µs off its schedule$/);
    expect(first!.detail).toBe('the report on chain counts it all the same');
  });

  it('finds a commit of another epoch that its signers counted', async () => {
    const commitEpochOf = (epoch: number, seat: number) => (epoch === 1 && seat === 0 ? 0 : epoch);
    const bent = createWorld({ bls, epochs: 2, commitEpochOf });
    expect(failed(await run(bent, [sound(bent)], 1))).toEqual([
      {
        what: 'seat 0: the commit is of epoch 0',
        ok: false,
        detail: 'the report on chain counts it all the same',
        where: { seat: 0 },
      },
    ]);
  });

  it('finds a batch whose schedule its watcher did not draw', async () => {
    const foreign = new Map<number, Uint8Array>();
    const batchOf = (epoch: number, seat: number, batch: Batch) => {
      foreign.set(seat, batch.vrfProof);
      return epoch === 1 && seat === 3 ? { ...batch, vrfProof: foreign.get(2)!, samples: late(batch.samples) } : batch;
    };
    const bent = createWorld({ bls, epochs: 2, batchOf });
    const verdict = await run(bent, [sound(bent)], 1);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    expect(failed(verdict)[0]!.what).toBe('seat 3: the VRF proof is not by the key of the seat for this epoch');
  });

  it('finds a root on chain that the batches do not give, and judges later reports by themselves', async () => {
    const forged = createWorld({
      bls,
      epochs: 4,
      headerOf: (epoch, header) => (epoch === 2 ? { ...header, resultsRoot: new Uint8Array(32).fill(9) } : header),
    });
    const verdict = await run(forged, [sound(forged)], 2);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    expect(verdict.conclusion).toBe('epoch 2: the report on chain DOES NOT follow from its batches');
    expect(failed(verdict).map(({ what }) => what)).toEqual(['resultsRoot', 'report hash']);
    const later = await run(forged, [sound(forged)], 3);
    expect(later.exit).toBe(AUDIT_EXIT.wrong);
    expect(later.conclusion).toContain('follows from its batches, but this check fails: epoch 2: resultsRoot');
  });

  it('finds an event that the transaction does not submit', async () => {
    const bent = createWorld({ bls, epochs: 2 });
    const header = { ...bent.landed[1]!.header, resultsRoot: new Uint8Array(32) };
    bent.landed[1] = { ...bent.landed[1]!, header, reportHash: reportHash(header) };
    const verdict = await run(bent, [sound(bent)], 1);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    const details = failed(verdict).map(({ detail }) => detail);
    expect(details).toContain('the transaction submits another certificate than the event shows');
  });

  it('finds a report without a quorum', async () => {
    const weak = createWorld({ bls, epochs: 2, signersOf: (epoch, seats) => (epoch === 1 ? [0, 1] : seats) });
    const verdict = await run(weak, [sound(weak)], 1);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    expect(failed(verdict)).toEqual([
      { what: 'signers hold more than 2/3 of the stake', ok: false, detail: 'seats 0, 1: 50.00 %, 200 of 400' },
    ]);
  });

  it('finds an aggregate signature of other signers', async () => {
    const bent = createWorld({ bls, epochs: 2 });
    const [first, second] = [bent.transactions.get(bent.landed[0]!.txHash)!, bent.landed[1]!];
    const transaction = bent.transactions.get(second.txHash)!;
    // The signature is the last 128 bytes of the input.
    const input = `${transaction.input.slice(0, -256)}${first.input.slice(-256)}` as typeof transaction.input;
    bent.transactions.set(second.txHash, { ...transaction, input });
    const verdict = await run(bent, [sound(bent)], 1);
    expect(failed(verdict)).toMatchObject([{ detail: 'it does not verify' }]);
  });

  it('never calls a wrapped submission checked', async () => {
    const wrapped = createWorld({ bls, epochs: 2 });
    const { txHash } = wrapped.landed[1]!;
    wrapped.transactions.set(txHash, { ...wrapped.transactions.get(txHash)!, to: `0x${'11'.repeat(20)}` });
    const verdict = await run(wrapped, [sound(wrapped)], 1);
    expect(verdict.exit).toBe(AUDIT_EXIT.follows);
    expect(verdict.conclusion).toContain("(the certificate's signature was not checked: wrapped call)");
  });

  it('cannot tell without a record of the epoch, of an earlier one, or without a report', async () => {
    const without = (epoch: number) => memoryArchive('a', withRecord(world.records, epoch, undefined));
    const own = await run(world, [without(TARGET)]);
    expect([own.exit, own.conclusion]).toEqual([3, 'epoch 5: cannot tell: no record with all of its batches']);
    const earlier = await run(world, [without(1)]);
    expect([earlier.exit, earlier.conclusion]).toEqual([3, 'epoch 5: cannot tell: no complete batches of epoch 1']);
    const missed = await run(world, [sound(world)], 2);
    expect(missed.exit).toBe(AUDIT_EXIT.unknown);
    expect(missed.conclusion).toContain('the chain has no report of this epoch; the last one before it is of epoch 1');
  });

  it('fills a missing record from another folder', async () => {
    const gappy = memoryArchive('a', withRecord(world.records, 1, undefined));
    expect((await run(world, [gappy, sound(world)])).exit).toBe(AUDIT_EXIT.follows);
  });

  it('finds damage in an earlier epoch too', async () => {
    const bytes = flipped(world.records.get(1)!, 700);
    const damaged = memoryArchive('b', withRecord(world.records, 1, bytes));
    const verdict = await run(world, [sound(world), damaged], TARGET, true);
    expect(verdict.exit).toBe(AUDIT_EXIT.wrong);
    expect(verdict.conclusion).toContain(`but damaged: b/${recordName(1)}`);
  });

  it('holds one epoch of records at a time', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const long = createWorld({ bls, epochs: 24, services: 1, slotsPerEpoch: 2 });
    const handed: WeakRef<Uint8Array>[] = [];
    let mostAlive = 0;
    const archive: Archive = {
      path: (epoch) => recordName(epoch),
      read: async (epoch) => {
        // A turn of the event loop ends the lifetime of what a WeakRef gave out.
        await new Promise((resolve) => setImmediate(resolve));
        collect();
        mostAlive = Math.max(mostAlive, handed.filter((ref) => ref.deref() !== undefined).length);
        const bytes = Uint8Array.from(long.records.get(epoch)!);
        handed.push(new WeakRef(bytes));
        return bytes;
      },
    };
    expect((await run(long, [archive], 23)).exit).toBe(AUDIT_EXIT.follows);
    expect(handed).toHaveLength(24);
    expect(mostAlive).toBeLessThanOrEqual(2);
  });
});

function shifted(batch: Batch): Batch {
  return { ...batch, samples: batch.samples.map((one) => ({ ...one, startMicros: one.startMicros + 2_000_000 })) };
}

/** Nothing measured, so that no start can contradict the schedule. */
function late(samples: Batch['samples']): Batch['samples'] {
  return samples.map((one) => ({ ...one, outcome: 3 }));
}

/** Where a seat's reveal begins in a record whose counted seats are 0, 1, 2 … */
function revealStart(record: Uint8Array, seat: number): number {
  const view = new DataView(record.buffer, record.byteOffset);
  const reveals = view.getUint32(382, true);
  return reveals + view.getUint32(reveals + 4 * seat, true);
}
