import { createServer } from 'node:http';
import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  PATH_STEPS_MAX,
  parseJsonPath,
  VALUE_DEPTH_MAX,
  valueAt,
} from '../../../node/probe/jsonpath.ts';
import {
  decodeJsonQuery,
  encodeJsonQuery,
  isJsonQuery,
  JSON_BYTES_MAX,
  jsonProbe,
} from '../../../node/probe/jsonquery.ts';
import { encodeRpcDemand } from '../../../node/probe/jsonrpc.ts';
import { judge } from '../../../node/probe/judge.ts';
import type { ServiceTarget } from '../../../node/probe/target.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { OUTCOME } from '../../../protocol/sample.ts';
import { SERVICE_KIND } from '../../../protocol/service.ts';
import { serve, toolsFor } from './raw-server.ts';
import { targetAt } from './target-fixture.ts';

const good = { outcome: OUTCOME.good, reason: REASON.ok };
const bad = (reason: Reason) => ({ outcome: OUTCOME.bad, reason });
const REQUEST = '{"jsonrpc":"2.0","id":1,"method":"status","params":[]}';
const extraOf = (path: string, request = REQUEST) => encodeJsonQuery({ request, path });
const digestOf = (text: string) => keccak_256(Buffer.from(text));

/** A real server that gives this answer, what it was sent, and one probe of it. */
async function world(body: string | Buffer, status = 200) {
  const seen: { method: string | undefined; type: string | undefined; body: string }[] = [];
  const server = await serve(
    createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        seen.push({
          method: request.method,
          type: request.headers['content-type'],
          body: Buffer.concat(parts).toString(),
        });
        response.writeHead(status).end(body);
      });
    }),
  );
  const probe = async (more: Partial<ServiceTarget>) => {
    const target = targetAt(server.url, { kind: SERVICE_KIND.jsonRpc, timeoutMillis: 20_000, ...more });
    const result = await jsonProbe(toolsFor(), target, new AbortController().signal);
    return { ...result, judged: judge(result, target) };
  };
  return { seen, probe, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const ANSWER = JSON.stringify({ jsonrpc: '2.0', id: 1, result: { peers: [{ id: 'x', n: 1.5 }, null], ok: true } });

describe('a query of JSON', () => {
  it('sends the registered request word for word, and is good with any value at its path', async () => {
    await using it = await world(ANSWER);
    const result = await it.probe({ extra: extraOf('$.result.peers[0].n') });
    expect(result.judged).toEqual(good);
    expect(result.body).toBeUndefined();
    expect(result.bodyDigest.every((byte) => byte === 0)).toBe(true);
    expect(it.seen).toEqual([{ method: 'POST', type: 'application/json', body: REQUEST }]);
  });

  it.each([
    ['$.result.peers[0]', '{"id":"x","n":1.5}'],
    ['$.result.peers[1]', 'null'],
    ['$.result.ok', 'true'],
    ['$.result.peers', '[{"id":"x","n":1.5},null]'],
    ['$', '{"id":1,"jsonrpc":"2.0","result":{"ok":true,"peers":[{"id":"x","n":1.5},null]}}'],
  ])('is good when the value at %s is %s, and bad with any other', async (path, text) => {
    await using it = await world(ANSWER);
    const right = await it.probe({ extra: extraOf(path), expectedBodyDigest: digestOf(text) });
    expect(right.judged).toEqual(good);
    expect(right.bodyDigest).toEqual(digestOf(text));
    const wrong = await it.probe({ extra: extraOf(path), expectedBodyDigest: digestOf(`${text} `) });
    expect(wrong.judged).toEqual(bad(REASON.wrongAnswer));
    expect(wrong.bodyDigest).toEqual(digestOf(text));
  });

  it.each([
    ['an error', 200, '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}', REASON.rpcError],
    ['no JSON', 200, '<html>', REASON.rpcError],
    ['half of it', 200, ANSWER.slice(0, -1), REASON.rpcError],
    ['bytes that are no UTF-8', 200, Buffer.from([0x22, 0xff, 0x22]), REASON.rpcError],
    ['nothing', 200, '', REASON.rpcError],
    ['an inherited member', 200, '{"x":1}', REASON.rpcError],
    ['another status', 500, ANSWER, REASON.wrongStatus],
  ])('is bad when the answer is %s', async (_name, status, body, reason) => {
    await using it = await world(body, status);
    const path = _name === 'an inherited member' ? '$.constructor' : '$.result';
    const result = await it.probe({ extra: extraOf(path), expectedBodyDigest: digestOf('1') });
    expect(result.judged).toEqual(bad(reason));
    expect(result.bodyDigest.every((byte) => byte === 0)).toBe(true);
  });

  it('is bad when the answer is nested too deeply to be looked at, or too long', async () => {
    const nested = (depth: number) => `{"a\\"[[":"]]","result":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    await using deep = await world(nested(50_000));
    expect((await deep.probe({ extra: extraOf('$.result') })).judged).toEqual(bad(REASON.rpcError));
    await using just = await world(nested(VALUE_DEPTH_MAX - 1));
    expect((await just.probe({ extra: extraOf('$.result') })).judged).toEqual(good);
    await using more = await world(nested(VALUE_DEPTH_MAX));
    expect((await more.probe({ extra: extraOf('$.result') })).judged).toEqual(bad(REASON.rpcError));
    await using long = await world(JSON.stringify('x'.repeat(JSON_BYTES_MAX)));
    expect((await long.probe({ extra: extraOf('$') })).judged).toEqual(bad(REASON.bodyTooLarge));
  });

  it('sends nothing for settings that it does not understand', async () => {
    await using it = await world(ANSWER);
    const whole = extraOf('$.result');
    for (const extra of [
      extraOf('$..result'),
      extraOf('$.result', 'no JSON'),
      whole.subarray(0, 32),
      whole.subarray(0, -1),
      Buffer.concat([whole, Buffer.alloc(32)]),
    ]) {
      expect((await it.probe({ extra })).reason).toBe(REASON.unsupported);
    }
    expect(it.seen).toEqual([]);
  });

  it('is told from the settings of an EVM node by its first word', () => {
    expect(isJsonQuery(extraOf('$'))).toBe(true);
    expect(isJsonQuery(encodeRpcDemand({ chainId: 2n ** 64n - 1n, headAgeSecondsMax: 2 ** 32 - 1, depth: 8 }))).toBe(
      false,
    );
    expect(isJsonQuery(new Uint8Array(0))).toBe(false);
    expect(decodeJsonQuery(extraOf('$.a[0]'))).toEqual({ request: REQUEST, path: ['a', 0] });
  });
});

describe('a JSON path', () => {
  it.each([
    ['$', []],
    ['$.a', ['a']],
    ['$.a.b[0].c-d[12]', ['a', 'b', 0, 'c-d', 12]],
    [`$${'[0]'.repeat(PATH_STEPS_MAX)}`, new Array(PATH_STEPS_MAX).fill(0)],
  ])('%s', (text, path) => {
    expect(parseJsonPath(text)).toEqual(path);
  });

  it.each([
    '',
    'a',
    '$a',
    '$.',
    '$..a',
    '$.a.',
    '$.*',
    '$[*]',
    '$[-1]',
    '$[01]',
    '$[0',
    "$['a']",
    '$.a b',
    '$ .a',
    '$.0',
    '$[1000000]',
    `$${'[0]'.repeat(PATH_STEPS_MAX + 1)}`,
    `$.${'a'.repeat(600)}`,
  ])('%j is refused', (text) => {
    expect(parseJsonPath(text)).toBeUndefined();
  });

  it('leads to own members and elements alone', () => {
    const json = JSON.parse('{"a":[1,{"b":null}],"__proto__":{"x":2}}');
    expect(valueAt(json, ['a', 1, 'b'])).toBeNull();
    expect(valueAt(json, ['__proto__', 'x'])).toBe(2);
    for (const path of [['a', 'length'], ['a', 2], ['toString'], ['a', 0, 'toFixed'], [0]]) {
      expect(valueAt(json, path)).toBeUndefined();
    }
  });
});

describe('the canonical text of a JSON value', () => {
  it('is the same whatever the order of members and the blanks, and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        const turned = JSON.parse(JSON.stringify(value), (_key, inner) =>
          inner && typeof inner === 'object' && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).reverse())
            : inner,
        );
        expect(canonicalJson(turned)).toBe(text);
      }),
    );
  });
});
