import { compareBytes, equalBytes, toHex } from '../protocol/bytes.ts';
import type { Domain } from '../protocol/digest.ts';
import {
  type EpochEvidence,
  EQUIVOCATIONS_PER_SEAT_MAX,
  type Equivocation,
  EquivocationSsz,
  EVIDENCE_BYTES_MAX,
  EVIDENCE_REFUSALS_MAX,
  EVIDENCE_VERSION,
  SLOT_KIND,
  slotDigest,
} from '../protocol/evidence.ts';
import { reportHash } from '../protocol/header.ts';
import { observationLeaf } from '../protocol/observation.ts';
import { encodeProposal, type Proposal } from '../protocol/proposal.ts';
import { encodeRefusal, type Refusal } from '../protocol/refusal.ts';
import { requireSeat, seatAt } from '../protocol/set.ts';
import type { EpochFacts } from './epoch.ts';
import type { Conflict, Pool } from './pool.ts';

/** Fields and offsets of the container, and an offset for each entry of a list. */
const HEAD_BYTES = 26;
const OFFSET_BYTES = 4;

/**
 * What the pool proves against seats in one epoch: contradictions, and refusals that leave out what they name, each with
 * the signed proposal that it refuses. All of it was checked when it was heard. Undefined when there is none.
 * @param before what an earlier run of this process kept of the epoch
 */
export function evidenceOf(
  pool: Pool,
  facts: EpochFacts,
  domain: Domain,
  before: EpochEvidence | undefined,
): EpochEvidence | undefined {
  const { epoch, set } = facts;
  const known = before?.setId === set.id ? before : undefined;
  const proposals = new Map((known?.proposals ?? []).map((proposal) => [proposalKey(proposal), proposal]));
  const refusals = new Map((known?.refusals ?? []).map((refusal) => [refusalKey(refusal), refusal]));
  for (const refusal of pool.refusals(epoch)) {
    const proposal = pool
      .proposalsOf(epoch, refusal.view)
      .find((heard) => equalBytes(heard.reportHash, refusal.report));
    if (!proposal || !seatAt(set, refusal.seat) || !leavesOut(proposal.proposal, refusal)) continue;
    proposals.set(proposalKey(proposal.proposal), proposal.proposal);
    refusals.set(refusalKey(refusal), refusal);
  }
  const equivocations = new Map((known?.equivocations ?? []).map((one) => [slotKey(one), one]));
  for (const conflict of pool.conflicts(epoch)) {
    const one = equivocationOf(conflict, facts, domain);
    if (one && !equivocations.has(slotKey(one))) equivocations.set(slotKey(one), one);
  }
  const found = bounded(epoch, set.id, proposals, [...refusals.values()], [...equivocations.values()]);
  return found.refusals.length + found.equivocations.length > 0 ? found : undefined;
}

/** Whether the proposal really lacks a batch that the refusal names. */
function leavesOut({ observations }: Proposal, { missing }: Refusal): boolean {
  const included = new Set(observations.map((observation) => toHex(observationLeaf(observation))));
  return missing.some((observation) => !included.has(toHex(observationLeaf(observation))));
}

function equivocationOf(conflict: Conflict, { epoch, set }: EpochFacts, domain: Domain): Equivocation | undefined {
  const { kind, view, seat } = conflict;
  if (!seatAt(set, seat)) return undefined;
  const { watcher } = requireSeat(set, seat);
  const slot = { kind: SLOT_KIND[kind], epoch, view, setId: set.id, seat, watcher };
  const [first, second] = [...conflict.signed]
    .sort((a, b) => compareBytes(a.value, b.value))
    .map(({ value, signature }) => ({ value, signature, digest: slotDigest(domain, slot, value)! }));
  return { ...slot, first: first!, second: second! };
}

/**
 * Within the bounds of the layout: of every seat the first contradictions, then refusals while there is room, the first of
 * every seat before the second of any, so that nobody's flood keeps another's out.
 */
function bounded(
  epoch: number,
  setId: number,
  proposals: ReadonlyMap<string, Proposal>,
  refusals: readonly Refusal[],
  equivocations: readonly Equivocation[],
): EpochEvidence {
  const proven = firstOfEach([...equivocations].sort(bySlot), ({ seat }) => seat)
    .filter(({ rank }) => rank < EQUIVOCATIONS_PER_SEAT_MAX)
    .map(({ item }) => item);
  let room = EVIDENCE_BYTES_MAX - HEAD_BYTES - proven.length * EquivocationSsz.minSize;
  const kept: Refusal[] = [];
  const refused = new Map<string, Proposal>();
  const fair = firstOfEach([...refusals].sort(byView), ({ seat }) => seat).sort((a, b) => a.rank - b.rank);
  for (const { item } of fair) {
    if (kept.length === EVIDENCE_REFUSALS_MAX) break;
    const key = refusedKey(item);
    const proposal = proposals.get(key);
    if (!proposal) continue;
    const proposalBytes = refused.has(key) ? 0 : encodeProposal(proposal).length + OFFSET_BYTES;
    const bytes = encodeRefusal(item).length + OFFSET_BYTES + proposalBytes;
    if (bytes > room) continue;
    room -= bytes;
    refused.set(key, proposal);
    kept.push(item);
  }
  return {
    layoutVersion: EVIDENCE_VERSION,
    epoch,
    setId,
    proposals: [...refused].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, proposal]) => proposal),
    refusals: kept.sort(byView),
    equivocations: proven.sort(bySlot),
  };
}

/** Each item with how many of its group come before it. */
function firstOfEach<T>(items: readonly T[], groupOf: (item: T) => number): { item: T; rank: number }[] {
  const seen = new Map<number, number>();
  return items.map((item) => {
    const rank = seen.get(groupOf(item)) ?? 0;
    seen.set(groupOf(item), rank + 1);
    return { item, rank };
  });
}

const padded = (view: number) => String(view).padStart(10, '0');
const proposalKey = (proposal: Proposal) => `${padded(proposal.view)}/${toHex(reportHash(proposal.header))}`;
const refusedKey = ({ view, report }: Refusal) => `${padded(view)}/${toHex(report)}`;
const refusalKey = (refusal: Refusal) => `${refusedKey(refusal)}/${refusal.seat}`;
const slotKey = ({ kind, view, seat }: Equivocation) => `${kind}/${view}/${seat}`;
const bySlot = (a: Equivocation, b: Equivocation) => a.kind - b.kind || a.view - b.view || a.seat - b.seat;
const byView = (a: Refusal, b: Refusal) => a.view - b.view || a.seat - b.seat || compareBytes(a.report, b.report);
