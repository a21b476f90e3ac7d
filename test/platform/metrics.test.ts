import { expect, test } from 'vitest';
import { createMetrics, METRICS, noMetrics } from '../../platform/metrics.ts';

test('counters, gauges and histograms render in the Prometheus format', async () => {
  const metrics = createMetrics();
  metrics.increment('plumbline_gossip_messages_total', { topic: 'commit', verdict: 'reject', code: 'late' }, 2);
  metrics.set('plumbline_peers', {}, 3);
  metrics.observe('plumbline_probe_seconds', { kind: 'http' }, 0.02);
  const text = await metrics.render();
  expect(text).toContain('plumbline_gossip_messages_total{topic="commit",verdict="reject",code="late"} 2');
  expect(text).toContain('plumbline_peers 3');
  expect(text).toContain('plumbline_probe_seconds_bucket{le="0.025",kind="http"} 1');
  expect(metrics.contentType).toContain('text/plain');
});

test('a name that is not in the list, or a wrong label, does not compile', () => {
  const metrics = createMetrics();
  // @ts-expect-error not in METRICS
  metrics.increment('plumbline_other_total', {});
  // @ts-expect-error a gauge is no counter
  metrics.increment('plumbline_peers', {});
  // @ts-expect-error the label is missing
  expect(() => metrics.increment('plumbline_errors_total', {})).not.toThrow();
});

test('two registries do not share counts', async () => {
  const [first, second] = [createMetrics(), createMetrics()];
  first.set('plumbline_epoch', {}, 9);
  expect(await second.render()).toContain('plumbline_epoch 0');
});

test('names follow the convention: prefix, then the unit or `total` last', () => {
  for (const [name, { kind, help }] of Object.entries(METRICS)) {
    expect(name).toMatch(/^plumbline_[a-z0-9_]+$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    expect(help.length).toBeGreaterThan(10);
  }
});

test('no metrics render to nothing', async () => {
  noMetrics.increment('plumbline_errors_total', { code: 'x' });
  noMetrics.set('plumbline_peers', {}, 1);
  noMetrics.observe('plumbline_bls_seconds', { operation: 'sign' }, 1);
  expect(await noMetrics.render()).toBe('');
});
