/**
 * One question and its answer in the wire format of RFC 1035, nothing more: no zone transfer, no EDNS. What arrives is
 * hostile until proven otherwise; every name is bounded and every pointer leads backwards, so reading always ends.
 */

/** What is asked: class IN, one name, one type. */
export type DnsQuestion = {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly type: number;
  /** Whether the server is asked to ask others on: for a resolver, not for a name server of the zone. */
  readonly recurse: boolean;
};

export type DnsAnswer = {
  readonly rcode: number;
  /** The answer section, canonical and sorted, each record once: what a digest is taken of. */
  readonly records: readonly Uint8Array[];
};

/** Types of records that can be asked for: those whose canonical form `decodeAnswer` knows. */
export const DNS_TYPES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DS: 43,
  DNSKEY: 48,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  CAA: 257,
};
/** RFC 1035 section 2.3.4: a name on the wire, its lengths and the final zero included. */
export const NAME_BYTES_MAX = 255;
/** RFC 1035 section 2.3.4; the two bits above tell a pointer. */
export const LABEL_BYTES_MAX = 63;
/** As many as a name may have labels; what more there are lead nowhere, and cost a jump each. */
export const POINTERS_MAX = 127;

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const FLAG_REPLY = 0x8000;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSE = 0x0100;
const OPCODE_BITS = 0x7800;
const POINTER_BITS = 0xc0;
const DNAME = 39;
/** Types whose data holds names, which may be compressed: bytes before the first name, and how many names follow. */
const NAMES_IN: ReadonlyMap<number, readonly [before: number, names: number]> = new Map([
  [DNS_TYPES.NS!, [0, 1]],
  [DNS_TYPES.CNAME!, [0, 1]],
  [DNS_TYPES.PTR!, [0, 1]],
  [DNAME, [0, 1]],
  [DNS_TYPES.SOA!, [0, 2]],
  [DNS_TYPES.MX!, [2, 1]],
  [DNS_TYPES.SRV!, [6, 1]],
]);

export function encodeQuery(question: DnsQuestion, id: number): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(question.recurse ? FLAG_RECURSE : 0, 2);
  head.writeUInt16BE(1, 4);
  return Buffer.concat([head, nameBytes(question.name), twoBytes(question.type), twoBytes(CLASS_IN)]);
}

/**
 * Whether these bytes answer this very query: id, and the question repeated (an error may leave it out). Others are none
 * of the probe's business: anybody can send a datagram.
 */
export function isReply(bytes: Buffer, query: Buffer): boolean {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  const flags = bytes.readUInt16BE(2);
  if ((flags & FLAG_REPLY) === 0 || (flags & OPCODE_BITS) !== 0) return false;
  const questions = bytes.readUInt16BE(4);
  if (questions === 0) return (flags & 0xf) !== 0;
  const typeAt = query.length - 4;
  const isSameName = lowered(bytes.subarray(HEADER_BYTES, typeAt)).equals(query.subarray(HEADER_BYTES, typeAt));
  return questions === 1 && isSameName && bytes.subarray(typeAt, query.length).equals(query.subarray(typeAt));
}

/** Of a reply: whether it did not fit, so that the query is to be repeated over TCP. */
export function isTruncated(reply: Buffer): boolean {
  return (reply.readUInt16BE(2) & FLAG_TRUNCATED) !== 0;
}

/** Whether one of the canonical records is of the type that this query asks for. */
export function holdsAsked(records: readonly Uint8Array[], query: Buffer): boolean {
  const asked = query.readUInt16BE(query.length - 4);
  return records.some((record) => {
    const typeAt = record.indexOf(0) + 1;
    return ((record[typeAt]! << 8) | record[typeAt + 1]!) === asked;
  });
}

/** Reads a reply to this query; a text says what is malformed. What follows the answer section is not looked at. */
export function decodeAnswer(reply: Buffer, query: Buffer): DnsAnswer | string {
  const rcode = reply.readUInt16BE(2) & 0xf;
  const records = new Map<string, Buffer>();
  let at = reply.readUInt16BE(4) === 0 ? HEADER_BYTES : query.length;
  // As many as the header claims, and never more than the bytes there are: a record takes 11 of them at least.
  for (let left = reply.readUInt16BE(6); left > 0; left--) {
    const owner = readName(reply, at);
    if (owner === undefined) return 'a name in the answer is malformed';
    if (owner.end + 10 > reply.length) return 'the answer ends within a record';
    const type = reply.readUInt16BE(owner.end);
    const start = owner.end + 10;
    const end = start + reply.readUInt16BE(owner.end + 8);
    if (end > reply.length) return 'the answer ends within a record';
    const data = canonicalData(reply, type, start, end);
    if (data === undefined) return `a record of type ${type} is malformed`;
    const typeAndClass = reply.subarray(owner.end, owner.end + 4);
    const record = Buffer.concat([owner.bytes, typeAndClass, twoBytes(data.length), data]);
    records.set(record.toString('latin1'), record);
    at = end;
  }
  return { rcode, records: [...records.values()].sort(Buffer.compare) };
}

/** Names within the data written out and in lower case (RFC 4034 section 6.2), everything else as it is. */
function canonicalData(message: Buffer, type: number, start: number, end: number): Buffer | undefined {
  const [before, names] = NAMES_IN.get(type) ?? [0, 0];
  const parts: Buffer[] = [message.subarray(start, start + before)];
  let at = start + before;
  for (let i = 0; i < names; i++) {
    const name = at < end ? readName(message, at) : undefined;
    if (name === undefined || name.end > end) return undefined;
    parts.push(name.bytes);
    at = name.end;
  }
  return Buffer.concat([...parts, message.subarray(at, end)]);
}

/** Room for the name that is being read; what is handed out is a copy. */
const scratch = Buffer.alloc(NAME_BYTES_MAX);

/**
 * A name written out in lower case, and where the message goes on behind it. Undefined when it is malformed. Byte by byte: a
 * hostile answer has ten thousand names of 127 labels, and a slice of each would hold up the probes beside this one.
 */
function readName(message: Buffer, start: number): { bytes: Buffer; end: number } | undefined {
  let size = 0;
  let at = start;
  let end: number | undefined;
  let lowest = start;
  let pointers = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length >= POINTER_BITS) {
      if (at + 2 > message.length) return undefined;
      const to = message.readUInt16BE(at) & 0x3fff;
      // Always further back than everything read so far: no circle, and no more jumps than bytes.
      if (to >= lowest || ++pointers > POINTERS_MAX) return undefined;
      end ??= at + 2;
      lowest = to;
      at = to;
      continue;
    }
    if (length > LABEL_BYTES_MAX || at + 1 + length > message.length) return undefined;
    // The final zero, which is to come, takes a byte as well.
    if (length > 0 && size + 1 + length + 1 > NAME_BYTES_MAX) return undefined;
    scratch[size] = length;
    for (let i = 1; i <= length; i++) scratch[size + i] = small(message[at + i]!);
    size += 1 + length;
    at += 1 + length;
    if (length === 0) return { bytes: Buffer.from(scratch.subarray(0, size)), end: end ?? at };
  }
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** ASCII capitals as small letters; the lengths between labels are below all capitals. */
const small = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

function lowered(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map(small));
}

function twoBytes(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
