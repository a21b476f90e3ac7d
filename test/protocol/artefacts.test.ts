import { describe, expect, it } from 'vitest';
import { ATTESTATION_BYTES, AttestationSsz, digestOfAttestation } from '../../protocol/attestation.ts';
import { toHex } from '../../protocol/bytes.ts';
import { COMMIT_BYTES, CommitSsz, commitmentOf, digestOfCommit } from '../../protocol/commit.ts';
import {
  encodeHeader,
  HEADER_TYPE,
  type Header,
  headerFromAbi,
  headerToAbi,
  reportHash,
} from '../../protocol/header.ts';
import { SEATS_MAX } from '../../protocol/limits.ts';
import {
  batchesRoot,
  checkObservations,
  type Observation,
  ObservationSsz,
  observationLeaf,
} from '../../protocol/observation.ts';
import { digestOfProposal, encodeProposal, PROPOSAL_BYTES_MAX } from '../../protocol/proposal.ts';
import { encodeObservations, LEAVES_MAX, OBSERVATIONS_BYTES_MAX, recordName } from '../../protocol/record.ts';
import { digestOfRefusal, encodeRefusal, REFUSAL_BYTES_MAX } from '../../protocol/refusal.ts';
import { opensCommit } from '../../protocol/reveal.ts';
import { SampleSsz } from '../../protocol/sample.ts';
import { HEADER } from '../../scripts/vectors/digests.ts';
import { wireValues } from '../../scripts/vectors/wire.ts';
import { DOMAIN, drawn } from '../../scripts/vectors/world.ts';

const values = wireValues();
const observationsOf = (count: number): Observation[] =>
  Array.from({ length: count }, (_, seat) => ({ ...values.observations[0]!, seat, batchHash: drawn('batch', seat) }));
const distinct = (digests: readonly Uint8Array[]): number => new Set(digests.map(toHex)).size;

describe('the sizes of artefacts', () => {
  it('are what the bounds say', () => {
    expect(SampleSsz.fixedSize).toBe(98);
    expect(ObservationSsz.fixedSize).toBe(98);
    expect(CommitSsz.fixedSize).toBe(COMMIT_BYTES);
    expect(AttestationSsz.fixedSize).toBe(ATTESTATION_BYTES);
    expect(encodeHeader(HEADER)).toHaveLength(310);
  });

  it('leave room for a full set of observations', () => {
    const full = observationsOf(SEATS_MAX);
    expect(encodeProposal({ ...values.proposal, observations: full }).length).toBeLessThanOrEqual(PROPOSAL_BYTES_MAX);
    expect(encodeRefusal({ ...values.refusal, missing: full }).length).toBeLessThanOrEqual(REFUSAL_BYTES_MAX);
    expect(encodeObservations(full).length).toBeLessThanOrEqual(OBSERVATIONS_BYTES_MAX);
    expect(LEAVES_MAX).toBe(1_024 * 5 * 17);
  });

  it('name files that sort by epoch', () => {
    const names = [9, 10, 100, 99_999_999].map(recordName);
    expect([...names].sort()).toEqual(names);
  });
});

describe('a header', () => {
  it('comes back from its ABI form and has another hash for a change of any field', () => {
    expect(headerFromAbi(headerToAbi(HEADER))).toEqual(HEADER);
    const changed = (Object.keys(HEADER) as (keyof Header)[]).map((name) => {
      const value = HEADER[name];
      if (value instanceof Uint8Array) return { ...HEADER, [name]: drawn('other') };
      return { ...HEADER, [name]: typeof value === 'bigint' ? value + 1n : value + 1 };
    });
    expect(changed).toHaveLength(HEADER_TYPE.length);
    expect(distinct([HEADER, ...changed].map(reportHash))).toBe(14);
    expect(distinct([HEADER, ...changed].map(encodeHeader))).toBe(14);
  });

  it('is not hashed with a number out of range', () => {
    for (const epoch of [-1, 0.5, Number.NaN, 2 ** 64]) expect(() => reportHash({ ...HEADER, epoch })).toThrow();
    expect(() => reportHash({ ...HEADER, countedLow: 1n << 256n })).toThrow();
  });
});

describe('a commit', () => {
  const { reveal, commit } = values;

  it('is opened by its own batch and salt alone', () => {
    expect(opensCommit(reveal)).toBe(true);
    const other = Uint8Array.from(reveal.batch);
    other[0]! ^= 1;
    expect(opensCommit({ ...reveal, batch: other })).toBe(false);
    expect(opensCommit({ ...reveal, salt: drawn('other') })).toBe(false);
    expect(opensCommit({ ...reveal, commit: { ...commit, epoch: commit.epoch + 1 } })).toBe(false);
    expect(opensCommit({ ...reveal, commit: { ...commit, watcher: drawn('other') } })).toBe(false);
  });

  it('binds epoch, watcher, batch and salt', () => {
    const [a, b] = [drawn('a'), drawn('b')];
    const commitments = [
      commitmentOf(1, a, a, a),
      commitmentOf(2, a, a, a),
      commitmentOf(1, b, a, a),
      commitmentOf(1, a, b, a),
      commitmentOf(1, a, a, b),
    ];
    expect(distinct(commitments)).toBe(5);
  });
});

describe('observations', () => {
  it('are in strictly ascending order of seats', () => {
    const [a, b, c] = observationsOf(3) as [Observation, Observation, Observation];
    expect(() => checkObservations([])).not.toThrow();
    expect(() => checkObservations([a, b, c])).not.toThrow();
    expect(() => checkObservations([a, c, b])).toThrow('seat 1 is out of order or named twice');
    expect(() => checkObservations([a, a])).toThrow(/named twice/);
  });

  it('have a leaf that binds each field, and a root that binds each leaf', () => {
    const [one] = observationsOf(1) as [Observation];
    const changed = [
      one,
      { ...one, seat: 5 },
      { ...one, watcher: drawn('x') },
      { ...one, batchHash: drawn('x') },
      { ...one, commitment: drawn('x') },
    ];
    expect(distinct(changed.map(observationLeaf))).toBe(5);
    expect(distinct([batchesRoot([]), batchesRoot(observationsOf(1)), batchesRoot(observationsOf(2))])).toBe(3);
  });
});

describe('what is signed', () => {
  it('differs by message type, epoch, view, report, chain and oracle', () => {
    const { proposal, attestation, refusal, commit, report } = values;
    const same = { epoch: report.header.epoch, view: proposal.view, report: report.hash };
    const elsewhere = { ...DOMAIN, oracle: drawn('elsewhere').subarray(0, 20) };
    const digests = [
      digestOfProposal(DOMAIN, proposal),
      digestOfAttestation(DOMAIN, same),
      digestOfRefusal(DOMAIN, { ...same, missing: [] }),
      digestOfRefusal(DOMAIN, { ...same, missing: refusal.missing }),
      digestOfCommit(DOMAIN, commit),
      digestOfCommit(elsewhere, commit),
      digestOfAttestation(DOMAIN, { ...same, view: same.view + 1 }),
      digestOfAttestation(DOMAIN, { ...same, epoch: same.epoch + 1 }),
      digestOfAttestation(DOMAIN, { ...same, report: drawn('other') }),
      digestOfAttestation({ ...DOMAIN, chainId: 1 }, same),
      digestOfAttestation(elsewhere, same),
    ];
    expect(distinct(digests)).toBe(digests.length);
    expect(digestOfAttestation(DOMAIN, attestation)).toEqual(digestOfAttestation(DOMAIN, same));
  });

  it('binds the order and the number of missing batches', () => {
    const [a, b] = observationsOf(2) as [Observation, Observation];
    const of = (missing: Observation[]) => digestOfRefusal(DOMAIN, { ...values.refusal, missing });
    expect(distinct([of([]), of([a]), of([b]), of([a, b]), of([b, a])])).toBe(5);
  });
});
