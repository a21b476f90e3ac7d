import { z } from 'zod';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { VIEW_MAX } from './entry.ts';
import { DUMP_SLOTS_MAX, type JournalDump } from './journal.ts';

/**
 * What a key has signed, as a file that another machine, or another implementation, can take in: JSON after the model of
 * EIP-3076. It holds slots and digests, nothing secret and nothing that could be sent.
 */
export const INTERCHANGE_FORMAT = 'plumbline-journal';
export const INTERCHANGE_VERSION = 1;

/** DUMP_SLOTS_MAX slots at some 200 bytes each fit; a larger file is the wrong file. */
export const INTERCHANGE_BYTES_MAX = 64 * 1024 * 1024;

/** Whose journal it is, and for which oracle. */
export type InterchangeOwner = {
  readonly chainId: number;
  /** 20 bytes. */
  readonly oracle: Uint8Array;
  /** keccak256 of the BLS public key, 32 bytes. */
  readonly watcher: Uint8Array;
};

const hex = (bytes: number) => z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`), `0x and ${2 * bytes} digits`);
const epoch = z.int().nonnegative();

const Interchange = z.strictObject({
  format: z.literal(INTERCHANGE_FORMAT),
  version: z.literal(INTERCHANGE_VERSION),
  chainId: z.int().positive(),
  oracle: hex(20),
  watcher: hex(32),
  floorEpoch: epoch,
  closedBelowEpoch: epoch,
  slots: z
    .array(
      z.strictObject({
        kind: z.enum(['commit', 'proposal', 'attestation', 'refusal']),
        epoch,
        view: z.int().nonnegative().max(VIEW_MAX),
        digest: hex(32),
      }),
    )
    .max(DUMP_SLOTS_MAX),
});

/** The file's text: a slot a line, ending in a newline. The same journal gives the same text. */
export function encodeInterchange(owner: InterchangeOwner, { floor, closedBelow, slots }: JournalDump): string {
  const head = {
    format: INTERCHANGE_FORMAT,
    version: INTERCHANGE_VERSION,
    chainId: owner.chainId,
    oracle: toHex(owner.oracle),
    watcher: toHex(owner.watcher),
    floorEpoch: floor,
    closedBelowEpoch: closedBelow,
  };
  const rows = slots.map(({ kind, epoch, view, digest }) =>
    JSON.stringify({ kind, epoch, view, digest: toHex(digest) }),
  );
  const opened = JSON.stringify(head, null, 2).replace(/\n}$/, '');
  return `${opened},\n  "slots": [${rows.map((row) => `\n    ${row}`).join(',')}\n  ]\n}\n`;
}

/**
 * Reads a file for one owner. Slots may come in any order.
 * @throws PlumblineError `interchange-oversized`, `interchange-malformed`, or `interchange-foreign` naming what differs
 */
export function decodeInterchange(owner: InterchangeOwner, text: string): JournalDump {
  checkInterchangeBytes(text.length);
  const { floorEpoch, closedBelowEpoch, slots, ...head } = parsed(text);
  for (const [what, found, expected] of [
    ['chain', head.chainId, owner.chainId],
    ['oracle', head.oracle, toHex(owner.oracle)],
    ['watcher', head.watcher, toHex(owner.watcher)],
  ] as const) {
    if (found === expected) continue;
    throw new PlumblineError(
      'interchange-foreign',
      `the file is of ${what} ${found}, and this configuration of ${what} ${expected}: check both`,
      { what, found, expected },
    );
  }
  const seen = new Set<string>();
  for (const { kind, epoch, view } of slots) {
    const slot = `${kind} of epoch ${epoch}, view ${view}`;
    if (seen.has(slot)) throw malformed(`${slot} stands in it twice`);
    if (kind === 'commit' && view !== 0) throw malformed(`${slot}: a commit has view 0`);
    if (epoch < floorEpoch) throw malformed(`${slot} is below its floorEpoch ${floorEpoch}`);
    if (epoch >= closedBelowEpoch) throw malformed(`${slot} is not below its closedBelowEpoch ${closedBelowEpoch}`);
    seen.add(slot);
  }
  if (closedBelowEpoch < floorEpoch) throw malformed(`closedBelowEpoch ${closedBelowEpoch} is below its floorEpoch`);
  return {
    floor: floorEpoch,
    closedBelow: closedBelowEpoch,
    slots: slots.map((slot) => ({ ...slot, digest: fromHex(slot.digest as `0x${string}`) })),
  };
}

/** @throws PlumblineError `interchange-oversized` */
export function checkInterchangeBytes(bytes: number): void {
  if (bytes <= INTERCHANGE_BYTES_MAX) return;
  throw new PlumblineError(
    'interchange-oversized',
    `the file has ${bytes} bytes, at most ${INTERCHANGE_BYTES_MAX} are read; check the path`,
  );
}

function parsed(text: string): z.infer<typeof Interchange> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('it is not JSON');
  }
  const result = Interchange.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(`${issue!.path.join('.') || 'the file'}: ${issue!.message}`.replaceAll(/\s+/g, ' '));
}

function malformed(what: string): PlumblineError {
  return new PlumblineError(
    'interchange-malformed',
    `the file is no exported journal of version ${INTERCHANGE_VERSION}: ${what}; export it again`,
  );
}
