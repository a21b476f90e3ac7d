import { Command, InvalidArgumentError } from 'commander';
import { probeSummary } from '../dashboard/probe.ts';
import { summaryOf } from '../dashboard/probesummary.ts';
import { probeTable } from '../dashboard/probetable.ts';
import { painter } from '../dashboard/terminal/text.ts';
import { ALL_SCHEMES, createEgressPolicy, type ProbeUrl } from '../node/probe/egress.ts';
import { PROBES } from '../node/probe/engine.ts';
import { type Judgement, judge } from '../node/probe/judge.ts';
import type { ProbeTools } from '../node/probe/line.ts';
import { dnsResolver } from '../node/probe/resolve.ts';
import type { ProbeResult } from '../node/probe/result.ts';
import { createStallMeter } from '../node/probe/stall.ts';
import { type ServiceTarget, TIMEOUT_MILLIS_MAX, TIMEOUT_MILLIS_MIN } from '../node/probe/target.ts';
import { warmUp } from '../node/probe/warm-up.ts';
import { SKIP_MAX } from '../node/probe/websocket.ts';
import { type Clock, systemClock } from '../platform/clock.ts';
import { errorMessage } from '../protocol/error.ts';
import { REASON } from '../protocol/reason.ts';
import { OUTCOME } from '../protocol/sample.ts';
import { jsonOf, type Probed, summaryJson } from './probejson.ts';
import { bytesOf, digestOf, kindOf, methodOf, SHOW, type TargetOptions, targetFor } from './probetarget.ts';
import { LOOPBACK_HINT, phasesOf, rowOf, screenOf, viewOf } from './probeview.ts';
import { redirectLines } from './redirect.ts';

/** Exit codes of `plumbline probe`; commander's own usage errors become `usage` too. */
export const PROBE_EXIT = { good: 0, bad: 1, usage: 2, unclear: 3 } as const;
/** By hand one looks at an endpoint; load tests are another tool's job. Enough for p99.9 of a leaf's own kind. */
export const REPEAT_MAX = 3_000;
/** Between the starts of two probes: enough for a minute a probe. */
export const INTERVAL_MILLIS_MAX = 60_000;

const DEFAULT_TIMEOUT_MILLIS = 10_000;
/** Ten a second at most, if nothing else is asked for: the server may be somebody else's. */
const DEFAULT_INTERVAL_MILLIS = 100;
const DEFAULT_COLUMNS = 80;

type Options = TargetOptions & { repeat: number; interval: number; allowLoopback: boolean; json: boolean };

export type ProbeIo = {
  out(line: string): void;
  error(line: string): void;
  /** Sets the exit code; the last call counts. */
  exit(code: number): void;
  /** Ends here: commander must not go on after a usage error. */
  abandon(error: Error): never;
  /** Calls `fn` when the user has seen enough (Ctrl-C), once; returns what takes that back. */
  onInterrupt(fn: () => void): () => void;
  columns: number;
  colour: boolean;
};

/** `plumbline probe URL`: probes as a watcher makes them, shown phase by phase. Needs no chain and no consent. */
export function probeCommand(io: ProbeIo = processIo()): Command {
  return new Command('probe')
    .description('probe an endpoint as a watcher would, and show each phase')
    .argument('<url>', `URL to probe; its scheme says how: ${ALL_SCHEMES.join(', ')}`)
    .option(
      '--timeout <ms>',
      'from the start of the connection to the last byte',
      whole('timeout', TIMEOUT_MILLIS_MIN, TIMEOUT_MILLIS_MAX),
      DEFAULT_TIMEOUT_MILLIS,
    )
    .option(
      '--status <code>',
      'the only good status code; 0 = any below 400. For tls: days that the certificate must be valid yet. For dns: the response code',
      whole('status', 0, 599),
      0,
    )
    .option('--method <method>', 'GET or HEAD, for http', methodOf, 'GET')
    .option(
      '--digest <digest>',
      'the only good answer, as keccak256 in hex; "show" prints that of the answer',
      digestOf,
    )
    .option('--kind <kind>', 'http or json-rpc, for http and https URLs', kindOf)
    .option('--request <json>', 'JSON to post; makes it json-rpc')
    .option('--path <path>', 'with --request: where the value stands that counts, like $.result.peers[0]')
    .option('--message <text>', 'for ws: wait for a message after sending this one; "" sends none')
    .option('--skip <n>', 'with --message: messages to pass over first', whole('skip', 0, SKIP_MAX), 0)
    .option('--keep-alive', 'for http: one connection for all probes, not a fresh one for each', false)
    .option(
      '--extra <hex>',
      'settings of the kind as they are registered, instead of the options above that set it',
      bytesOf,
    )
    .option(
      '--repeat <n>',
      'probes, one after the other; Ctrl-C ends with the summary',
      whole('repeat', 1, REPEAT_MAX),
      1,
    )
    .option(
      '--interval <ms>',
      'least time between the starts of two probes',
      whole('interval', 0, INTERVAL_MILLIS_MAX),
      DEFAULT_INTERVAL_MILLIS,
    )
    .option('--allow-loopback', 'allow 127.0.0.0/8 and ::1', false)
    .option('--json', 'print one line of JSON instead', false)
    .addHelpText('after', HELP)
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.error(text.trimEnd()) })
    .exitOverride((error) => {
      io.exit(error.exitCode === 0 ? PROBE_EXIT.good : PROBE_EXIT.usage);
      io.abandon(error);
    })
    .action((url: string, options: Options, command: Command) => run(url, options, givenOf(command), io));
}

const HELP = `
Examples:
  probe https://example.org --repeat 300
  probe https://rpc.example --request '{"jsonrpc":"2.0","id":1,"method":"status","params":[]}' --path '$.result'
  probe wss://feed.example/ws --message '{"op":"ping"}'
  probe dns://ns1.example.org/example.org?type=MX --digest show
  probe tls://example.org:443 --status 14

Exit code: 0 good, 1 bad, 2 usage, 3 unknown, a fault of this machine, or interrupted before a result.`;

/** The options that were typed, not those that have their default. */
function givenOf(command: Command): string[] {
  const typed = command.options.filter((one) => command.getOptionValueSource(one.attributeName()) === 'cli');
  return typed.map((one) => one.long ?? one.flags);
}

async function run(url: string, options: Options, given: readonly string[], io: ProbeIo): Promise<void> {
  const { repeat, json } = options;
  const egress = createEgressPolicy({ allowLoopback: options.allowLoopback });
  const wrong = (message: string) => {
    io.error(`error: ${message}`);
    io.exit(PROBE_EXIT.usage);
  };
  let checked: ProbeUrl;
  try {
    checked = egress.checkUrl(url, ALL_SCHEMES);
  } catch (error) {
    wrong(errorMessage(error));
    if (errorMessage(error).includes('loopback')) io.error(LOOPBACK_HINT);
    return;
  }
  const target = targetFor(url, checked, options, given);
  if (typeof target === 'string') return wrong(target);
  const clock = systemClock();
  const tools = {
    clock,
    egress,
    resolvers: { first: dnsResolver(), second: undefined },
    stall: createStallMeter(clock),
  };
  await warmUp(clock);
  const { secure } = checked;
  const paint = painter(io.colour);
  const say = (lines: readonly string[]) => {
    if (!json) for (const line of lines) io.out(line);
  };
  const table = probeTable(phasesOf(secure), io.columns, paint);
  const linesOf = (one: Probed) =>
    repeat > 1
      ? table.row(probed.length - 1, rowOf(one, target, secure))
      : screenOf(target, one, viewOf(one, target, secure), options.digest === SHOW, io.columns, paint);
  const probed: Probed[] = [];
  const cut = new AbortController();
  const release = io.onInterrupt(() => {
    // Said at once: a name that is being resolved holds the end up.
    if (probed.length < repeat) io.error(interruptedText(probed.length, repeat));
    cut.abort();
  });
  if (repeat > 1) say([table.head]);
  await probeAll(tools, target, options, cut.signal, (one) => {
    probed.push(one);
    say(linesOf(one));
  });
  const summary = summaryOf(probed.map((one) => viewOf(one, target, secure)));
  if (repeat > 1 && probed.length > 0) say(probeSummary(summary, url, io.columns, paint));
  const lastRedirect = probed
    .map(({ result }) => redirectLines(target.kind, result, checked, io.columns))
    .findLast(({ length }) => length > 0);
  if (lastRedirect !== undefined) say([...(repeat > 1 ? [''] : []), ...lastRedirect]);
  release();
  if (json) io.out(JSON.stringify({ url, probes: probed.map(jsonOf), summary: summaryJson(summary) }));
  io.exit(exitOf(probed));
}

function interruptedText(ended: number, repeat: number): string {
  if (repeat === 1) return 'interrupted: the probe had not ended, so there is no result';
  if (ended === 0) return 'interrupted: no probe had ended, so there is nothing to sum up';
  return `interrupted: ${ended} of ${repeat} probes had ended`;
}

/** One after the other, until there are enough or the user has seen enough; what was cut off then is no result. */
async function probeAll(
  tools: ProbeTools,
  target: ServiceTarget,
  { repeat, interval, digest }: Options,
  signal: AbortSignal,
  each: (one: Probed) => void,
): Promise<void> {
  for (let i = 0; i < repeat && !signal.aborted; i++) {
    const begun = tools.clock.monotonicMicros();
    const result = await PROBES[target.kind]!(tools, target, signal);
    if (signal.aborted) return;
    const elapsedMicros = Math.round(tools.clock.monotonicMicros() - begun);
    each({ result, elapsedMicros, judgement: judged(result, target, digest === SHOW) });
    const left = interval - (tools.clock.monotonicMicros() - begun) / 1_000;
    if (i + 1 < repeat && left > 0) await pause(tools.clock, left, signal);
  }
}

/** An answer whose digest is only to be shown is right, whatever it is. */
function judged(result: ProbeResult, target: ServiceTarget, isShown: boolean): Judgement {
  const judgement = judge(result, target);
  const isDigest = judgement.reason === REASON.wrongAnswer || judgement.reason === REASON.wrongBody;
  return isShown && isDigest ? { outcome: OUTCOME.good, reason: REASON.ok } : judgement;
}

function pause(clock: Clock, millis: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(millis, resolve);
  const onAbort = () => {
    timer.cancel();
    resolve();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', onAbort));
}

function exitOf(probed: readonly Probed[]): number {
  if (probed.some((one) => one.judgement.outcome === OUTCOME.bad)) return PROBE_EXIT.bad;
  const isGood = probed.length > 0 && probed.every((one) => one.judgement.outcome === OUTCOME.good);
  return isGood ? PROBE_EXIT.good : PROBE_EXIT.unclear;
}

function whole(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`--${name} is a whole number from ${min} to ${max}.`);
  };
}

function processIo(): ProbeIo {
  const { NO_COLOR = '', TERM = '' } = process.env;
  return {
    out: (line) => console.log(line),
    error: (line) => console.error(line),
    exit: (code) => {
      process.exitCode = code;
    },
    abandon: () => process.exit(),
    onInterrupt: (fn) => {
      process.once('SIGINT', fn);
      return () => process.off('SIGINT', fn);
    },
    columns: process.stdout.columns || DEFAULT_COLUMNS,
    colour: process.stdout.isTTY === true && NO_COLOR === '' && TERM !== 'dumb',
  };
}
