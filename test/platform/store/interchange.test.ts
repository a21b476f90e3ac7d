import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../platform/store/entry.ts';
import {
  decodeInterchange,
  encodeInterchange,
  INTERCHANGE_BYTES_MAX,
  type InterchangeOwner,
} from '../../../platform/store/interchange.ts';
import { type Journal, openJournal } from '../../../platform/store/journal.ts';
import { memoryStore } from '../../../platform/store/memory.ts';
import type { Store } from '../../../platform/store/store.ts';
import { digestFor, WATCHER } from './journal.fixture.ts';

const OWNER: InterchangeOwner = { chainId: 31_337, oracle: new Uint8Array(20).fill(3), watcher: WATCHER };
const EPOCHS = 12;
const refusedWith = (code: string) => expect.objectContaining({ code });

const entryOf = (change: Partial<JournalEntry> = {}): JournalEntry => ({
  kind: 'attestation',
  epoch: 5,
  view: 1,
  digest: digestFor('a'),
  payload: Uint8Array.of(1, 2, 3),
  ...change,
});

/** One digest of two for a slot, so that journals agree here and contradict each other there. */
const entries = fc.array(
  fc
    .record({
      kind: fc.constantFrom('commit', 'proposal', 'attestation', 'refusal'),
      epoch: fc.nat(EPOCHS),
      view: fc.nat(2),
      digest: fc.nat(1).map(digestFor),
    })
    .map((drawn) => entryOf({ ...drawn, view: drawn.kind === 'commit' ? 0 : drawn.view })),
  { maxLength: 30 },
);
const history = fc.record({ entries, prunedBelow: fc.nat(EPOCHS) });

/** What a node would have done: everything that its journal took. */
async function journalOf(
  { entries, prunedBelow }: { entries: JournalEntry[]; prunedBelow: number },
  store: Store = memoryStore(),
): Promise<Journal> {
  const journal = await openJournal(store, { watcher: WATCHER });
  for (const one of entries) await journal.record(one).catch(() => undefined);
  await journal.prune(prunedBelow);
  return journal;
}
const exported = async (journal: Journal) => encodeInterchange(OWNER, await journal.dump());
const imported = async (journal: Journal, text: string) => journal.merge(decodeInterchange(OWNER, text));
const outcome = (work: Promise<string>) => work.catch((error: { code: string }) => error.code);

async function rowsOf(store: Store): Promise<string> {
  return JSON.stringify((await store.range('journal', { limit: 10_000 })).map((row) => row.map((b) => [...b])));
}

describe('any journal', () => {
  test('comes out of another machine as it went in', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (drawn) => {
        const text = await exported(await journalOf(drawn));
        const other = memoryStore();
        await imported(await openJournal(other, { watcher: WATCHER }), text);
        // Also after the process that took it in has ended.
        expect(await exported(await openJournal(other, { watcher: WATCHER, expectExisting: true }))).toBe(text);
      }),
    );
  });

  test('keeps whoever takes it in from signing anything else, in all that it covers', async () => {
    await fc.assert(
      fc.asyncProperty(history, history, entryArbitrary(), async (theirs, ours, attempt) => {
        const source = await journalOf(theirs);
        const dump = await source.dump();
        const journal = await journalOf(ours);
        const merged = await outcome(imported(journal, await exported(source)).then(() => 'merged'));
        if (merged === 'journal-conflict') return;
        expect(merged).toBe('merged');
        for (const slot of dump.slots) {
          const other = await outcome(
            journal.record({ ...slot, digest: digestFor('other'), payload: new Uint8Array() }),
          );
          expect(other).toMatch(/^journal-(conflict|pruned)$/);
          const same = await outcome(journal.record({ ...slot, payload: new Uint8Array() }));
          expect(same).toMatch(/^same$|^journal-pruned$/);
        }
        const held = await journal.find(attempt);
        const tried = await outcome(journal.record(attempt));
        if (attempt.epoch < dump.closedBelow && held === undefined) expect(tried).toBe('journal-closed');
        if (attempt.epoch < Math.max(dump.floor, ours.prunedBelow)) expect(tried).toBe('journal-pruned');
      }),
    );
  });

  test('is taken in twice as once, and in either order', async () => {
    await fc.assert(
      fc.asyncProperty(history, history, async (a, b) => {
        const [first, second] = [await exported(await journalOf(a)), await exported(await journalOf(b))];
        const merge = async (texts: readonly string[]) => {
          const journal = await openJournal(memoryStore(), { watcher: WATCHER });
          const merging = async () => {
            for (const text of texts) await imported(journal, text);
            return exported(journal);
          };
          return outcome(merging());
        };
        const ab = await merge([first, second, first]);
        const ba = await merge([second, first]);
        // Below the higher floor nothing is kept, so a contradiction there can show in one order only; it is past all signing.
        if (ab !== 'journal-conflict' && ba !== 'journal-conflict') expect(ab).toBe(ba);
      }),
    );
  });
});

function entryArbitrary() {
  return fc
    .record({ epoch: fc.nat(EPOCHS + 3), view: fc.nat(2), digest: fc.nat(1).map(digestFor) })
    .map((drawn) => entryOf(drawn));
}

test('a journal that took one in was used, and epochs above the file are open', async () => {
  const source = await journalOf({ entries: [entryOf({ epoch: 7 })], prunedBelow: 3 });
  const store = memoryStore();
  const journal = await openJournal(store, { watcher: WATCHER });
  expect(journal.isFresh).toBe(true);
  expect(await imported(journal, await exported(source))).toBe(1);
  expect((await openJournal(store, { watcher: WATCHER })).isFresh).toBe(false);
  await expect(journal.record(entryOf({ epoch: 2 }))).rejects.toEqual(refusedWith('journal-pruned'));
  await expect(journal.record(entryOf({ epoch: 7, view: 2 }))).rejects.toEqual(refusedWith('journal-closed'));
  expect(await journal.record(entryOf({ epoch: 8 }))).toBe('new');
});

test('a file that contradicts the journal changes nothing, however much of it does not', async () => {
  const store = memoryStore();
  const journal = await journalOf({ entries: [entryOf({ epoch: 9 })], prunedBelow: 1 }, store);
  const theirs = [4, 5, 6, 9].map((epoch) => entryOf({ epoch, digest: digestFor('b') }));
  const text = await exported(await journalOf({ entries: theirs, prunedBelow: 4 }));
  const before = await rowsOf(store);
  await expect(imported(journal, text)).rejects.toMatchObject({
    code: 'journal-conflict',
    message: expect.stringContaining('attestation of epoch 9, view 1'),
  });
  expect(await rowsOf(store)).toBe(before);
});

test('holds neither payload nor anything else than slots', async () => {
  const text = await exported(await journalOf({ entries: [entryOf()], prunedBelow: 2 }));
  expect(JSON.parse(text)).toEqual({
    format: 'plumbline-journal',
    version: 1,
    chainId: 31_337,
    oracle: `0x${'03'.repeat(20)}`,
    watcher: `0x${'07'.repeat(32)}`,
    floorEpoch: 2,
    closedBelowEpoch: 6,
    slots: [{ kind: 'attestation', epoch: 5, view: 1, digest: `0x${Buffer.from(digestFor('a')).toString('hex')}` }],
  });
});

describe('a file', () => {
  const good = async () => exported(await journalOf({ entries: [entryOf(), entryOf({ view: 2 })], prunedBelow: 2 }));

  test.each([
    ['chain', { ...OWNER, chainId: 1 }],
    ['oracle', { ...OWNER, oracle: new Uint8Array(20).fill(4) }],
    ['watcher', { ...OWNER, watcher: new Uint8Array(32).fill(8) }],
  ])('of another %s is refused by name', async (what, owner) => {
    const text = await good();
    expect(() => decodeInterchange(owner, text)).toThrow(
      expect.objectContaining({ code: 'interchange-foreign', evidence: expect.objectContaining({ what }) }),
    );
  });

  test.each<[string, (file: Record<string, never> & { slots: Record<string, unknown>[] }) => unknown]>([
    ['version', (file) => ({ ...file, version: 2 })],
    ['format', (file) => ({ ...file, format: 'eip-3076' })],
    ['secret', (file) => ({ ...file, secret: 1 })],
    ['floorEpoch', (file) => ({ ...file, floorEpoch: -1 })],
    ['floorEpoch', (file) => ({ ...file, floorEpoch: 1.5 })],
    ['below its floorEpoch', (file) => ({ ...file, floorEpoch: 6 })],
    ['not below its closedBelowEpoch', (file) => ({ ...file, closedBelowEpoch: 5 })],
    ['below its floorEpoch', (file) => ({ ...file, closedBelowEpoch: 1, slots: [] })],
    ['twice', (file) => ({ ...file, slots: [file.slots[0], file.slots[0]] })],
    ['view 0', (file) => ({ ...file, slots: [{ ...file.slots[0], kind: 'commit' }] })],
    ['slots.0.kind', (file) => ({ ...file, slots: [{ ...file.slots[0], kind: 'vrf' }] })],
    ['slots.0.digest', (file) => ({ ...file, slots: [{ ...file.slots[0], digest: '0x00' }] })],
    ['slots.0.view', (file) => ({ ...file, slots: [{ ...file.slots[0], view: 2 ** 32 }] })],
    ['slots.0.epoch', (file) => ({ ...file, slots: [{ ...file.slots[0], epoch: 2 ** 53 }] })],
    ['slots', (file) => ({ ...file, slots: {} })],
    ['the file', () => []],
  ])('with a wrong %s is refused by name', async (what, change) => {
    const text = JSON.stringify(change(JSON.parse(await good())));
    expect(() => decodeInterchange(OWNER, text)).toThrow(
      expect.objectContaining({ code: 'interchange-malformed', message: expect.stringContaining(what) }),
    );
  });

  test('that is cut off, or too large, is refused', async () => {
    const text = await good();
    for (const length of [0, 1, text.length >> 1, text.length - 3]) {
      expect(() => decodeInterchange(OWNER, text.slice(0, length))).toThrow(refusedWith('interchange-malformed'));
    }
    const padded = text + ' '.repeat(INTERCHANGE_BYTES_MAX);
    expect(() => decodeInterchange(OWNER, padded)).toThrow(refusedWith('interchange-oversized'));
  });

  test('with its slots in another order is the same', async () => {
    const file = JSON.parse(await good()) as { slots: unknown[] };
    const journal = await openJournal(memoryStore(), { watcher: WATCHER });
    await imported(journal, JSON.stringify({ ...file, slots: file.slots.toReversed() }));
    expect(await exported(journal)).toBe(await good());
  });
});

test('a journal of a release that knew no imports opens as it is', async () => {
  const store = memoryStore();
  const { HEAD_KEY, seal } = await import('../../../platform/store/entry.ts');
  await openJournal(store, { watcher: WATCHER });
  await store.put('journal', HEAD_KEY, seal(HEAD_KEY, new Uint8Array(16)));
  const journal = await openJournal(store, { watcher: WATCHER, expectExisting: true });
  expect(await journal.record(entryOf())).toBe('new');
});
