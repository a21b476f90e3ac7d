import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BUCKET, type Bucket } from '../../../platform/store/buckets.ts';
import { encodeEntry, entryKey } from '../../../platform/store/entry.ts';
import { openLevelStore } from '../../../platform/store/level.ts';
import type { Store } from '../../../platform/store/store.ts';
import { EVIDENCE_VERSION, encodeEvidence, evidenceName } from '../../../protocol/evidence.ts';
import { type DiskReading, readDisk } from '../../../scripts/soak/disk.ts';
import { createSimnet, type Simnet } from '../../support/simnet/simnet.ts';

/** Enough for every row of a short run. */
const ROWS = 1_000;

let net: Simnet;
let scratch: string;
let directory: string;

beforeAll(async () => {
  net = await createSimnet();
  await net.start();
  await net.runTo(4, 3_500);
  scratch = await mkdtemp(join(tmpdir(), 'plumbline-soak-test-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** What watcher 0 of the simulated network has stored, on a real disk. */
beforeEach(async () => {
  directory = await mkdtemp(join(scratch, 'home-'));
  const { disk, archived } = net.host(0);
  await edit(async (store) => {
    for (const bucket of Object.keys(BUCKET) as Bucket[]) {
      const rows = await disk.store.range(bucket, { limit: ROWS });
      await store.batch(rows.map(([key, value]) => ({ kind: 'put', bucket, key, value }) as const));
    }
  });
  await mkdir(join(directory, 'archive'));
  for (const [name, bytes] of archived) await writeFile(join(directory, 'archive', name), bytes);
});

async function edit(change: (store: Store) => Promise<unknown>): Promise<void> {
  const store = await openLevelStore(join(directory, 'db'));
  await change(store);
  await store.close();
}

const read = (): Promise<DiskReading> => readDisk(directory, net.host(0).watcher!, net.chain.landed, 'here');

/** Flips a bit in the last row of a bucket. */
const bend = (bucket: Bucket, at: (length: number) => number) =>
  edit(async (store) => {
    const [[key, value]] = (await store.range(bucket, { limit: 1, reverse: true })) as [[Uint8Array, Uint8Array]];
    const bent = value.slice();
    bent[at(bent.length)]! ^= 1;
    await store.put(bucket, key, bent);
  });

test('a sound disk is read whole', async () => {
  const reading = await read();
  expect(reading.faults).toEqual([]);
  expect(reading).toMatchObject({ stateEpoch: 3, batches: 16, observationSets: 4, records: 4, drafts: 0 });
  const kinds = new Set(reading.journal!.slots.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(['attestation', 'commit']);
});

test.each(['journal', 'batch', 'report', 'state'] as const)('an unreadable row of %s is found', async (bucket) => {
  await bend(bucket, (length) => length >> 1);
  const { faults } = await read();
  expect(faults.length).toBe(1);
  expect(faults[0]).toMatch(new RegExp(`^here: ${bucket}`));
});

test('a journal entry that is gone is found', async () => {
  const entries = await net.host(0).journal!.entries(2);
  const key = entryKey(entries[0]!);
  await edit((store) => store.batch([{ kind: 'delete', bucket: 'journal', key }]));
  const { faults, journal } = await read();
  expect(journal).toBeUndefined();
  expect(faults.join()).toMatch(/here: journal: .*counts \d+ entries and holds/);
});

test('an observation set without its row by epoch, and such a row alone, are found', async () => {
  const { store } = net.host(0).disk;
  const [[key]] = (await store.range('reportEpoch', { limit: 1 })) as [[Uint8Array, Uint8Array]];
  await edit((disk) => disk.batch([{ kind: 'delete', bucket: 'reportEpoch', key }]));
  expect((await read()).faults.join()).toContain('here: report: 1 observation sets have no row by epoch');
  const report = key.slice(8);
  await edit((disk) =>
    disk.batch([
      { kind: 'put', bucket: 'reportEpoch', key, value: new Uint8Array() },
      { kind: 'delete', bucket: 'report', key: report },
    ]),
  );
  expect((await read()).faults.join()).toContain('it names no observation set');
});

test('a commit whose batch does not decode is found, although its checksum is right', async () => {
  const [entry] = await net.host(0).journal!.entries(2);
  const broken = { ...entry!, payload: entry!.payload.slice(0, -1) };
  await edit((store) => store.put('journal', entryKey(broken), encodeEntry(broken)));
  expect((await read()).faults.join()).toContain('here: journal: batch');
});

test('a state that the chain does not commit to is found', async () => {
  const reading = await readDisk(directory, net.host(0).watcher!, net.chain.landed.slice(0, 3), 'here');
  expect(reading.stateEpoch).toBeUndefined();
  expect(reading.faults.join()).toContain('is not on chain');
});

test('evidence that a seat signed two things is found, and refusals alone are no fault', async () => {
  const name = evidenceName(2);
  const evidence = {
    layoutVersion: EVIDENCE_VERSION,
    epoch: 2,
    setId: 1,
    proposals: [],
    refusals: [],
    equivocations: [],
  };
  await writeFile(join(directory, 'archive', name), encodeEvidence(evidence));
  expect(await read()).toMatchObject({ evidence: 1, faults: [] });
  const side = { value: new Uint8Array(32), digest: new Uint8Array(32), signature: new Uint8Array(48) };
  const slot = { kind: 0, epoch: 2, view: 0, setId: 1, seat: 3, watcher: new Uint8Array(32) };
  const twice = { ...evidence, equivocations: [{ ...slot, first: side, second: side }] };
  await writeFile(join(directory, 'archive', name), encodeEvidence(twice));
  expect((await read()).faults).toEqual([`here: archive/${name}: seat 3 signed two things for one slot, view 0`]);
});

test('a record of another report, and one that was cut off, are found', async () => {
  const archive = join(directory, 'archive');
  const records = [...net.host(0).archived.values()];
  await writeFile(join(archive, 'epoch-000000001.ssz'), records[2]!);
  await writeFile(join(archive, 'epoch-000000002.ssz'), records[2]!.slice(0, -1));
  await writeFile(join(archive, 'epoch-000000003.ssz.1.tmp'), records[3]!.slice(0, 9));
  const { faults, records: whole, drafts } = await read();
  expect([whole, drafts, faults.length]).toEqual([4, 1, 2]);
  expect(faults.join()).toContain('archive/epoch-000000001.ssz: it holds epoch 2');
});
