import type { Chain } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Network } from '../platform/network/network.ts';
import { errorCode, errorMessage } from '../protocol/error.ts';

/** Time between reads of what the seats publish: they change it over months, and a set changes once in many epochs. */
export const CONTACTS_MILLIS_MIN = 60_000;

export type ContactsDeps = {
  readonly chain: Pick<Chain, 'contactsAt'>;
  readonly network: Pick<Network, 'know'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
};

/**
 * Tells the network where the chain says that the seats of an epoch's set are. Called with every epoch, reads only when the
 * last read that succeeded is old enough, and one at a time. A failed one is repeated with the next epoch: until then the
 * network goes by what it knew.
 */
export function createContacts({ chain, network, clock, log }: ContactsDeps) {
  let readAt: number | undefined;
  let isReading = false;
  return async (epoch: number): Promise<void> => {
    const isFresh = readAt !== undefined && Math.abs(clock.now() - readAt) < CONTACTS_MILLIS_MIN;
    if (isReading || isFresh) return;
    isReading = true;
    try {
      network.know(await chain.contactsAt(epoch));
      readAt = clock.now();
    } catch (error) {
      log.debug({ epoch, code: errorCode(error), reason: errorMessage(error) }, 'the addresses of seats were not read');
    } finally {
      isReading = false;
    }
  };
}
