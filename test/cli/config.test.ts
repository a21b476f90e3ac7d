import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { AggregateConfig, CONFIG_BYTES_MAX, readConfig, readDeployment, WatchConfig } from '../../cli/config.ts';
import { PlumblineError } from '../../protocol/error.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SMALL = {
  rpc: 'http://127.0.0.1:8545',
  deployment: 'deployment.json',
  dataDir: 'data',
  keystore: '/keys/keystore.json',
  keystorePasswordFile: '../password.txt',
};

let files = 0;
async function fileWith(text: string): Promise<string> {
  const path = join(folder, `${files++}.yaml`);
  await writeFile(path, text);
  return path;
}

/** The one error that a configuration gives. */
async function refused(text: string, schema: Parameters<typeof readConfig>[1] = WatchConfig): Promise<PlumblineError> {
  const path = await fileWith(text);
  const error = await readConfig(path, schema).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PlumblineError);
  const { code, message } = error as PlumblineError;
  expect(code).toBe('config');
  expect(message.startsWith(`${path}: `)).toBe(true);
  expect(message).not.toContain('\n');
  return error as PlumblineError;
}

describe('a good configuration', () => {
  test('needs only what has no sensible default', async () => {
    const config = await readConfig(await fileWith(stringify(SMALL)), WatchConfig);
    expect(config).toMatchObject({
      listen: ['/ip4/0.0.0.0/tcp/4601'],
      bootnodes: [],
      redialMillisMax: 30_000,
      log: { level: 'info', destination: 'stderr' },
      expectJournal: false,
      retentionEpochs: 44_640,
      archive: true,
      archiveEpochs: 133_920,
      controls: [],
      allowLoopbackTargets: false,
    });
    expect(config.submitterKeyFile).toBeUndefined();
  });

  test('has its paths relative to the file that names them', async () => {
    const config = await readConfig(await fileWith(stringify(SMALL)), WatchConfig);
    expect(config.deployment).toBe(join(folder, 'deployment.json'));
    expect(config.dataDir).toBe(join(folder, 'data'));
    expect(config.keystorePasswordFile).toBe(join(folder, '../password.txt'));
    expect(config.keystore).toBe('/keys/keystore.json');
  });

  test('may be JSON, which is YAML', async () => {
    const config = await readConfig(await fileWith(JSON.stringify(SMALL)), WatchConfig);
    expect(config.rpc).toBe(SMALL.rpc);
  });

  test('may name control targets and resolvers by address', async () => {
    const text = stringify({
      ...SMALL,
      controls: ['1.1.1.1:443', '[2606:4700::1111]:443'],
      secondResolvers: ['9.9.9.9', '2620:fe::fe'],
    });
    expect((await readConfig(await fileWith(text), WatchConfig)).controls).toHaveLength(2);
  });
});

describe('a wrong setting gives one line with the file, the setting and what it must be', () => {
  test.each<[string, unknown, RegExp]>([
    ['rpc', 'localhost:8545', /rpc: /],
    ['rpc', 'ws://127.0.0.1:8545', /rpc: /],
    ['rpc', 7, /rpc: .*string/],
    ['deployment', '', /deployment: /],
    ['dataDir', ['a'], /dataDir: .*string/],
    ['listen', '/ip4/0.0.0.0/tcp/1', /listen: .*array/],
    ['bootnodes', Array.from({ length: 65 }, () => 'x'), /bootnodes: .*64/],
    ['inboundConnectionThreshold', 0, /inboundConnectionThreshold: .*1/],
    ['inboundConnectionThreshold', 1_001, /inboundConnectionThreshold: .*1000/],
    ['redialMillisMax', 249, /redialMillisMax: .*250/],
    ['redialMillisMax', 600_001, /redialMillisMax: .*600000/],
    ['redialMillisMax', 300.5, /redialMillisMax: .*int/],
    ['retentionEpochs', 15, /retentionEpochs: .*16/],
    ['retentionEpochs', '100', /retentionEpochs: .*number/],
    ['expectJournal', 'yes', /expectJournal: .*boolean/],
    ['archive', 1, /archive: .*boolean/],
    ['archiveEpochs', 15, /archiveEpochs: is 0, which keeps all, or at least 16/],
    ['archiveEpochs', -1, /archiveEpochs: .*0/],
    ['controls', ['example.com:443'], /controls\.0: an address and port/],
    ['controls', Array.from({ length: 9 }, () => '1.1.1.1:443'), /controls: .*8/],
    ['secondResolvers', ['dns.example'], /secondResolvers\.0: /],
    ['log', { level: 'loud' }, /log\.level: .*debug.*silent/],
    ['log', { colour: true }, /log: .*colour/],
    ['keystore', undefined, /keystore: .*string/],
  ])('%s = %j', async (name, value, expected) => {
    const { message } = await refused(stringify({ ...SMALL, [name]: value }));
    expect(message).toMatch(expected);
  });

  test('a setting that does not exist is named', async () => {
    expect((await refused(stringify({ ...SMALL, retentionEpoch: 20 }))).message).toMatch(/retentionEpoch"/);
  });

  test('several are all named, in one line', async () => {
    const { message } = await refused(stringify({ ...SMALL, rpc: 1, archive: 2 }));
    expect(message).toMatch(/rpc: .*; archive: /);
  });

  test('an aggregator knows no keystore', async () => {
    expect((await refused(stringify(SMALL), AggregateConfig)).message).toMatch(/keystore/);
  });
});

describe('a wrong file', () => {
  test('that is not there is named with the system’s reason', async () => {
    const path = join(folder, 'none.yaml');
    await expect(readConfig(path, WatchConfig)).rejects.toMatchObject({
      code: 'config',
      message: `${path}: cannot be read (ENOENT); check the path`,
    });
  });

  test('that is not YAML is named', async () => {
    expect((await refused('rpc: [')).message).toContain('is not YAML');
  });

  test.each(['', '# nothing', '- a\n- b', 'just text', '7'])('that holds no settings is refused: %j', async (text) => {
    await refused(text);
  });

  test('that is far too large is not parsed', async () => {
    const { message } = await refused(`# ${'x'.repeat(CONFIG_BYTES_MAX)}`);
    expect(message).toContain(`at most ${CONFIG_BYTES_MAX}`);
  });

  test('that explodes when its aliases are followed is refused', async () => {
    const bomb = ['a: &a [1,1]', 'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]', 'c: [*b,*b,*b,*b,*b,*b,*b,*b,*b]'].join('\n');
    expect((await refused(bomb)).message).toContain('is not YAML');
  });
});

describe('a deployment file', () => {
  const address = (digit: string) => `0x${digit.repeat(40)}`;
  const DEPLOYMENT = {
    chainId: 31_337,
    deployBlock: 0,
    token: address('1'),
    registry: address('2'),
    services: address('3'),
    oracle: address('a'),
    vault: address('B'),
  };

  test('is read as it is', async () => {
    expect(await readDeployment(await fileWith(JSON.stringify(DEPLOYMENT)))).toEqual(DEPLOYMENT);
  });

  test.each<[string, unknown, RegExp]>([
    ['chainId', 0, /chainId: /],
    ['chainId', '31337', /chainId: .*number/],
    ['deployBlock', -1, /deployBlock: /],
    ['oracle', '0x12', /oracle: an address: 0x and 40 hex digits/],
    ['vault', undefined, /vault: /],
    ['extra', 1, /extra/],
  ])('with %s = %j is refused', async (name, value, expected) => {
    const path = await fileWith(JSON.stringify({ ...DEPLOYMENT, [name]: value }));
    await expect(readDeployment(path)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(expected),
    });
  });
});
