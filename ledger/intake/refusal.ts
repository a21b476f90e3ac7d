import type { MessageHandler } from '../../platform/network/network.ts';
import { checkObservations } from '../../protocol/observation.ts';
import { decodeRefusal, digestOfRefusal, type Refusal } from '../../protocol/refusal.ts';
import { seatAt } from '../../protocol/set.ts';
import {
  decoded,
  epochVerdict,
  factsOr,
  type IntakeDeps,
  ignore,
  isVerdict,
  reject,
  signatureVerdict,
  verdictOf,
  viewVerdict,
} from './rules.ts';

/** Takes a refusal from gossip: the next leader reads from it what the last one left out. */
export function refusalIntake(deps: IntakeDeps): MessageHandler {
  return async (_from, bytes) => {
    // [reject] it is the canonical encoding of a refusal that names seats in ascending order
    const refusal = decoded(decodeOrdered, bytes);
    if (isVerdict(refusal)) return refusal;
    const closed = epochVerdict(deps, refusal.epoch) ?? viewVerdict(deps, refusal.epoch, refusal.view);
    if (closed) return closed;
    const facts = await factsOr(deps, refusal.epoch);
    if (isVerdict(facts)) return facts;
    // [reject] the seat is in the set of the epoch
    const seat = seatAt(facts.set, refusal.seat);
    if (!seat) return reject('not-in-set');
    // [reject] so are the seats whose batches it names: it is archived, and must not be longer than the set
    if (!refusal.missing.every((observation) => seatAt(facts.set, observation.seat))) return reject('not-in-set');
    // [ignore] it is the first of the seat in the view
    if (deps.pool.hasRefusal(refusal)) return ignore('known');
    // [reject] the signature is the seat's
    const { epoch, view } = refusal;
    const slot = { kind: 'refusal', epoch, view, digest: digestOfRefusal(deps.facts.domain, refusal) } as const;
    const forged = signatureVerdict(deps, seat, slot, refusal.signature);
    if (forged) return forged;
    return verdictOf(deps.pool.addRefusal(refusal));
  };
}

function decodeOrdered(bytes: Uint8Array): Refusal {
  const refusal = decodeRefusal(bytes);
  checkObservations(refusal.missing);
  return refusal;
}
