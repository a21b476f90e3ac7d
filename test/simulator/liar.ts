import type { RequestKind } from '../../platform/network/network.ts';
import { decodeBatch, encodeBatch } from '../../protocol/batch.ts';
import { toHex } from '../../protocol/bytes.ts';
import { decodeObservations, encodeObservations } from '../../protocol/record.ts';
import { decodeReveal, encodeReveal } from '../../protocol/reveal.ts';
import { decodeState, encodeState } from '../../protocol/state.ts';

/** A true answer with one thing in it that is not so, well encoded. */
export function altered(kind: RequestKind, truth: Uint8Array): Uint8Array {
  if (kind === 'state') {
    const state = decodeState(truth, ({ serviceId, windowStart, windowEpochs }) =>
      [toHex(serviceId), windowEpochs, windowStart].join('/'),
    );
    for (const { accumulators } of state.windows.values()) for (const one of accumulators) one.good += 1;
    return encodeState(state);
  }
  if (kind === 'epoch') return encodeObservations(decodeObservations(truth).slice(1));
  const reveal = decodeReveal(truth);
  const batch = decodeBatch(reveal.batch);
  const samples = batch.samples.map((sample) => ({ ...sample, totalMicros: 999_999 }));
  return encodeReveal({ ...reveal, batch: encodeBatch({ ...batch, samples }) });
}
