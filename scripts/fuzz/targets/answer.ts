import { type AnswerState, createAnswerParser } from '../../../node/probe/answer.ts';
import { BODY_BYTES_MAX, HEADER_BYTES_MAX } from '../../../node/probe/http.ts';
import { concat, equalBytes } from '../../../protocol/bytes.ts';
import { mutateBytes } from '../mutate.ts';
import { claim, type Target } from '../target.ts';
import { cut } from './pieces.ts';

/** An input begins with what was asked for (1), and how the answer is cut into pieces (1). */
const PREFIX_BYTES = 2;
/** A bound that inputs do reach. Bytes. */
const SMALL_BODY_BYTES_MAX = 200;

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

const answers = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok',
  'HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end',
  'HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n',
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n',
  `HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n${'b'.repeat(400)}`,
].map(bytesOf);

const tokens = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ': ',
  ' ',
  '\t',
  '\0',
  '\x7f',
  '\xa0',
  '0\r\n\r\n',
  'ffffffff',
  '100000',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'a:\r\n',
  '1\r\nx\r\n',
  ',',
  ';',
].map(bytesOf);

type Reading = { readonly state: AnswerState; readonly statusCode: number; readonly body: Uint8Array };

function read(pieces: readonly Uint8Array[], how: number): Reading {
  const bodyBytesMax = how & 4 ? SMALL_BODY_BYTES_MAX : BODY_BYTES_MAX;
  const parser = createAnswerParser({
    method: how & 1 ? 'HEAD' : 'GET',
    headerBytesMax: HEADER_BYTES_MAX,
    bodyBytesMax,
    keepBody: (how & 2) === 0,
  });
  let state: AnswerState = { kind: 'reading' };
  for (const piece of pieces) {
    state = parser.push(Buffer.from(piece));
    claim(parser.body().length <= bodyBytesMax, 'kept more of the body than allowed');
    if (state.kind !== 'reading') break;
  }
  if (state.kind === 'reading') state = parser.end();
  claim(state.kind !== 'reading', 'still reading after the end');
  return { state, statusCode: parser.statusCode(), body: parser.body() };
}

/** How the network cut an answer must not matter: two watchers have to read the same bytes alike. */
function run(input: Uint8Array): boolean {
  const [how = 0, cuts = 0] = input;
  const stream = input.subarray(PREFIX_BYTES);
  const whole = read([stream], how);
  const inPieces = read(cut(stream, cuts), how);
  const [a, b] = [whole.state, inPieces.state];
  const isSame = a.kind === 'fault' && b.kind === 'fault' ? a.reason === b.reason : a.kind === b.kind;
  claim(isSame, `at once: ${JSON.stringify(a)}, in pieces: ${JSON.stringify(b)}`);
  claim(whole.statusCode === inPieces.statusCode, 'the status code depends on how the answer was cut');
  if (a.kind !== 'complete') return false;
  claim(equalBytes(whole.body, inPieces.body), 'the body depends on how the answer was cut');
  claim(whole.statusCode >= 200, 'complete without a status');
  return true;
}

export const answer: Target = {
  name: 'answer',
  open: () => ({
    generate: (random) => {
      const sent = random.pick(answers);
      const stream = random.oneIn(10) ? sent : mutateBytes(random, sent, { inputs: answers, tokens });
      return concat(random.bytes(PREFIX_BYTES), stream);
    },
    run,
  }),
};
