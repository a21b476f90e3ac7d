import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeAttestation } from '../../protocol/attestation.ts';
import { decodeBatch } from '../../protocol/batch.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { decodeCommit } from '../../protocol/commit.ts';
import { decodeProposal } from '../../protocol/proposal.ts';
import { decodeObservations, decodeRecord } from '../../protocol/record.ts';
import { decodeRefusal } from '../../protocol/refusal.ts';
import { decodeReveal } from '../../protocol/reveal.ts';
import { committeeVectors } from '../../scripts/vectors/committees.ts';
import { digestVectors } from '../../scripts/vectors/digests.ts';
import { vectorJson, vectorUrl } from '../../scripts/vectors/emit.ts';
import { historyVectors } from '../../scripts/vectors/history.ts';
import { reportVectors } from '../../scripts/vectors/report.ts';
import { settlementVectors } from '../../scripts/vectors/settlement.ts';
import { statisticsVectors } from '../../scripts/vectors/statistics.ts';
import { wireValues, wireVectors } from '../../scripts/vectors/wire.ts';

const stored = (name: string): string => readFileSync(vectorUrl(name), 'utf8');

describe('the golden vectors', () => {
  it.each([
    ['digests.json', digestVectors],
    ['history.json', historyVectors],
    ['settlement.json', settlementVectors],
    ['wire.json', wireVectors],
    ['report.json', reportVectors],
    ['statistics.json', statisticsVectors],
    ['committees.json', committeeVectors],
  ])('%s is what the code gives (a change here changes the protocol)', (name, vectors) => {
    expect(vectorJson(vectors())).toBe(stored(name));
  });

  it('decode to the values that they were made of', () => {
    const wire = JSON.parse(stored('wire.json')) as Record<string, { bytes: string }>;
    const bytes = (name: string): Uint8Array => fromHex(wire[name]!.bytes);
    const { first, observations, commit, reveal, proposal, attestation, refusal, record } = wireValues();
    expect(decodeBatch(bytes('batch'))).toEqual(first.batch);
    expect(decodeCommit(bytes('commit'))).toEqual(commit);
    expect(decodeReveal(bytes('reveal'))).toEqual(reveal);
    expect(decodeObservations(bytes('observations'))).toEqual(observations);
    expect(decodeProposal(bytes('proposal'))).toEqual(proposal);
    expect(decodeAttestation(bytes('attestation'))).toEqual(attestation);
    expect(decodeRefusal(bytes('refusal'))).toEqual(refusal);
    expect(decodeRecord(bytes('record'))).toEqual(record);
  });
});
