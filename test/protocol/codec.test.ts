import { ListBasicType } from '@chainsafe/ssz';
import { describe, expect, it } from 'vitest';
import { windowKey } from '../../protocol/accumulator.ts';
import { decodeAttestation, encodeAttestation } from '../../protocol/attestation.ts';
import { decodeBatch, encodeBatch } from '../../protocol/batch.ts';
import { concat, equalBytes, fromHex, toHex } from '../../protocol/bytes.ts';
import { decodeExact } from '../../protocol/codec.ts';
import { decodeCommit, encodeCommit } from '../../protocol/commit.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { BATCH_BYTES_MAX } from '../../protocol/limits.ts';
import { decodeProposal, encodeProposal, PROPOSAL_BYTES_MAX } from '../../protocol/proposal.ts';
import {
  decodeObservations,
  decodeRecord,
  encodeObservations,
  encodeRecord,
  OBSERVATIONS_BYTES_MAX,
} from '../../protocol/record.ts';
import { decodeRefusal, encodeRefusal, REFUSAL_BYTES_MAX } from '../../protocol/refusal.ts';
import { decodeReveal, encodeReveal, REVEAL_BYTES_MAX } from '../../protocol/reveal.ts';
import { decodeState, encodeState } from '../../protocol/state.ts';
import { U64 } from '../../protocol/uint.ts';
import { vectorJson } from '../../scripts/vectors/emit.ts';
import { wireVectors } from '../../scripts/vectors/wire.ts';

const wire = JSON.parse(vectorJson(wireVectors())) as Record<string, { bytes: string }>;
const golden = (name: string): Uint8Array => fromHex(wire[name]!.bytes);
const stateOf = (bytes: Uint8Array) => decodeState(bytes, (w) => windowKey(w.serviceId, w.windowStart, w.windowEpochs));

type Wire = {
  name: string;
  bytes: Uint8Array;
  again: (bytes: Uint8Array) => Uint8Array;
  bytesMax?: number;
  item?: number;
};

/**
 * `again` decodes and encodes; only bytes that come back as they were are an artefact. `item` is the size of the items
 * of a list that ends the artefact: without one of them it is another artefact, and just as canonical.
 */
const ALL: readonly Wire[] = [
  {
    name: 'batch',
    item: 98,
    bytes: golden('batch'),
    again: (b) => encodeBatch(decodeBatch(b)),
    bytesMax: BATCH_BYTES_MAX,
  },
  { name: 'commit', bytes: golden('commit'), again: (b) => encodeCommit(decodeCommit(b)), bytesMax: 120 },
  {
    name: 'reveal',
    item: 1,
    bytes: golden('reveal'),
    again: (b) => encodeReveal(decodeReveal(b)),
    bytesMax: REVEAL_BYTES_MAX,
  },
  {
    name: 'observations',
    item: 98,
    bytes: golden('observations'),
    again: (b) => encodeObservations(decodeObservations(b)),
    bytesMax: OBSERVATIONS_BYTES_MAX,
  },
  {
    name: 'proposal',
    item: 98,
    bytes: golden('proposal'),
    again: (b) => encodeProposal(decodeProposal(b)),
    bytesMax: PROPOSAL_BYTES_MAX,
  },
  {
    name: 'attestation',
    bytes: golden('attestation'),
    again: (b) => encodeAttestation(decodeAttestation(b)),
    bytesMax: 94,
  },
  {
    name: 'refusal',
    item: 98,
    bytes: golden('refusal'),
    again: (b) => encodeRefusal(decodeRefusal(b)),
    bytesMax: REFUSAL_BYTES_MAX,
  },
  { name: 'record', item: 864, bytes: golden('record'), again: (b) => encodeRecord(decodeRecord(b)) },
  { name: 'state', item: 32, bytes: golden('state'), again: (b) => encodeState(stateOf(b)) },
];

/** What every decoder must do with any bytes: give back the very artefact, or refuse with the one error. */
function isRefused({ name, again }: Wire, bytes: Uint8Array): boolean {
  let result: Uint8Array;
  try {
    result = again(bytes);
  } catch (error) {
    if (error instanceof PlumblineError && error.code === 'decode') return true;
    throw new Error(`${name} threw ${error} on ${toHex(bytes)}`, { cause: error });
  }
  // A snapshot is put in order when it is read, so its bytes may come back in another order; the root judges it.
  if (name !== 'state' && !equalBytes(result, bytes)) throw new Error(`${name} reads two encodings: ${toHex(bytes)}`);
  return false;
}

/** A small generator with a seed in the code: the same inputs on every machine. */
function generator(seed: number) {
  let s = seed;
  return (limit: number): number => {
    s = (Math.imul(s, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((s / 2 ** 32) * limit);
  };
}

const OFFSETS = [0, 1, 3, 4, 5, 8, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff];
const MUTATIONS = 2_500;

function mutate(bytes: Uint8Array, below: (limit: number) => number): Uint8Array {
  const out = Uint8Array.from(bytes);
  const view = new DataView(out.buffer);
  switch (below(6)) {
    case 0: {
      out[below(out.length)]! ^= 1 << below(8);
      return out;
    }
    case 1: {
      view.setUint32(below(out.length - 3), OFFSETS[below(OFFSETS.length)]!, true);
      return out;
    }
    case 2: {
      view.setUint32(below(out.length - 3), below(out.length + 8), true);
      return out;
    }
    case 3:
      return out.subarray(0, below(out.length));
    case 4: {
      const at = below(out.length);
      return concat(out.subarray(0, at), out.subarray(below(out.length)));
    }
    default:
      return Uint8Array.from({ length: below(2 * out.length) }, () => below(256));
  }
}

describe.each(ALL)('decoding of the $name', (one) => {
  const { bytes, bytesMax, item, again } = one;

  it('takes its canonical bytes', () => {
    expect(isRefused(one, bytes)).toBe(false);
  });

  it('refuses trailing bytes and every truncation, but for whole items of a list at the end', () => {
    const step = Math.max(1, Math.floor(bytes.length / 400));
    for (let length = 0; length < bytes.length; length += step) {
      const whole = item !== undefined && (bytes.length - length) % item === 0;
      if (!whole) expect(isRefused(one, bytes.subarray(0, length)), `${length} bytes`).toBe(true);
      else isRefused(one, bytes.subarray(0, length));
    }
    for (const extra of [1, 2, 4, 31, 97]) {
      if (item !== 1) expect(isRefused(one, concat(bytes, new Uint8Array(extra))), `+${extra} bytes`).toBe(true);
    }
  });

  it('refuses more bytes than its bound before it reads them', () => {
    if (bytesMax === undefined) return;
    expect(() => again(new Uint8Array(bytesMax + 1))).toThrow(`at most ${bytesMax} are allowed`);
  });

  it('gives the very value back or refuses, whatever the bytes', () => {
    const below = generator(bytes.length);
    let refused = 0;
    for (let i = 0; i < MUTATIONS; i++) if (isRefused(one, mutate(bytes, below))) refused++;
    expect(refused).toBeGreaterThan(MUTATIONS / 4);
  });
});

describe('decodeExact', () => {
  it('says what, which bound and why', () => {
    expect(() => decodeCommit(new Uint8Array(121))).toThrow('commit: 121 bytes, at most 120 are allowed');
    expect(() => decodeCommit(new Uint8Array(0))).toThrow(/commit: not a valid encoding \(.+\)/);
  });

  it('refuses a second encoding of the same value', () => {
    const twice = { serialize: () => Uint8Array.of(1), deserialize: () => 0 };
    expect(() => decodeExact('thing', twice, Uint8Array.of(2), 10)).toThrow('not the canonical encoding');
  });

  it('refuses numbers beyond 2^53 - 1, which would be rounded', () => {
    const list = new ListBasicType(U64, 4);
    const encoded = (value: bigint) => new Uint8Array(new BigUint64Array([value]).buffer);
    expect(decodeExact('numbers', list, encoded(2n ** 53n - 1n), 32)).toEqual([2 ** 53 - 1]);
    for (const value of [2n ** 53n, 2n ** 53n + 2n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(() => decodeExact('numbers', list, encoded(value), 32)).toThrow(PlumblineError);
    }
  });
});
