import { decodeAbiParameters, encodeAbiParameters } from 'viem';
import { windowKey } from '../../../protocol/accumulator.ts';
import { decodeAttestation, encodeAttestation } from '../../../protocol/attestation.ts';
import { type Batch, decodeBatch, encodeBatch } from '../../../protocol/batch.ts';
import { equalBytes, fromHex, toHex } from '../../../protocol/bytes.ts';
import { decodeExact } from '../../../protocol/codec.ts';
import { decodeCommit, encodeCommit } from '../../../protocol/commit.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { decodeEvidence, type EpochEvidence, EVIDENCE_VERSION, encodeEvidence } from '../../../protocol/evidence.ts';
import { type AbiLeaf, encodeLeaf, LEAF_ABI, leafFromAbi, packStat, unpackStat } from '../../../protocol/leaf.ts';
import { SAMPLES_MAX, SEATS_MAX } from '../../../protocol/limits.ts';
import { decodeParameters, encodeParameters, MINIMAL, STANDARD } from '../../../protocol/parameters.ts';
import { decodeProposal, encodeProposal } from '../../../protocol/proposal.ts';
import { decodeObservations, decodeRecord, encodeObservations, encodeRecord } from '../../../protocol/record.ts';
import { decodeRefusal, encodeRefusal } from '../../../protocol/refusal.ts';
import { decodeReveal, encodeReveal } from '../../../protocol/reveal.ts';
import { SampleSsz } from '../../../protocol/sample.ts';
import { decodeState, encodeState, type State, StateSsz } from '../../../protocol/state.ts';
import { attestations, proposals, refusals } from '../messages.ts';
import { decoderTarget, type Target } from '../target.ts';
import { leaves, records, reveals, states } from '../world.ts';

const batches: readonly Batch[] = reveals.map(({ batch }) => decodeBatch(batch));
const samples = batches.flatMap((batch) => batch.samples);
const observations = records.map((record) => record.observations);
const [batch, observation] = [batches[0]!, observations[0]![0]!];
const largeBatch: Batch = {
  ...batch,
  samples: Array.from({ length: SAMPLES_MAX }, (_, i) => samples[i % samples.length]!),
};
const everySeat = Array.from({ length: SEATS_MAX }, (_, seat) => ({ ...observation, seat }));

const side = (signature: Uint8Array) => ({ value: observation.batchHash, digest: observation.commitment, signature });
const [attestation, refusal] = [attestations[0]!, refusals.at(-1)!];
const evidence: EpochEvidence = {
  layoutVersion: EVIDENCE_VERSION,
  epoch: refusal.epoch,
  setId: 1,
  proposals: proposals.filter(({ header, view }) => header.epoch === refusal.epoch && view === refusal.view),
  refusals: refusals.filter(({ epoch, view }) => epoch === refusal.epoch && view === refusal.view),
  equivocations: [0, 1, 2].map((kind) => ({
    ...{ kind, epoch: refusal.epoch, view: 0, setId: 1, seat: kind, watcher: observation.watcher },
    ...{ first: side(attestation.signature), second: side(refusal.signature) },
  })),
};

/** The bytes of a sample stand inside a batch; alone they follow the same rules. */
const sample = decoderTarget({
  name: 'sample',
  values: samples,
  encode: (value) => SampleSsz.serialize(value),
  decode: (bytes) => decodeExact('sample', SampleSsz, bytes, SampleSsz.fixedSize ?? 0),
});

type FlatState = ReturnType<typeof StateSsz.defaultValue>;

/** Changed in its flat form, where windows and buckets are lists that can be out of order or name one thing twice. */
const state = decoderTarget<FlatState>({
  name: 'state',
  values: states.map((one) => StateSsz.deserialize(encodeState(one))),
  encode: (value) => StateSsz.serialize(value),
  decode: (bytes) => decodeState(bytes, (w) => windowKey(w.serviceId, w.windowStart, w.windowEpochs)),
  again: (decoded) => encodeState(decoded as State),
});

const isRange = (error: unknown) => error instanceof RangeError;

/** viem takes the words apart (and refuses in its own words); the leaf is what the contracts hash, or it is refused. */
const leaf = decoderTarget({
  name: 'leaf',
  values: leaves.map((bytes) => decodeAbiParameters(LEAF_ABI, toHex(bytes))[0]),
  encode: (value) => fromHex(encodeAbiParameters(LEAF_ABI, [value])),
  decode: (bytes) => {
    const refused = new RangeError('not the ABI encoding of a leaf');
    let abi: AbiLeaf;
    try {
      abi = decodeAbiParameters(LEAF_ABI, toHex(bytes))[0] as AbiLeaf;
      if (!equalBytes(fromHex(encodeAbiParameters(LEAF_ABI, [abi])), bytes)) throw refused;
    } catch {
      throw refused;
    }
    return leafFromAbi(abi);
  },
  again: (decoded) => fromHex(encodeLeaf(decoded as ReturnType<typeof leafFromAbi>)),
  refuses: isRange,
});

const stat = decoderTarget({
  name: 'stat',
  values: leaves.flatMap((bytes) => leafFromAbi(decodeAbiParameters(LEAF_ABI, toHex(bytes))[0] as AbiLeaf).stats),
  encode: (value) => fromHex(packStat(value).toString(16).padStart(64, '0')),
  decode: (bytes) => {
    if (bytes.length !== 32) throw new RangeError('not a word');
    return unpackStat(BigInt(toHex(bytes)));
  },
  refuses: isRange,
});

export const DECODERS: readonly Target[] = [
  sample,
  decoderTarget({ name: 'batch', values: batches, large: [largeBatch], encode: encodeBatch, decode: decodeBatch }),
  decoderTarget({
    name: 'commit',
    values: reveals.map(({ commit }) => commit),
    encode: encodeCommit,
    decode: decodeCommit,
  }),
  decoderTarget({
    name: 'reveal',
    values: reveals,
    large: [{ ...reveals[0]!, batch: encodeBatch(largeBatch) }],
    encode: encodeReveal,
    decode: decodeReveal,
  }),
  decoderTarget({
    name: 'observations',
    values: observations,
    large: [everySeat],
    encode: encodeObservations,
    decode: decodeObservations,
  }),
  decoderTarget({
    name: 'proposal',
    values: proposals,
    large: [{ ...proposals[0]!, observations: everySeat }],
    encode: encodeProposal,
    decode: decodeProposal,
  }),
  decoderTarget({ name: 'attestation', values: attestations, encode: encodeAttestation, decode: decodeAttestation }),
  decoderTarget({
    name: 'refusal',
    values: refusals,
    large: [{ ...refusals[0]!, missing: everySeat }],
    encode: encodeRefusal,
    decode: decodeRefusal,
  }),
  decoderTarget({
    name: 'evidence',
    values: [evidence],
    encode: encodeEvidence,
    decode: decodeEvidence,
  }),
  decoderTarget({ name: 'record', values: records, encode: encodeRecord, decode: decodeRecord }),
  state,
  decoderTarget({
    name: 'parameters',
    values: [MINIMAL.parameters, STANDARD.parameters],
    encode: encodeParameters,
    decode: decodeParameters,
    refuses: (error) => error instanceof PlumblineError && error.code === 'parameters',
  }),
  leaf,
  stat,
];
