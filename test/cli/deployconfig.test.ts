import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readConfig } from '../../cli/config.ts';
import { DeployConfig, sendSettingsOf, settingsOf } from '../../cli/deployconfig.ts';
import { MINIMAL, STANDARD } from '../../protocol/parameters.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-deploy-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const A = `0x${'aB'.repeat(20)}`;
const GOOD = {
  chainId: 1,
  deployer: A,
  genesis: '2027-03-01T12:00:00Z',
  stakeToken: A,
  stakeMin: '100',
  effectiveStakeCap: '1000',
  activationDelayEpochs: 15,
  exitDelayEpochs: 60,
};

async function parsed(text: string): Promise<DeployConfig> {
  const file = join(folder, 'deploy.yaml');
  await writeFile(file, text);
  return readConfig<DeployConfig>(file, DeployConfig);
}
const withSetting = (changed: object) => stringify({ ...GOOD, ...changed });

describe('a configuration', () => {
  test('needs few settings; the rest has defaults', async () => {
    const config = await parsed(stringify(GOOD));
    expect(settingsOf(config)).toEqual({
      ...STANDARD,
      genesis: Date.UTC(2027, 2, 1, 12) / 1000,
      stakeToken: A.toLowerCase(),
      stakeMin: 100n,
      effectiveStakeCap: 1000n,
      activationDelayEpochs: 15,
      exitDelayEpochs: 60,
      feePpm: 10_000,
      phaseEpochs: 10,
      salt: '',
      reuse: {},
    });
    expect(sendSettingsOf(config)).toEqual({ confirmations: 2, feeWeiMax: undefined, waitMillis: 300_000 });
  });

  test('may change single parameters of its preset, and nothing else of them', async () => {
    const parameters = { viewMillis: 900, windowEpochs: [3, 30, 0, 0] };
    const settings = settingsOf(await parsed(withSetting({ preset: 'minimal', epochSeconds: 5, parameters })));
    expect(settings.epochSeconds).toBe(5);
    expect(settings.parameters).toEqual({ ...MINIMAL.parameters, ...parameters });
  });

  test('takes a time with an offset, a fee with a fraction, contracts to build on', async () => {
    const config = await parsed(
      withSetting({ genesis: '2027-03-01T13:00:00+01:00', maxFeeGwei: 1.5, reuse: { SlaVault: A }, reuseFromBlock: 7 }),
    );
    expect(settingsOf(config).genesis).toBe(Date.UTC(2027, 2, 1, 12) / 1000);
    expect(sendSettingsOf(config).feeWeiMax).toBe(1_500_000_000n);
    expect(settingsOf(config).reuse).toEqual({ SlaVault: A });
  });
});

describe('what is refused, with the setting named', () => {
  test.each<[string, string, RegExp]>([
    ['an empty file', '', /chainId: .*deployer: an address/],
    ['no YAML', '{[', /is not YAML/],
    ['a list', '- 1\n- 2\n', /the file: /],
    ['a word', 'deploy', /the file: /],
    ['two documents', `${stringify(GOOD)}---\n${stringify(GOOD)}`, /is not YAML/],
    ['one setting twice', `${stringify(GOOD)}stakeMin: '1'\n`, /is not YAML/],
    ['an unknown setting', withSetting({ privateKey: 'x' }), /privateKey/],
    ['a key file of the old kind', withSetting({ submitterKeyFile: 'x' }), /submitterKeyFile/],
    ['a chain id of 0', withSetting({ chainId: 0 }), /chainId: /],
    ['a chain id in words', withSetting({ chainId: 'sepolia' }), /chainId: /],
    [
      'an address without quotes',
      `${stringify({ ...GOOD, deployer: undefined })}deployer: ${A}\n`,
      /deployer: an address: .*in quotes/,
    ],
    ['a short address', withSetting({ stakeToken: '0x12' }), /stakeToken: an address/],
    ['an amount that is a number', withSetting({ stakeMin: 100 }), /stakeMin: .*in quotes/],
    ['an amount with a point', withSetting({ stakeMin: '1.5' }), /stakeMin: a whole number/],
    ['a negative amount', withSetting({ effectiveStakeCap: '-1' }), /effectiveStakeCap: a whole number/],
    ['a cap below the minimum', withSetting({ effectiveStakeCap: '99' }), /effectiveStakeCap: at least stakeMin/],
    ['a genesis in seconds', withSetting({ genesis: 1_800_000_000 }), /genesis: a time as/],
    ['a genesis without a zone', withSetting({ genesis: '2027-03-01T12:00:00' }), /genesis: a time as/],
    ['a genesis on no day', withSetting({ genesis: '2027-02-30T12:00:00Z' }), /genesis: a time as/],
    ['no delay', withSetting({ activationDelayEpochs: 0 }), /activationDelayEpochs: /],
    ['half a delay', withSetting({ exitDelayEpochs: 0.5 }), /exitDelayEpochs: /],
    [
      'an exit before the deadline',
      withSetting({ exitDelayEpochs: 2 }),
      /exitDelayEpochs: at least deadlineEpochs \(3\)/,
    ],
    ['another preset', withSetting({ preset: 'fast' }), /preset: /],
    ['an unknown parameter', withSetting({ parameters: { gasLimit: 1 } }), /parameters: .*gasLimit/],
    ['three windows', withSetting({ parameters: { windowEpochs: [1, 2, 3] } }), /parameters\.windowEpochs/],
    [
      'a schedule that cannot be',
      withSetting({ parameters: { revealMillis: 7_000 } }),
      /parameters: reveals must start/,
    ],
    ['a fee above 5 %', withSetting({ feePpm: 50_001 }), /feePpm: /],
    ['an unknown contract', withSetting({ reuse: { Vault: A }, reuseFromBlock: 1 }), /reuse: .*Vault/],
    ['contracts without their block', withSetting({ reuse: { SlaVault: A } }), /reuseFromBlock: with reuse/],
    ['a long salt', withSetting({ salt: 'ä'.repeat(16) }), /salt: at most 31 bytes/],
    ['no confirmation', withSetting({ confirmations: 0 }), /confirmations: /],
    ['a price of nothing', withSetting({ maxFeeGwei: 0 }), /maxFeeGwei: /],
    ['endless waiting', withSetting({ waitSeconds: 1e9 }), /waitSeconds: /],
  ])('%s', async (_, text, message) => {
    const error = await parsed(text).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: 'config', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('\n');
  });
});
