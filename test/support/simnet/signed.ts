import { decodeAttestation } from '../../../protocol/attestation.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { decodeCommit } from '../../../protocol/commit.ts';
import { reportHash } from '../../../protocol/header.ts';
import { decodeProposal } from '../../../protocol/proposal.ts';
import type { SimNetwork } from './network.ts';

/** (who, what, epoch, view) -> the different things that were signed for it. */
export function signedSlots(network: SimNetwork): Map<string, Set<string>> {
  const slots = new Map<string, Set<string>>();
  const add = (slot: string, what: Uint8Array) => {
    if (!slots.has(slot)) slots.set(slot, new Set());
    slots.get(slot)!.add(toHex(what));
  };
  for (const { from, topic, data } of network.published) {
    if (topic === 'commit') {
      const { epoch, commitment } = decodeCommit(data);
      add(`${from} commit ${epoch}`, commitment);
    } else if (topic === 'attestation') {
      const { epoch, view, report } = decodeAttestation(data);
      add(`${from} attestation ${epoch} ${view}`, report);
    } else if (topic === 'proposal') {
      const { header, view } = decodeProposal(data);
      add(`${from} proposal ${header.epoch} ${view}`, reportHash(header));
    }
  }
  return slots;
}

/** Slots for which a host signed two different things: provable faults. */
export function doublySigned(network: SimNetwork): string[] {
  return [...signedSlots(network)].filter(([, signed]) => signed.size > 1).map(([slot]) => slot);
}
