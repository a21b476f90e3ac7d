import type { Run } from './run.ts';

/** What `--json` prints: one object on one line. Amounts are decimal strings in the token's smallest unit. */
export type Summary = {
  epochs: number;
  reports: {
    epoch: number;
    view: number;
    gasUsed: number;
    signers: number;
    watchers: number;
    resultsRoot: string;
    txHash: string;
  }[];
  services: {
    name: string;
    availabilityPpm: number | null;
    latencyP50Us: number | null;
    latencyP99Us: number | null;
    verdict: string | null;
  }[];
  settlements: { service: string; outcome: string; paid: string; slashed: string; returned: string; period: number }[];
  /** Switches of the FailoverRouter, in order; `epoch` is that of the report that proved the breach. */
  failovers: { epoch: number; from: string; to: string; txHash: string }[];
  /** Epochs whose deadline passed without a report. */
  missed: number[];
  startToFirstReportMs: number | null;
  reportLatencyMs: { p50: number | null; max: number | null };
  /** Only when the run did not do what it was asked to. */
  error?: string;
};

export function summaryOf(
  run: Run | undefined,
  services: readonly { readonly name: string }[],
  error: string | undefined,
): Summary {
  const reports = run?.landed.map(({ report }) => report) ?? [];
  const latencies = reports.map(({ latencyMillis }) => latencyMillis).toSorted((a, b) => a - b);
  return {
    epochs: reports.length,
    reports: reports.map(({ latencyMillis, ...report }) => report),
    services: services.map(({ name }) => ({
      name,
      ...(run?.results.get(name) ?? { availabilityPpm: null, latencyP50Us: null, latencyP99Us: null, verdict: null }),
    })),
    settlements: (run?.settled ?? []).map((settled) => ({
      service: settled.service,
      period: settled.period,
      outcome: settled.outcome,
      paid: settled.paidToProvider.toString(),
      slashed: settled.slashed.toString(),
      returned: settled.returnedToCustomer.toString(),
    })),
    failovers: [...(run?.failovers ?? [])],
    missed: run?.missed ?? [],
    startToFirstReportMs: run?.firstReportMillis ?? null,
    reportLatencyMs: {
      p50: latencies[Math.floor((latencies.length - 1) / 2)] ?? null,
      max: latencies.at(-1) ?? null,
    },
    ...(error ? { error } : {}),
  };
}
