import { attestationIntake } from '../../../ledger/intake/attestation.ts';
import { commitIntake } from '../../../ledger/intake/commit.ts';
import { proposalIntake } from '../../../ledger/intake/proposal.ts';
import { refusalIntake } from '../../../ledger/intake/refusal.ts';
import { revealIntake } from '../../../ledger/intake/reveal.ts';
import { type IntakeDeps, isVerdict } from '../../../ledger/intake/rules.ts';
import { EPOCHS_KEPT_MAX, Pool, VIEWS_KEPT_MAX } from '../../../ledger/pool.ts';
import type { MessageHandler } from '../../../platform/network/network.ts';
import { encodeAttestation } from '../../../protocol/attestation.ts';
import { decodeBatch, encodeBatch } from '../../../protocol/batch.ts';
import { concat } from '../../../protocol/bytes.ts';
import { encodeCommit } from '../../../protocol/commit.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { encodeProposal } from '../../../protocol/proposal.ts';
import { encodeRefusal } from '../../../protocol/refusal.ts';
import { encodeReveal } from '../../../protocol/reveal.ts';
import { seatOf } from '../../../protocol/set.ts';
import { epochStart } from '../../../protocol/time.ts';
import {
  attestations,
  commits,
  proposals,
  refusals,
  signAttestation,
  signCommit,
  signProposal,
  signRefusal,
  signReveal,
} from '../messages.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { mutateValue } from '../structure.ts';
import { claim, encodedNear, type Session, type Target } from '../target.ts';
import { bls, facts, factsAt, reveals, SEATS, world } from '../world.ts';

/** An input begins with when it is heard, 2 bytes of milliseconds after EPOCH began to be reported, and one that fails the chain. */
const PREFIX_BYTES = 3;
/** Reports of this epoch and of its neighbours are under way. */
const EPOCH = 4;
const HEARD_MILLIS_MAX = 16_000;
/** One in so many messages comes while the chain cannot be asked. */
const CHAIN_FAILS_EVERY = 32;
const EPOCHS_LOOKED_AT = 12;

type Topic<T> = {
  readonly name: string;
  readonly intake: (deps: IntakeDeps) => MessageHandler;
  readonly messages: readonly T[];
  readonly encode: (message: T) => Uint8Array;
  /** Signs what it is given with the right key: only such messages may ever be accepted. */
  readonly sign: (message: T) => T;
  /** A message with something changed that `mutateValue` does not see into. */
  readonly change?: (random: Random, message: T) => T;
  /** What the pool has heard before the first input. */
  readonly prepare?: (pool: Pool) => void;
};

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/**
 * Messages to one handler with a pool that lives on. Besides verdicts instead of errors it must accept, byte for byte, only
 * what a watcher of the set has signed as a whole, and that once.
 */
function intakeTarget<T extends object>(topic: Topic<T>): Target {
  const encoded = topic.messages.map(topic.encode);
  const honest = new Set(encoded.map(textOf));
  return { name: `${topic.name}-intake`, isShort: true, open: () => session(topic, encoded, honest) };
}

function session<T extends object>(
  topic: Topic<T>,
  encoded: readonly Uint8Array[],
  honest: ReadonlySet<string>,
): Session {
  const signed = new Set<string>();
  const accepted = new Set<string>();
  const pool = new Pool();
  topic.prepare?.(pool);
  let now = 0;
  let chainFails = false;
  const handle = topic.intake({
    clock: { now: () => now, monotonicMicros: () => now * 1_000, after: () => ({ cancel: () => undefined }) },
    facts,
    pool,
    bls,
    epochFacts: async (epoch) => {
      if (chainFails) throw new PlumblineError('chain-unreachable', 'no answer');
      return factsAt(epoch);
    },
  });

  const signedNear = (random: Random, message: T): Uint8Array => {
    let changed = topic.change && random.oneIn(2) ? topic.change(random, message) : message;
    for (let left = 1 + random.below(2); left > 0; left--) changed = mutateValue(random, changed);
    try {
      const bytes = topic.encode(topic.sign(changed));
      signed.add(textOf(bytes));
      return bytes;
    } catch {
      return topic.encode(message);
    }
  };
  const message = (random: Random): Uint8Array => {
    const index = random.below(encoded.length);
    const [one, bytes] = [topic.messages[index]!, encoded[index]!];
    switch (random.below(8)) {
      case 0:
        return bytes;
      case 1:
      case 2:
      case 3:
        return signedNear(random, one);
      case 4:
      case 5:
        return encodedNear(random, one, topic.encode);
      case 6:
        return topic.encode(spliced(random, one, random.pick(topic.messages)));
      default:
        return mutateBytes(random, bytes, { inputs: encoded });
    }
  };

  return {
    generate: (random) => {
      const millis = random.below(HEARD_MILLIS_MAX);
      const prefix = Uint8Array.of(millis & 0xff, millis >> 8, random.oneIn(CHAIN_FAILS_EVERY) ? 1 : 0);
      return concat(prefix, message(random));
    },
    run: async (input) => {
      const [low = 0, high = 0, fails = 0] = input;
      now = epochStart(facts.calendar, EPOCH + 1) + low + 256 * high;
      chainFails = fails === 1;
      const bytes = input.subarray(PREFIX_BYTES);
      const verdict = await handle('peer', bytes);
      claim(isVerdict(verdict), 'the handler gave no verdict');
      if (verdict.kind !== 'accept') {
        claim(verdict.code.length > 0, 'a verdict without a code');
        return false;
      }
      const text = textOf(bytes);
      claim(honest.has(text) || signed.has(text), 'accepted a message that nobody has signed as it is');
      claim(!accepted.has(text), 'accepted the same message twice');
      accepted.add(text);
      return true;
    },
    close: () => checkPool(pool),
  };
}

/** A message with one field of another: each half is signed, the whole is not. */
function spliced<T extends object>(random: Random, into: T, from: T): T {
  const name = random.pick(Object.keys(into)) as keyof T;
  const own = into[name];
  const isRecord = typeof own === 'object' && own !== null && !Array.isArray(own) && !(own instanceof Uint8Array);
  return { ...into, [name]: isRecord && random.oneIn(2) ? spliced(random, own, from[name] as typeof own) : from[name] };
}

/** The pool's promise: a message a seat and slot, whatever was sent. */
function checkPool(pool: Pool): void {
  let epochs = 0;
  for (let epoch = 0; epoch < EPOCHS_LOOKED_AT; epoch++) {
    const held = [pool.reveals(epoch), pool.refusals(epoch), pool.attestations(epoch).flat()] as const;
    if (held.some((list) => list.length > 0)) epochs++;
    claim(held[0].length <= SEATS, `the pool holds ${held[0].length} reveals of ${SEATS} seats`);
    claim(held[1].length <= SEATS * VIEWS_KEPT_MAX, `the pool holds ${held[1].length} refusals of one epoch`);
    claim(held[2].length <= SEATS * VIEWS_KEPT_MAX, `the pool holds ${held[2].length} attestations of one epoch`);
  }
  claim(epochs <= EPOCHS_KEPT_MAX, `the pool holds ${epochs} epochs`);
}

const isOpen = (epoch: number) => epoch >= EPOCH - 2 && epoch <= EPOCH + 2;

function batchNear(random: Random, bytes: Uint8Array): Uint8Array {
  return encodedNear(random, decodeBatch(bytes), encodeBatch);
}

export const INTAKES: readonly Target[] = [
  intakeTarget({ name: 'commit', intake: commitIntake, messages: commits, encode: encodeCommit, sign: signCommit }),
  intakeTarget({
    name: 'reveal',
    intake: revealIntake,
    messages: reveals,
    encode: encodeReveal,
    sign: signReveal,
    change: (random, reveal) => ({ ...reveal, batch: batchNear(random, reveal.batch) }),
    // Half of the commits came before: a reveal of a known commit takes another way through the rules.
    prepare: (pool) => {
      for (const commit of commits) {
        const { seat } = seatOf(world.set, commit.watcher)!;
        if (seat % 2 === 0 && isOpen(commit.epoch)) pool.addCommit({ commit, seat, heardAt: 0 });
      }
    },
  }),
  intakeTarget({
    name: 'proposal',
    intake: proposalIntake,
    messages: proposals,
    encode: encodeProposal,
    sign: signProposal,
  }),
  intakeTarget({
    name: 'attestation',
    intake: attestationIntake,
    messages: attestations,
    encode: encodeAttestation,
    sign: signAttestation,
  }),
  intakeTarget({
    name: 'refusal',
    intake: refusalIntake,
    messages: refusals,
    encode: encodeRefusal,
    sign: signRefusal,
  }),
];
