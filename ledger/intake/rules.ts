import type { Bls } from '../../platform/bls/bls.ts';
import type { OracleFacts } from '../../platform/chain/chain.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Verdict } from '../../platform/network/network.ts';
import type { SignedSlot } from '../../platform/store/journal.ts';
import { errorCode, PlumblineError } from '../../protocol/error.ts';
import type { Seat } from '../../protocol/set.ts';
import { epochStart, roundOf, viewAt } from '../../protocol/time.ts';
import type { EpochFacts } from '../epoch.ts';
import type { InsertOutcome, Pool } from '../pool.ts';

/** What every intake needs: time, the chain's facts, the pool it fills, and the signature check. */
export type IntakeDeps = {
  readonly clock: Clock;
  readonly facts: OracleFacts;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly pool: Pool;
  readonly bls: Pick<Bls, 'verify'>;
  /** Hears of every slot that a seat has signed, before the pool does: also when it contradicts what is known. */
  readonly onSigned?: (slot: SignedBy) => void;
};

export type SignedBy = SignedSlot & { readonly watcher: Uint8Array };

export const ACCEPT: Verdict = { kind: 'accept' };
export const ignore = (code: string): Verdict => ({ kind: 'ignore', code });
export const reject = (code: string): Verdict => ({ kind: 'reject', code });

/**
 * The verdict that an insert's outcome means for gossip. The first message that conflicts is passed on: it proves a fault
 * of its author, and everybody has to learn of it. Further ones do not come this far.
 */
export function verdictOf(outcome: InsertOutcome): Verdict {
  return outcome === 'new' || outcome === 'conflict' ? ACCEPT : ignore(outcome);
}

/**
 * [ignore] the epoch has ended and its report can still land. The edges give Δ for the clocks: a peer's clock may be
 * ahead of ours, and whoever relays is not to blame.
 */
export function epochVerdict({ clock, facts }: IntakeDeps, epoch: number): Verdict | undefined {
  const now = clock.now();
  const slack = facts.parameters.deltaMillis;
  if (now + slack < epochStart(facts.calendar, epoch + 1)) return ignore('epoch-not-over');
  if (now - slack > roundOf(facts.calendar, facts.parameters, epoch).deadline) return ignore('epoch-expired');
  return undefined;
}

/** [ignore] the view has begun, give or take one. */
export function viewVerdict({ clock, facts }: IntakeDeps, epoch: number, view: number): Verdict | undefined {
  const round = roundOf(facts.calendar, facts.parameters, epoch);
  return view > viewAt(round, facts.parameters, clock.now()) + 1 ? ignore('view-not-begun') : undefined;
}

/** [reject] the signature is the seat's. Not to be awaited: of a flood at once only the first costs a check. */
export function signatureVerdict(
  { bls, onSigned }: IntakeDeps,
  { publicKey, watcher }: Seat,
  slot: SignedSlot,
  signature: Uint8Array,
): Verdict | undefined {
  if (!bls.verify(publicKey, slot.digest, signature)) return reject('bad-signature');
  onSigned?.({ ...slot, watcher });
  return undefined;
}

/** Runs a decoder; what does not decode is nobody's honest message. */
export function decoded<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | Verdict {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof PlumblineError) return reject('not-canonical');
    throw error;
  }
}

export function isVerdict(value: object): value is Verdict {
  return 'kind' in value && (value.kind === 'accept' || value.kind === 'ignore' || value.kind === 'reject');
}

/** The chain could not be asked: we do not know, and nobody is to blame. */
export async function factsOr(deps: IntakeDeps, epoch: number): Promise<EpochFacts | Verdict> {
  try {
    return await deps.epochFacts(epoch);
  } catch (error) {
    return ignore(`no-facts-${errorCode(error)}`);
  }
}
