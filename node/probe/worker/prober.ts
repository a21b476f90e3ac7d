import type { Clock, Timer } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { type Metrics, noMetrics } from '../../../platform/metrics.ts';
import { startThread, type Thread } from '../../../platform/thread.ts';
import { errorMessage, PlumblineError } from '../../../protocol/error.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { ABSENT_MICROS, emptySample, type Sample } from '../../../protocol/sample.ts';
import type { ConsentBook } from '../consent.ts';
import { checkEpoch, type Epoch, type ProbeLog, type Prober, type Slot } from '../engine.ts';
import { outcomeOf } from '../judge.ts';
import type { ServiceTarget } from '../target.ts';
import type { Vitals } from '../vitals.ts';
import { decodeSamples, type Order, parseReport, type Report, type WorkerSettings } from './messages.ts';

/** The prober in a thread of its own, as the main thread sees it. */
export type ProberThread = {
  readonly prober: Prober;
  /** The consents that the thread's prober goes by. */
  readonly consent: Pick<ConsentBook, 'refreshAll'>;
  /** How well the prober was in the run that ended last. */
  vitals(): Vitals;
  stop(): Promise<void>;
};

export type ProberThreadOptions = {
  readonly settings: WorkerSettings;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly metrics?: Metrics;
  /** For tests: another module in the place of the prober. */
  readonly entry?: URL;
};

/**
 * A thread that keeps ending is broken, and each start costs a second of a core: after so many in a minute the watcher goes
 * on without samples, and tries again when the minute is over.
 */
export const STARTS_PER_MINUTE_MAX = 5;
/** From its start to its first word, on a machine that is busy starting other things as well. */
export const READY_MILLIS_MAX = 30_000;
/**
 * After an epoch's end the thread has this long to hand its samples over: thousands take it a few milliseconds, and the commit
 * must leave within half a second even with the shortest preset.
 */
export const ANSWER_MILLIS_MAX = 250;
/** When our own loop stood still, the answer may be waiting behind the timer: it gets this long to come forward. */
export const SECOND_LOOK_MILLIS = 20;
/** Bodies of answers are outside of it; all samples of an epoch and a thousand consents are a few megabytes. */
export const HEAP_MEGABYTES_MAX = 256;
/**
 * With V8's own 48 the loop stood still for 30 to 50 ms every two seconds at 500 probes a second; so for a millisecond, nine times a second at 1,000.
 * With 3, forty times a second, and what was in flight grew old.
 */
export const YOUNG_MEGABYTES_MAX = 12;

const MINUTE_MICROS = 60_000_000;
const NO_VITALS: Vitals = {
  stallMaxMicros: 0,
  stallTotalMicros: 0,
  selfTestP99Micros: ABSENT_MICROS,
  controlsGood: 0,
  controlsBad: 0,
};

type Running = {
  readonly slots: readonly Slot[];
  readonly epoch: Epoch;
  readonly samples: (Sample | undefined)[];
  /** Indexes into `slots` that the thread has been asked for, in the order of its answer. */
  asked: readonly number[];
  deadline: Timer | undefined;
  readonly resolve: (samples: Sample[]) => void;
  readonly onAbort: () => void;
};

/** Starts the thread and waits until it has warmed up. @throws PlumblineError `probe-worker` when it does not come up */
export async function startProberThread(options: ProberThreadOptions): Promise<ProberThread> {
  const { settings, clock, log, metrics = noMetrics } = options;
  const entry =
    options.entry ?? new URL(import.meta.url.endsWith('.ts') ? './entry.ts' : './entry.js', import.meta.url);
  /** Lines that the thread wrote. */
  const theirs: ProbeLog = log;
  const runs = new Map<number, Running>();
  const asking = new Map<number, () => void>();
  const first = Promise.withResolvers<void>();
  let thread: Thread | undefined;
  let startedMicros: number[] = [];
  let nextId = 0;
  let isUp = false;
  let stopped = false;
  let last: Vitals = NO_VITALS;

  const send = (order: Order): void => thread?.post(order);

  const start = (): void => {
    const now = clock.monotonicMicros();
    startedMicros = startedMicros.filter((micros) => now - micros < MINUTE_MICROS);
    if (startedMicros.length >= STARTS_PER_MINUTE_MAX) {
      log.error({ starts: startedMicros.length }, 'the probing thread keeps ending: no samples until a minute is over');
      return;
    }
    startedMicros.push(now);
    const fresh: Thread = startThread(entry, {
      data: settings,
      heapMegabytesMax: HEAP_MEGABYTES_MAX,
      youngMegabytesMax: YOUNG_MEGABYTES_MAX,
      onMessage: (message) => {
        try {
          hear(parseReport(message));
        } catch (error) {
          lose(fresh, errorMessage(error));
        }
      },
      onEnd: (reason) => lose(fresh, reason),
    });
    thread = fresh;
  };

  /** The thread is gone or not to be trusted any more: what it measured is lost, what is still to come gets another one. */
  const lose = (which: Thread, reason: string): void => {
    if (thread !== which) return;
    thread = undefined;
    void which.end();
    last = NO_VITALS;
    for (const done of asking.values()) done();
    first.reject(new PlumblineError('probe-worker', `the probing thread did not come up: ${reason}`));
    if (stopped || !isUp) return;
    metrics.increment('plumbline_prober_restarts_total', {});
    log.error({ reason, runs: runs.size }, 'the probing thread ended');
    start();
    for (const [id, running] of runs) {
      const now = clock.now();
      const isLost = (index: number) => thread === undefined || running.slots[index]!.atUnixMillis <= now;
      for (const index of running.asked.filter(isLost)) blame(running, index, REASON.proberLost);
      ask(
        id,
        running,
        running.asked.filter((index) => running.samples[index] === undefined),
      );
    }
  };

  const blame = (running: Running, index: number, reason: Reason): void => {
    const { service, slot } = running.slots[index]!;
    running.samples[index] ??= emptySample(service, slot, outcomeOf(reason), reason);
  };

  const ask = (id: number, running: Running, indexes: readonly number[]): void => {
    running.asked = indexes;
    if (indexes.length === 0) {
      settle(id, running);
      return;
    }
    const { startUnixMillis, endUnixMillis, signal } = running.epoch;
    send({ type: 'run', id, slots: indexes.map((index) => running.slots[index]!), startUnixMillis, endUnixMillis });
    if (signal?.aborted) send({ type: 'abort', id });
  };

  const settle = (id: number, running: Running): void => {
    runs.delete(id);
    running.deadline?.cancel();
    running.epoch.signal?.removeEventListener('abort', running.onAbort);
    running.slots.forEach((_, index) => {
      blame(running, index, REASON.proberLost);
    });
    running.resolve(running.samples as Sample[]);
  };

  const hear = (report: Report): void => {
    if (report.type === 'ready') {
      if (report.unraised !== undefined) {
        log.warn(
          { reason: report.unraised },
          'the probing thread has no raised priority: a busy machine adds to its error',
        );
      }
      isUp = true;
      first.resolve();
    } else if (report.type === 'done') {
      const running = runs.get(report.id);
      if (running === undefined) return;
      const slots = running.asked.map((index) => running.slots[index]!);
      decodeSamples(report.samples, slots).forEach((sample, i) => {
        running.samples[running.asked[i]!] = sample;
      });
      last = report.vitals;
      publish(running, report.vitals);
      settle(report.id, running);
    } else if (report.type === 'consented') {
      asking.get(report.id)?.();
    } else if (report.type === 'selfTest') {
      metrics.observe('plumbline_prober_error_seconds', {}, report.errorMicros / 1e6);
      metrics.set('plumbline_prober_error_p99_seconds', {}, report.p99Micros / 1e6);
    } else theirs.warn(report.fields, report.message);
  };

  /** What operators see of the prober itself: how late it started probes, and how its loop stood. */
  const publish = ({ slots, epoch, samples }: Running, vitals: Vitals): void => {
    let lagMicrosMax = 0;
    let stalled = 0;
    samples.forEach((sample, index) => {
      if (sample === undefined || sample.connectMicros === ABSENT_MICROS) return;
      const drawnMicros = (slots[index]!.atUnixMillis - epoch.startUnixMillis) * 1_000;
      const lagMicros = Math.max(0, sample.startMicros - drawnMicros);
      metrics.observe('plumbline_probe_start_lag_seconds', {}, lagMicros / 1e6);
      lagMicrosMax = Math.max(lagMicrosMax, lagMicros);
      if (sample.stallMicros > 0) stalled += 1;
    });
    metrics.increment('plumbline_samples_stalled_total', {}, stalled);
    metrics.observe('plumbline_event_loop_stall_seconds', {}, vitals.stallMaxMicros / 1e6);
    log.info({ probes: slots.length, lagMicrosMax: Math.round(lagMicrosMax), stalled, ...vitals }, 'probed');
  };

  const run = (slots: readonly Slot[], epoch: Epoch): Promise<Sample[]> => {
    checkEpoch(slots, epoch);
    const { promise, resolve } = Promise.withResolvers<Sample[]>();
    const id = nextId++;
    const onAbort = () => send({ type: 'abort', id });
    const samples = new Array<Sample | undefined>(slots.length).fill(undefined);
    const running: Running = { slots, epoch, samples, asked: [], deadline: undefined, resolve, onAbort };
    const giveUp = () => {
      if (runs.has(id) && thread !== undefined) lose(thread, 'it did not hand over its samples in time');
      if (runs.has(id)) settle(id, running);
    };
    const lookAgain = () => {
      running.deadline = clock.after(SECOND_LOOK_MILLIS, giveUp);
    };
    running.deadline = clock.after(epoch.endUnixMillis + ANSWER_MILLIS_MAX - clock.now(), lookAgain);
    runs.set(id, running);
    epoch.signal?.addEventListener('abort', onAbort, { once: true });
    if (thread === undefined && !stopped) start();
    ask(id, running, thread === undefined ? [] : slots.map((_, index) => index));
    return promise;
  };

  const refreshAll = (targets: readonly ServiceTarget[], signal?: AbortSignal): Promise<void> => {
    if (thread === undefined || signal?.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const id = nextId++;
    asking.set(id, resolve);
    signal?.addEventListener('abort', resolve as () => void, { once: true });
    send({ type: 'consent', id, targets });
    return promise.finally(() => {
      asking.delete(id);
      signal?.removeEventListener('abort', resolve as () => void);
    });
  };

  const stop = async (): Promise<void> => {
    stopped = true;
    const ending = thread;
    thread = undefined;
    for (const done of asking.values()) done();
    for (const [id, running] of [...runs]) {
      running.asked.forEach((index) => {
        blame(running, index, REASON.shutdown);
      });
      settle(id, running);
    }
    await ending?.end();
  };

  start();
  const patience = clock.after(READY_MILLIS_MAX, () => thread && lose(thread, `no word within ${READY_MILLIS_MAX} ms`));
  try {
    await first.promise;
  } catch (error) {
    await stop();
    throw error;
  } finally {
    patience.cancel();
  }
  return { prober: { run }, consent: { refreshAll }, vitals: () => last, stop };
}
