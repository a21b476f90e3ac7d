/**
 * The thread that probes and does nothing else: signatures, gossip and disk are the main thread's, and so are the moments
 * in which its loop stands still. This file wires; what is probed and how is in the modules that it names.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../platform/clock.ts';
import { raiseThisThread } from '../../../platform/priority.ts';
import { ABSENT_MICROS, type Sample } from '../../../protocol/sample.ts';
import { createConsentBook } from '../consent.ts';
import { createControls } from '../control.ts';
import { nameControl } from '../control-name.ts';
import { createEgressPolicy } from '../egress.ts';
import { createProber } from '../engine.ts';
import { createHeadBook } from '../heads.ts';
import { createReferences } from '../references.ts';
import { dnsResolver } from '../resolve.ts';
import { createStallMeter } from '../stall.ts';
import type { Vitals } from '../vitals.ts';
import { warmUp } from '../warm-up.ts';
import { encodeSamples, type Order, type Report, type WorkerSettings } from './messages.ts';
import { startSelfTest, startSelfTestTarget } from './self-test.ts';
import { boundedWarnings } from './warnings.ts';

const settings = workerData as WorkerSettings;
const say = (report: Report): void => parentPort!.postMessage(report);

const clock = systemClock();
const { secondResolvers } = settings;
const heads = createHeadBook(clock);
const tools = {
  clock,
  heads,
  references: createReferences({ urls: settings.references, clock, heads }),
  egress: createEgressPolicy({ allowLoopback: settings.allowLoopback }),
  resolvers: { first: dnsResolver(), second: secondResolvers.length > 0 ? dnsResolver(secondResolvers) : undefined },
  stall: createStallMeter(clock),
};
const consent = createConsentBook(tools);
const names = settings.controlNames.map((name) => nameControl(name, tools.resolvers));
const controls = createControls(settings.controls, clock, undefined, names);
const log = boundedWarnings(clock, (fields, message) => say({ type: 'warn', fields, message }));
const prober = createProber({ tools, consent, controls, log });

const unraised = raiseThisThread();
await warmUp(clock);
// Without its target there is no self-test, and a prober that cannot say how wrong it is does not go on.
const target = await startSelfTestTarget((reason) => {
  throw new Error(`the self-test target ended: ${reason}`);
});
const selfTest = startSelfTest(tools, target.place, (errorMicros, p99Micros) =>
  say({ type: 'selfTest', errorMicros, p99Micros }),
);

const running = new Map<number, AbortController>();

async function run({ id, slots, startUnixMillis, endUnixMillis }: Order & { type: 'run' }): Promise<void> {
  const abort = new AbortController();
  running.set(id, abort);
  const stalls = tools.stall.watch();
  const samples: Sample[] = await prober.run(slots, { startUnixMillis, endUnixMillis, signal: abort.signal });
  running.delete(id);
  const { good: controlsGood, bad: controlsBad } = controls.take();
  const vitals: Vitals = {
    stallMaxMicros: Math.min(stalls.worstMicros(), ABSENT_MICROS - 1),
    stallTotalMicros: Math.min(stalls.totalMicros(), ABSENT_MICROS - 1),
    selfTestP99Micros: selfTest.p99Micros(),
    controlsGood,
    controlsBad,
  };
  stalls.stop();
  say({ type: 'done', id, samples: encodeSamples(samples), vitals });
}

// An order that comes before this line waits in the port.
parentPort!.on('message', (order: Order) => {
  if (order.type === 'run') void run(order);
  else if (order.type === 'abort') running.get(order.id)?.abort();
  else void consent.refreshAll(order.targets).then(() => say({ type: 'consented', id: order.id }));
});
say({ type: 'ready', ...(unraised === undefined ? {} : { unraised }) });
