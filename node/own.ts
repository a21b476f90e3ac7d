import type { EpochFacts } from '../ledger/epoch.ts';
import type { Failed } from '../ledger/failure.ts';
import type { Timers } from '../ledger/timers.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Guard } from '../platform/guard.ts';
import type { Log } from '../platform/log.ts';
import type { Journal } from '../platform/store/journal.ts';
import { errorCode } from '../protocol/error.ts';
import { seatOf } from '../protocol/set.ts';
import { epochAt, roundOf } from '../protocol/time.ts';
import { type Committed, type Measurement, type Sealed, sealedFrom } from './artefacts.ts';

export type OwnDeps = {
  readonly facts: OracleFacts;
  readonly clock: Clock;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly journal: Pick<Journal, 'entries'>;
  readonly guard: Pick<Guard, 'checkNew'>;
  readonly watcher: Uint8Array;
  readonly timers: Timers;
  readonly failed: Failed;
  readonly log: Log;
};

/** The stages that our own batch goes through, in this order. */
export type OwnStages = {
  readonly measure: (epoch: number) => Promise<Measurement>;
  readonly seal: (measurement: Measurement) => Sealed;
  readonly commit: (sealed: Sealed, seat: number) => Promise<Committed>;
  readonly reveal: (committed: Committed) => Promise<void>;
  readonly abstain: (measurement: Measurement, code: string) => Promise<void>;
};

/** Carries our own batch from one moment of its epoch to the next. A failure costs this epoch's batch and nothing else. */
export function ownBatch(deps: OwnDeps, { measure, seal, commit, reveal, abstain }: OwnStages) {
  const { clock, log, timers, failed } = deps;
  const { calendar, parameters } = deps.facts;
  const measured = new Map<number, { seat: number; work: Promise<Measurement> }>();
  const committed = new Map<number, Promise<Committed>>();
  const ownSeat = async (epoch: number) => seatOf((await deps.epochFacts(epoch)).set, deps.watcher)?.seat;

  const refusal = (): string | undefined => {
    try {
      deps.guard.checkNew();
      return undefined;
    } catch (error) {
      return errorCode(error);
    }
  };

  const probe = async (epoch: number): Promise<void> => {
    const seat = await ownSeat(epoch);
    if (seat === undefined) return log.warn({ epoch }, 'this watcher has no seat in the epoch: not measuring');
    const work = measure(epoch);
    measured.set(epoch, { seat, work });
    await work;
  };
  const close = async (epoch: number): Promise<void> => {
    const ours = measured.get(epoch);
    measured.delete(epoch);
    const measurement = await ours?.work.catch(() => undefined);
    if (!ours || !measurement) return;
    // While we listen for our own key elsewhere, or our clock is wrong, what was measured is not sent.
    const code = refusal();
    if (code !== undefined) return abstain(measurement, code);
    // Nobody takes a commit from then on: it could be a copy.
    const { revealFrom } = roundOf(calendar, parameters, epoch);
    if (clock.now() >= revealFrom) {
      log.warn({ epoch }, 'too late to commit');
      return abstain(measurement, 'late');
    }
    committed.set(epoch, commit(seal(measurement), ours.seat));
    await committed.get(epoch);
  };
  const open = async (epoch: number): Promise<void> => {
    const ours = committed.get(epoch);
    committed.delete(epoch);
    if (ours) await reveal(await ours);
  };
  const resumeOne = async (epoch: number): Promise<void> => {
    const seat = await ownSeat(epoch);
    const entry = (await deps.journal.entries(epoch)).find(({ kind }) => kind === 'commit');
    // An imported entry has no payload: the batch is on the machine that it came from.
    if (!entry || entry.payload.length === 0 || seat === undefined) return;
    committed.set(epoch, commit(sealedFrom(entry.payload), seat));
    await committed.get(epoch);
    const { revealFrom } = roundOf(calendar, parameters, epoch);
    timers.later(`reveal ${epoch}`, revealFrom - clock.now(), () => void open(epoch).catch(failed('reveal', epoch)));
  };

  return {
    probe: (epoch: number): void => void probe(epoch).catch(failed('probe', epoch)),
    commit: (epoch: number): void => void close(epoch).catch(failed('commit', epoch)),
    reveal: (epoch: number): void => void open(epoch).catch(failed('reveal', epoch)),
    /** After a restart: what the journal holds for rounds still open is sent again, the same bytes and nothing new. */
    resume: async (): Promise<void> => {
      const running = epochAt(calendar, clock.now());
      for (let epoch = Math.max(0, running - parameters.deadlineEpochs); epoch < running; epoch++) {
        await resumeOne(epoch).catch(failed('resume', epoch));
      }
    },
  };
}
