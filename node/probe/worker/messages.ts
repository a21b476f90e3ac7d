import { ListCompositeType } from '@chainsafe/ssz';
import { z } from 'zod';
import { decodeExact } from '../../../protocol/codec.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { SAMPLES_MAX } from '../../../protocol/limits.ts';
import { ABSENT_MICROS, type Sample, SampleSsz } from '../../../protocol/sample.ts';
import { CONTROL_COUNT_MAX, type ControlTarget } from '../control.ts';
import type { Slot } from '../engine.ts';
import type { ServiceTarget } from '../target.ts';

/** What the worker is started with: plain data, because nothing else crosses threads. */
export type WorkerSettings = {
  readonly allowLoopback: boolean;
  readonly secondResolvers: readonly string[];
  readonly controls: readonly ControlTarget[];
  readonly controlNames: readonly string[];
  /** JSON-RPC URLs of the operator's own, by which heads are judged. */
  readonly references: readonly string[];
};

/** To the worker. It is this process's own thread and trusts what it gets. */
export type Order =
  | {
      readonly type: 'run';
      readonly id: number;
      readonly slots: readonly Slot[];
      readonly startUnixMillis: number;
      readonly endUnixMillis: number;
    }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'consent'; readonly id: number; readonly targets: readonly ServiceTarget[] };

/** Text for people that crosses threads; longer is cut where it is made. */
export const TEXT_CHARACTERS_MAX = 2_000;
/** Warnings that the worker hands over in one minute: a provider must not be able to fill the operator's disk. */
export const WARNINGS_PER_MINUTE = 120;

const Micros = z.int().min(0).max(ABSENT_MICROS);
const Id = z.int().min(0);
const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const Text = z.string().max(TEXT_CHARACTERS_MAX);

const Count = z.int().min(0).max(CONTROL_COUNT_MAX);
const Vitals = z.strictObject({
  stallMaxMicros: Micros,
  stallTotalMicros: Micros,
  selfTestP99Micros: Micros,
  controlsGood: Count,
  controlsBad: Count,
});

/** From the worker. It handles strangers' bytes all day: what it says is parsed like theirs. */
const Report = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready'), unraised: Text.optional() }),
  z.strictObject({ type: z.literal('done'), id: Id, samples: Bytes, vitals: Vitals }),
  z.strictObject({ type: z.literal('consented'), id: Id }),
  z.strictObject({ type: z.literal('selfTest'), errorMicros: Micros, p99Micros: Micros }),
  z.strictObject({ type: z.literal('warn'), fields: z.record(z.string().max(64), Text), message: Text }),
]);
export type Report = z.infer<typeof Report>;

/** @throws PlumblineError `probe-worker` naming what is wrong */
export function parseReport(message: unknown): Report {
  const parsed = Report.safeParse(message);
  if (parsed.success) return parsed.data;
  throw new PlumblineError('probe-worker', `the probing thread sent a message that is none: ${parsed.error.message}`);
}

const SamplesSsz = new ListCompositeType(SampleSsz, SAMPLES_MAX);
/** Of one sample; the encoding has no other parts. */
export const SAMPLE_BYTES = 98;

/** A few kilobytes in one piece, where thousands of objects would be copied one by one. */
export function encodeSamples(samples: Sample[]): Uint8Array {
  return SamplesSsz.serialize(samples);
}

/** Exactly one sample for each slot, in their order. @throws PlumblineError `decode` or `probe-worker` */
export function decodeSamples(bytes: Uint8Array, slots: readonly Slot[]): Sample[] {
  const samples = decodeExact('samples', SamplesSsz, bytes, slots.length * SAMPLE_BYTES) as Sample[];
  const isOfSlot = (sample: Sample, i: number) =>
    sample.service === slots[i]!.service && sample.slot === slots[i]!.slot;
  if (samples.length === slots.length && samples.every(isOfSlot)) return samples;
  throw new PlumblineError('probe-worker', `the probing thread sent samples that are not of its ${slots.length} slots`);
}
