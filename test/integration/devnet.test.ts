import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Summary } from '../../scripts/devnet/summary.ts';
import { type Ended, lastJson, plumbline as run } from '../support/plumbline.ts';

/**
 * Whole networks of real processes: EVM, providers, watchers, money. What is promised to somebody who types one command
 * is checked here by typing it.
 */
const made: string[] = [];
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGINT');
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-it-'));
  made.push(path);
  return path;
}

function plumbline(...args: string[]): ReturnType<typeof run> {
  const running = run(...args);
  started.push(running.child);
  return running;
}

const summaryOf = (ended: Ended) => lastJson(ended) as Summary;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie answers too, and is only waiting to be collected.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function pidsOf(dir: string): number[] {
  return (JSON.parse(readFileSync(join(dir, 'devnet.json'), 'utf8')) as { pids: number[] }).pids;
}

const outcomes = (summary: Summary) =>
  Object.fromEntries(summary.settlements.filter(({ period }) => period === 0).map((one) => [one.service, one.outcome]));

/** Six processes' worth of devnet takes a minute: `npm run test:devnets` has it, `npm test` lists it as skipped. */
const long = process.env.PLUMBLINE_DEVNETS === 'all' ? test : test.skip;

test('five epochs with a liar: the honest provider is paid, the others are slashed, and an audit agrees', async () => {
  const dir = directory();
  const ended = await plumbline('devnet', '--epochs', '5', '--lie', '3', '--json', '--dir', dir).ended;
  expect(ended.code, ended.stderr).toBe(0);
  const summary = summaryOf(ended);
  expect(summary.epochs).toBe(5);
  expect(summary.error).toBeUndefined();
  expect(summary.reports.length).toBe(5);
  for (const report of summary.reports) {
    expect(report.watchers).toBe(4);
    expect(report.signers).toBeGreaterThanOrEqual(3);
    expect(report.gasUsed).toBeGreaterThan(140_000);
    expect(report.resultsRoot).toMatch(/^0x[0-9a-f]{64}$/);
  }
  expect(outcomes(summary)).toEqual({ healthy: 'met', slow: 'breached', flaky: 'breached' });
  const byService = new Map(summary.settlements.map((one) => [one.service, one]));
  // 10 a period, 1 % of it for the watchers.
  expect(byService.get('healthy')).toMatchObject({ paid: `${99n * 10n ** 17n}`, slashed: '0' });
  expect(byService.get('slow')).toMatchObject({ paid: '0', slashed: `${25n * 10n ** 18n}` });
  // The router saw the breach of the first window and switched once; the healthy one gave it no reason to go back.
  expect(summary.failovers[0]?.epoch).toBeLessThanOrEqual(3);
  expect(summary.failovers).toEqual([
    { epoch: expect.any(Number), from: 'slow', to: 'healthy', txHash: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
  ]);
  const healthy = summary.services.find(({ name }) => name === 'healthy')!;
  expect(healthy.availabilityPpm).toBe(1_000_000);
  expect(healthy.latencyP50Us).toBeGreaterThan(14_000);
  expect(healthy.latencyP50Us).toBeLessThan(200_000);
  expect(summary.startToFirstReportMs).toBeGreaterThan(0);
  expect(pidsOf(dir).filter(isAlive)).toEqual([]);

  const last = summary.reports.at(-1)!.epoch;
  const replay = await plumbline('audit', 'replay', '--devnet', dir, '--epoch', `${last}`, '--json').ended;
  expect(replay.code, replay.stdout + replay.stderr).toBe(0);

  // A flipped byte in one watcher's stored batch is found, although another watcher's record is sound.
  const bent = directory();
  cpSync(dir, bent, { recursive: true });
  const file = join(bent, 'watchers/1/archive/epoch-000000001.ssz');
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(file, bytes);
  const found = await plumbline('audit', 'replay', '--devnet', bent, '--epoch', '1').ended;
  expect(found.code, found.stdout + found.stderr).toBe(1);
  expect(found.stdout).toContain('watchers/1/archive/epoch-000000001.ssz');

  const power = await plumbline('audit', 'decentralization', '--devnet', dir).ended;
  expect(power.code, power.stderr).toBe(0);
  const led = await plumbline('audit', 'leaders', '--devnet', dir, '--json').ended;
  expect(led.code, led.stdout + led.stderr).toBe(0);
  expect(JSON.parse(led.stdout)).toMatchObject({ reports: 5, hasEvidence: true, damage: [] });
  for (const word of ['operator-0', 'Gini', 'HHI', 'Nakamoto']) expect(power.stdout).toContain(word);
});

long(
  'two of seven watchers are killed, one comes back on its disk, and reports go on (a minute: npm run test:devnets)',
  async () => {
    const dir = directory();
    const kills = ['--kill', '2@2', '--kill', '5@3', '--restart', '2@4'];
    const ended = await plumbline('devnet', '--watchers', '7', '--epochs', '9', ...kills, '--json', '--dir', dir).ended;
    expect(ended.code, ended.stderr).toBe(0);
    const summary = summaryOf(ended);
    expect(summary.reports.length).toBe(9);
    // Back at 4, it has to load, and to listen for the rest of that epoch and a whole one.
    expect(Math.min(...summary.reports.map(({ signers }) => signers))).toBe(5);
    // A report leaves with its quorum of five: the sixth is in one at least.
    expect(Math.max(...summary.reports.slice(5).map(({ signers }) => signers))).toBeGreaterThanOrEqual(6);
    expect(outcomes(summary)).toEqual({ healthy: 'met', slow: 'breached', flaky: 'breached' });
    expect(pidsOf(dir).filter(isAlive)).toEqual([]);
  },
);

test('two devnets side by side: one has no quorum and says so, the other does not notice', async () => {
  const [lost, sound] = [directory(), directory()];
  const without = plumbline('devnet', '--epochs', '5', '--kill', '0@1', '--kill', '1@1', '--json', '--dir', lost);
  const beside = plumbline('devnet', '--epochs', '2', '--json', '--dir', sound);
  const [failed, done] = await Promise.all([without.ended, beside.ended]);
  expect(failed.code).toBe(3);
  const summary = summaryOf(failed);
  expect(summary.error).toContain('no quorum');
  // Epoch 0 may have landed before the kill; nothing after it.
  expect(summary.reports.filter(({ epoch }) => epoch >= 1)).toEqual([]);
  expect(done.code, done.stderr).toBe(0);
  expect(summaryOf(done).reports.length).toBe(2);
  expect([...pidsOf(lost), ...pidsOf(sound)].filter(isAlive)).toEqual([]);
});

test('an aggregator without a watcher key lands what watchers sign when none of them can pay', async () => {
  const dir = directory();
  const ended = await plumbline('devnet', '--epochs', '2', '--aggregator', '--json', '--dir', dir).ended;
  expect(ended.code, ended.stderr).toBe(0);
  expect(summaryOf(ended).reports.length).toBe(2);
  const log = readFileSync(join(dir, 'logs/aggregator.log'), 'utf8');
  expect(log.match(/"msg":"report submitted"/g)?.length).toBe(2);
});

test('a second watcher with the same key, on another disk, hears the first and exits with 4', async () => {
  const dir = directory();
  const { child, ended } = plumbline('devnet', '--dir', dir);
  // Before the end of epoch 0 nobody has signed anything, and nobody listens.
  await new Promise<void>((resolve) => {
    child.stdout!.on('data', (chunk) => {
      if (/^epoch \d+ · view/m.test(String(chunk))) resolve();
    });
  });
  const own = join(dir, 'watchers/1');
  const first = parse(readFileSync(join(own, 'config.yaml'), 'utf8')) as Record<string, unknown>;
  const config = join(own, 'second.yaml');
  const apart = {
    dataDir: directory(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    log: { level: 'info', destination: 'stderr' },
  };
  writeFileSync(config, stringify({ ...first, ...apart }));
  const second = await plumbline('watch', '--config', config).ended;
  expect([second.code, second.stderr], second.stderr).toEqual([4, expect.stringContaining('[own-key-elsewhere]')]);
  // And on the first one's disk it does not even start.
  const locked = await plumbline('watch', '--config', join(own, 'config.yaml')).ended;
  expect([locked.code, locked.stderr], locked.stderr).toEqual([2, expect.stringContaining('[store-locked]')]);
  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
});

test('an interrupt ends every process that was started', async () => {
  const dir = directory();
  const { child, ended } = plumbline('devnet', '--dir', dir);
  await new Promise<void>((resolve) => {
    child.stdout!.on('data', (chunk) => {
      if (String(chunk).includes('running after')) resolve();
    });
  });
  const pids = pidsOf(dir);
  expect(pids.length).toBe(1 + 3 + 4);
  expect(pids.every(isAlive)).toBe(true);
  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
});
