import type { Attestation } from '../../protocol/attestation.ts';
import { equalBytes, type Hex, toHex } from '../../protocol/bytes.ts';
import type { Commit } from '../../protocol/commit.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { SLOT_KIND } from '../../protocol/evidence.ts';
import { reportHash } from '../../protocol/header.ts';
import type { Proposal } from '../../protocol/proposal.ts';

/** Two messages that one watcher signed and an honest one would not. */
export type Conflict =
  | { readonly kind: 'commit'; readonly seat: number; readonly first: Commit; readonly second: Commit }
  | { readonly kind: 'proposal'; readonly first: Proposal; readonly second: Proposal }
  | { readonly kind: 'attestation'; readonly first: Attestation; readonly second: Attestation };

export type EquivocationArgs = {
  kind: number;
  seat: number;
  epoch: bigint;
  view_: number;
  first: Hex;
  second: Hex;
  firstSignature: Hex;
  secondSignature: Hex;
};

type Slot = { epoch: number; seat: number; view: number; message: Uint8Array; signature: Uint8Array };

/**
 * The argument of `EquivocationCourt.prove`. A commit names its watcher and no seat: the caller says which seat the watcher
 * has in the set of that epoch.
 * @param encodeSignature signature of the wire (48 bytes) to the form of the precompiles (128 bytes)
 * @throws PlumblineError `no-conflict` when the two are of different slots, or the same message
 */
export function equivocationArgs(
  conflict: Conflict,
  encodeSignature: (signature: Uint8Array) => Uint8Array,
): EquivocationArgs {
  const [first, second] = slotsOf(conflict);
  const same = first.epoch === second.epoch && first.seat === second.seat && first.view === second.view;
  if (!same || (conflict.kind === 'commit' && !equalBytes(conflict.first.watcher, conflict.second.watcher))) {
    throw new PlumblineError('no-conflict', `the two ${conflict.kind}s are not of one watcher, epoch and view`);
  }
  if (equalBytes(first.message, second.message)) {
    throw new PlumblineError('no-conflict', `the two ${conflict.kind}s say the same, which is no fault`);
  }
  return {
    kind: SLOT_KIND[conflict.kind],
    seat: first.seat,
    epoch: BigInt(first.epoch),
    view_: first.view,
    first: toHex(first.message),
    second: toHex(second.message),
    firstSignature: toHex(encodeSignature(first.signature)),
    secondSignature: toHex(encodeSignature(second.signature)),
  };
}

function slotsOf(conflict: Conflict): [Slot, Slot] {
  switch (conflict.kind) {
    case 'commit':
      return pair(conflict, ({ epoch, commitment, signature }) => {
        return { epoch, seat: conflict.seat, view: 0, message: commitment, signature };
      });
    case 'proposal':
      return pair(conflict, ({ header, seat, view, signature }) => {
        return { epoch: header.epoch, seat, view, message: reportHash(header), signature };
      });
    case 'attestation':
      return pair(conflict, ({ epoch, seat, view, report, signature }) => {
        return { epoch, seat, view, message: report, signature };
      });
  }
}

function pair<T>({ first, second }: { first: T; second: T }, slotOf: (message: T) => Slot): [Slot, Slot] {
  return [slotOf(first), slotOf(second)];
}
