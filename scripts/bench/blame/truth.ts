import { addressBytes } from '../../../platform/address.ts';
import { toHex } from '../../../protocol/bytes.ts';
import { SERVICE_KIND, type Service } from '../../../protocol/service.ts';
import { type Down, drawsOf, type Episode, lookup, outages } from './episodes.ts';

/** A service and what is really the matter with it. */
export type Truth = {
  readonly id: string;
  readonly service: Service;
  readonly address: Uint8Array;
  readonly outages: readonly Episode<Down>[];
  readonly down: (at: number) => Episode<Down> | undefined;
};

/** 360 samples an hour: a p99 needs 299 and some are lost. */
const SLOTS_PER_EPOCH = 6;
/** Outages of one service, so many epochs apart on average: most hours of the standard preset have one. */
const OUTAGE_EVERY_EPOCHS = 50;

/** `up` services that are never down, then `failing` ones; each of a provider and a network of its own. */
export function servicesOf(
  up: number,
  failing: number,
  lastsMillis: number,
  epochMillis: number,
  seed: number,
): Truth[] {
  return Array.from({ length: up + failing }, (_, i) => {
    const id = new Uint8Array(32).fill(i + 1);
    const draw = drawsOf(seed, `outages ${i}`);
    const down = i < up ? [] : outages(lastsMillis, epochMillis, OUTAGE_EVERY_EPOCHS, draw);
    const service: Service = {
      id,
      provider: `0x${(i + 1).toString(16).padStart(40, '0')}`,
      kind: SERVICE_KIND.http,
      url: `http://s${i}.example/`,
      method: 'GET',
      slotsPerEpoch: SLOTS_PER_EPOCH,
      // Time-outs of two to five seconds: shorter than some outages of the watcher, and than some stalls.
      timeoutMillis: 2_000 + (i % 4) * 1_000,
      expectedStatus: 200,
      bodyDigest: new Uint8Array(32),
      extra: new Uint8Array(0),
    };
    return { id: toHex(id), service, address: addressBytes(`${20 + i}.1.0.1`)!, outages: down, down: lookup(down) };
  });
}
