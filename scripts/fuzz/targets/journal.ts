import { decodeEntry, encodeEntry, entryKey, type JournalEntry, seal } from '../../../platform/store/entry.ts';
import { concat, equalBytes } from '../../../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../../../protocol/error.ts';
import { attestations, commits, proposals, refusals } from '../messages.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { claim, type Target, Violation } from '../target.ts';

/** The checksum behind a row's body. */
const CHECKSUM_BYTES = 8;
/** An input is the length of the key (1), the key and the value. */
const KEY_BYTES_MAX = 255;

const KINDS = ['commit', 'proposal', 'attestation', 'refusal'] as const;
const messages = { commit: commits, proposal: proposals, attestation: attestations, refusal: refusals } as const;
const entries: readonly JournalEntry[] = KINDS.flatMap((kind) =>
  messages[kind].slice(0, 8).map(({ signature }, i) => {
    const view = kind === 'commit' ? 0 : i;
    return { kind, epoch: 3 * i, view, digest: signature.slice(0, 32), payload: new Uint8Array(16 * i).fill(i) };
  }),
);
const keys = entries.map(entryKey);

/** A damaged row, and one that is sound in itself and says something that no entry can. */
function made(random: Random): { key: Uint8Array; value: Uint8Array } {
  const entry = random.pick(entries);
  const [key, value] = [entryKey(entry), encodeEntry(entry)];
  const otherKey = mutateBytes(random, key, { inputs: keys }).slice(0, KEY_BYTES_MAX);
  const body = value.subarray(0, value.length - CHECKSUM_BYTES);
  switch (random.below(5)) {
    case 0:
      return { key, value };
    case 1:
      return { key: otherKey, value };
    case 2:
      return { key, value: mutateBytes(random, value, { inputs: [value] }) };
    case 3:
      return { key: otherKey, value: seal(otherKey, body) };
    default: {
      const changed = mutateBytes(random, body, { inputs: [body] });
      return { key, value: seal(key, changed) };
    }
  }
}

function run(input: Uint8Array): boolean {
  const keyEnd = 1 + (input[0] ?? 0);
  const [key, value] = [input.slice(1, keyEnd), input.slice(keyEnd)];
  let entry: JournalEntry;
  try {
    entry = decodeEntry(key, value);
  } catch (error) {
    if (error instanceof PlumblineError && error.code === 'journal-corrupt') return false;
    throw error;
  }
  let again: { key: Uint8Array; value: Uint8Array };
  try {
    again = { key: entryKey(entry), value: encodeEntry(entry) };
  } catch (error) {
    throw new Violation(`accepted what cannot be encoded: ${errorMessage(error)}`);
  }
  claim(equalBytes(again.key, key), 'the entry belongs under another key');
  claim(equalBytes(again.value, value), 'accepted bytes that are not the canonical encoding of what they decode to');
  claim(Number.isSafeInteger(entry.epoch), `epoch ${entry.epoch} is not exact`);
  claim(entry.kind !== 'commit' || entry.view === 0, 'a commit of a view');
  return true;
}

export const journal: Target = {
  name: 'journal',
  open: () => ({
    generate: (random) => {
      const { key, value } = made(random);
      return concat(Uint8Array.of(key.length), key, value);
    },
    run,
  }),
};
