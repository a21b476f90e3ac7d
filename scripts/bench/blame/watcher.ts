import { clockStage } from '../../../node/clock.ts';
import { measureStage } from '../../../node/measure.ts';
import { grantedConsent } from '../../../node/probe/consent.ts';
import { createControls } from '../../../node/probe/control.ts';
import { createProber, type Prober, type Slot } from '../../../node/probe/engine.ts';
import type { Probe } from '../../../node/probe/kind.ts';
import { blankResult, type ProbeResult } from '../../../node/probe/result.ts';
import { createStallMeter } from '../../../node/probe/stall.ts';
import { CONTROL_MILLIS_MAX } from '../../../node/probe/target.ts';
import type { OracleFacts } from '../../../platform/chain/chain.ts';
import { Rounds } from '../../../platform/rounds.ts';
import { everyone } from '../../../protocol/assigned.ts';
import { type Batch, checkBatch } from '../../../protocol/batch.ts';
import { keccak } from '../../../protocol/bytes.ts';
import { REASON, type Reason } from '../../../protocol/reason.ts';
import { ABSENT_MICROS, type Sample } from '../../../protocol/sample.ts';
import { SERVICE_KIND, type Service } from '../../../protocol/service.ts';
import type { WatcherSet } from '../../../protocol/set.ts';
import { roundOf } from '../../../protocol/time.ts';
import type { VirtualClock } from '../../../test/support/simnet/clock.ts';
import { Machine } from './machine.ts';
import type { Path } from './path.ts';
import type { Truth } from './truth.ts';

export type WatcherParts = {
  readonly seat: number;
  readonly base: VirtualClock;
  readonly startMillis: number;
  readonly facts: OracleFacts;
  readonly set: WatcherSet;
  readonly services: readonly Service[];
  readonly truth: readonly Truth[];
  readonly path: Path;
  readonly controls: boolean;
  /** A batch whose commit reached the others. */
  readonly deliver: (batch: Batch) => void;
  readonly lost: (why: 'clock' | 'late' | 'cut') => void;
};

const QUIET = { warn: () => {}, info: () => {}, debug: () => {}, error: () => {}, child: () => QUIET };
/** Coarser than the production's, for a tenth of the events: the stalls here last 20 ms and longer. */
const TICK_MILLIS = 10;
const CONTROLS = [1, 2, 3].map((n) => ({ address: `192.0.${n}.1`, port: 443 }));

/** A watcher of the production's own parts (rounds, clock, schedule, prober, controls, judge) on a machine that fails. */
export function createWatcher(parts: WatcherParts) {
  const { seat, base, startMillis, facts, set, services, truth, path } = parts;
  const { watcher } = set.seats[seat]!;
  const machine = new Machine(base);
  const elapsed = () => base.now() - startMillis;
  let isOff = false;

  const probe: Probe = ({ clock, stall: meter }, target) => {
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    const service = truth.find(({ id }) => id === target.serviceId)!;
    const stall = meter.watch();
    const result = blankResult(REASON.internal, '');
    result.startMicros = clock.monotonicMicros();
    result.address = service.address;
    const timeoutMicros = target.timeoutMillis * 1_000;
    let settled = false;
    // From here on as node/probe/connection.ts does it on sockets.
    const finish = (reason: Reason, statusCode: number) => {
      if (settled) return;
      settled = true;
      deadline.cancel();
      result.stallMicros = stall.worstMicros();
      stall.stop();
      result.statusCode = statusCode;
      const took = clock.monotonicMicros() - result.startMicros;
      const isLate = reason === REASON.timeout || (reason === REASON.ok && took - result.stallMicros > timeoutMicros);
      result.reason = isLate ? REASON.timeout : reason;
      if (isLate) result.totalMicros = timeoutMicros;
      else if (reason === REASON.ok) result.totalMicros = took;
      resolve(result);
    };
    const onDeadline = () => {
      const stalled = stall.worstMicros();
      if (stalled > timeoutMicros) return finish(REASON.stalled, 0);
      const left = result.startMicros + timeoutMicros + stalled - clock.monotonicMicros();
      if (left > 0) deadline = clock.after(left / 1_000, onDeadline);
      else finish(REASON.timeout, 0);
    };
    let deadline = clock.after(target.timeoutMillis, onDeadline);
    const answer = path.probe(elapsed(), service.down);
    if (answer) machine.arrive(answer.afterMillis, () => finish(answer.reason, answer.statusCode));
    return promise;
  };

  const reach = (): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const connected = path.control(elapsed());
    machine.after(CONTROL_MILLIS_MAX, () => resolve(false));
    if (connected !== undefined) machine.arrive(connected, () => resolve(true));
    return promise;
  };

  const controls = createControls(parts.controls ? CONTROLS : [], machine, reach);
  const tools = {
    clock: machine,
    egress: undefined,
    resolvers: undefined,
    stall: createStallMeter(machine.quiet(), TICK_MILLIS),
  };
  const prober = createProber({
    tools: tools as never,
    consent: grantedConsent(),
    controls,
    log: QUIET,
    probes: { [SERVICE_KIND.http]: probe },
  });
  /** Of the epoch that was begun last, for the check that others make of a batch. */
  let drawn: readonly Slot[] = [];
  const noted: Prober = {
    run: (slots, epoch) => {
      drawn = slots;
      return prober.run(slots, epoch);
    },
  };
  const assignment = everyone(set);
  const { measure } = measureStage({
    facts,
    epochFacts: async (epoch) => ({ epoch, set, services, seed: new Uint8Array(32), assignment }),
    prober: noted,
    consent: grantedConsent(),
    signer: { prove: (epoch: number) => proofOf(watcher, epoch) } as never,
    watcher,
    log: QUIET,
  });
  const ourClock = clockStage({
    facts,
    clock: machine,
    // A block every 12 s, if the chain can be asked at all.
    chain: {
      newestTimestamp: async () => {
        if (!path.passes(elapsed())) throw new Error('cut');
        return Math.floor(base.now() / 12_000) * 12;
      },
    },
    guard: {
      setClockOff: (off) => {
        isOff = off;
      },
    },
    log: QUIET,
  });

  const rounds = new Rounds(machine, facts.calendar, facts.parameters);
  const running = new Map<number, Promise<{ samples: Sample[]; slots: readonly Slot[] }>>();
  rounds.on('begin', (epoch) => {
    const measured = measure(epoch);
    running.set(
      epoch,
      Promise.resolve()
        .then(() => drawn)
        .then(async (slots) => ({ samples: (await measured).samples, slots })),
    );
  });
  rounds.on('begin', () => void ourClock.check());
  rounds.on('end', ourClock.look);
  rounds.on('view', ourClock.look);
  rounds.on('end', (epoch) => void close(epoch));

  const close = async (epoch: number): Promise<void> => {
    const measured = await running.get(epoch);
    running.delete(epoch);
    if (!measured) return parts.lost('late');
    if (isOff) return parts.lost('clock');
    const { commitGrace, revealFrom } = roundOf(facts.calendar, facts.parameters, epoch);
    if (machine.now() >= revealFrom || base.now() > commitGrace) return parts.lost('late');
    if (!path.passes(elapsed()) && !path.passes(elapsed() + facts.parameters.commitMillis)) return parts.lost('cut');
    parts.deliver(batchOf(epoch, measured.samples, measured.slots));
  };

  const batchOf = (epoch: number, samples: Sample[], slots: readonly Slot[]): Batch => {
    const { parameters, domain, calendar, parametersId } = facts;
    const { chainId, oracle } = domain;
    const frame = {
      protocolVersion: parameters.protocolVersion,
      chainId,
      oracle,
      epoch,
      setId: set.id,
      parametersId,
      watcher,
    };
    const { good, bad } = controls.take();
    const start = (calendar.genesis + epoch * calendar.epochSeconds) * 1_000;
    const batch: Batch = {
      ...frame,
      vrfProof: proofOf(watcher, epoch),
      clockErrorMicros: ourClock.errorMicros(),
      stallMaxMicros: 0,
      stallTotalMicros: 0,
      selfTestP99Micros: ABSENT_MICROS,
      controlsGood: good,
      controlsBad: bad,
      samples,
    };
    const due = slots.map(({ service, slot, atUnixMillis }) => {
      return { service, slot, offsetMicros: Math.round((atUnixMillis - start) * 1_000) };
    });
    checkBatch(batch, frame, due);
    return batch;
  };

  return { machine, start: () => rounds.start(), stop: () => rounds.stop() };
}

/** Stands for the BLS-VRF: as long, as unique, and not signed. */
function proofOf(watcher: Uint8Array, epoch: number): Uint8Array {
  const input = new Uint8Array(40);
  input.set(watcher);
  new DataView(input.buffer).setUint32(32, epoch);
  const proof = new Uint8Array(48);
  proof.set(keccak(input));
  return proof;
}
