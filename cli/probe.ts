import { Command, InvalidArgumentError } from 'commander';
import { formatMicros, renderWaterfall } from '../dashboard/waterfall.ts';
import { ALL_SCHEMES, createEgressPolicy, type ProbeScheme } from '../node/probe/egress.ts';
import { PROBES } from '../node/probe/engine.ts';
import { type Judgement, judge } from '../node/probe/judge.ts';
import { dnsResolver } from '../node/probe/resolve.ts';
import type { ProbeResult } from '../node/probe/result.ts';
import { createStallMeter } from '../node/probe/stall.ts';
import { type ServiceTarget, TIMEOUT_MILLIS_MAX, TIMEOUT_MILLIS_MIN } from '../node/probe/target.ts';
import { warmUp } from '../node/probe/warm-up.ts';
import { addressText } from '../platform/address.ts';
import { systemClock } from '../platform/clock.ts';
import { errorMessage } from '../protocol/error.ts';
import { REASONS, reasonName } from '../protocol/reason.ts';
import { ABSENT_MICROS, OUTCOME, type Outcome } from '../protocol/sample.ts';
import { SERVICE_KIND } from '../protocol/service.ts';

/** Exit codes of `plumbline probe`; commander's own usage errors become `usage` too. */
export const PROBE_EXIT = { good: 0, bad: 1, usage: 2, unclear: 3 } as const;
/** By hand one looks at an endpoint; load tests are another tool's job. */
export const REPEAT_MAX = 1_000;

const DEFAULT_TIMEOUT_MILLIS = 10_000;
const LOOPBACK_HINT = 'For a service on this machine: --allow-loopback';
const DEFAULT_COLUMNS = 80;
const OUTCOME_NAMES = ['good', 'bad', 'unknown', 'watcherFault'] as const;

/** How the URLs of a scheme are probed. */
const KINDS: Readonly<Record<ProbeScheme, number>> = {
  http: SERVICE_KIND.http,
  https: SERVICE_KIND.http,
  ws: SERVICE_KIND.websocket,
  wss: SERVICE_KIND.websocket,
  tcp: SERVICE_KIND.tcp,
  tls: SERVICE_KIND.tls,
};

type Options = {
  timeout: number;
  status: number;
  repeat: number;
  kind: number;
  allowLoopback: boolean;
  json: boolean;
};
type Probed = { result: ProbeResult; judgement: Judgement };

export type ProbeIo = {
  out(line: string): void;
  error(line: string): void;
  /** Sets the exit code; the last call counts. */
  exit(code: number): void;
  /** Ends here: commander must not go on after a usage error. */
  abandon(error: Error): never;
  columns: number;
};

/** `plumbline probe URL`: one probe as a watcher makes it, shown phase by phase. Needs no chain and no consent. */
export function probeCommand(io: ProbeIo = processIo()): Command {
  return new Command('probe')
    .description('probe an endpoint once, as a watcher would, and show each phase')
    .argument('<url>', `URL to probe; its scheme says how: ${ALL_SCHEMES.join(', ')}`)
    .option(
      '--timeout <ms>',
      'from the start of the connection to the last byte',
      whole('timeout', TIMEOUT_MILLIS_MIN, TIMEOUT_MILLIS_MAX),
      DEFAULT_TIMEOUT_MILLIS,
    )
    .option(
      '--status <code>',
      'the only good status code; 0 = any below 400. For tls: days that the certificate must be valid yet',
      whole('status', 0, 599),
      0,
    )
    .option('--repeat <n>', 'probes, one after the other', whole('repeat', 1, REPEAT_MAX), 1)
    .option('--kind <kind>', 'http or json-rpc, for http and https URLs', kindOf, SERVICE_KIND.http)
    .option('--allow-loopback', 'allow 127.0.0.0/8 and ::1', false)
    .option('--json', 'end with one line of JSON', false)
    .addHelpText('after', '\nExit code: 0 good, 1 bad, 2 usage, 3 unknown or a fault of this machine.')
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.error(text.trimEnd()) })
    .exitOverride((error) => {
      io.exit(error.exitCode === 0 ? PROBE_EXIT.good : PROBE_EXIT.usage);
      io.abandon(error);
    })
    .action((url: string, options: Options) => run(url, options, io));
}

async function run(url: string, options: Options, io: ProbeIo): Promise<void> {
  const egress = createEgressPolicy({ allowLoopback: options.allowLoopback });
  try {
    egress.checkUrl(url, ALL_SCHEMES);
  } catch (error) {
    io.error(`error: ${errorMessage(error)}`);
    if (errorMessage(error).includes('loopback')) io.error(LOOPBACK_HINT);
    io.exit(PROBE_EXIT.usage);
    return;
  }
  const clock = systemClock();
  const resolvers = { first: dnsResolver(), second: undefined };
  const tools = { clock, egress, resolvers, stall: createStallMeter(clock) };
  await warmUp(clock);
  const target = targetFor(url, options);
  const probed: Probed[] = [];
  for (let i = 0; i < options.repeat; i++) {
    const result = await PROBES[target.kind]!(tools, target, new AbortController().signal);
    const one = { result, judgement: judge(result, target) };
    probed.push(one);
    for (const line of options.repeat === 1 ? screen(target, one, io.columns) : [row(i, one)]) io.out(line);
  }
  if (options.repeat > 1) io.out(summary(probed));
  if (options.json) io.out(JSON.stringify({ url, probes: probed.map(jsonOf) }));
  io.exit(exitOf(probed));
}

function targetFor(url: string, options: Options): ServiceTarget {
  const byScheme = KINDS[url.slice(0, url.indexOf(':')).toLowerCase() as ProbeScheme];
  return {
    kind: byScheme === SERVICE_KIND.http ? options.kind : byScheme,
    serviceId: `0x${'0'.repeat(64)}`,
    provider: `0x${'0'.repeat(40)}`,
    url,
    method: 'GET',
    timeoutMillis: options.timeout,
    expectedStatus: options.status,
    expectedBodyDigest: undefined,
  };
}

function screen({ url, kind }: ServiceTarget, { result, judgement }: Probed, columns: number): string[] {
  const name = reasonName(judgement.reason);
  const explanation = name in REASONS ? REASONS[name as keyof typeof REASONS].line : '';
  const status = statusText(kind, result.statusCode);
  const address = hasAddress(result) ? `  ${addressText(result.address)}` : '';
  const phases = [
    { name: 'resolve', micros: known(result.resolveMicros) },
    { name: 'connect', micros: known(result.connectMicros) },
    { name: 'tls', micros: known(result.tlsMicros) },
    { name: 'first byte', micros: known(result.firstByteMicros) },
    { name: 'transfer', micros: known(result.transferMicros) },
  ];
  const total = known(result.totalMicros);
  const finality = known(result.finalityMicros);
  const stall =
    result.stallMicros > 0 ? `, of which this machine may have stalled ${formatMicros(result.stallMicros)}` : '';
  return [
    `${url}${address}${status}`,
    '',
    ...renderWaterfall(phases, columns),
    '',
    `total (without resolve)  ${total === undefined ? '-' : formatMicros(total)}${stall}`,
    ...(finality === undefined ? [] : [`final block  ${formatMicros(finality)} old by this clock (${result.detail})`]),
    `${OUTCOME_NAMES[judgement.outcome]}: ${name}. ${explanation}`,
    ...(result.detail === '' || judgement.outcome === OUTCOME.good ? [] : [`(${result.detail})`]),
    ...(result.detail.includes('loopback') ? [LOOPBACK_HINT] : []),
  ];
}

function statusText(kind: number, code: number): string {
  if (kind === SERVICE_KIND.tls && code > 0) return `  certificate valid for ${code} days`;
  return code === 0 ? '' : `  status ${code}`;
}

function row(index: number, { result, judgement }: Probed): string {
  const total = known(result.totalMicros);
  const time = (total === undefined ? '-' : formatMicros(total)).padStart(9);
  return `${String(index + 1).padStart(4)}  ${time}  ${OUTCOME_NAMES[judgement.outcome]}: ${reasonName(judgement.reason)}`;
}

function summary(probed: readonly Probed[]): string {
  const count = (outcome: Outcome) => probed.filter((one) => one.judgement.outcome === outcome).length;
  const good = probed.filter((one) => one.judgement.outcome === OUTCOME.good);
  const sorted = good.map((one) => one.result.totalMicros).sort((a, b) => a - b);
  const median = sorted[Math.ceil(sorted.length / 2) - 1];
  const counts = OUTCOME_NAMES.map((name, outcome) => `${count(outcome as Outcome)} ${name}`).join(', ');
  return `${counts}${median === undefined ? '' : `; median of the good ones ${formatMicros(median)}`}`;
}

function jsonOf({ result, judgement }: Probed): object {
  const micros = {
    resolve: known(result.resolveMicros) ?? null,
    connect: known(result.connectMicros) ?? null,
    tls: known(result.tlsMicros) ?? null,
    firstByte: known(result.firstByteMicros) ?? null,
    transfer: known(result.transferMicros) ?? null,
    total: known(result.totalMicros) ?? null,
    stall: result.stallMicros,
    finality: known(result.finalityMicros) ?? null,
  };
  return {
    outcome: OUTCOME_NAMES[judgement.outcome],
    reason: reasonName(judgement.reason),
    statusCode: result.statusCode === 0 ? null : result.statusCode,
    address: hasAddress(result) ? addressText(result.address) : null,
    micros,
    detail: result.detail,
  };
}

function exitOf(probed: readonly Probed[]): number {
  if (probed.some((one) => one.judgement.outcome === OUTCOME.bad)) return PROBE_EXIT.bad;
  return probed.every((one) => one.judgement.outcome === OUTCOME.good) ? PROBE_EXIT.good : PROBE_EXIT.unclear;
}

function known(micros: number): number | undefined {
  return micros === ABSENT_MICROS ? undefined : micros;
}

function hasAddress(result: ProbeResult): boolean {
  return result.address.some((byte) => byte !== 0);
}

function whole(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`--${name} is a whole number from ${min} to ${max}.`);
  };
}

function kindOf(text: string): number {
  if (text === 'http') return SERVICE_KIND.http;
  if (text === 'json-rpc') return SERVICE_KIND.jsonRpc;
  throw new InvalidArgumentError('--kind is http or json-rpc; other kinds follow from the scheme of the URL.');
}

function processIo(): ProbeIo {
  return {
    out: (line) => console.log(line),
    error: (line) => console.error(line),
    exit: (code) => {
      process.exitCode = code;
    },
    abandon: () => process.exit(),
    columns: process.stdout.columns ?? DEFAULT_COLUMNS,
  };
}
