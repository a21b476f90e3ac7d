import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { account, operatorIndex } from '../../scripts/devnet/accounts.ts';
import type { Summary } from '../../scripts/devnet/summary.ts';
import { type Ended, lastJson, plumbline as run } from '../support/plumbline.ts';

/** A network of real processes in which three watchers are sick: none of it is charged to a provider, and explain says why. */
const made: string[] = [];
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGINT');
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function plumbline(...args: string[]): Promise<Ended> {
  const { child, ended } = run(...args);
  started.push(child);
  return ended;
}

type Sight = {
  operator: string;
  counted: boolean;
  samples: { good: number; bad: number; unknown: number; fault: number } | null;
  reasons: { reason: string; count: number }[];
  note: { code: string } | null;
  worstStallMicros: number;
};
type Explained = { services: { url: string; watchers: Sight[] }[] };

const [CUT, JUMPED, STALLED] = [1, 2, 3];
/** Seats are given in the order in which registrations land; an operator's account is a watcher's own. */
const operatorOf = (watcher: number) => account(operatorIndex(watcher)).address.toLowerCase();

test('one watcher is cut off, the clock of one jumps, one stalls: no provider pays for it, and explain says why', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-it-'));
  made.push(dir);
  // One after another: of four watchers three must sign.
  const faults = [`cut:${CUT}@2-3`, `clock:${JUMPED}@4-5`, `stall:${STALLED}@6-8`];
  const flags = faults.flatMap((fault) => ['--fault', fault]);
  const ended = await plumbline('devnet', '--epochs', '9', ...flags, '--json', '--dir', dir);
  expect(ended.code, ended.stderr).toBe(0);
  const summary = lastJson(ended) as Summary;
  for (const fault of ['cut', 'clock', 'stall']) expect(ended.stderr).toContain(`is sick: ${fault}`);

  const healthy = summary.settlements.filter(({ service }) => service === 'healthy');
  expect(healthy.length).toBeGreaterThan(0);
  // A machine that is too busy for four watchers makes windows inconclusive: then nobody is blamed either.
  for (const { outcome, slashed } of healthy) {
    expect(['met', 'inconclusive']).toContain(outcome);
    expect(slashed).toBe('0');
  }
  // The others have earned it, sick watchers or not.
  const slashed = summary.settlements.filter(({ outcome }) => outcome === 'breached').map(({ service }) => service);
  expect(['slow', 'flaky']).toEqual(expect.arrayContaining([...new Set(slashed)]));

  const seen = new Map<string, Sight[]>([CUT, JUMPED, STALLED].map((watcher) => [operatorOf(watcher), []]));
  for (const { epoch } of summary.reports.filter((report) => report.epoch >= 2 && report.epoch <= 8)) {
    const told = await plumbline('explain', `${epoch}`, '--devnet', dir, '--json');
    expect(told.code, told.stderr).toBe(0);
    const { services } = JSON.parse(told.stdout) as Explained;
    // The first service is the healthy one, of which nobody may say anything bad.
    for (const sight of services[0]!.watchers) {
      expect(sight.samples?.bad ?? 0, `epoch ${epoch}: ${JSON.stringify(sight)}`).toBe(0);
      seen.get(sight.operator.toLowerCase())?.push(sight);
    }
  }
  const sightsOf = (watcher: number) => seen.get(operatorOf(watcher))!;
  const reasonsOf = (watcher: number) =>
    sightsOf(watcher).flatMap(({ reasons }) => reasons.map(({ reason }) => reason));
  expect(reasonsOf(CUT)).toContain('controlsUnhealthy');
  expect(sightsOf(JUMPED).some(({ counted, note }) => !counted && note?.code === 'clock-off')).toBe(true);
  expect(sightsOf(STALLED).some(({ worstStallMicros }) => worstStallMicros > 0)).toBe(true);
  expect(reasonsOf(STALLED)).toEqual(expect.arrayContaining(['startedLate']));
});
