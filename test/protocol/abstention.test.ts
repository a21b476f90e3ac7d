import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ABSTENTION_BYTES_MAX, decodeAbstention, encodeAbstention, reasonCounts } from '../../protocol/abstention.ts';
import { REASON } from '../../protocol/reason.ts';

const note = {
  epoch: 12,
  watcher: new Uint8Array(32).fill(3),
  code: 'clock-off',
  clockErrorMicros: 1_300_000,
  reasons: [
    { reason: REASON.ok, count: 20 },
    { reason: REASON.startedLate, count: 4 },
  ],
};

it('a note of an epoch that was not signed is read as it was written', () => {
  expect(decodeAbstention(encodeAbstention(note))).toEqual(note);
  const longest = { ...note, code: 'a'.repeat(80), reasons: new Array(300).fill({ reason: 1, count: 2 }) };
  const bytes = encodeAbstention(longest);
  expect(bytes.length).toBeLessThan(ABSTENTION_BYTES_MAX);
  expect(decodeAbstention(bytes).code).toBe('a'.repeat(64));
});

it('what is no note is refused, whatever its bytes', () => {
  for (const code of ['', 'Clock', '\u001b[2J', 'clock off']) {
    expect(() => decodeAbstention(encodeAbstention({ ...note, code }))).toThrowError(/abstention/);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeAbstention(bytes)).toThrowError(expect.objectContaining({ code: 'decode' }));
    }),
  );
});

it('reasons come most frequent first', () => {
  const samples = [REASON.timeout, REASON.ok, REASON.ok, REASON.stalled].map((reason) => ({ reason }));
  expect(reasonCounts(samples)).toEqual([
    { reason: REASON.ok, count: 2 },
    { reason: REASON.timeout, count: 1 },
    { reason: REASON.stalled, count: 1 },
  ]);
});
