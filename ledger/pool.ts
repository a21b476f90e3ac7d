import type { Attestation } from '../protocol/attestation.ts';
import type { Batch } from '../protocol/batch.ts';
import { equalBytes, toHex } from '../protocol/bytes.ts';
import type { Commit } from '../protocol/commit.ts';
import type { SlotKind } from '../protocol/evidence.ts';
import type { Observation } from '../protocol/observation.ts';
import type { Proposal } from '../protocol/proposal.ts';
import type { Refusal } from '../protocol/refusal.ts';

/** What became of an insert; the gossip verdict follows from it. */
export const OUTCOMES = ['new', 'known', 'conflict', 'full'] as const;
export type InsertOutcome = (typeof OUTCOMES)[number];

/** Views of one epoch that are kept: later ones are refused until earlier epochs are dropped. */
export const VIEWS_KEPT_MAX = 64;
/** Epochs kept: the deadline of the slowest preset and the running one. */
export const EPOCHS_KEPT_MAX = 8;

export type HeardCommit = { readonly commit: Commit; readonly seat: number; readonly heardAt: number };
export type HeardReveal = {
  readonly observation: Observation;
  readonly batch: Batch;
  /** The reveal's bytes as received: what is served and archived. */
  readonly bytes: Uint8Array;
  readonly heardAt: number;
};
export type HeardProposal = { readonly proposal: Proposal; readonly reportHash: Uint8Array };

/** Two different things that a seat signed for one slot, in the order in which they were heard. */
export type Conflict = {
  readonly kind: SlotKind;
  readonly view: number;
  readonly seat: number;
  /** By commitment or report hash. */
  readonly signed: readonly [Signed, Signed];
  /** The second proposal, when the slot is a proposal's: who refused it refers to it. */
  readonly proposal?: HeardProposal;
};
type Signed = { readonly value: Uint8Array; readonly signature: Uint8Array };

type EpochPool = {
  commits: Map<number, HeardCommit>;
  reveals: Map<number, HeardReveal>;
  proposals: Map<number, HeardProposal>;
  /** `view/report` -> seat -> attestation */
  attestations: Map<string, Map<number, Attestation>>;
  refusals: Map<string, Refusal>;
  /** Slots for which two different things were signed, each with both. */
  conflicts: Map<string, Conflict>;
};

/**
 * Messages of the epochs that can still get a report, checked and signed: at most one per seat and slot, so the set's
 * size bounds the memory. The first that conflicts with it is kept beside it as evidence, and counts for nothing else.
 */
export class Pool {
  readonly #epochs = new Map<number, EpochPool>();
  readonly #epochsMax: number;
  readonly #listeners: ((epoch: number) => void)[] = [];
  readonly #refusalListeners: ((epoch: number) => void)[] = [];
  readonly #conflictListeners: ((epoch: number) => void)[] = [];

  /** @param deadlineEpochs epochs with a longer deadline need more room */
  constructor(deadlineEpochs = 0) {
    this.#epochsMax = Math.max(EPOCHS_KEPT_MAX, deadlineEpochs + 3);
  }

  /** Called after every new message, with its epoch. */
  onChange(listener: (epoch: number) => void): void {
    this.#listeners.push(listener);
  }

  /** Called after every new refusal, with its epoch. */
  onRefusal(listener: (epoch: number) => void): void {
    this.#refusalListeners.push(listener);
  }

  /** Called after every slot that turned out to be contested, with its epoch. */
  onConflict(listener: (epoch: number) => void): void {
    this.#conflictListeners.push(listener);
  }

  addCommit(heard: HeardCommit): InsertOutcome {
    const { commits } = this.#epoch(heard.commit.epoch);
    const known = commits.get(heard.seat);
    if (known && equalBytes(known.commit.commitment, heard.commit.commitment)) return 'known';
    if (known) {
      const signed = [commitmentOf(known), commitmentOf(heard)] as const;
      return this.#conflict(heard.commit.epoch, `commit/${heard.seat}`, {
        kind: 'commit',
        view: 0,
        seat: heard.seat,
        signed,
      });
    }
    commits.set(heard.seat, heard);
    return this.#changed(heard.commit.epoch);
  }

  addReveal(heard: HeardReveal): InsertOutcome {
    const { reveals } = this.#epoch(heard.batch.epoch);
    if (reveals.has(heard.observation.seat)) return 'known';
    reveals.set(heard.observation.seat, heard);
    return this.#changed(heard.batch.epoch);
  }

  addProposal(heard: HeardProposal): InsertOutcome {
    const { proposals } = this.#epoch(heard.proposal.header.epoch);
    const known = proposals.get(heard.proposal.view);
    if (known && equalBytes(known.reportHash, heard.reportHash)) return 'known';
    if (known) {
      const { view, seat, header } = heard.proposal;
      const signed = [proposed(known), proposed(heard)] as const;
      const conflict = { kind: 'proposal', view, seat, signed, proposal: heard } as const;
      return this.#conflict(header.epoch, `proposal/${view}`, conflict);
    }
    if (proposals.size >= VIEWS_KEPT_MAX) return 'full';
    proposals.set(heard.proposal.view, heard);
    return this.#changed(heard.proposal.header.epoch);
  }

  addAttestation(attestation: Attestation): InsertOutcome {
    const { attestations } = this.#epoch(attestation.epoch);
    const key = `${attestation.view}/${toHex(attestation.report)}`;
    const known = attestations.get(key)?.has(attestation.seat);
    if (known) return 'known';
    for (const [other, bySeat] of attestations) {
      const first = other.startsWith(`${attestation.view}/`) ? bySeat.get(attestation.seat) : undefined;
      if (!first) continue;
      const { epoch, view, seat } = attestation;
      const signed = [attested(first), attested(attestation)] as const;
      return this.#conflict(epoch, `attestation/${view}/${seat}`, { kind: 'attestation', view, seat, signed });
    }
    // One entry per (view, seat) at most, so the number of keys of a view is bounded by the seats.
    if (!attestations.has(key)) attestations.set(key, new Map());
    attestations.get(key)!.set(attestation.seat, attestation);
    return this.#changed(attestation.epoch);
  }

  addRefusal(refusal: Refusal): InsertOutcome {
    const { refusals } = this.#epoch(refusal.epoch);
    if (this.hasRefusal(refusal)) return 'known';
    refusals.set(`${refusal.view}/${refusal.seat}`, refusal);
    for (const listener of this.#refusalListeners) listener(refusal.epoch);
    return this.#changed(refusal.epoch);
  }

  commit(epoch: number, seat: number): HeardCommit | undefined {
    return this.#epochs.get(epoch)?.commits.get(seat);
  }

  reveal(epoch: number, seat: number): HeardReveal | undefined {
    return this.#epochs.get(epoch)?.reveals.get(seat);
  }

  revealOf(epoch: number, batchHash: Uint8Array): HeardReveal | undefined {
    const reveals = this.#epochs.get(epoch)?.reveals.values() ?? [];
    return [...reveals].find(({ observation }) => equalBytes(observation.batchHash, batchHash));
  }

  /** Reveals of an epoch, seats ascending. */
  reveals(epoch: number): HeardReveal[] {
    const held = [...(this.#epochs.get(epoch)?.reveals.values() ?? [])];
    return held.sort((a, b) => a.observation.seat - b.observation.seat);
  }

  proposal(epoch: number, view: number): HeardProposal | undefined {
    return this.#epochs.get(epoch)?.proposals.get(view);
  }

  /** The proposal of a report, whatever its view. */
  proposalOf(epoch: number, report: Uint8Array): HeardProposal | undefined {
    const proposals = this.#epochs.get(epoch)?.proposals.values() ?? [];
    return [...proposals].find((heard) => equalBytes(heard.reportHash, report));
  }

  /** What its leaders signed for a view: the proposal that counts, and a second one that contradicts it. */
  proposalsOf(epoch: number, view: number): HeardProposal[] {
    const held = this.#epochs.get(epoch);
    const second = held?.conflicts.get(`proposal/${view}`)?.proposal;
    return [held?.proposals.get(view), second].filter((heard) => heard !== undefined);
  }

  /** Both sides of every slot of an epoch that is contested. */
  conflicts(epoch: number): Conflict[] {
    return [...(this.#epochs.get(epoch)?.conflicts.values() ?? [])];
  }

  /** Attestations of an epoch, grouped by (view, report). */
  attestations(epoch: number): Attestation[][] {
    return [...(this.#epochs.get(epoch)?.attestations.values() ?? [])].map((bySeat) => [...bySeat.values()]);
  }

  hasRefusal({ epoch, view, seat }: Pick<Refusal, 'epoch' | 'view' | 'seat'>): boolean {
    return this.#epochs.get(epoch)?.refusals.has(`${view}/${seat}`) ?? false;
  }

  /**
   * Whether a second thing was signed for a slot: what else comes for it need not even be checked.
   * @param slot `commit/seat`, `proposal/view` or `attestation/view/seat`
   */
  isContested(epoch: number, slot: string): boolean {
    return this.#epochs.get(epoch)?.conflicts.has(slot) ?? false;
  }

  refusals(epoch: number): Refusal[] {
    return [...(this.#epochs.get(epoch)?.refusals.values() ?? [])];
  }

  /** Drops everything before an epoch; called as reports land or expire. */
  dropBefore(epoch: number): void {
    for (const held of this.#epochs.keys()) if (held < epoch) this.#epochs.delete(held);
  }

  #epoch(epoch: number): EpochPool {
    let pool = this.#epochs.get(epoch);
    if (!pool) {
      pool = {
        commits: new Map(),
        reveals: new Map(),
        proposals: new Map(),
        attestations: new Map(),
        refusals: new Map(),
        conflicts: new Map(),
      };
      this.#epochs.set(epoch, pool);
      if (this.#epochs.size > this.#epochsMax) this.#epochs.delete(Math.min(...this.#epochs.keys()));
    }
    return pool;
  }

  #changed(epoch: number): 'new' {
    for (const listener of this.#listeners) listener(epoch);
    return 'new';
  }

  /** A commit that turns out to be contested changes what a proposal may leave out. The first conflict of a slot stays. */
  #conflict(epoch: number, slot: string, conflict: Conflict): 'conflict' {
    const { conflicts } = this.#epoch(epoch);
    if (conflicts.has(slot)) return 'conflict';
    conflicts.set(slot, conflict);
    for (const listener of this.#conflictListeners) listener(epoch);
    this.#changed(epoch);
    return 'conflict';
  }
}

function commitmentOf({ commit }: HeardCommit): Signed {
  return { value: commit.commitment, signature: commit.signature };
}

function proposed({ reportHash, proposal }: HeardProposal): Signed {
  return { value: reportHash, signature: proposal.signature };
}

function attested({ report, signature }: Attestation): Signed {
  return { value: report, signature };
}
