import { toHex } from '../protocol/bytes.ts';
import type { Equivocation, SignedValue } from '../protocol/evidence.ts';
import { percent } from './concentration.ts';
import { kindName, type Leaders, type LeaderTally } from './leaders.ts';
import type { OmittedBatch, RefusedProposal } from './omission.ts';
import { renderCheck } from './render.ts';
import { align, printable } from './table.ts';

/** Characters of a hash that a line shows; the JSON has all. */
const HASH_CHARACTERS = 18;
const UNKNOWN = '?';

/** The table of leaders, then every refused proposal and every contradiction, then what is wrong with stored files. */
export function renderLeaders(found: Leaders): string[] {
  const { fromEpoch, toEpoch, reports, missed, hasEvidence, tallies, refused, equivocations, damage } = found;
  const names = new Map(tallies.map(({ watcher, name }) => [watcher, name]));
  const who = (watcher: string, seat: number) => `${printable(names.get(watcher) ?? '')} (seat ${seat})`;
  return [
    `epochs ${fromEpoch} to ${toEpoch}: ${reports} reports on chain, ${missed} epochs without one`,
    '',
    ...align([HEAD, ...tallies.map((tally) => rowOf(tally, hasEvidence))]),
    ...(hasEvidence ? [] : ['', '? no archive was given: what was refused or signed twice is not known']),
    ...section(
      'refused proposals',
      refused.flatMap((proposal) => renderRefused(proposal, who)),
    ),
    ...section(
      'contradictions, both signatures verified',
      equivocations.map((one) => renderEquivocation(one, who)),
    ),
    ...section('stored evidence', damage.flatMap(renderCheck)),
  ];
}

const HEAD = [
  'leader',
  'seat',
  'led',
  'landed',
  'skipped',
  'stalled',
  'refused',
  'by > 1/3',
  'two proposals',
  'two attestations',
  'two commits',
];

function rowOf(tally: LeaderTally, hasEvidence: boolean): string[] {
  const { name, seat, led, landed, skipped, stalled, refused, omitted, equivocations } = tally;
  const { proposal, attestation, commit } = equivocations;
  const heard = [refused, omitted, proposal, attestation, commit];
  return [
    printable(name),
    ...[seat, led, landed, skipped, stalled].map(String),
    ...heard.map((count) => (hasEvidence ? String(count) : UNKNOWN)),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

type Who = (watcher: string, seat: number) => string;

function renderRefused(
  { epoch, view, leader, watcher, report, refusedBy, refusedByPpm, omitted }: RefusedProposal,
  who: Who,
) {
  const by = `refused by seats ${refusedBy.join(', ')}, ${percent(refusedByPpm)} of the stake`;
  return [
    `  epoch ${epoch} view ${view}: ${who(watcher, leader)} proposed ${short(report)}; ${by}`,
    ...omitted.map(renderOmitted),
  ];
}

function renderOmitted({ seat, batchHash, namedBy, namedByPpm, isTimely, isCounted }: OmittedBatch): string {
  const held = `held in time by seats ${namedBy.join(', ')}, ${percent(namedByPpm)}${isTimely ? ', more than 1/3' : ''}`;
  const later =
    isCounted === undefined ? '' : isCounted ? '; the report that landed counts it' : '; no report counts it';
  return `      left out seat ${seat}'s batch ${short(batchHash)}: ${held}${later}`;
}

function renderEquivocation(
  { kind, epoch, view, setId, seat, watcher, first, second }: Equivocation,
  who: Who,
): string {
  const values = `${short(toHex(first.value))} and ${short(toHex(second.value))}`;
  return `  epoch ${epoch} view ${view}: ${who(toHex(watcher), seat)}, set ${setId}, signed two ${kindName(kind)}s: ${values}`;
}

const short = (hex: string): string => `${hex.slice(0, HASH_CHARACTERS)}…`;

/** The same for programs, contradictions whole: what a contract needs to verify them, besides the key of the seat. */
export function leadersJson(found: Leaders): object {
  const side = ({ value, digest, signature }: SignedValue) => ({
    value: toHex(value),
    digest: toHex(digest),
    signature: toHex(signature),
  });
  const equivocations = found.equivocations.map(({ kind, watcher, first, second, ...slot }) => ({
    kind: kindName(kind),
    ...slot,
    watcher: toHex(watcher),
    first: side(first),
    second: side(second),
  }));
  const refused = found.refused.map((proposal) => ({
    ...proposal,
    omitted: proposal.omitted.map((batch) => ({ ...batch, isCounted: batch.isCounted ?? null })),
  }));
  const heard = ({ refused, omitted, equivocations }: LeaderTally) =>
    found.hasEvidence ? { refused, omitted, equivocations } : { refused: null, omitted: null, equivocations: null };
  return { ...found, tallies: found.tallies.map((tally) => ({ ...tally, ...heard(tally) })), refused, equivocations };
}
