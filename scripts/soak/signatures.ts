import type { JournalKind } from '../../platform/store/entry.ts';

/** One thing that a key signed, or journaled to sign. Watcher and digest in hex. */
export type Signature = {
  readonly watcher: string;
  readonly kind: JournalKind;
  readonly epoch: number;
  readonly view: number;
  readonly digest: string;
};

/** One reading of a watcher's journal. */
export type JournalReading = {
  readonly watcher: string;
  /** Where it was read, in words. */
  readonly where: string;
  /** Epochs below it are forgotten. */
  readonly floor: number;
  readonly slots: readonly Omit<Signature, 'watcher'>[];
};

/** Faults of one sort that are listed; more of them say nothing new. */
export const FAULTS_MAX = 20;

type Known = { readonly digest: string; readonly where: string };

/**
 * Everything that keys are known to have signed, from every source, held against each other: no slot has two digests, no
 * journal loses a slot before it forgets the epoch, and whatever was heard is in a journal.
 */
export class Signatures {
  readonly #known = new Map<string, Known>();
  readonly #journaled = new Set<string>();
  readonly #newest = new Map<string, JournalReading>();
  readonly #faults: string[] = [];
  readonly #heard: Signature[] = [];

  /** Readings of one watcher come in the order in which they were made. */
  takeJournal(reading: JournalReading): void {
    const { watcher, where, floor } = reading;
    const held = new Set<string>();
    for (const slot of reading.slots) {
      const signature = { ...slot, watcher };
      held.add(slotOf(signature));
      this.#journaled.add(slotOf(signature));
      this.#compare(signature, where);
    }
    for (const slot of this.#newest.get(watcher)?.slots ?? []) {
      const signature = { ...slot, watcher };
      if (slot.epoch < floor || held.has(slotOf(signature))) continue;
      this.#fault(
        `${nameOf(signature)}, is in the journal of ${this.#newest.get(watcher)!.where} and not in that of ${where}`,
      );
    }
    this.#newest.set(watcher, reading);
  }

  hear(signature: Signature): void {
    this.#compare(signature, 'what was heard');
    this.#heard.push(signature);
  }

  /** Every slot that is known. */
  get slots(): number {
    return this.#known.size;
  }

  /** What does not hold. Call it when every journal was read for the last time. */
  faults(): readonly string[] {
    const unwritten = this.#heard.filter((signature) => !this.#journaled.has(slotOf(signature)));
    const names = [...new Set(unwritten.map(nameOf))].map((name) => `${name}, was heard and is in no journal`);
    return [...this.#faults, ...names.slice(0, FAULTS_MAX)];
  }

  #compare(signature: Signature, where: string): void {
    const known = this.#known.get(slotOf(signature));
    if (!known) this.#known.set(slotOf(signature), { digest: signature.digest, where });
    else if (known.digest !== signature.digest) {
      const two = `${known.digest} (${known.where}) and ${signature.digest} (${where})`;
      this.#fault(`${nameOf(signature)}, was signed over two things: ${two}`);
    }
  }

  #fault(what: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(what);
  }
}

const slotOf = ({ watcher, kind, epoch, view }: Signature) => `${watcher}/${kind}/${epoch}/${view}`;
const nameOf = ({ watcher, kind, epoch, view }: Signature) =>
  `watcher ${watcher.slice(0, 10)}…: ${kind} of epoch ${epoch}, view ${view}`;
