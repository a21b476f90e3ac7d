import { REASON, type Reason } from '../../protocol/reason.ts';

/**
 * A strict, incremental parser of one HTTP/1.1 answer (RFC 9112) with a bound on everything it keeps. The sender is
 * hostile until proven otherwise, and two watchers must read the same bytes alike: no leniency anywhere (bare LF,
 * folded lines, several framings at once are all malformed).
 */
export interface AnswerParser {
  /** Takes the next bytes; `complete` ends the probe (bytes beyond the answer are ignored), a fault too. */
  push(bytes: Buffer): AnswerState;
  /** The peer sent its end of stream. */
  end(): AnswerState;
  /** 0 until the status line of the final answer was read. */
  statusCode(): number;
  /** The body so far, after transfer decoding; empty unless `keepBody`. */
  body(): Buffer;
  /** What arrived behind a complete answer: after an upgrade, the first bytes of the other protocol. */
  rest(): Buffer;
  /** The value of the first field of that name (lower case) in the final answer's header; undefined when there is none. */
  field(name: string): string | undefined;
  /** The values of all fields of that name, in their order. */
  fields(name: string): string[];
}

export type AnswerState =
  | { kind: 'reading' }
  | { kind: 'complete' }
  | { kind: 'fault'; reason: Reason; detail: string };

export type AnswerOptions = {
  method: string;
  headerBytesMax: number;
  bodyBytesMax: number;
  keepBody: boolean;
  /** An upgrade was asked for: status 101 is a final answer, and what follows its header is no HTTP. */
  upgrade?: boolean;
};

/** Informational answers (100, 103) before the final one; they also share the header cap. */
export const INFORMATIONAL_MAX = 4;
/** A chunk-size line with its extensions; real ones are under 20 bytes. */
export const CHUNK_LINE_BYTES_MAX = 256;
/** Chunks of one body: a megabyte in chunks of one byte would stall the event loop for a second. */
export const CHUNKS_MAX = 1 << 16;

const BODY_BYTES_START = 4_096;

const NOTHING = Buffer.alloc(0);
const CRLF = Buffer.from('\r\n');
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** Blanks around the value are trimmed afterwards: two ways to match them would try a long line of blanks in every way. */
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/;
const CHUNK_LINE = /^([0-9a-fA-F]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

type Step = 'status' | 'fields' | 'counted' | 'untilEnd' | 'chunkSize' | 'chunkData' | 'chunkEnd' | 'trailers' | 'done';

class Fault extends Error {
  readonly reason: Reason;
  constructor(reason: Reason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

const malformed = (detail: string) => new Fault(REASON.malformedAnswer, detail);
const chunkLineTooLong = () => malformed(`a chunk line exceeds ${CHUNK_LINE_BYTES_MAX} bytes`);

export function createAnswerParser(options: AnswerOptions): AnswerParser {
  let step: Step = 'status';
  let pending: Buffer = NOTHING;
  let headerBytes = 0;
  let informational = 0;
  let status = 0;
  let minor = 1;
  let fields: [name: string, value: string][] = [];
  let bytesLeft = 0;
  let chunks = 0;
  let bodyBytes = 0;
  let store: Buffer = NOTHING;

  /**
   * The next line without its CRLF, or undefined when it has not arrived; never buffers more than `bytesMax`. Faults are
   * made when they happen: an error takes longer to make than a line to read.
   */
  const takeLine = (bytesMax: number, tooLong: () => Fault): string | undefined => {
    const at = pending.indexOf(CRLF);
    if ((at < 0 ? pending.length : at + 2) > bytesMax) throw tooLong();
    if (at < 0) return undefined;
    const line = pending.toString('latin1', 0, at);
    pending = pending.subarray(at + 2);
    return line;
  };

  const headerTooLarge = () =>
    new Fault(REASON.headerTooLarge, `the header section exceeds ${options.headerBytesMax} bytes`);
  const takeHeaderLine = (): string | undefined => {
    const line = takeLine(options.headerBytesMax - headerBytes, headerTooLarge);
    if (line !== undefined) headerBytes += line.length + 2;
    return line;
  };

  /** Counts the bytes and, when asked, copies them into one store: a list of tiny slices would cost 100 times more. */
  const keep = (bytes: Buffer) => {
    const end = bodyBytes + bytes.length;
    if (end > options.bodyBytesMax) throw bodyTooLarge();
    if (options.keepBody) {
      if (end > store.length)
        store = grown(store, bodyBytes, Math.min(Math.max(end, 2 * store.length), options.bodyBytesMax));
      bytes.copy(store, bodyBytes);
    }
    bodyBytes = end;
  };
  const bodyTooLarge = () => new Fault(REASON.bodyTooLarge, `the body exceeds ${options.bodyBytesMax} bytes`);

  /** Moves up to `bytesLeft` pending bytes into the body; true when all of them have arrived. */
  const takeCounted = (): boolean => {
    const bytes = pending.subarray(0, bytesLeft);
    pending = pending.subarray(bytes.length);
    bytesLeft -= bytes.length;
    keep(bytes);
    return bytesLeft === 0;
  };

  const valuesOf = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value);

  /** How the body is framed (RFC 9112 §6.3), strictly: anything ambiguous is malformed. */
  const frame = (): Step => {
    const encodings = valuesOf('transfer-encoding');
    const lengths = valuesOf('content-length').flatMap((value) => value.split(',').map(withoutBlanks));
    if (encodings.length > 0 && lengths.length > 0) throw malformed('both Transfer-Encoding and Content-Length');
    if (encodings.length > 0) {
      const chunked = encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked' && minor === 1;
      if (!chunked) throw malformed(`Transfer-Encoding ${encodings.join(', ')} is not plain chunked`);
    }
    for (const length of lengths) {
      if (!CONTENT_LENGTH.test(length) || length !== lengths[0]) throw malformed('Content-Length is not one number');
    }
    if (options.method === 'HEAD' || status === 204 || status === 304) return 'done';
    if (encodings.length > 0) return 'chunkSize';
    if (lengths.length === 0) return 'untilEnd';
    bytesLeft = Number(lengths[0]);
    if (bytesLeft > options.bodyBytesMax) throw bodyTooLarge();
    return bytesLeft === 0 ? 'done' : 'counted';
  };

  const afterFields = (): Step => {
    if (status >= 200) return frame();
    if (status === 101 && options.upgrade && minor === 1) return 'done';
    // 101 answers an Upgrade that was never sent; a swarm of others only wastes the probe's time.
    if (status === 101 || ++informational > INFORMATIONAL_MAX) throw malformed(`unexpected status ${status}`);
    status = 0;
    return 'status';
  };

  /** One step forward; false when more bytes are needed. */
  const advance = (): boolean => {
    if (step === 'status') {
      const line = takeHeaderLine();
      if (line === undefined) return false;
      const match = STATUS_LINE.exec(line);
      if (match === null) throw malformed('the status line is not HTTP/1.1');
      minor = Number(match[1]);
      status = Number(match[2]);
      fields = [];
      step = 'fields';
    } else if (step === 'fields' || step === 'trailers') {
      const line = takeHeaderLine();
      if (line === undefined) return false;
      if (line === '') {
        step = step === 'trailers' ? 'done' : afterFields();
        return true;
      }
      const match = FIELD_LINE.exec(line);
      if (match === null) throw malformed('a header line is malformed');
      if (step === 'fields') fields.push([match[1]!.toLowerCase(), withoutBlanks(match[2]!)]);
    } else if (step === 'chunkSize') {
      const line = takeLine(CHUNK_LINE_BYTES_MAX, chunkLineTooLong);
      if (line === undefined) return false;
      const match = CHUNK_LINE.exec(line);
      if (match === null) throw malformed('a chunk size is malformed');
      bytesLeft = Number.parseInt(match[1]!, 16);
      if (bodyBytes + bytesLeft > options.bodyBytesMax) throw bodyTooLarge();
      if (++chunks > CHUNKS_MAX) throw new Fault(REASON.bodyTooLarge, `the body has more than ${CHUNKS_MAX} chunks`);
      step = bytesLeft === 0 ? 'trailers' : 'chunkData';
    } else if (step === 'counted' || step === 'chunkData') {
      if (!takeCounted()) return false;
      step = step === 'counted' ? 'done' : 'chunkEnd';
    } else if (step === 'chunkEnd') {
      if (pending.length < CRLF.length) return false;
      if (!pending.subarray(0, CRLF.length).equals(CRLF)) throw malformed('a chunk is longer than its size');
      pending = pending.subarray(CRLF.length);
      step = 'chunkSize';
    } else if (step === 'untilEnd') {
      keep(pending);
      pending = NOTHING;
      return false;
    }
    return step !== 'done';
  };

  const run = (last: () => void): AnswerState => {
    try {
      while (step !== 'done' && advance());
      last();
    } catch (error) {
      if (error instanceof Fault) return { kind: 'fault', reason: error.reason, detail: error.message };
      throw error;
    }
    return { kind: step === 'done' ? 'complete' : 'reading' };
  };

  return {
    push: (bytes) => {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      return run(() => undefined);
    },
    end: () =>
      run(() => {
        if (step === 'untilEnd') step = 'done';
        else if (step !== 'done') throw new Fault(REASON.closedEarly, `closed while reading the ${WHERE[step]}`);
      }),
    statusCode: () => (status >= 200 || (status === 101 && step === 'done') ? status : 0),
    field: (name) => fields.find(([field]) => field === name)?.[1],
    fields: valuesOf,
    rest: () => pending,
    body: () => store.subarray(0, options.keepBody ? bodyBytes : 0),
  };
}

/** Without the blanks of HTTP around it (RFC 9110 section 5.6.3), which are fewer than those of `trim`. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text[start]!)) start += 1;
  while (end > start && isBlank(text[end - 1]!)) end -= 1;
  return text.slice(start, end);
}

const isBlank = (character: string) => character === ' ' || character === '\t';

function grown(store: Buffer, used: number, size: number): Buffer {
  const next = Buffer.alloc(Math.max(size, BODY_BYTES_START));
  store.copy(next, 0, 0, used);
  return next;
}

const WHERE: Record<Exclude<Step, 'done' | 'untilEnd'>, string> = {
  status: 'status line',
  fields: 'header',
  counted: 'body',
  chunkSize: 'body',
  chunkData: 'body',
  chunkEnd: 'body',
  trailers: 'trailers',
};
