import type { Clock, Timer } from '../../platform/clock.ts';
import { burstRequests } from '../../protocol/burst.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import { SAMPLES_MAX } from '../../protocol/limits.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import { ABSENT_BURST, ABSENT_MICROS, emptySample, OUTCOME, type Outcome, type Sample } from '../../protocol/sample.ts';
import { SERVICE_KIND } from '../../protocol/service.ts';
import { burstProbe } from './burst.ts';
import type { ConsentBook } from './consent.ts';
import type { Controls } from './control.ts';
import { createCorrelation, type Watched } from './correlate.ts';
import { dnsProbe } from './dns.ts';
import { probeHttp } from './http.ts';
import { jsonProbe } from './jsonquery.ts';
import { type Doubt, type Judgement, judge, outcomeOf, reasonOf } from './judge.ts';
import { isKeptAlive } from './keep.ts';
import type { Probe } from './kind.ts';
import type { ProbeTools } from './line.ts';
import type { ProbeResult } from './result.ts';
import { isSupported, type ServiceTarget } from './target.ts';
import { tcpProbe } from './tcp.ts';
import { tlsProbe } from './tls.ts';
import { websocketProbe } from './websocket.ts';

/** One scheduled probe: the `slot`-th of the epoch's `service`-th service. */
export type Slot = { service: number; slot: number; atUnixMillis: number; target: ServiceTarget };

export type Epoch = {
  startUnixMillis: number;
  /** By then every slot has its sample. */
  endUnixMillis: number;
  /** Aborting (shutdown) ends the run at once; every slot still gets its sample. */
  signal?: AbortSignal;
};

export interface Prober {
  /**
   * Executes the slots, each at its time whatever the others do (open loop): exactly one sample per slot, in the slots'
   * order, at the epoch's end at the latest. Throws PlumblineError `probe-epoch` or `probe-slots` for an impossible
   * schedule; afterwards it never rejects.
   */
  run(slots: readonly Slot[], epoch: Epoch): Promise<Sample[]>;
}

/** The part of a pino logger that probing needs. */
export type ProbeLog = { warn(fields: object, message: string): void };

export type ProberOptions = {
  tools: ProbeTools;
  consent: ConsentBook;
  controls: Controls;
  log: ProbeLog;
  /** Default: PROBES_MAX. */
  probesMax?: number;
  /** By kind; default: PROBES. */
  probes?: Readonly<Record<number, Probe>>;
};

/** Probes in flight at once: 256 sockets and at most 256 MiB of bodies fit the smallest machine and its file limit. */
export const PROBES_MAX = 256;
/** A slot begun later than this is a slot missed: others check the start against the drawn time. */
export const START_LATE_MILLIS_MAX = 500;
/** The controls are also asked while nothing fails, so that a short outage of our own is noticed. */
export const CONTROL_PERIOD_MILLIS = 5_000;
/** Before a failed probe one period and a little more: a tick of the period's timer may come late. */
export const CONTROL_BEFORE_MILLIS = CONTROL_PERIOD_MILLIS + 1_000;
/** So long before the epoch's end whoever still waits for its neighbours is judged by those that are known. */
export const SETTLE_MILLIS = 50;
/** Offsets inside an epoch are 32-bit microseconds; an hour leaves room. */
export const EPOCH_MILLIS_MAX = 3_600_000;

/** A digest stands in a sample when what it is of was compared, and nothing else was wrong: so checks can be counted. */
const FAILED_CHECKS: readonly Reason[] = [REASON.wrongBody, REASON.wrongHash, REASON.wrongAnswer];

const MICROS_PER_MILLI = 1_000;

export const httpProbe: Probe = (tools, target, signal) => {
  if (target.burstRate !== undefined) return burstProbe(tools, target, signal);
  const { url, method, timeoutMillis, authorities } = target;
  const wantDigest = target.expectedBodyDigest !== undefined;
  const keepId = isKeptAlive(target.extra) ? target.serviceId : undefined;
  return probeHttp(tools, { url, method, timeoutMillis, wantDigest, wantBody: false, keepId, authorities, signal });
};

/** What this watcher can probe, by kind. */
export const PROBES: Readonly<Record<number, Probe>> = {
  [SERVICE_KIND.http]: httpProbe,
  [SERVICE_KIND.jsonRpc]: jsonProbe,
  [SERVICE_KIND.websocket]: websocketProbe,
  [SERVICE_KIND.tcp]: tcpProbe,
  [SERVICE_KIND.tls]: tlsProbe,
  [SERVICE_KIND.dns]: dnsProbe,
};

export function createProber(options: ProberOptions): Prober {
  const { tools, consent, controls, log } = options;
  const { clock } = tools;
  const probesMax = options.probesMax ?? PROBES_MAX;
  const probes = options.probes ?? PROBES;
  const correlation = createCorrelation(clock);
  let inFlight = 0;

  /** The reason not to send any load for this slot, if there is one. */
  const obstacle = (slot: Slot): Reason | undefined => {
    const { target } = slot;
    if (clock.now() - slot.atUnixMillis > START_LATE_MILLIS_MAX) return REASON.startedLate;
    if (probes[target.kind] === undefined || !isSupported(target)) return REASON.unsupported;
    const state = consent.state(target);
    if (state !== 'granted') return state === 'absent' ? REASON.noConsent : REASON.consentUnproven;
    return inFlight >= probesMax ? REASON.overload : undefined;
  };

  /** Why not to believe what a probe shows, if there is a reason. */
  const doubtOf = async ({ result, isShared }: Watched, outcome: Outcome): Promise<Doubt | undefined> => {
    const isGood = outcome === OUTCOME.good;
    // A burst that missed its rate accuses too, though its answer is a good one.
    const accuses = outcome === OUTCOME.bad || (isGood && result.burst === 0);
    if (isGood && !accuses)
      return (await controls.wellSince(result.startMicros)) ? undefined : REASON.controlsUnhealthy;
    if (!accuses) return undefined;
    // An outage of ours that ended just before the probe may still have spoiled it.
    const since = result.startMicros - CONTROL_BEFORE_MILLIS * MICROS_PER_MILLI;
    if (!(await controls.healthySince(since))) return REASON.controlsUnhealthy;
    return !isGood && (await isShared()) ? REASON.correlatedFailure : undefined;
  };

  /** Probes one slot now. A socket stays counted until its probe ends, even if the epoch ended first. */
  const probeSlot = async (slot: Slot, epoch: Epoch, signal: AbortSignal): Promise<Sample> => {
    const reason = obstacle(slot);
    if (reason !== undefined) return blankSample(slot, reason);
    const startMicros = Math.round((clock.now() - epoch.startUnixMillis) * MICROS_PER_MILLI);
    const { load, target } = fitting(slot.target, probesMax - inFlight);
    inFlight += load;
    controls.accompany();
    try {
      const probe = async () => probes[target.kind]!(tools, target, signal);
      const ended = probe().finally(() => {
        inFlight -= load;
      });
      const watched = await correlation.watch(target, ended, (result) => outcomeOf(reasonOf(result, target)));
      const { result } = watched;
      const doubt = await doubtOf(watched, outcomeOf(reasonOf(result, target)));
      if (doubt !== undefined) result.burst = ABSENT_BURST;
      const judgement: Judgement = judge(result, target, doubt);
      if (judgement.reason === REASON.internal) log.warn({ slot, detail: result.detail }, 'a probe failed oddly');
      return sampleOf(slot, startMicros, result, judgement);
    } catch (error) {
      log.warn({ service: slot.service, slot: slot.slot, error: errorMessage(error) }, 'a probe threw');
      return blankSample(slot, REASON.internal);
    }
  };

  const run = (slots: readonly Slot[], epoch: Epoch): Promise<Sample[]> => {
    checkEpoch(slots, epoch);
    const { promise, resolve } = Promise.withResolvers<Sample[]>();
    const samples = new Array<Sample | undefined>(slots.length).fill(undefined);
    const started = new Set<number>();
    const cut = new AbortController();
    // One timer for all: thousands of waiting ones would be moved about by every garbage collection.
    const order = slots.map((_, index) => index).sort((a, b) => slots[a]!.atUnixMillis - slots[b]!.atUnixMillis);
    let next = 0;
    let nextStart: Timer | undefined;
    let lastWord: Timer | undefined;
    let epochEnd: Timer | undefined;
    let missing = slots.length;

    const settle = (index: number, sample: Sample) => {
      if (samples[index] !== undefined) return;
      samples[index] = sample;
      missing -= 1;
      if (missing === 0) end();
    };
    const end = () => {
      nextStart?.cancel();
      lastWord?.cancel();
      epochEnd?.cancel();
      stopControls();
      epoch.signal?.removeEventListener('abort', onShutdown);
      resolve(samples as Sample[]);
      cut.abort();
    };
    /** Gives every slot that has no sample yet the one that claims least. */
    const settleRest = (running: Reason, waiting: Reason) => {
      slots.forEach((slot, index) => {
        settle(index, blankSample(slot, started.has(index) ? running : waiting));
      });
    };
    const onShutdown = () => settleRest(REASON.shutdown, REASON.shutdown);

    const stopControls = checkPeriodically(clock, controls);
    void consent.refreshAll(targetsOf(slots), epoch.signal);
    const startDue = () => {
      for (; next < order.length && slots[order[next]!]!.atUnixMillis <= clock.now(); next++) {
        const index = order[next]!;
        started.add(index);
        void probeSlot(slots[index]!, epoch, cut.signal).then((sample) => settle(index, sample));
      }
      if (next < order.length) nextStart = clock.after(slots[order[next]!]!.atUnixMillis - clock.now(), startDue);
    };
    startDue();
    lastWord = clock.after(epoch.endUnixMillis - SETTLE_MILLIS - clock.now(), correlation.settle);
    // A probe that timed out has its sample by now; one that still runs, or still waits for the controls, accuses nobody.
    epochEnd = clock.after(epoch.endUnixMillis - clock.now(), () => settleRest(REASON.cutOff, REASON.startedLate));
    epoch.signal?.addEventListener('abort', onShutdown, { once: true });
    if (epoch.signal?.aborted) onShutdown();
    else if (missing === 0) end();
    return promise;
  };
  return { run };
}

/** Sockets that a probe of the target may open, and the target without its burst where there is no room for that. */
function fitting(target: ServiceTarget, room: number): { load: number; target: ServiceTarget } {
  const { burstRate, ...plain } = target;
  if (burstRate === undefined) return { load: 1, target };
  const load = burstRequests(burstRate);
  return load <= room ? { load, target } : { load: 1, target: plain };
}

/** @throws PlumblineError `probe-epoch` or `probe-slots` for an impossible schedule */
export function checkEpoch(slots: readonly Slot[], epoch: Epoch): void {
  const millis = epoch.endUnixMillis - epoch.startUnixMillis;
  if (!(millis > 0 && millis <= EPOCH_MILLIS_MAX)) {
    const remedy = `it must last more than 0 and at most ${EPOCH_MILLIS_MAX} ms; check genesis and epochSeconds`;
    throw new PlumblineError('probe-epoch', `The epoch to probe lasts ${millis} ms: ${remedy}.`, { millis });
  }
  if (slots.length > SAMPLES_MAX) {
    const remedy = 'lower the slots per epoch of the services, or the number of services';
    const message = `The schedule has ${slots.length} slots, at most ${SAMPLES_MAX} fit into a batch; ${remedy}.`;
    throw new PlumblineError('probe-slots', message, { slots: slots.length });
  }
}

function targetsOf(slots: readonly Slot[]): ServiceTarget[] {
  return [...new Map(slots.map(({ service, target }) => [service, target])).values()];
}

/** Checks the controls now and in every period until the returned function is called. */
function checkPeriodically(clock: Clock, controls: Controls): () => void {
  let timer: Timer;
  const tick = () => {
    void controls.check();
    timer = clock.after(CONTROL_PERIOD_MILLIS, tick);
  };
  tick();
  return () => timer.cancel();
}

function blankSample(slot: Slot, reason: Reason): Sample {
  return emptySample(slot.service, slot.slot, outcomeOf(reason), reason);
}

/** Only its numbers count: every result brings an address and a digest of its own. */
const NOTHING = emptySample(0, 0, OUTCOME.unknown, REASON.ok);

function sampleOf(slot: Slot, startMicros: number, result: ProbeResult, { outcome, reason }: Judgement): Sample {
  const { reason: _reason, detail: _detail, body: _body, location: _location, ...measured } = result;
  const wasCompared = outcome === OUTCOME.good || FAILED_CHECKS.includes(reason);
  return {
    ...NOTHING,
    service: slot.service,
    slot: slot.slot,
    outcome,
    reason,
    ...measured,
    bodyDigest: wasCompared ? measured.bodyDigest : NOTHING.bodyDigest,
    startMicros: Math.min(Math.max(startMicros, 0), ABSENT_MICROS - 1),
  };
}
