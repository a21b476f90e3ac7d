import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { HEAD_KEY, type JournalEntry, MARKER_KEY, PAYLOAD_BYTES_MAX } from '../../../platform/store/entry.ts';
import { openJournal } from '../../../platform/store/journal.ts';
import { openLevelStore } from '../../../platform/store/level.ts';
import { memoryStore } from '../../../platform/store/memory.ts';
import type { Store } from '../../../platform/store/store.ts';
import { digestFor, WATCHER } from './journal.fixture.ts';

const entry = (change: Partial<JournalEntry> = {}): JournalEntry => ({
  kind: 'attestation',
  epoch: 5,
  view: 1,
  digest: digestFor('a'),
  payload: Uint8Array.of(1, 2, 3),
  ...change,
});
const code = (value: string) => expect.objectContaining({ code: value });
let store: Store;

beforeEach(() => {
  store = memoryStore();
});

describe('recording', () => {
  test('the same digest for a slot is the same record, another digest is refused', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    expect(await journal.record(entry())).toBe('new');
    expect(await journal.record(entry())).toBe('same');
    await expect(journal.record(entry({ digest: digestFor('b') }))).rejects.toMatchObject({
      code: 'journal-conflict',
      evidence: { kind: 'attestation', epoch: 5, view: 1 },
    });
  });

  test('kind, epoch and view each make a slot of its own', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    const slots = [
      entry(),
      entry({ view: 2 }),
      entry({ epoch: 6 }),
      entry({ kind: 'proposal' }),
      entry({ kind: 'refusal' }),
    ];
    for (const [i, slot] of slots.entries()) {
      expect(await journal.record({ ...slot, digest: digestFor(i) })).toBe('new');
    }
    expect(await journal.record(entry({ kind: 'commit', view: 0 }))).toBe('new');
  });

  test('is synced before it returns', async () => {
    const batch = vi.spyOn(store, 'batch');
    const journal = await openJournal(store, { watcher: WATCHER });
    await journal.record(entry());
    expect(batch).toHaveBeenCalledTimes(2);
    for (const call of batch.mock.calls) expect(call[1]).toEqual({ sync: true });
  });

  test('of one slot by many at once: one digest wins and every other conflicts', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    const digests = Array.from({ length: 20 }, (_, i) => digestFor(i % 4));
    const outcomes = await Promise.allSettled(digests.map((digest) => journal.record(entry({ digest }))));
    const results = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code));
    expect(results.slice(0, 5)).toEqual(['new', 'journal-conflict', 'journal-conflict', 'journal-conflict', 'same']);
    expect(results.filter((result) => result === 'new')).toHaveLength(1);
    expect(results.filter((result) => result === 'same')).toHaveLength(4);
  });

  test('takes a copy: a caller that reuses its buffer changes nothing', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    const digest = digestFor('a');
    const recording = journal.record(entry({ digest }));
    digest.fill(0);
    await recording;
    expect((await journal.entries(5))[0]?.digest).toEqual(digestFor('a'));
  });

  test.each([
    ['a short digest', { digest: new Uint8Array(31) }],
    ['a giant payload', { payload: new Uint8Array(PAYLOAD_BYTES_MAX + 1) }],
    ['a negative epoch', { epoch: -1 }],
    ['a fractional epoch', { epoch: 1.5 }],
    ['a view above 32 bits', { view: 2 ** 32 }],
    ['a commit with a view', { kind: 'commit', view: 1 }],
    ['an unknown kind', { kind: 'toString' as never }],
  ] as const)('%s is refused', async (_name, change) => {
    const journal = await openJournal(store, { watcher: WATCHER });
    await expect(journal.record(entry(change))).rejects.toEqual(code('journal-entry'));
  });

  test('after a failed write nothing is recorded any more', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    vi.spyOn(store, 'batch').mockRejectedValueOnce(new Error('disk full'));
    await expect(journal.record(entry())).rejects.toThrow('disk full');
    await expect(journal.record(entry({ digest: digestFor('b') }))).rejects.toEqual(code('journal-failed'));
    await expect(journal.record(entry())).rejects.toEqual(code('journal-failed'));
    await expect(journal.prune(9)).rejects.toEqual(code('journal-failed'));
  });
});

describe('reading and pruning', () => {
  test('entries of an epoch come back whole, by kind and view', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    await journal.record(entry({ view: 2, payload: new Uint8Array() }));
    await journal.record(entry({ view: 1 }));
    await journal.record(entry({ kind: 'commit', view: 0 }));
    await journal.record(entry({ epoch: 6 }));
    const found = await journal.entries(5);
    expect(found.map(({ kind, view }) => [kind, view])).toEqual([
      ['commit', 0],
      ['attestation', 1],
      ['attestation', 2],
    ]);
    expect(found[1]).toEqual(entry());
    expect(await journal.entries(4)).toEqual([]);
  });

  test('more entries than one page come back', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    for (let view = 0; view < 40; view += 1) await journal.record(entry({ view }));
    expect(await journal.entries(5)).toHaveLength(40);
    await journal.prune(6);
    expect(await journal.entries(5)).toEqual([]);
    await openJournal(store, { watcher: WATCHER });
  });

  test('a pruned epoch is forgotten and never signed again, also after opening anew', async () => {
    const first = await openJournal(store, { watcher: WATCHER });
    await first.record(entry({ epoch: 5 }));
    await first.record(entry({ epoch: 6 }));
    await first.prune(6);
    await first.prune(2);
    for (const journal of [first, await openJournal(store, { watcher: WATCHER })]) {
      await expect(journal.record(entry({ epoch: 5 }))).rejects.toEqual(code('journal-pruned'));
      await expect(journal.record(entry({ epoch: 0 }))).rejects.toEqual(code('journal-pruned'));
      expect(await journal.record(entry({ epoch: 6 }))).toBe('same');
      expect(await journal.entries(5)).toEqual([]);
    }
  });

  test('a crash between raising the mark and deleting leaves the epochs refused', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    await journal.record(entry({ epoch: 5 }));
    const batch = store.batch;
    let calls = 0;
    store.batch = async (...args) => {
      calls += 1;
      if (calls === 2) throw new Error('killed');
      return batch(...args);
    };
    await expect(journal.prune(6)).rejects.toThrow('killed');
    store.batch = batch;
    const again = await openJournal(store, { watcher: WATCHER, expectExisting: true });
    await expect(again.record(entry({ epoch: 5, digest: digestFor('b') }))).rejects.toEqual(code('journal-pruned'));
  });
});

describe('opening', () => {
  test('refuses the journal of another key', async () => {
    await openJournal(store, { watcher: WATCHER });
    const other = new Uint8Array(32).fill(8);
    await expect(openJournal(store, { watcher: other })).rejects.toEqual(code('journal-foreign'));
  });

  test('refuses a missing journal when one must be there', async () => {
    await expect(openJournal(store, { watcher: WATCHER, expectExisting: true })).rejects.toEqual(
      code('journal-missing'),
    );
    await openJournal(store, { watcher: WATCHER });
    await openJournal(store, { watcher: WATCHER, expectExisting: true });
  });

  test('refuses a damaged entry, a lost entry, a lost head and a lost marker', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    await journal.record(entry());
    const rows = await store.range('journal', { limit: 10 });
    expect(rows).toHaveLength(3);
    for (const [key, value] of rows) {
      for (let at = 0; at < value.length; at += 5) {
        const damaged = value.slice();
        damaged[at]! ^= 1;
        await store.put('journal', key, damaged);
        await expect(openJournal(store, { watcher: WATCHER })).rejects.toEqual(code('journal-corrupt'));
      }
      await store.batch([{ kind: 'delete', bucket: 'journal', key }]);
      await expect(openJournal(store, { watcher: WATCHER })).rejects.toEqual(code('journal-corrupt'));
      await store.put('journal', key, value);
    }
    await openJournal(store, { watcher: WATCHER });
  });

  test('refuses an entry that was moved to another slot', async () => {
    const journal = await openJournal(store, { watcher: WATCHER });
    await journal.record(entry());
    const [[key, value]] = (await store.range('journal', { gte: Uint8Array.of(2), limit: 1 })) as [
      [Uint8Array, Uint8Array],
    ];
    const moved = key.slice();
    moved[8]! += 1;
    await store.batch([
      { kind: 'delete', bucket: 'journal', key },
      { kind: 'put', bucket: 'journal', key: moved, value },
    ]);
    await expect(openJournal(store, { watcher: WATCHER })).rejects.toEqual(code('journal-corrupt'));
  });

  test('refuses an empty value everywhere', async () => {
    await openJournal(store, { watcher: WATCHER });
    for (const key of [MARKER_KEY, HEAD_KEY]) {
      const value = (await store.get('journal', key))!;
      await store.put('journal', key, new Uint8Array());
      await expect(openJournal(store, { watcher: WATCHER })).rejects.toEqual(code('journal-corrupt'));
      await store.put('journal', key, value);
    }
  });
});

/** Runs the child until it has acknowledged `atLeast` records, kills it in the middle of its loop, returns what it acknowledged. */
async function recordUntilKilled(directory: string, firstEpoch: number, atLeast: number): Promise<number[]> {
  const program = join(import.meta.dirname, 'journal.child.ts');
  const child = spawn(process.execPath, [program, directory, String(firstEpoch)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const closed = once(child, 'close');
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === atLeast) child.kill('SIGKILL');
  }
  const [, signal] = await closed;
  expect(signal).toBe('SIGKILL');
  return acknowledged;
}

test('kill -9 in a loop of records loses none that was acknowledged', { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'plumbline-journal-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const acknowledged: number[] = [];
  for (const atLeast of [1, 7, 40]) {
    acknowledged.push(...(await recordUntilKilled(directory, (acknowledged.at(-1) ?? 0) + 1, atLeast)));
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(48);
  const level = await openLevelStore(directory);
  const journal = await openJournal(level, { watcher: WATCHER, expectExisting: true });
  for (const epoch of acknowledged) {
    const slot = { kind: 'attestation', epoch, view: 0, payload: new Uint8Array() } as const;
    expect((await journal.entries(epoch))[0]).toMatchObject({ epoch, digest: digestFor(epoch) });
    await expect(journal.record({ ...slot, digest: digestFor('other') })).rejects.toEqual(code('journal-conflict'));
    expect(await journal.record({ ...slot, digest: digestFor(epoch) })).toBe('same');
  }
  await level.close();
});
