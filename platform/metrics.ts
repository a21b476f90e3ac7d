import { Counter, Gauge, Histogram, Registry } from 'prom-client';

type Definition = {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the unit that the name ends with. */
  readonly buckets?: readonly number[];
};

/** For what should be a fraction of a millisecond. */
const FINE_SECONDS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1] as const;
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/**
 * Every metric there is: a new one starts as a row here, and the table in the documentation is made from these rows. Labels
 * take values of closed lists only (topics, codes, outcomes), never peers, services or epochs: series must stay few.
 */
export const METRICS = {
  plumbline_epoch: { kind: 'gauge', help: 'The epoch that this process is in', labels: [] },
  plumbline_clock_offset_seconds: { kind: 'gauge', help: 'Offset of the clock against its references', labels: [] },
  plumbline_event_loop_stall_seconds: {
    kind: 'histogram',
    help: 'The longest that the event loop of the prober stood still in an epoch',
    labels: [],
    buckets: SECONDS,
  },
  plumbline_prober_error_seconds: {
    kind: 'histogram',
    help: 'How far the prober was off in its tests against a known delay',
    labels: [],
    buckets: FINE_SECONDS,
  },
  plumbline_prober_error_p99_seconds: {
    kind: 'gauge',
    help: 'p99 of the last such errors, as it stands in the batches',
    labels: [],
  },
  plumbline_prober_restarts_total: { kind: 'counter', help: 'Probing threads that ended', labels: [] },
  plumbline_probe_start_lag_seconds: {
    kind: 'histogram',
    help: 'How long after its drawn time a probe started',
    labels: [],
    buckets: FINE_SECONDS,
  },
  plumbline_samples_stalled_total: {
    kind: 'counter',
    help: 'Samples during which the event loop of the prober stood still',
    labels: [],
  },
  plumbline_samples_total: { kind: 'counter', help: 'Samples taken', labels: ['kind', 'outcome', 'reason'] },
  plumbline_probe_seconds: { kind: 'histogram', help: 'Latency of probes', labels: ['kind'], buckets: SECONDS },
  plumbline_artefacts_total: {
    kind: 'counter',
    help: 'Artefacts made by this process (commit, reveal, proposal, attestation, refusal, certificate)',
    labels: ['artefact'],
  },
  plumbline_abstentions_total: { kind: 'counter', help: 'Duties not done, and why', labels: ['duty', 'code'] },
  plumbline_reports_total: { kind: 'counter', help: 'Reports seen on chain or missed', labels: ['result'] },
  plumbline_report_delay_seconds: {
    kind: 'histogram',
    help: 'From the end of an epoch to its report on chain',
    labels: [],
    buckets: [1, 2, 4, 8, 15, 30, 60, 120, 240],
  },
  plumbline_signed_stake_ratio: {
    kind: 'gauge',
    help: 'Effective stake behind the last certificate, 0 to 1',
    labels: [],
  },
  plumbline_transactions_total: { kind: 'counter', help: 'Transactions sent', labels: ['purpose', 'result'] },
  plumbline_gas_used_total: { kind: 'counter', help: 'Gas of mined transactions', labels: ['purpose'] },
  plumbline_chain_head_block: { kind: 'gauge', help: 'Newest block seen', labels: [] },
  plumbline_bls_seconds: { kind: 'histogram', help: 'Time of BLS operations', labels: ['operation'], buckets: SECONDS },
  plumbline_peers: { kind: 'gauge', help: 'Connected peers', labels: [] },
  plumbline_registered_peers: {
    kind: 'gauge',
    help: 'Peers that the registry names: known, chosen to be kept connected, and connected of these',
    labels: ['state'],
  },
  plumbline_peers_banned_total: { kind: 'counter', help: 'Peers disconnected for what they sent', labels: ['code'] },
  plumbline_gossip_messages_total: {
    kind: 'counter',
    help: 'Messages received on first sight, by verdict',
    labels: ['topic', 'verdict', 'code'],
  },
  plumbline_gossip_published_total: { kind: 'counter', help: 'Messages published by this process', labels: ['topic'] },
  plumbline_gossip_streams_reopened_total: {
    kind: 'counter',
    help: 'Connections reopened because gossip had gone mute on them',
    labels: [],
  },
  plumbline_requests_total: {
    kind: 'counter',
    help: 'Requests asked of peers or answered for them',
    labels: ['kind', 'side', 'result'],
  },
  plumbline_dials_total: { kind: 'counter', help: 'Dials of configured peers', labels: ['result'] },
  plumbline_errors_total: { kind: 'counter', help: 'Errors by code', labels: ['code'] },
} as const satisfies Record<string, Definition>;

export type MetricName = keyof typeof METRICS;
type NameOf<Kind extends Definition['kind']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
export type LabelsOf<Name extends MetricName> = Record<(typeof METRICS)[Name]['labels'][number], string>;

/** Names and labels are checked when compiling. Values are finite. */
export interface Metrics {
  increment<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  set<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  observe<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** The Prometheus text format. */
  render(): Promise<string>;
  /** The Content-Type of what `render` returns. */
  readonly contentType: string;
}

/** A registry of its own for every call: several nodes in one process do not share counts. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [name, definition] of Object.entries<Definition>(METRICS)) {
    const { kind, help, labels, buckets } = definition;
    const common = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === 'counter') counters.set(name, new Counter(common));
    else if (kind === 'gauge') gauges.set(name, new Gauge(common));
    else histograms.set(name, new Histogram({ ...common, buckets: [...(buckets ?? SECONDS)] }));
  }
  return {
    increment: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** For tests and for programs that nobody scrapes. */
export const noMetrics: Metrics = {
  increment: () => undefined,
  set: () => undefined,
  observe: () => undefined,
  render: async () => '',
  contentType: 'text/plain',
};
