import { type Mutation, mutationsOf } from '../mutation.ts';

export const COURT: readonly Mutation[] = mutationsOf('EquivocationCourt.sol', 'SlashingTest', [
  {
    name: 'one-message-is-a-contradiction',
    find: 'if (fault.first == fault.second) revert SameMessage(fault.first);',
    replace: '',
  },
  {
    name: 'commits-of-any-view',
    find: 'if (fault.kind == KIND_COMMIT && fault.view_ != 0) revert ViewOfCommit(fault.view_);',
    replace: '',
  },
  {
    name: 'unknown-kind-of-message',
    find: 'if (fault.kind > KIND_ATTESTATION) revert UnknownKind(fault.kind);',
    replace: '',
  },
  {
    name: 'first-signature-unchecked',
    find: '_requireSigned(key, 0, _digest(fault, watcher, fault.first), fault.firstSignature);',
    replace: '',
  },
  {
    name: 'second-signature-unchecked',
    find: '_requireSigned(key, 1, _digest(fault, watcher, fault.second), fault.secondSignature);',
    replace: '',
  },
  {
    name: 'fault-in-an-epoch-to-come',
    find: 'if (epoch > current) revert EpochNotStarted(epoch, current);',
    replace: '',
  },
  {
    name: 'fault-in-the-current-epoch-refused',
    find: 'if (epoch > current) revert',
    replace: 'if (epoch >= current) revert',
  },
  { name: 'fault-of-an-expired-set', find: 'registry.sealedSet(setId, epoch);', replace: '' },
  {
    name: 'fault-of-a-seat-outside-the-set',
    find: 'if (registration == 0) revert SeatNotInSet(setId, seat);',
    replace: '',
  },
  {
    name: 'proposals-judged-as-attestations',
    find: 'if (fault.kind == KIND_PROPOSAL) return Typed.proposalDigest(domain, fault.epoch, fault.view_, message);',
    replace: '',
  },
  {
    name: 'reward-to-whoever-proves',
    find: 'slashed = registry.slash(fault.seat, registration, reporter);',
    replace: 'slashed = registry.slash(fault.seat, registration, msg.sender);',
  },
  {
    name: 'court-of-another-registry',
    find: 'if (registry.court() != address(this)) revert NotCourtOfRegistry(registry.court());',
    replace: '',
  },
]);
