import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { firstDifference, regionAt } from '../../audit/layout.ts';
import { replay } from '../../audit/replay.ts';
import type { Bls } from '../../platform/bls/bls.ts';
import { createBls } from '../../platform/bls/create.ts';
import { toHex } from '../../protocol/bytes.ts';
import { recordName } from '../../protocol/record.ts';
import { flipped, memoryArchive, withRecord } from '../support/archives.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let record: Uint8Array;
/** Two epochs: the second is replayed on a state that is not the genesis one. */
const TARGET = 1;
const SEATS = [0, 1, 3];

beforeAll(async () => {
  const bls = remembering(await createBls(() => undefined));
  world = createWorld({ bls, epochs: 2, services: 1, slotsPerEpoch: 2, countedOf: () => SEATS });
  record = world.records.get(TARGET)!;
});

function run(bytes: Uint8Array | undefined, alone: boolean) {
  const archives = [
    memoryArchive('damaged', withRecord(world.records, TARGET, bytes)),
    ...(alone ? [] : [memoryArchive('sound', world.records)]),
  ];
  const transactions = async (hash: string) => world.transactions.get(hash);
  const options = { epoch: TARGET, earlierSignatures: false };
  return replay({ chain: world.chain, transactions, bls: world.bls, archives }, options);
}

/** The same verdicts, each computed once: hundreds of runs check the same few signatures. */
function remembering(bls: Bls): Bls {
  const known = new Map<string, boolean>();
  const recall = (key: string, compute: () => boolean): boolean => {
    const verdict = known.get(key) ?? compute();
    known.set(key, verdict);
    return verdict;
  };
  return {
    ...bls,
    verify: (...given) => recall(given.map(toHex).join(), () => bls.verify(...given)),
    verifyAggregate: (keys, ...given) =>
      recall([...keys, ...given].map(toHex).join(), () => bls.verifyAggregate(keys, ...given)),
  };
}

const FILE = `damaged/${recordName(TARGET)}`;

async function places(bytes: Uint8Array, alone: boolean) {
  const verdict = await run(bytes, alone);
  expect(verdict.exit).toBe(1);
  const checks = verdict.sections.find(({ title }) => title === 'stored records')!.checks;
  return {
    verdict,
    wheres: checks.filter(({ ok, where }) => ok === false && where?.file === FILE).map(({ where }) => where!),
  };
}

/** One byte of each region of the record, and its last. */
function regionStarts(): { at: number; seat: number | undefined; name: string }[] {
  const starts: { at: number; seat: number | undefined; name: string }[] = [];
  for (let at = 0; at < record.length; ) {
    const { end, seat, name } = regionAt(record, SEATS, at);
    expect(end).toBeGreaterThan(at);
    starts.push({ at, seat, name });
    at = end;
  }
  return starts;
}

describe('a flipped byte in a stored record', () => {
  it('is placed by regions that cover the whole file without overlap', () => {
    const starts = regionStarts();
    const names = starts.map(({ name }) => name);
    expect(starts.filter(({ name, seat }) => /^(reveal|observation):/.test(name) !== (seat !== undefined))).toEqual(
      starts.filter(({ name }) => name === 'offset of a reveal'),
    );
    expect(names.filter((name) => name === 'reveal: batch vrfProof')).toHaveLength(SEATS.length);
    expect(names.filter((name) => name.startsWith('reveal: batch sample'))).toHaveLength(2 * SEATS.length);
    expect(names.at(-1)).toMatch(/^leaf \d+$/);
  });

  it('is found in every region, with its file, offset and seat, beside a sound copy', async () => {
    for (const { at, seat, name } of regionStarts()) {
      const { verdict, wheres } = await places(flipped(record, at), false);
      expect(wheres[0], name).toEqual({
        file: FILE,
        offset: at,
        region: name,
        ...(seat === undefined ? {} : { seat }),
      });
      expect(verdict.conclusion).toBe(`epoch 1: the report on chain follows from its batches, but damaged: ${FILE}`);
    }
  }, 60_000);

  it('is found in every region without any other copy, with the seat where there is one', async () => {
    for (const { at, seat, name } of regionStarts()) {
      const { wheres } = await places(flipped(record, at), true);
      expect(wheres.length, name).toBeGreaterThan(0);
      if (seat !== undefined)
        expect(
          wheres.map((where) => where.seat),
          name,
        ).toContain(seat);
    }
  }, 60_000);

  it('is found at any position and in any bit', async () => {
    const positions = fc.nat({ max: record.length - 1 });
    await fc.assert(
      fc.asyncProperty(positions, fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, mask, alone) => {
        const bytes = flipped(record, at, mask);
        const { wheres } = await places(bytes, alone);
        expect(wheres.length).toBeGreaterThan(0);
        if (!alone) expect(wheres[0]!.offset).toBe(at);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('is told apart from a file that was cut off or grew', async () => {
    const cut = await places(record.slice(0, -1), false);
    expect(cut.wheres[0]).toMatchObject({ offset: record.length - 1 });
    const grown = await places(Uint8Array.from([...record, 0]), false);
    expect(grown.wheres[0]).toMatchObject({ offset: record.length, region: 'end of the file' });
    expect((await places(new Uint8Array(), false)).wheres[0]).toMatchObject({ offset: 0 });
  });

  it('differs first where the copies do', () => {
    expect(firstDifference(record, record)).toBeUndefined();
    expect(firstDifference(flipped(record, 77), record)).toBe(77);
  });
});
