import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnswerOptions,
  type AnswerState,
  CHUNK_LINE_BYTES_MAX,
  CHUNKS_MAX,
  createAnswerParser,
} from '../../../node/probe/answer.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';

const OPTIONS: AnswerOptions = { method: 'GET', headerBytesMax: 1_024, bodyBytesMax: 4_096, keepBody: true };

type Read = { state: AnswerState; status: number; body: string };

/** Feeds the text in pieces of the given sizes (repeated), then ends the stream unless the parser was done before. */
function read(text: string, options: Partial<AnswerOptions> = {}, sizes: readonly number[] = [text.length || 1]): Read {
  const parser = createAnswerParser({ ...OPTIONS, ...options });
  const bytes = Buffer.from(text, 'latin1');
  let state: AnswerState = { kind: 'reading' };
  for (let at = 0, i = 0; at < bytes.length && state.kind === 'reading'; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    state = parser.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (state.kind === 'reading') state = parser.end();
  return { state, status: parser.statusCode(), body: parser.body().toString('latin1') };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const GOOD: [name: string, text: string, body: string][] = [
  ['content-length', `${OK}Content-Length: 5\r\n\r\nhello`, 'hello'],
  ['an empty body', `${OK}Content-Length: 0\r\n\r\n`, ''],
  ['a body until the end of the stream', `${OK}\r\nhello`, 'hello'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello', 'hello'],
  ['chunks', `${CHUNKED}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`, 'hello'],
  ['chunk extensions and trailers', `${CHUNKED}5;a="b"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`, 'hello'],
  ['the same length twice', `${OK}Content-Length: 2\r\ncontent-length: 2\r\n\r\nok`, 'ok'],
  ['an informational answer first', `HTTP/1.1 103 Early\r\nLink: x\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`, 'ok'],
  ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', 'ok'],
  ['bytes beyond the answer', `${OK}Content-Length: 2\r\n\r\nok and more`, 'ok'],
  ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
];

const FAULTS: [name: string, text: string, reason: Reason][] = [
  ['nothing at all', '', REASON.closedEarly],
  ['an end inside the status line', 'HTTP/1.1 20', REASON.closedEarly],
  ['an end inside the header', `${OK}Content-Le`, REASON.closedEarly],
  ['an end before the promised length', `${OK}Content-Length: 9\r\n\r\nshort`, REASON.closedEarly],
  ['an end inside a chunk', `${CHUNKED}5\r\nhel`, REASON.closedEarly],
  ['an end before the last chunk', `${CHUNKED}5\r\nhello\r\n`, REASON.closedEarly],
  ['an end inside the trailers', `${CHUNKED}0\r\nX: y\r\n`, REASON.closedEarly],
  ['another protocol', '220 mail.example ESMTP\r\n', REASON.malformedAnswer],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n', REASON.malformedAnswer],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', REASON.malformedAnswer],
  ['a status beyond 599', 'HTTP/1.1 999 No\r\n\r\n', REASON.malformedAnswer],
  ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n', REASON.malformedAnswer],
  ['a folded header', `${OK}A: b\r\n c\r\n\r\n`, REASON.malformedAnswer],
  ['a space before the colon', `${OK}Content-Length : 5\r\n\r\nhello`, REASON.malformedAnswer],
  ['a NUL in a header', `${OK}A: b\0c\r\n\r\n`, REASON.malformedAnswer],
  ['a header without a colon', `${OK}nonsense\r\n\r\n`, REASON.malformedAnswer],
  ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, REASON.malformedAnswer],
  ['a length behind a blank that is none of HTTP', `${OK}Content-Length: \xa05\r\n\r\nhello`, REASON.malformedAnswer],
  ['a negative length', `${OK}Content-Length: -1\r\n\r\n`, REASON.malformedAnswer],
  ['a length with a plus sign', `${OK}Content-Length: +5\r\n\r\nhello`, REASON.malformedAnswer],
  ['an empty length', `${OK}Content-Length:\r\n\r\n`, REASON.malformedAnswer],
  ['a length of 30 digits', `${OK}Content-Length: ${'1'.repeat(30)}\r\n\r\n`, REASON.malformedAnswer],
  ['length and chunks', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, REASON.malformedAnswer],
  ['gzip, chunked', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, REASON.malformedAnswer],
  ['chunks over HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', REASON.malformedAnswer],
  ['a chunk size that is no number', `${CHUNKED}xyz\r\n`, REASON.malformedAnswer],
  ['an empty chunk size', `${CHUNKED}\r\nhello`, REASON.malformedAnswer],
  ['a chunk size of 9 digits', `${CHUNKED}000000005\r\nhello`, REASON.malformedAnswer],
  ['a chunk longer than its size', `${CHUNKED}3\r\nhello\r\n0\r\n\r\n`, REASON.malformedAnswer],
  ['an endless chunk line', `${CHUNKED}5;${'x'.repeat(CHUNK_LINE_BYTES_MAX)}`, REASON.malformedAnswer],
  ['a switch of protocols', 'HTTP/1.1 101 Switching\r\n\r\n', REASON.malformedAnswer],
  ['informational answers without end', 'HTTP/1.1 100 Go\r\n\r\n'.repeat(5), REASON.malformedAnswer],
  ['an endless status line', `HTTP/1.1 200 ${'x'.repeat(2_000)}`, REASON.headerTooLarge],
  ['a header flood', OK + 'A: b\r\n'.repeat(500), REASON.headerTooLarge],
  ['a trailer flood', `${CHUNKED}0\r\n${'A: b\r\n'.repeat(500)}`, REASON.headerTooLarge],
  ['a promised length over the cap', `${OK}Content-Length: 4097\r\n\r\n`, REASON.bodyTooLarge],
  ['a chunk over the cap', `${CHUNKED}ffffffff\r\n`, REASON.bodyTooLarge],
  ['a body over the cap', `${OK}\r\n${'x'.repeat(4_097)}`, REASON.bodyTooLarge],
];

describe('the answer parser', () => {
  it.each(GOOD)('reads %s', (_name, text, body) => {
    expect(read(text)).toMatchObject({ state: { kind: 'complete' }, body });
  });

  it.each(FAULTS)('refuses %s', (_name, text, reason) => {
    expect(read(text).state).toMatchObject({ kind: 'fault', reason });
  });

  it.each([...GOOD, ...FAULTS].map(([name, text]) => [name, text]))('reads %s alike byte by byte', (_name, text) => {
    const { state: whole, ...rest } = read(text);
    const { state: bytewise, ...restBytewise } = read(text, {}, [1]);
    expect(bytewise).toEqual(whole);
    if (whole.kind === 'complete') expect(restBytewise).toEqual(rest);
  });

  it('reads any body alike however it is framed and however it arrives', () => {
    const body = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(body, sizes, fc.integer({ min: 1, max: 40 }), (text, pieces, chunkSize) => {
        const chunks = text.match(new RegExp(`[^]{1,${chunkSize}}`, 'g')) ?? [];
        const chunked = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
        const counted = `${OK}Content-Length: ${text.length}\r\n\r\n${text}`;
        for (const framed of [`${CHUNKED}${chunked}0\r\n\r\n`, counted, `${OK}\r\n${text}`]) {
          expect(read(framed, {}, pieces)).toEqual({ state: { kind: 'complete' }, status: 200, body: text });
        }
      }),
    );
  });

  it('never throws and never keeps more than its bounds, whatever arrives', () => {
    const fragment = fc.constantFrom(
      OK,
      CHUNKED,
      '\r\n',
      '\n',
      '5\r\nhello\r\n',
      '0\r\n',
      'A: b\r\n',
      'ffff',
      '\0',
      'x',
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 40 }), (fragments) => {
        const { state, body } = read(fragments.join(''), { bodyBytesMax: 64 });
        expect(state.kind).not.toBe('reading');
        expect(body.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('takes no body after HEAD, and keeps none when not asked', () => {
    expect(read(`${OK}Content-Length: 500\r\n\r\n`, { method: 'HEAD' }).state.kind).toBe('complete');
    expect(read(`${OK}Content-Length: 2\r\n\r\nok`, { keepBody: false })).toMatchObject({ body: '', status: 200 });
  });

  it('refuses a body of too many tiny chunks', () => {
    const text = CHUNKED + '1\r\nx\r\n'.repeat(CHUNKS_MAX + 1);
    const { state } = read(text, { bodyBytesMax: 1 << 20 });
    expect(state).toMatchObject({ kind: 'fault', reason: REASON.bodyTooLarge });
  });
});
