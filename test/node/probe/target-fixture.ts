import type { ServiceTarget } from '../../../node/probe/target.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';

export const SERVICE_ID = `0x${'ab'.repeat(32)}`;
export const PROVIDER = `0x${'Cd'.repeat(20)}`;

export function targetAt(url: string, more: Partial<ServiceTarget> = {}): ServiceTarget {
  return {
    kind: SERVICE_KIND.http,
    serviceId: SERVICE_ID,
    provider: PROVIDER,
    url,
    method: 'GET',
    timeoutMillis: 1_000,
    expectedStatus: 200,
    expectedBodyDigest: undefined,
    ...more,
  };
}
