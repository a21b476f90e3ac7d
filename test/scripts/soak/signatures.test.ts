import { expect, test } from 'vitest';
import { type Signature, Signatures } from '../../../scripts/soak/signatures.ts';

const WATCHER = '0xaaaaaaaaaaaa';
const slot = (epoch: number, view: number, digest: string, kind: Signature['kind'] = 'attestation') => ({
  kind,
  epoch,
  view,
  digest,
});
const reading = (where: string, floor: number, ...slots: ReturnType<typeof slot>[]) => ({
  watcher: WATCHER,
  where,
  floor,
  slots,
});

test('the same things from every side are no fault', () => {
  const signatures = new Signatures();
  signatures.takeJournal(reading('kill 1', 0, slot(1, 0, '0x1'), slot(2, 0, '0x2')));
  signatures.takeJournal(reading('the end', 2, slot(2, 0, '0x2'), slot(2, 1, '0x3'), slot(2, 1, '0x4', 'proposal')));
  signatures.hear({ watcher: WATCHER, ...slot(1, 0, '0x1') });
  signatures.hear({ watcher: WATCHER, ...slot(2, 1, '0x3') });
  signatures.hear({ watcher: '0xbbbbbbbbbbbb', ...slot(2, 1, '0x5') });
  expect(signatures.slots).toBe(5);
  expect(signatures.faults()).toEqual([
    'watcher 0xbbbbbbbb…: attestation of epoch 2, view 1, was heard and is in no journal',
  ]);
});

test('two digests for one slot are found between two journals, and between a journal and what was heard', () => {
  const journals = new Signatures();
  journals.takeJournal(reading('kill 1', 0, slot(1, 0, '0x1')));
  journals.takeJournal(reading('the end', 0, slot(1, 0, '0x9')));
  expect(journals.faults()).toEqual([
    'watcher 0xaaaaaaaa…: attestation of epoch 1, view 0, was signed over two things: 0x1 (kill 1) and 0x9 (the end)',
  ]);
  const heard = new Signatures();
  heard.takeJournal(reading('the end', 0, slot(1, 0, '0x1')));
  heard.hear({ watcher: WATCHER, ...slot(1, 0, '0x9') });
  expect(heard.faults().join()).toContain('0x1 (the end) and 0x9 (what was heard)');
});

test('a slot that a journal has lost is found, unless it has forgotten the epoch', () => {
  const signatures = new Signatures();
  signatures.takeJournal(reading('kill 1', 0, slot(1, 0, '0x1'), slot(5, 0, '0x5')));
  signatures.takeJournal(reading('kill 2', 4, slot(6, 0, '0x6')));
  expect(signatures.faults()).toEqual([
    'watcher 0xaaaaaaaa…: attestation of epoch 5, view 0, is in the journal of kill 1 and not in that of kill 2',
  ]);
});

test('what was heard and stands in no journal is found', () => {
  const signatures = new Signatures();
  signatures.takeJournal(reading('the end', 0, slot(1, 0, '0x1')));
  signatures.hear({ watcher: WATCHER, ...slot(1, 1, '0x1') });
  expect(signatures.faults().join()).toContain('attestation of epoch 1, view 1, was heard and is in no journal');
});
