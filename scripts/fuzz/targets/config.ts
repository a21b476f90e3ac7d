import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { AggregateConfig, CONFIG_BYTES_MAX, readConfig, readDeployment, WatchConfig } from '../../../cli/config.ts';
import { concat } from '../../../protocol/bytes.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { mutateBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import { mutateValue } from '../structure.ts';
import { claim, type Target } from '../target.ts';

/** An input is which kind of file (1) and its text. */
const PREFIX_BYTES = 1;

/** A program reads its own operator's file once, and the YAML library lists every mistake in it before it gives up. */
const CONFIG_MICROS_MAX = 1_000_000;

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));
const address = (digit: string) => `0x${digit.repeat(40)}`;

const aggregate = {
  rpc: 'http://127.0.0.1:8545',
  deployment: 'deployment.json',
  dataDir: 'data',
  submitterKeyFile: 'key.hex',
  listen: ['/ip4/0.0.0.0/tcp/4601'],
  announce: [],
  bootnodes: ['/ip4/127.0.0.1/tcp/4602/p2p/12D3KooW'],
  inboundConnectionThreshold: 5,
  redialMillisMax: 30_000,
  log: { level: 'info', destination: 'stderr' },
};
const watch = {
  ...aggregate,
  keystore: '/keys/keystore.json',
  keystorePasswordFile: '../password.txt',
  expectJournal: true,
  retentionEpochs: 100,
  archive: false,
  archiveEpochs: 1_000,
  controls: ['1.1.1.1:443', '[2606:4700::1111]:443'],
  secondResolvers: ['9.9.9.9', '2620:fe::fe'],
  allowLoopbackTargets: false,
};
const deployment = {
  chainId: 31_337,
  deployBlock: 0,
  token: address('1'),
  registry: address('2'),
  services: address('3'),
  oracle: address('a'),
  vault: address('B'),
};
const FILES = [watch, aggregate, deployment] as const;
const texts = FILES.flatMap((value) => [bytesOf(stringify(value)), bytesOf(JSON.stringify(value, null, 1))]);

const tokens = [
  '&a ',
  '*a',
  '<<: *a\n',
  '<<: ',
  '!!binary ',
  '!!set ',
  '!!map ',
  '!!timestamp ',
  '!x ',
  '? ',
  ': ',
  '- ',
  '| \n',
  '>-\n',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '\\x',
  '\t',
  '\n  ',
  '#',
  '0x10',
  '1e400',
  '.inf',
  '.nan',
  '~',
  '__proto__: ',
  'constructor: ',
  '\u2028',
  '\ufeff',
].map(bytesOf);

function read(path: string, kind: number): Promise<object> {
  if (kind === 0) return readConfig(path, WatchConfig);
  return kind === 1 ? readConfig(path, AggregateConfig) : readDeployment(path);
}

function made(random: Random, kind: number): Uint8Array {
  const own = texts.slice(2 * kind, 2 * kind + 2);
  if (random.oneIn(2)) return mutateBytes(random, random.pick(own), { inputs: texts, tokens });
  let value: object = FILES[kind]!;
  for (let left = random.below(3); left > 0; left--) value = mutateValue(random, value, { loose: true });
  // JSON is YAML; writing YAML costs more than reading it, so it is rare.
  return bytesOf(random.oneIn(16) ? stringify(value) : (JSON.stringify(value) ?? ''));
}

export const config: Target = {
  name: 'config',
  microsMax: CONFIG_MICROS_MAX,
  open: ({ scratch }) => {
    const path = join(scratch, 'config.yaml');
    return {
      generate: (random) => {
        const kind = random.below(FILES.length);
        return concat(Uint8Array.of(kind), made(random, kind));
      },
      // One line and a code for whoever wrote the file; and what was read, written out, reads the same.
      run: async (input) => {
        const kind = input[0] ?? 0;
        writeFileSync(path, input.subarray(PREFIX_BYTES));
        let value: object;
        try {
          value = await read(path, kind);
        } catch (error) {
          if (!(error instanceof PlumblineError) || error.code !== 'config') throw error;
          claim(!error.message.includes('\n'), `a message of several lines: ${JSON.stringify(error.message)}`);
          return false;
        }
        const again = JSON.stringify(value);
        // Escapes can make it longer than a file may be.
        if (again.length > CONFIG_BYTES_MAX) return true;
        writeFileSync(path, again);
        claim(isDeepStrictEqual(await read(path, kind), value), 'what was read does not read the same again');
        return true;
      },
    };
  },
};
