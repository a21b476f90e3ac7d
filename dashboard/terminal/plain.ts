import type { DevnetEvent, ServiceRow } from '../model.ts';
import { availability, latency, latencyValue, seconds, shortHash } from './format.ts';
import { missedText, reportParts, settlementText, stepText } from './history.ts';
import type { State } from './state.ts';
import { disagree } from './table.ts';
import { clean } from './text.ts';

/** One event as one line for a log: no colours, no width. `before` is the state that the event came upon. */
export function plainLine(event: DevnetEvent, before: State): string {
  switch (event.type) {
    case 'step': {
      const text = clean(event.text);
      if (!event.done) return `${text} …`;
      const begun = before.steps.find((step) => step.text === text);
      return `done: ${stepText(text, begun && event.atMillis - begun.startedAtMillis)}`;
    }
    case 'ready': {
      const after = seconds(event.atMillis - (before.startedAtMillis ?? event.atMillis));
      return `running after ${after} · chain (JSON-RPC) ${clean(event.rpc)} · files and logs ${clean(event.directory)}`;
    }
    case 'report': {
      const { epoch, view, signed, gas, late } = reportParts(event.report);
      const head = [epoch, view, signed, gas, late, clean(shortHash(event.report.txHash, 12))].join(' · ');
      return [head, ...event.services.map(serviceText)].join(' | ');
    }
    case 'missed':
      return missedText(event.epoch, clean(event.reason));
    case 'settlement':
      return `settled: ${clean(`${settlementText(event.settlement)} · ${shortHash(event.settlement.txHash, 12)}`)}`;
    case 'watcher':
      return `watcher ${event.id}: ${event.state}`;
    case 'provider':
      return `provider ${clean(event.name)}: ${clean(event.text)}`;
    case 'note':
      return `note: ${clean(event.text)}`;
    case 'stopping':
      return `stopping: ${clean(event.text)}`;
  }
}

function serviceText(row: ServiceRow): string {
  const { availabilityPpm, latencyP50Us, latencyP99Us, samples } = row;
  const parts = [
    `${clean(row.name)} ${availabilityPpm ? availability(availabilityPpm).trim() : 'too few samples'}`,
    latencyP50Us ? `p50 ${latency(latencyP50Us).trim().replace(/ +/g, ' ')}` : '',
    latencyP99Us ? `p99 ${latencyValue(latencyP99Us).trim()}` : '',
    `${row.watchersValid}/${row.watchersAssigned} valid`,
    `${samples.good} good`,
    `${samples.bad} bad`,
    samples.unknown > 0 ? `${samples.unknown} unknown` : '',
    samples.fault > 0 ? `${samples.fault} watcher fault` : '',
    disagree(row) ? 'watchers disagree' : '',
  ];
  return parts.filter(Boolean).join(', ');
}
