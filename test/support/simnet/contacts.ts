import type { Contact } from '../../../platform/contact.ts';
import type { WatcherSet } from '../../../protocol/set.ts';

/** What the seats of a set publish: hosts here need no address, so each publishes a name that says which seat it is. */
export function contactsOf(set: WatcherSet): Contact[] {
  return set.seats.map(({ seat, operator, stake, operatorId, region }) => ({
    seat,
    operator,
    stake,
    operatorId,
    region,
    asn: 0,
    addresses: [`seat ${seat}`],
  }));
}
