import { expect, test } from 'vitest';
import {
  decodeEvidence,
  EQUIVOCATIONS_MAX,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_REFUSALS_MAX,
  EVIDENCE_VERSION,
  EvidenceSsz,
  encodeEvidence,
  evidenceName,
  SLOT_KIND,
  slotDigest,
} from '../../protocol/evidence.ts';
import { evidenceValue } from '../../scripts/vectors/wire.ts';
import { DOMAIN } from '../../scripts/vectors/world.ts';

const value = evidenceValue();

test('evidence is read as it was written', () => {
  expect(decodeEvidence(encodeEvidence(value))).toEqual(value);
});

test('a layout of another version is refused by its name', () => {
  const later = EvidenceSsz.serialize({ ...value, layoutVersion: EVIDENCE_VERSION + 1 });
  expect(() => decodeEvidence(later)).toThrow(/layout 2, this release reads 1/);
});

test.each([0, 1, 25])('%i bytes are no evidence', (length) => {
  expect(() => decodeEvidence(encodeEvidence(value).slice(0, length))).toThrow(/epoch evidence/);
});

test('more bytes than the bound are refused before they are read', () => {
  const bytes = new Uint8Array(EVIDENCE_BYTES_MAX + 1);
  bytes[0] = EVIDENCE_VERSION;
  expect(() => decodeEvidence(bytes)).toThrow(/at most 4194304/);
});

test('more entries than the bounds are refused', () => {
  const [refusal] = value.refusals;
  const [one] = value.equivocations;
  const many = { ...value, refusals: new Array(EVIDENCE_REFUSALS_MAX + 1).fill(refusal) };
  expect(() => decodeEvidence(encodeEvidence(many))).toThrow(/epoch evidence/);
  const twice = { ...value, equivocations: new Array(EQUIVOCATIONS_MAX + 1).fill(one) };
  expect(() => decodeEvidence(encodeEvidence(twice))).toThrow(/epoch evidence/);
});

test('a digest is that of its kind; there is none of a kind that does not exist', () => {
  const slot = { ...value.equivocations[0]!, kind: SLOT_KIND.commit };
  const digests = Object.values(SLOT_KIND).map((kind) => slotDigest(DOMAIN, { ...slot, kind }, slot.first.value));
  expect(new Set(digests.map((digest) => Buffer.from(digest!).toString('hex'))).size).toBe(3);
  expect(slotDigest(DOMAIN, { ...slot, kind: 3 }, slot.first.value)).toBeUndefined();
});

test('files sort by epoch', () => {
  expect([9, 10, 100].map(evidenceName)).toEqual([9, 10, 100].map(evidenceName).sort());
});
