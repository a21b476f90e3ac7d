import { type Assignment, assignedTo } from '../../protocol/assigned.ts';
import { slotCounts } from '../../protocol/assignment.ts';
import { burstRateOf, burstRequests } from '../../protocol/burst.ts';
import { SERVICE_KIND, type Service } from '../../protocol/service.ts';
import { DNS_SENDS_MAX } from './dns.ts';
import { isKeptAlive } from './keep.ts';
import { type ServiceTarget, targetOf } from './target.ts';

const SECONDS_PER_MINUTE = 60;
/** Connections or datagrams of one probe, at most; 1 where nothing is said. A name server may lose datagrams, then truncate. */
const REQUESTS_PER_PROBE: Readonly<Record<number, number>> = { [SERVICE_KIND.dns]: DNS_SENDS_MAX + 1 };

/** A question on a connection that its server closes is asked again on a fresh one. */
const KEPT_REQUESTS = 2;

/** The targets of an epoch's services, each with the load that the whole network puts on it. */
export function targetsOf(services: readonly Service[], assignment: Assignment, epochSeconds: number): ServiceTarget[] {
  const slots = slotCounts(services);
  return services.map((service, index) => {
    const probes = slots[index]! * assignedTo(assignment, service).length;
    const isKept = service.kind === SERVICE_KIND.http && isKeptAlive(service.extra);
    const perProbe = isKept ? KEPT_REQUESTS : (REQUESTS_PER_PROBE[service.kind] ?? 1);
    // One of all watchers sends a burst instead of one of its probes.
    const requestsPerEpoch = probes * perProbe + burstRequests(burstRateOf(service));
    const requestsPerMinute = Math.ceil((requestsPerEpoch * SECONDS_PER_MINUTE) / epochSeconds);
    return { ...targetOf(service), requestsPerMinute };
  });
}
