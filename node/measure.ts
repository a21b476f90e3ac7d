import type { EpochFacts } from '../ledger/epoch.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import type { Log } from '../platform/log.ts';
import type { Signer } from '../platform/signer.ts';
import { owedBy } from '../protocol/assigned.ts';
import { scheduleOf } from '../protocol/burst.ts';
import { errorMessage } from '../protocol/error.ts';
import { OUTCOME } from '../protocol/sample.ts';
import { epochStart } from '../protocol/time.ts';
import type { Measurement } from './artefacts.ts';
import type { ConsentBook } from './probe/consent.ts';
import type { Prober } from './probe/engine.ts';
import { targetsOf } from './probe/load.ts';
import type { Vitals } from './probe/vitals.ts';

export type MeasureDeps = {
  readonly facts: OracleFacts;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly prober: Prober;
  readonly consent: Pick<ConsentBook, 'refreshAll'>;
  readonly vitals?: () => Vitals;
  readonly signer: Signer;
  readonly watcher: Uint8Array;
  readonly log: Log;
};

/** Probes every assigned slot of an epoch at the time that this watcher's VRF draws. */
export function measureStage(deps: MeasureDeps) {
  const { facts, epochFacts, prober, consent, signer, watcher, log } = deps;
  const stop = new AbortController();
  return {
    /** Asks every provider that it will probe for its consent, so that the first epoch is not spent on asking. Never rejects. */
    prepare: async (epoch: number): Promise<void> => {
      try {
        const { services, assignment } = await epochFacts(epoch);
        const targets = targetsOf(services, assignment, facts.calendar.epochSeconds);
        const owes = owedBy(assignment, watcher);
        await consent.refreshAll(
          targets.filter((_, index) => owes(services[index]!)),
          stop.signal,
        );
      } catch (error) {
        log.warn({ epoch, reason: errorMessage(error) }, 'cannot ask for consents yet');
      }
    },

    /** Resolves with the last probe, at the epoch's end at the latest. @throws PlumblineError when the chain cannot tell what to measure */
    measure: async (epoch: number): Promise<Measurement> => {
      const known = await epochFacts(epoch);
      const vrfProof = signer.prove(epoch, known.seed);
      const owes = owedBy(known.assignment, watcher);
      const drawn = scheduleOf(known, watcher, vrfProof, facts.calendar.epochSeconds);
      const targets = targetsOf(known.services, known.assignment, facts.calendar.epochSeconds);
      const startUnixMillis = epochStart(facts.calendar, epoch);
      // Only where it probes: a consent check is load too.
      void consent.refreshAll(
        targets.filter((_, index) => owes(known.services[index]!)),
        stop.signal,
      );
      const samples = await prober.run(
        drawn.map(({ service, slot, offsetMicros, burstRate }) => ({
          service,
          slot,
          atUnixMillis: startUnixMillis + offsetMicros / 1000,
          target: burstRate === undefined ? targets[service]! : { ...targets[service]!, burstRate },
        })),
        { startUnixMillis, endUnixMillis: epochStart(facts.calendar, epoch + 1), signal: stop.signal },
      );
      // Of this very run: the next one has only just begun.
      const vitals = deps.vitals?.();
      // The wall clock counts whole milliseconds, so a start can read up to one before its time; it never was.
      samples.forEach((sample, i) => {
        if (sample.outcome === OUTCOME.good || sample.outcome === OUTCOME.bad) {
          sample.startMicros = Math.max(sample.startMicros, drawn[i]!.offsetMicros);
        }
      });
      return { facts: known, vrfProof, samples, ...(vitals === undefined ? {} : { vitals }) };
    },

    stop: (): void => stop.abort(),
  };
}

export type Measure = ReturnType<typeof measureStage>;
