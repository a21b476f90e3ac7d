import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { METRIC } from '../../protocol/metric.ts';
import { STALE_BLOCKS } from '../../scripts/devnet/rpc-service.ts';
import type { Summary } from '../../scripts/devnet/summary.ts';
import { lastJson, plumbline as run } from '../support/plumbline.ts';

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** Runs to its end. @returns the last line of stdout, parsed */
async function plumbline(...args: string[]): Promise<unknown> {
  const ended = await run(...args).ended;
  expect(ended.code, ended.stderr).toBe(0);
  return lastJson(ended);
}

type Metrics = Record<keyof typeof METRIC, number | null>;
type Explained = {
  services: {
    id: string;
    conclusive: boolean;
    metrics: Metrics;
    watchers: { metrics: Metrics; withinKm: number | null; reasons: { reason: string; count: number }[] }[];
  }[];
};

test('JSON-RPC services before the devnet’s EVM are each seen as what they are, and settled so', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-rpc-'));
  made.push(dir);
  const summary = (await plumbline('devnet', '--rpc', '--epochs', '6', '--json', '--dir', dir)) as Summary;
  expect(summary.error).toBeUndefined();
  const names = new Map(
    (
      JSON.parse(readFileSync(join(dir, 'devnet.json'), 'utf8')) as { services: { name: string; serviceId: string }[] }
    ).services.map(({ name, serviceId }) => [serviceId, name]),
  );
  const last = summary.reports.at(-1)!.epoch;
  const explained = (await plumbline('explain', `${last}`, '--devnet', dir, '--json')) as Explained;
  const seen = new Map(explained.services.map((service) => [names.get(service.id)!, service]));
  const reasonsOf = (name: string) =>
    new Set(seen.get(name)!.watchers.flatMap(({ reasons }) => reasons.map(({ reason }) => reason)));

  for (const name of ['rpc-a', 'rpc-b', 'rpc-c']) {
    const { metrics, watchers, conclusive } = seen.get(name)!;
    expect(conclusive).toBe(true);
    expect(metrics).toMatchObject({ availabilityPpm: 1_000_000, headLagBlocks: 0, correctnessPpm: 1_000_000 });
    // anvil calls the block before the last but one final: a few seconds.
    expect(metrics.finalityP50Micros).toBeGreaterThan(0);
    expect(metrics.finalityP50Micros).toBeLessThan(15_000_000);
    // On this machine, and so within what light does in its round trip.
    for (const { withinKm } of watchers) if (withinKm !== null) expect(withinKm).toBeLessThan(15_000);
  }
  const stale = seen.get('rpc-stale')!.metrics;
  expect(stale.availabilityPpm).toBe(1_000_000);
  // What the chain grew while the median voice waited is missing from a lag.
  expect(stale.headLagBlocks).toBeGreaterThan(STALE_BLOCKS / 2);
  expect(stale.headLagBlocks).toBeLessThanOrEqual(STALE_BLOCKS);
  for (const [name, reason] of [
    ['rpc-ahead', 'headAhead'],
    ['rpc-fork', 'wrongHash'],
    ['rpc-error', 'rpcError'],
  ] as const) {
    expect(seen.get(name)!.metrics).toMatchObject({ availabilityPpm: 0, headLagBlocks: null });
    expect(reasonsOf(name)).toEqual(new Set([reason]));
  }

  // A fork is wrong each time that its hash was compared; an error and a head that is not there were no answer to compare.
  expect(seen.get('rpc-fork')!.metrics.correctnessPpm).toBe(0);
  for (const name of ['rpc-ahead', 'rpc-error']) expect(seen.get(name)!.metrics.correctnessPpm).toBeNull();

  const verdicts = Object.fromEntries(summary.services.map(({ name, verdict }) => [name, verdict]));
  for (const name of ['rpc-a', 'rpc-b', 'rpc-c']) expect(verdicts[name], name).toBe('met');
  for (const name of ['rpc-ahead', 'rpc-stale', 'rpc-error', 'rpc-fork']) expect(verdicts[name], name).toBe('breached');
});
