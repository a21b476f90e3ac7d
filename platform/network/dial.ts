import type { Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { errorMessage } from '../../protocol/error.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { DIAL_MILLIS, REDIAL_MILLIS_MIN } from './limits.ts';

export type DialOptions = {
  readonly libp2p: Pick<Libp2p, 'dial'>;
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly metrics: Metrics;
};

/** Tag of peers whose connections go last when there are too many. */
const TAG = 'plumbline-kept';
/** The most that one tag may weigh. Nothing else here gives any. */
const TAG_VALUE = 100;

/** Tries a peer's addresses one after another; never throws. @returns whether it is connected */
export async function dialPeer(
  peer: string,
  addresses: readonly Multiaddr[],
  { libp2p, stopping, log, metrics }: DialOptions,
): Promise<boolean> {
  try {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(DIAL_MILLIS)]);
    await libp2p.dial([...addresses], { signal });
    metrics.increment('plumbline_dials_total', { result: 'connected' });
    return true;
  } catch (error) {
    if (stopping.aborted) return false;
    metrics.increment('plumbline_dials_total', { result: 'failed' });
    log.debug({ peer, reason: errorMessage(error) }, 'a peer that is to be kept could not be dialled');
    return false;
  }
}

/** 0 after a success (the next look at the connections is soon enough); else doubling, with up to a quarter less for variety. */
export function redialWait(failures: number, maxMillis: number): number {
  if (failures === 0) return 0;
  const wait = Math.min(maxMillis, REDIAL_MILLIS_MIN * 2 ** Math.min(failures - 1, 20));
  return wait * (1 - Math.random() / 4);
}

/** Marks a peer whose connections are not to be closed when there are too many, or takes the mark away; never throws. */
export async function protectPeer(
  peer: string,
  isKept: boolean,
  { libp2p, log }: { readonly libp2p: Pick<Libp2p, 'peerStore'>; readonly log: Log },
): Promise<void> {
  try {
    const tags = { [TAG]: isKept ? { value: TAG_VALUE } : undefined };
    await libp2p.peerStore.merge(peerIdFromString(peer), { tags });
  } catch (err) {
    log.error({ err, peer, isKept }, 'a peer could not be marked as one to keep');
  }
}
