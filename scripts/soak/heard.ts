import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Bls } from '../../platform/bls/bls.ts';
import { TOPICS, type Topic } from '../../platform/network/network.ts';
import { decodeAttestation, digestOfAttestation } from '../../protocol/attestation.ts';
import { toHex } from '../../protocol/bytes.ts';
import { type Commit, decodeCommit, digestOfCommit } from '../../protocol/commit.ts';
import type { Domain } from '../../protocol/digest.ts';
import { errorMessage } from '../../protocol/error.ts';
import { decodeProposal, digestOfProposal } from '../../protocol/proposal.ts';
import { decodeRefusal, digestOfRefusal } from '../../protocol/refusal.ts';
import { decodeReveal } from '../../protocol/reveal.ts';
import { requireSeat, type Seat, seatOf, type WatcherSet } from '../../protocol/set.ts';
import { type Calendar, epochStart } from '../../protocol/time.ts';
import { FAULTS_MAX, type Signature } from './signatures.ts';

/** The file in which a listener writes what it hears: a line a message: unix milliseconds, topic, base64. */
export const HEARD_FILE = 'heard.log';

export type Heard = {
  /** Messages by topic. */
  readonly messages: Readonly<Record<Topic, number>>;
  readonly signatures: readonly Signature[];
  /** How long after the end of its epoch each watcher's first commit was heard, ascending. Milliseconds. */
  readonly commitMillis: readonly number[];
  readonly faults: readonly string[];
};

type Signed = {
  readonly seat: Seat;
  readonly slot: Omit<Signature, 'watcher' | 'digest'>;
  readonly digest: Uint8Array;
};

/** Reads what listeners wrote, and checks each signature itself: no watcher's word is taken for anything. */
export async function readHeard(
  files: readonly string[],
  known: {
    readonly domain: Domain;
    readonly set: WatcherSet;
    readonly calendar: Calendar;
    readonly bls: Pick<Bls, 'verify'>;
  },
): Promise<Heard> {
  const messages = Object.fromEntries(TOPICS.map((topic) => [topic, 0])) as Record<Topic, number>;
  const found = new Map<string, Signature>();
  const commitMillis: number[] = [];
  const faults: string[] = [];
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      const [at, topic, text] = line.split(' ') as [string, Topic, string];
      messages[topic]++;
      try {
        const { signed, signature } = signedIn(known.domain, known.set, topic, Buffer.from(text, 'base64'));
        const name = `${toHex(signed.digest)}/${toHex(signature)}`;
        if (found.has(name)) continue;
        if (!known.bls.verify(signed.seat.publicKey, signed.digest, signature)) throw new Error('its signature is bad');
        const { kind, epoch } = signed.slot;
        if (kind === 'commit') commitMillis.push(Number(at) - epochStart(known.calendar, epoch + 1));
        found.set(name, { ...signed.slot, watcher: toHex(signed.seat.watcher), digest: toHex(signed.digest) });
      } catch (error) {
        faults.push(`a ${topic} that was passed on: ${errorMessage(error)}`);
      }
    }
  }
  commitMillis.sort((a, b) => a - b);
  return { messages, signatures: [...found.values()], commitMillis, faults: faults.slice(0, FAULTS_MAX) };
}

/** Who signed what, in a message as it was heard. @throws when it does not decode or names nobody of the set */
export function signedIn(
  domain: Domain,
  set: WatcherSet,
  topic: Topic,
  message: Uint8Array,
): { signed: Signed; signature: Uint8Array } {
  const bytes = new Uint8Array(message);
  if (topic === 'commit') return ofCommit(domain, set, decodeCommit(bytes));
  if (topic === 'reveal') return ofCommit(domain, set, decodeReveal(bytes).commit);
  const [kind, body, digest] = bodyOf(domain, topic, bytes);
  const { epoch, view } = 'header' in body ? { epoch: body.header.epoch, view: body.view } : body;
  return {
    signed: { seat: requireSeat(set, body.seat), slot: { kind, epoch, view }, digest },
    signature: body.signature,
  };
}

function bodyOf(domain: Domain, topic: 'proposal' | 'attestation' | 'refusal', bytes: Uint8Array) {
  if (topic === 'proposal') {
    const body = decodeProposal(bytes);
    return [topic, body, digestOfProposal(domain, body)] as const;
  }
  if (topic === 'attestation') {
    const body = decodeAttestation(bytes);
    return [topic, body, digestOfAttestation(domain, body)] as const;
  }
  const body = decodeRefusal(bytes);
  return [topic, body, digestOfRefusal(domain, body)] as const;
}

function ofCommit(domain: Domain, set: WatcherSet, commit: Commit): { signed: Signed; signature: Uint8Array } {
  const seat = seatOf(set, commit.watcher);
  if (!seat) throw new RangeError(`no seat has watcher ${toHex(commit.watcher)}`);
  const slot = { kind: 'commit', epoch: commit.epoch, view: 0 } as const;
  return { signed: { seat, slot, digest: digestOfCommit(domain, commit) }, signature: commit.signature };
}
