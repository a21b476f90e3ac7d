import type { MessageHandler } from '../../platform/network/network.ts';
import { decodeAttestation, digestOfAttestation } from '../../protocol/attestation.ts';
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

/** Takes an attestation from gossip. */
export function attestationIntake(deps: IntakeDeps): MessageHandler {
  return async (_from, bytes) => {
    // [reject] it is the canonical encoding of an attestation
    const attestation = decoded(decodeAttestation, bytes);
    if (isVerdict(attestation)) return attestation;
    const { epoch, view } = attestation;
    const closed = epochVerdict(deps, epoch) ?? viewVerdict(deps, epoch, view);
    if (closed) return closed;
    const facts = await factsOr(deps, epoch);
    if (isVerdict(facts)) return facts;
    // [reject] the seat is in the set of the epoch
    const seat = seatAt(facts.set, attestation.seat);
    if (!seat) return reject('not-in-set');
    // [ignore] a further conflicting attestation of the seat in the view tells nothing new
    if (deps.pool.isContested(epoch, `attestation/${view}/${seat.seat}`)) return ignore('conflict');
    // [reject] the signature is the seat's; unchecked, a forged one would take the place of the true one
    const slot = {
      kind: 'attestation',
      epoch,
      view,
      digest: digestOfAttestation(deps.facts.domain, attestation),
    } as const;
    const forged = signatureVerdict(deps, seat, slot, attestation.signature);
    if (forged) return forged;
    return verdictOf(deps.pool.addAttestation(attestation));
  };
}
