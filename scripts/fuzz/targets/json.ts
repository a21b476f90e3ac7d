import { canonicalJson, parseJson, parseJsonPath, valueAt } from '../../../node/probe/jsonpath.ts';
import { batchText, readBatch } from '../../../node/probe/rpc-batch.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { claim, type Target } from '../target.ts';

const HEIGHT = 7;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const block = (number: number) => ({
  number: `0x${number.toString(16)}`,
  timestamp: '0x65',
  hash: `0x${'ab'.repeat(32)}`,
});
const batch = (...results: unknown[]) => JSON.stringify(results.map((result, id) => ({ jsonrpc: '2.0', id, result })));

const answers = [
  batch('0x1', block(9), block(7), block(HEIGHT)),
  batch('0x7a69', block(9), null, null),
  JSON.stringify([
    { jsonrpc: '2.0', id: 3, error: { code: 1, message: 'no' } },
    ...(JSON.parse(batch('0x1', block(9), block(8))) as object[]),
  ]),
  JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32603, message: 'internal error' } }),
  `${'['.repeat(60)}"\\u00e4\\"]"${']'.repeat(60)}`,
  '{"data":{"price":[{"usd":1.50e2}]},"z":null,"a":true}',
  batchText(HEIGHT),
].map(bytesOf);
const tokens = [
  '[',
  ']',
  '{',
  '}',
  '"',
  '\\',
  ',',
  ':',
  '1e999',
  '-0',
  'null',
  '"__proto__":',
  '\ud800',
  '"id":0',
  '"result":',
].map(bytesOf);
const PATHS = ['$', '$.data.price[0].usd', '$[0].result', '$.__proto__', '$[1].result.number'].map(
  (path) => parseJsonPath(path)!,
);
/** One in so many inputs is a megabyte of what parsers like least. */
const LARGE_EVERY = 1_000;
const LARGE_BYTES = 1 << 20;
const large = ['[', '{"a":', '[{"id":0},', '"\\', '0x'].map((text) => bytesOf(text.repeat(LARGE_BYTES / text.length)));

/** Total, and its own answer: the canonical text of a value is the text of the same value. */
function run(input: Uint8Array): boolean {
  const read = readBatch(input, HEIGHT);
  const parsed = parseJson(input);
  if (parsed === undefined) {
    claim(typeof read === 'string', 'a batch that is no JSON');
    return false;
  }
  for (const path of PATHS) {
    const value = valueAt(parsed.json, path);
    if (value === undefined) continue;
    const text = canonicalJson(value);
    const again = parseJson(bytesOf(text));
    claim(again !== undefined && canonicalJson(again.json) === text, 'the canonical text reads as another value');
  }
  return typeof read !== 'string';
}

export const json: Target = {
  name: 'json',
  open: () => ({
    generate: (random: Random) => {
      const sent = random.oneIn(LARGE_EVERY) ? random.pick(large) : random.pick(answers);
      return random.oneIn(4) ? sent : mutateBytes(random, sent, { inputs: answers, tokens });
    },
    run,
  }),
};
