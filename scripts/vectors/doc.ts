/**
 * Writes docs/WIRE.md from the code: `node scripts/vectors/doc.ts`. A test fails when the page is stale.
 */
import { writeFileSync } from 'node:fs';
import { ContainerType, type Type } from '@chainsafe/ssz';
import { networkPrefix } from '../../platform/network/libp2p.ts';
import { ANSWER_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../platform/network/limits.ts';
import { REQUEST_KINDS, type RequestKind, TOPICS, type Topic } from '../../platform/network/network.ts';
import { AccumulatorSsz } from '../../protocol/accumulator.ts';
import { ATTESTATION_BYTES, AttestationSsz } from '../../protocol/attestation.ts';
import { BatchSsz } from '../../protocol/batch.ts';
import { COMMIT_BYTES, CommitSsz } from '../../protocol/commit.ts';
import { TYPES } from '../../protocol/digest.ts';
import {
  EQUIVOCATIONS_PER_SEAT_MAX,
  EquivocationSsz,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_VERSION,
  EvidenceSsz,
  evidenceName,
  SignedValueSsz,
  SLOT_KIND,
} from '../../protocol/evidence.ts';
import { HEADER_TYPE, HeaderSsz } from '../../protocol/header.ts';
import { LEAF_ABI, STAT } from '../../protocol/leaf.ts';
import { BATCH_BYTES_MAX, SEATS_MAX } from '../../protocol/limits.ts';
import { METRIC } from '../../protocol/metric.ts';
import { ObservationSsz } from '../../protocol/observation.ts';
import { STANDARD } from '../../protocol/parameters.ts';
import { PROPOSAL_BYTES_MAX, ProposalSsz } from '../../protocol/proposal.ts';
import { LEAF_BYTES, OBSERVATIONS_BYTES_MAX, RECORD_BYTES_MAX, RecordSsz } from '../../protocol/record.ts';
import { REFUSAL_BYTES_MAX, RefusalSsz } from '../../protocol/refusal.ts';
import { REVEAL_BYTES_MAX, RevealSsz } from '../../protocol/reveal.ts';
import { OUTCOME, SampleSsz } from '../../protocol/sample.ts';
import { STATE_BYTES_MAX, StateSsz, WindowSsz } from '../../protocol/state.ts';
import { ClosedSsz, MetricSsz } from '../../protocol/statistics.ts';

export const WIRE_PATH = 'docs/WIRE.md';

type AnyType = Type<unknown> & {
  readonly elementType?: AnyType;
  readonly limit?: number;
  readonly limitBytes?: number;
};
// biome-ignore lint/suspicious/noExplicitAny: any container, whatever its fields
type AnyContainer = ContainerType<any>;

const number = (n: number): string => n.toLocaleString('en-US');

/** An SSZ type in the notation of its specification. */
function typeText(type: AnyType): string {
  if (type instanceof ContainerType) return type.typeName;
  if (type.limitBytes !== undefined) return `ByteList[${type.limitBytes}]`;
  if (type.elementType && type.limit !== undefined) return `List[${typeText(type.elementType)}, ${type.limit}]`;
  return type.typeName.replace('Bigint', '');
}

const sizeText = ({ fixedSize }: AnyType): string => (fixedSize === null ? '4 + n' : number(fixedSize));

/** Fields in order, with the offset at which each (or the offset that leads to it) lies. */
function layout(type: AnyContainer): string {
  let at = 0;
  const rows = Object.entries<AnyType>(type.fields).map(([name, field]) => {
    const row = `| ${number(at)} | \`${name}\` | ${typeText(field)} | ${sizeText(field)} |`;
    at += field.fixedSize ?? 4;
    return row;
  });
  return `| offset | field | type | bytes |\n|---:|---|---|---:|\n${rows.join('\n')}`;
}

type Artefact = { name: string; type: AnyContainer; file: string; bytesMax?: number; text: string };

const ARTEFACTS: readonly Artefact[] = [
  {
    name: 'Sample',
    type: SampleSsz,
    file: 'sample',
    text: `One probe. Outcomes: ${Object.entries(OUTCOME)
      .map(([name, n]) => `${n} ${name}`)
      .join(
        ', ',
      )}; reasons are in REASONS.md. 0xffffffff is a time or count that was not measured, 0xff a sample that is no burst.`,
  },
  {
    name: 'Batch',
    type: BatchSsz,
    file: 'batch',
    bytesMax: BATCH_BYTES_MAX,
    text: 'All samples of one watcher in one epoch, ordered by (service, slot): exactly one per slot that its VRF proof draws, of the services that the watcher is assigned to (all, or those whose committee it is in) and of no other. Its name is the keccak256 of its bytes.',
  },
  {
    name: 'Commit',
    type: CommitSsz,
    file: 'commit',
    bytesMax: COMMIT_BYTES,
    text: 'The sealed promise of a batch: `commitment` = keccak256(epoch as 32 bytes, watcher, batch hash, salt). Signed as `Commit`.',
  },
  {
    name: 'Reveal',
    type: RevealSsz,
    file: 'reveal',
    bytesMax: REVEAL_BYTES_MAX,
    text: 'The opening of a commit, with the commit itself. `batch` is the encoded Batch.',
  },
  {
    name: 'Observation',
    type: ObservationSsz,
    file: 'observation',
    text: 'One batch that counts. A list of these has strictly ascending seats; `batchesRoot` is the Merkle root over keccak256(keccak256(seat as 32 bytes, watcher, batchHash, commitment)).',
  },
  {
    name: 'Header',
    type: HeaderSsz,
    file: 'header',
    text: 'What a report says. The report hash is the EIP-712 hashStruct of `Header` and not a hash of these bytes.',
  },
  {
    name: 'Proposal',
    type: ProposalSsz,
    file: 'proposal',
    bytesMax: PROPOSAL_BYTES_MAX,
    text: "A leader's report for one view. Signed as `Proposal`.",
  },
  {
    name: 'Attestation',
    type: AttestationSsz,
    file: 'attestation',
    bytesMax: ATTESTATION_BYTES,
    text: "A watcher's signature over a report that it computed itself. Signed as `Attestation`.",
  },
  {
    name: 'Refusal',
    type: RefusalSsz,
    file: 'refusal',
    bytesMax: REFUSAL_BYTES_MAX,
    text: 'Why a watcher did not attest. Signed as `Refusal`, where `missing` is the keccak256 of the leaves of the missing observations, one after the other.',
  },
  {
    name: 'EpochRecord',
    type: RecordSsz,
    file: 'record',
    bytesMax: RECORD_BYTES_MAX,
    text: `One epoch in an archive: the report, the signed bytes of every batch that it counted (encoded Reveals, in the order of \`observations\`) and its leaves, ABI-encoded, ${LEAF_BYTES} bytes each, ordered by service id, window length, start and vantage.`,
  },
  {
    name: 'EpochEvidence',
    type: EvidenceSsz,
    file: 'evidence',
    bytesMax: EVIDENCE_BYTES_MAX,
    text: `What an archive keeps of one epoch besides its record, in \`${evidenceName(0).replace(/0+/, 'NNNNNNNNN')}\`, when there is any: refused proposals, ascending by view and report hash; refusals of them, ascending by view, seat and report; contradictions, ascending by kind, view and seat, at most ${EQUIVOCATIONS_PER_SEAT_MAX} of a seat. \`layoutVersion\` is ${EVIDENCE_VERSION}.`,
  },
  {
    name: 'Equivocation',
    type: EquivocationSsz,
    file: 'evidence',
    text: `Two different things that one seat signed for one slot; it proves itself with the key of \`seat\` in set \`setId\`. Kinds: ${Object.entries(
      SLOT_KIND,
    )
      .map(([name, n]) => `${n} ${name}`)
      .join(', ')}. \`view\` is 0 for a commit. The smaller value comes first.`,
  },
  {
    name: 'SignedValue',
    type: SignedValueSsz,
    file: 'evidence',
    text: 'One side of it: `value` is the commitment of a commit, the report hash of a proposal or attestation; `digest` is what was signed (below), which follows from kind, epoch, view, watcher and value.',
  },
  {
    name: 'State',
    type: StateSsz,
    file: 'state',
    bytesMax: STATE_BYTES_MAX,
    text: 'A snapshot: the windows still open after a report. It proves itself against `accumulatorRoot`; epoch, hash and history are taken from the chain.',
  },
  {
    name: 'Window',
    type: WindowSsz,
    file: 'state',
    text: 'An open window of one service. A window without accumulators is refused: nothing on chain vouches for it.',
  },
  {
    name: 'Accumulator',
    type: AccumulatorSsz,
    file: 'accumulator',
    text: 'What one watcher saw in one window. `stalled` samples are among the good and bad. A Bucket is its number (uint16) and a count (uint32); a histogram lists them in ascending order, and 896 is +infinity.',
  },
  {
    name: 'ClosedStatistics',
    type: ClosedSsz,
    file: 'statistics',
    text: 'What the leaf of a window that closed takes from one watcher; it follows from its Accumulator, the parameters and the number of `watchers` in the window. Nobody sends it: its hash is in `accumulatorRoot`.',
  },
  {
    name: 'Metric',
    type: MetricSsz,
    file: 'statistics',
    text: 'One of its twelve, in the order of METRIC below. Status: 0 absent, 1 insufficient, 2 present. `lower` and `upper` are bounds of this watcher by itself; `joint` is the bound that favours the provider once more, as it holds for all watchers of the window at once.',
  },
];

const TOPIC_CARRIES: Readonly<Record<Topic, readonly [carries: string, bytesMax: number]>> = {
  commit: ['Commit', COMMIT_BYTES],
  reveal: ['Reveal', REVEAL_BYTES_MAX],
  proposal: ['Proposal', PROPOSAL_BYTES_MAX],
  attestation: ['Attestation', ATTESTATION_BYTES],
  refusal: ['Refusal', REFUSAL_BYTES_MAX],
};

const REQUESTS: Readonly<Record<RequestKind, readonly [request: string, answer: string, bytesMax: number]>> = {
  batch: ['epoch (8 bytes, big-endian), batch hash (32)', 'Reveal', REVEAL_BYTES_MAX],
  state: ['anything up to 40 bytes; the report hash by custom', 'State after the last report', ANSWER_BYTES_MAX],
  epoch: ['report hash (32)', `List[Observation, ${SEATS_MAX}]`, OBSERVATIONS_BYTES_MAX],
};

const PREFIX = networkPrefix(1, `0x${'0'.repeat(40)}`)
  .replace('/1/', '/<chain>/')
  .replace(/0x0+/, '<oracle>');

function abiText(components: readonly { readonly name?: string; readonly type: string }[]): string {
  return components.map(({ type, name }) => `${type} ${name}`).join(', ');
}

export function wireMarkdown(): string {
  const artefacts = ARTEFACTS.map(({ name, type, file, bytesMax, text }) => {
    const bound = bytesMax === undefined ? '' : ` At most ${number(bytesMax)} bytes.`;
    const size = type.fixedSize === null ? '' : ` ${number(type.fixedSize)} bytes.`;
    return `### ${name}\n\n${text}${size || bound} (\`protocol/${file}.ts\`)\n\n${layout(type)}`;
  });
  const types = { Header: HEADER_TYPE, ...TYPES };
  const typed = Object.entries(types).map(
    ([name, fields]) => `${name}(${fields.map((f) => `${f.type} ${f.name}`).join(',')})`,
  );
  const topics = TOPICS.map(
    (topic) => `| \`${PREFIX}/1/${topic}\` | ${TOPIC_CARRIES[topic][0]} | ${number(TOPIC_CARRIES[topic][1])} |`,
  );
  const requests = REQUEST_KINDS.map((kind) => {
    const [request, answer, bytesMax] = REQUESTS[kind];
    return `| \`${PREFIX}/1/req/${kind}\` | ${request} | ${answer} | ${number(bytesMax)} |`;
  });
  const metrics = Object.entries(METRIC).map(([name, n]) => `| ${n} | \`${name}\` |`);
  const [leaf] = LEAF_ABI as unknown as readonly [{ components: readonly { name?: string; type: string }[] }];
  return `# The wire

Every byte that nodes exchange, sign, store in an archive or prove on chain. This page is generated from the code by
\`node scripts/vectors/doc.ts\`; edit that file instead. One value of every artefact and its bytes stand in
\`test/vectors/wire.json\`, a whole report computed from fixed batches in \`report.json\`, the numbers of the statistics in
\`statistics.json\`, the table and draws of committees in \`committees.json\`, what TypeScript and Solidity must hash alike in \`digests.json\` and \`settlement.json\`, points and
signatures in \`bls.json\`.

## Encoding

Artefacts are SSZ containers: fields in order, integers little-endian, variable parts behind 4-byte offsets. Only the
canonical encoding is an artefact: a decoder checks the length bound first, encodes again what it read and compares, so
that no artefact has two hashes. \`uint64\` holds 0 to 2^53 - 1, on the way out and on the way in. Whatever does not decode
is the one error \`decode\`.

Keys and signatures are compressed BLS12-381 points: signatures 48 bytes in G1, public keys 96 bytes in G2. \`watcher\` is
the keccak256 of the 256-byte EIP-2537 form of the public key. Seats are 0 to ${SEATS_MAX - 1}.

## Gossip

A topic carries one artefact. Each has its own bound, never above ${number(MESSAGE_BYTES_MAX)} bytes; the oracle's address is in lower case.

| topic | carries | bytes at most |
|---|---|---:|
${topics.join('\n')}

## Requests

One frame each way: a 4-byte big-endian length and that many bytes. An empty answer means "I do not have that". Nothing is
believed that does not hash right.

| protocol | request | answer | answer bytes at most |
|---|---|---|---:|
${requests.join('\n')}

## Artefacts

${artefacts.join('\n\n')}

## What is signed

Every BLS signature is over a 32-byte EIP-712 digest: keccak256(0x1901, domain separator, hashStruct). The domain is
\`{name: "Plumbline", version: "1", chainId, verifyingContract}\`, where the contract is the oracle, and the watcher registry
for \`ProofOfPossession\`. \`report\` is hashStruct(Header), without a domain.

\`\`\`
${typed.join('\n')}
\`\`\`

## The leaf

\`abi.encode\` of the struct below, ${LEAF_BYTES} bytes. The tree over keccak256(keccak256(encoding)) is laid out as
OpenZeppelin's StandardMerkleTree; its root is \`resultsRoot\`.

\`\`\`
Leaf(${abiText(leaf.components)})
\`\`\`

A word of \`stats\`, from its most significant byte: status (1 byte: ${Object.entries(STAT)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ')}), then 5 bytes each of
median, its lower and upper bound, tail, its lower and upper bound, and one zero byte. +infinity is 2^40 - 1. By index:

| word | metric |
|---:|---|
${metrics.join('\n')}

## The other roots

- \`accumulatorRoot\` = keccak256(root of the open accumulators, root of the statistics just closed), each a Merkle tree as
  above. A leaf of the first is keccak256(keccak256(0x00, window key, Accumulator)), where the window key is the first four
  fields of Window; of the second keccak256(keccak256(0x01, ClosedStatistics)). See \`protocol/accumulator.ts\` and \`statistics.ts\`.
  Windows nest: an open window holds what the shorter ones inside it held when they closed, and nothing of those still open. A
  window is fed by the longest listed length that divides its own, at last by the epoch, of length 1 (\`protocol/windows.ts\`).
- \`historyRoot\` = keccak256(0x02, count as 8 bytes big-endian, peaks left to right) of the Merkle mountain range of report
  hashes before this one; a leaf is keccak256(0x00, report hash), a node keccak256(0x01, left, right); zero when empty.

## The parameters

\`abi.encode\` of ${Object.keys(STANDARD.parameters).length} fields, kept on chain as bytes; \`parametersId\` is their keccak256. Order:
${Object.keys(STANDARD.parameters)
  .map((name) => `\`${name}\``)
  .join(', ')}.
`;
}

if (import.meta.main) writeFileSync(new URL(`../../${WIRE_PATH}`, import.meta.url), wireMarkdown());
