/**
 * A JSON-RPC service for the devnet to measure: a real HTTP server on 127.0.0.1 before the devnet's own EVM, as honest as it is told.
 *
 *   node scripts/devnet/rpc-service.ts --name stale --manner stale
 *
 * `POST /` passes a batch on and answers it in its manner, 503 before it knows its upstream. `GET /.well-known/plumbline` answers
 * the consent text. Over IPC it sends `{type:'listening', port}` and obeys `{type:'upstream', url}` and `{type:'consent', text}`;
 * it ends when its parent goes away.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { CONSENT_PATH } from '../../node/probe/consent.ts';
import { postJson } from '../../platform/post.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';

/**
 * honest passes everything on. ahead calls a newest block that is not there. stale knows no block of the last while. error says
 * that it failed, with status 200. fork has other hashes.
 */
export const MANNERS = ['honest', 'ahead', 'stale', 'error', 'fork'] as const;
export type Manner = (typeof MANNERS)[number];

/** What `ahead` adds to the height of its newest block. */
export const AHEAD_BLOCKS = 1_000;
/** How far `stale` is behind. */
export const STALE_BLOCKS = 12;
/** A batch of a probe is some hundred bytes. */
export const REQUEST_BYTES_MAX = 64 << 10;
/** Of anvil's answers; blocks come without transactions. */
export const ANSWER_BYTES_MAX = 4 << 20;
/** anvil is on this machine. */
export const UPSTREAM_MILLIS_MAX = 5_000;
/** anvil's distance from the newest to the final block, as platform/chain/anvil.ts starts it. */
const FINAL_BLOCKS = 2;

type Call = { id: number; method: string; params: unknown[] };
type Block = { number: string; hash: string };
type Answer = { id: number; result?: Block | string | null };
type Ask = (calls: readonly Call[]) => Promise<Answer[]>;

/** The answers to a batch in a manner. @throws when the upstream does not answer */
export async function answerIn(manner: Manner, calls: readonly Call[], ask: Ask): Promise<unknown> {
  if (manner === 'error') return { jsonrpc: '2.0', id: null, error: { code: -32603, message: 'internal error' } };
  if (manner === 'stale') return ask(await behind(calls, ask));
  const answers = await ask(calls);
  if (manner === 'honest') return answers;
  return answers.map((answer) => {
    const { result } = answer;
    if (typeof result !== 'object' || result === null) return answer;
    const tag = calls.find(({ id }) => id === answer.id)?.params[0];
    if (manner === 'fork') return { ...answer, result: { ...result, hash: otherHash(result.hash) } };
    return tag === 'latest' ? { ...answer, result: ahead(result) } : answer;
  });
}

const otherHash = (hash: string) => `0x${createHash('sha256').update(hash).digest('hex')}`;
const ahead = (block: Block): Block => ({
  ...block,
  number: `0x${(Number(block.number) + AHEAD_BLOCKS).toString(16)}`,
  hash: otherHash(block.hash),
});

/** The same questions about the chain as it was STALE_BLOCKS ago. */
async function behind(calls: readonly Call[], ask: Ask): Promise<Call[]> {
  const [newest] = await ask([{ id: 0, method: 'eth_blockNumber', params: [] }]);
  const head = Math.max(0, Number(newest?.result) - STALE_BLOCKS);
  const heights: Record<string, number> = { latest: head, finalized: Math.max(0, head - FINAL_BLOCKS) };
  return calls.map((call) => {
    const height = heights[String(call.params[0])];
    return height === undefined ? call : { ...call, params: [`0x${height.toString(16)}`, ...call.params.slice(1)] };
  });
}

export interface RpcService {
  server: Server;
  handle(message: unknown): void;
}

export function createRpcService(manner: Manner): RpcService {
  let upstream = '';
  let consentText = '';
  const ask: Ask = async (calls) => {
    const text = JSON.stringify(calls.map((call) => ({ jsonrpc: '2.0', ...call })));
    const body = await postJson(upstream, text, { millisMax: UPSTREAM_MILLIS_MAX, bytesMax: ANSWER_BYTES_MAX });
    if (!body) throw new PlumblineError('devnet-service', 'the EVM did not answer');
    return JSON.parse(Buffer.from(body).toString('utf8')) as Answer[];
  };
  const answer = (response: ServerResponse, status: number, text: string) => {
    response.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'text/plain' }).end(text);
  };
  const server = createServer((request, response) => {
    if (request.url === CONSENT_PATH) return answer(response, consentText === '' ? 404 : 200, consentText);
    if (request.method !== 'POST' || upstream === '') return answer(response, 503, 'not yet\n');
    bodyOf(request)
      .then(async (text) => answerIn(manner, JSON.parse(text) as Call[], ask))
      .then((body) => answer(response, 200, JSON.stringify(body)))
      .catch((error: unknown) => answer(response, 502, `${errorMessage(error)}\n`));
  });
  const handle = (message: unknown) => {
    const command = message as { type: string; url?: string; text?: string };
    if (command.type === 'upstream') upstream = command.url ?? '';
    if (command.type === 'consent') consentText = command.text ?? '';
  };
  return { server, handle };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > REQUEST_BYTES_MAX) throw new PlumblineError('devnet-service', `more than ${REQUEST_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function main(): void {
  const { values } = parseArgs({
    options: { name: { type: 'string', default: 'rpc' }, manner: { type: 'string', default: 'honest' } },
  });
  const manner = MANNERS.find((one) => one === values.manner);
  if (!manner) throw new PlumblineError('devnet-service', `--manner is one of ${MANNERS.join(', ')}`);
  const service = createRpcService(manner);
  process.on('message', service.handle);
  process.on('disconnect', () => process.exit(0));
  service.server.listen(0, '127.0.0.1', () => {
    const { port } = service.server.address() as AddressInfo;
    process.send?.({ type: 'listening', port });
  });
}

if (import.meta.main) main();
