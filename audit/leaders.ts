import type { Bls } from '../platform/bls/bls.ts';
import type { Chain } from '../platform/chain/chain.ts';
import { leaderOrder } from '../protocol/assignment.ts';
import { toHex } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { PlumblineError } from '../protocol/error.ts';
import { type Equivocation, SLOT_KIND, type SlotKind } from '../protocol/evidence.ts';
import { requireSeat, type WatcherSet } from '../protocol/set.ts';
import { roundOf } from '../protocol/time.ts';
import type { Archive, EvidenceFolder } from './archive.ts';
import type { Check } from './check.ts';
import { operatorName } from './decentralization.ts';
import { type EpochFacts, epochFacts, landedReports } from './epoch.ts';
import { examineEvidence, type ProvenRefusal } from './evidence.ts';
import { countedBy, type RefusedProposal, refusedProposals } from './omission.ts';
import { type ViewFate, ViewsOfEpochs } from './views.ts';

export type LeadersDeps = {
  readonly chain: Chain;
  readonly bls: Pick<Bls, 'verify'>;
  readonly archives: readonly Archive[];
  /** Empty: nothing is known of refusals and contradictions. */
  readonly evidence: readonly EvidenceFolder[];
  /** Called before each epoch's turn. */
  readonly onEpoch?: (epoch: number) => void;
};

/** What one watcher did with the views that it led, and what it signed twice. */
export type LeaderTally = {
  readonly watcher: string;
  name: string;
  /** The seat that it held last. */
  seat: number;
  led: number;
  landed: number;
  skipped: number;
  stalled: number;
  /** Proposals of it that were refused with a batch that they leave out. */
  refused: number;
  /** Of these, the ones that leave out a batch named by more than a third of the stake. */
  omitted: number;
  readonly equivocations: Record<SlotKind, number>;
};

export type Leaders = {
  readonly fromEpoch: number;
  readonly toEpoch: number;
  readonly reports: number;
  readonly missed: number;
  /** False: there was no folder to look into, so refusals and contradictions are unknown. */
  readonly hasEvidence: boolean;
  readonly tallies: readonly LeaderTally[];
  readonly refused: readonly RefusedProposal[];
  readonly equivocations: readonly Equivocation[];
  readonly damage: readonly Check[];
};

/** Faults of stored files that are listed; more of them say nothing new. */
export const DAMAGE_MAX = 100;

/**
 * What leaders did with their views, from the chain, and what others hold against them, from signed evidence that is
 * verified here.
 * @param last look only at this many epochs up to the newest that is closed
 * @throws PlumblineError `no-reports` when the chain has none
 */
export async function leaders(deps: LeadersDeps, last = Number.POSITIVE_INFINITY): Promise<Leaders> {
  const { chain } = deps;
  const { nextEpoch } = await chain.head();
  if (nextEpoch === 0) {
    throw new PlumblineError('no-reports', 'the chain has no report yet: wait for the first epoch to land');
  }
  const end = Math.max(nextEpoch, await closedBelow(chain, nextEpoch));
  const from = Math.max(0, end - last);
  const factsOf = epochFacts(chain);
  const held = await Promise.all(deps.evidence.map((folder) => folder.epochs()));
  const found = new Findings();
  let reports = 0;
  for await (const { epoch, landed, views } of epochsInOrder(chain, end)) {
    if (epoch < from) continue;
    deps.onEpoch?.(epoch);
    if (landed) reports++;
    const known = await factsOf(epoch);
    found.count(known, views);
    const folders = deps.evidence.filter((_, i) => held[i]!.has(epoch));
    if (folders.length > 0) await examineEpoch(deps, known, landed, folders, found);
  }
  const { refused, equivocations, damage } = found;
  return {
    fromEpoch: from,
    toEpoch: end - 1,
    reports,
    missed: end - from - reports,
    hasEvidence: deps.evidence.length > 0,
    tallies: found.tallies(),
    refused,
    equivocations,
    damage,
  };
}

/** The first epoch that can still get a report, by the newest block's time. */
async function closedBelow(chain: Chain, nextEpoch: number): Promise<number> {
  const { facts } = chain;
  const now = 1000 * (await chain.newestTimestamp());
  let epoch = nextEpoch;
  while (roundOf(facts.calendar, facts.parameters, epoch).deadline <= now) epoch++;
  return epoch;
}

/** Every epoch from the first on, with its report or without one. */
async function* epochsInOrder(chain: Chain, end: number) {
  const views = new ViewsOfEpochs(chain.facts);
  let next = 0;
  for await (const landed of landedReports(chain)) {
    if (landed.header.epoch >= end) break;
    for (; next < landed.header.epoch; next++) yield views.next(next, undefined);
    yield views.next(next++, landed);
  }
  for (; next < end; next++) yield views.next(next, undefined);
}

async function examineEpoch(
  { chain, bls, archives }: LeadersDeps,
  known: EpochFacts,
  landed: LandedReport | undefined,
  folders: readonly EvidenceFolder[],
  found: Findings,
): Promise<void> {
  const refusals = new Map<string, ProvenRefusal>();
  const equivocations = new Map<string, Equivocation>();
  const seen = new Set<string>();
  for (const folder of folders) {
    const bytes = await folder.read(known.epoch);
    // Watchers that heard the same keep the same bytes.
    if (!bytes || seen.has(Buffer.from(bytes).toString('latin1'))) continue;
    seen.add(Buffer.from(bytes).toString('latin1'));
    const examined = examineEvidence({ facts: chain.facts, bls }, known, bytes, folder.path(known.epoch));
    for (const one of examined.refusals) refusals.set(`${one.view}/${toHex(one.report)}/${one.seat}`, one);
    for (const one of examined.equivocations) equivocations.set(`${one.kind}/${one.view}/${one.seat}`, one);
    found.damaged(examined.damage);
  }
  const counted = refusals.size > 0 ? await countedBy(landed, archives) : undefined;
  found.prove(known.set, refusedProposals(known.epoch, known.set, [...refusals.values()], counted), [
    ...equivocations.values(),
  ]);
}

/** Adds up by watcher: a seat changes hands, a key does not. */
class Findings {
  readonly #byWatcher = new Map<string, LeaderTally>();
  readonly refused: RefusedProposal[] = [];
  readonly equivocations: Equivocation[] = [];
  readonly damage: Check[] = [];

  count({ epoch, set, seed }: EpochFacts, views: readonly { view: number; fate: ViewFate }[]): void {
    for (const { seat } of set.seats) this.#of(set, seat);
    if (set.seats.length === 0) return;
    const order = leaderOrder(set, seed, epoch, Math.max(0, ...views.map(({ view }) => view)) + 1);
    for (const { view, fate } of views) {
      const tally = this.#of(set, order[view % order.length]!);
      tally.led++;
      tally[fate]++;
    }
  }

  prove(set: WatcherSet, refused: readonly RefusedProposal[], equivocations: readonly Equivocation[]): void {
    for (const proposal of refused) {
      const tally = this.#of(set, proposal.leader);
      tally.refused++;
      if (proposal.omitted.some(({ isTimely }) => isTimely)) tally.omitted++;
    }
    for (const { kind, seat } of equivocations) this.#of(set, seat).equivocations[kindName(kind)]++;
    this.refused.push(...refused);
    this.equivocations.push(...equivocations);
  }

  damaged(checks: readonly Check[]): void {
    this.damage.push(...checks.slice(0, DAMAGE_MAX - this.damage.length));
  }

  /** By seat, then by name. */
  tallies(): LeaderTally[] {
    return [...this.#byWatcher.values()].sort((a, b) => a.seat - b.seat || (a.name < b.name ? -1 : 1));
  }

  #of(set: WatcherSet, index: number): LeaderTally {
    const seat = requireSeat(set, index);
    const watcher = toHex(seat.watcher);
    let tally = this.#byWatcher.get(watcher);
    if (!tally) {
      const counts = { led: 0, landed: 0, skipped: 0, stalled: 0, refused: 0, omitted: 0 };
      const equivocations = { commit: 0, proposal: 0, attestation: 0 };
      tally = { watcher, name: '', seat: index, ...counts, equivocations };
      this.#byWatcher.set(watcher, tally);
    }
    tally.seat = index;
    tally.name = operatorName(seat);
    return tally;
  }
}

/** @param kind of an equivocation that was examined, so one of the three */
export function kindName(kind: number): SlotKind {
  return (Object.keys(SLOT_KIND) as SlotKind[]).find((name) => SLOT_KIND[name] === kind)!;
}
