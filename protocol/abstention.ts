import { ByteVectorType, ContainerType, ListBasicType, ListCompositeType } from '@chainsafe/ssz';
import { decodeExact } from './codec.ts';
import { PlumblineError } from './error.ts';
import type { Sample } from './sample.ts';
import { U8, U16, U32, U64 } from './uint.ts';

/**
 * What a watcher that measured an epoch and signed nothing of it leaves in its own archive. It is unsigned and counts
 * nowhere: it tells the operator, and whoever reads that folder, why this batch is missing.
 */
export type Abstention = {
  epoch: number;
  watcher: Uint8Array;
  /** The code of the error that kept it from signing: `clock-off`, `listening`, `own-key-elsewhere` or `late`. */
  code: string;
  clockErrorMicros: number;
  /** Of its samples, by reason, most frequent first. */
  reasons: { reason: number; count: number }[];
};

/** The longest code of the program's errors has half of that. */
export const ABSTENTION_CODE_BYTES = 64;
/** More than there are reasons. */
export const ABSTENTION_REASONS_MAX = 256;
/** The layout at its longest is 1.7 KB. */
export const ABSTENTION_BYTES_MAX = 4_096;

const ReasonCountSsz = new ContainerType({ reason: U16, count: U16 }, { typeName: 'ReasonCount' });
const AbstentionSsz = new ContainerType(
  {
    epoch: U64,
    watcher: new ByteVectorType(32),
    code: new ListBasicType(U8, ABSTENTION_CODE_BYTES),
    clockErrorMicros: U32,
    reasons: new ListCompositeType(ReasonCountSsz, ABSTENTION_REASONS_MAX),
  },
  { typeName: 'Abstention' },
);

export function encodeAbstention(abstention: Abstention): Uint8Array {
  const code = [...new TextEncoder().encode(abstention.code)].slice(0, ABSTENTION_CODE_BYTES);
  return AbstentionSsz.serialize({ ...abstention, code, reasons: abstention.reasons.slice(0, ABSTENTION_REASONS_MAX) });
}

/** @throws PlumblineError `decode` */
export function decodeAbstention(bytes: Uint8Array): Abstention {
  const flat = decodeExact('abstention', AbstentionSsz, bytes, ABSTENTION_BYTES_MAX);
  const code = String.fromCharCode(...flat.code);
  if (!/^[a-z][a-z-]*$/.test(code)) throw new PlumblineError('decode', 'abstention: its code is none');
  return { ...flat, code };
}

export function abstentionName(epoch: number): string {
  return `abstained-${String(epoch).padStart(9, '0')}.ssz`;
}

/** Samples by reason, most frequent first. */
export function reasonCounts(samples: readonly Pick<Sample, 'reason'>[]): Abstention['reasons'] {
  const counts = new Map<number, number>();
  for (const { reason } of samples) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || a - b).map(([reason, count]) => ({ reason, count }));
}
