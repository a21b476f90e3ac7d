import { DNS_TYPES, decodeAnswer, encodeQuery, isReply, isTruncated } from '../../../node/probe/dnsmessage.ts';
import { concat } from '../../../protocol/bytes.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { claim, type Target } from '../target.ts';

const QUERY = encodeQuery({ name: 'a.example.org', type: DNS_TYPES.MX!, recurse: false }, 0x1234);
/** Where the query's name stands, for pointers. */
const NAME_AT = 12;
const HEADER_BYTES = 12;
const pointer = (to: number) => Uint8Array.of(0xc0 | (to >> 8), to & 0xff);
const ROOT = Uint8Array.of(0);

function record(owner: Uint8Array, type: number, data: Uint8Array): Uint8Array {
  const [high, low] = [data.length >> 8, data.length & 0xff];
  return concat(owner, Uint8Array.of(type >> 8, type & 0xff, 0, 1, 0, 0, 0, 60, high, low), data);
}

/** A reply to QUERY with these records, `count` of them in its header. */
function reply(records: readonly Uint8Array[], rcode = 0, count = records.length): Uint8Array {
  const head = Uint8Array.from(QUERY.subarray(0, HEADER_BYTES));
  head.set([0x80, rcode], 2);
  head.set([count >> 8, count & 0xff], 6);
  return concat(head, QUERY.subarray(HEADER_BYTES), ...records);
}

const labels = (...names: string[]) =>
  concat(...names.map((name) => concat(Uint8Array.of(name.length), new TextEncoder().encode(name))), ROOT);
const here = pointer(NAME_AT);
/** As long as a name may be: 127 labels. A record of it, and pointers to it: the most work that a reply can ask for. */
const longest = concat(...Array.from({ length: 127 }, () => Uint8Array.of(1, 0x41)), ROOT);
const many = Array.from({ length: 4_000 }, () =>
  record(pointer(QUERY.length), DNS_TYPES.A!, Uint8Array.of(127, 0, 0, 1)),
);

const replies = [
  reply([
    record(here, DNS_TYPES.MX!, concat(Uint8Array.of(0, 10), labels('Mail'))),
    record(here, DNS_TYPES.MX!, concat(Uint8Array.of(0, 20), here)),
  ]),
  reply([
    record(here, DNS_TYPES.A!, Uint8Array.of(192, 0, 2, 1)),
    record(labels('B', 'example'), DNS_TYPES.CNAME!, here),
  ]),
  reply([record(here, DNS_TYPES.SOA!, concat(here, labels('x'), new Uint8Array(20)))]),
  reply([
    record(here, DNS_TYPES.SRV!, concat(new Uint8Array(6), pointer(NAME_AT + 2))),
    record(here, DNS_TYPES.TXT!, labels('some text')),
  ]),
  reply([], 3),
];
/** Pointers, each to the one before, and records that begin at the last of them. */
const chain = Array.from({ length: 8_000 }, (_, i) => pointer(i === 0 ? NAME_AT : QUERY.length + 12 + 2 * (i - 1)));
const chained = reply([
  record(here, DNS_TYPES.TXT!, concat(...chain)),
  ...Array.from({ length: 3_000 }, () =>
    record(pointer(QUERY.length + 12 + 2 * 7_900), DNS_TYPES.A!, Uint8Array.of(1, 1, 1, 1)),
  ),
]);
const large = reply([record(longest, DNS_TYPES.A!, Uint8Array.of(1, 2, 3, 4)), ...many]);
const tokens = [
  here,
  pointer(0x3fff),
  pointer(QUERY.length),
  ROOT,
  Uint8Array.of(63),
  Uint8Array.of(64),
  Uint8Array.of(0xff, 0xff),
];
/** One in so many inputs is the large one, changed: it costs a thousand times more. */
const LARGE_EVERY = 400;

/** A reply is read or refused, and what was read, written out without any compression, reads the same again. */
function run(input: Uint8Array): boolean {
  const bytes = Buffer.from(input);
  if (!isReply(bytes, QUERY)) return false;
  isTruncated(bytes);
  const answer = decodeAnswer(bytes, QUERY);
  if (typeof answer === 'string') return false;
  const written = answer.records.map(withTtl);
  const size = written.reduce((sum, one) => sum + one.length, 0);
  // Written out it may be longer than what a message can hold; numbers of records stay what they are.
  if (size > 65_000) return true;
  const again = decodeAnswer(Buffer.from(reply(written, answer.rcode)), QUERY);
  claim(typeof again !== 'string', `what was read cannot be read again: ${String(again)}`);
  claim(
    again.rcode === answer.rcode && Buffer.concat(again.records).equals(Buffer.concat(answer.records)),
    'the canonical records read as others',
  );
  return true;
}

/** A canonical record has no time to live; on the wire it has. */
function withTtl(canonical: Uint8Array): Uint8Array {
  let at = 0;
  while (canonical[at] !== 0) at += 1 + canonical[at]!;
  const typeAndClass = at + 1;
  return concat(canonical.subarray(0, typeAndClass + 4), new Uint8Array(4), canonical.subarray(typeAndClass + 4));
}

export const dns: Target = {
  name: 'dns',
  open: () => ({
    generate: (random: Random) => {
      const sent = random.oneIn(LARGE_EVERY) ? random.pick([large, chained]) : random.pick(replies);
      return random.oneIn(10) ? sent : mutateBytes(random, sent, { inputs: replies, tokens });
    },
    run,
  }),
};
