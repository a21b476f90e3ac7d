import type { ConnectionGater } from '@libp2p/interface';
import { type AddressPolicy, isOpenPort } from '../egress.ts';
import { STRANGER_DIALS_BURST, STRANGER_DIALS_PER_SECOND } from './limits.ts';
import { createQuota, type MonotonicMillis } from './quota.ts';
import type { Reputation } from './reputation.ts';
import type { Slots } from './slots.ts';

export type GaterOptions = {
  readonly reputation: Reputation;
  readonly slots: Slots;
  readonly policy: AddressPolicy;
  /** Whether a peer id is one of the registry or a configured one. */
  readonly isKept: (peer: string) => boolean;
  /** Addresses that the configuration names: they are dialled wherever they lead. */
  readonly configured: ReadonlySet<string>;
  readonly now: MonotonicMillis;
};

/** One host and one TCP port. A name would be looked up behind our back, so nobody but the configuration may name one. */
const ADDRESS = /^\/ip[46]\/([^/]+)\/tcp\/([0-9]+)(?:\/p2p\/[^/]+)?$/;

/**
 * Whom this node connects to, whatever asks for it: its own keeper, a request, or gossip that was told of a peer. Peers say
 * themselves where they are, so their addresses are checked like everything that a stranger names.
 */
export function connectionGater({ reputation, slots, policy, isKept, configured, now }: GaterOptions): ConnectionGater {
  const dialsToStrangers = createQuota({ burst: STRANGER_DIALS_BURST, perSecond: STRANGER_DIALS_PER_SECOND }, now);
  return {
    denyDialPeer: (id) => {
      const peer = id.toString();
      if (reputation.banned(peer)) return true;
      return !isKept(peer) && (slots.strangersFull() || !dialsToStrangers.take(''));
    },
    denyDialMultiaddr: (address) => {
      const text = address.toString();
      if (configured.has(text)) return false;
      const [, host = '', port = ''] = ADDRESS.exec(text) ?? [];
      return policy.refusal(host) !== undefined || !isOpenPort(Number(port));
    },
    denyInboundEncryptedConnection: (id) => reputation.banned(id.toString()),
    // After the handshakes, so that a place is taken by nobody who does not finish them.
    denyInboundUpgradedConnection: (id) => !slots.admit(id.toString()),
  };
}
