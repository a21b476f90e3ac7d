import { coalesce } from '../ledger/coalesce.ts';
import type { Core } from '../ledger/core.ts';
import type { Timer } from '../platform/clock.ts';
import type { Signer } from '../platform/signer.ts';
import type { Journal } from '../platform/store/journal.ts';
import { errorCode, errorMessage } from '../protocol/error.ts';
import { seatOf } from '../protocol/set.ts';
import { epochAt, roundOf } from '../protocol/time.ts';
import { type ArchiveWriter, archiveStage } from './archive.ts';
import { type Committed, type Measurement, sealedFrom } from './artefacts.ts';
import { attestStage } from './attest.ts';
import { commitStage } from './commit.ts';
import { measureStage } from './measure.ts';
import type { ConsentBook } from './probe/consent.ts';
import type { Prober } from './probe/engine.ts';
import { refuseStage } from './refuse.ts';
import { revealStage } from './reveal.ts';
import { sealStage } from './seal.ts';

export type NodeParts = {
  readonly signer: Signer;
  readonly journal: Pick<Journal, 'entries' | 'prune'>;
  readonly watcher: Uint8Array;
  readonly prober: Prober;
  readonly consent: ConsentBook;
  readonly archive: ArchiveWriter | undefined;
};

/** Epochs past their deadline for which the journal is kept: for whoever wants to look what this key signed. */
export const JOURNAL_EPOCHS = 64;
/** A proposal that may be attestable in a moment is looked at again after this long, besides with every message. */
export const LOOK_AGAIN_MILLIS = 250;

/** The watcher: probe → seal → commit → reveal, then attest what others propose, and keep what landed. */
export function wireNode(core: Core, parts: NodeParts) {
  const { rounds, pool, log, clock } = core;
  const { calendar, parameters } = core.facts;
  const deps = { ...core, ...parts };
  const { prepare, measure, stop } = measureStage(deps);
  const seal = sealStage(deps);
  const commit = commitStage(deps);
  const reveal = revealStage(deps);
  const attest = attestStage(deps);
  const refuse = refuseStage(deps);
  const archive = archiveStage(deps);
  const measured = new Map<number, { seat: number; work: Promise<Measurement> }>();
  const committed = new Map<number, Promise<Committed>>();
  const timers = new Map<string, Timer>();
  let stopped = false;
  const failed = (stage: string, epoch?: number) => (error: unknown) =>
    log.error({ stage, epoch, code: errorCode(error), reason: errorMessage(error) }, 'a stage failed');

  /** One timer of a name at a time. */
  const later = (name: string, millis: number, fn: () => void): void => {
    timers.get(name)?.cancel();
    const fire = () => {
      timers.delete(name);
      fn();
    };
    if (!stopped) timers.set(name, clock.after(millis, fire));
  };

  const probe = async (epoch: number): Promise<void> => {
    const seat = seatOf((await core.epochFacts(epoch)).set, parts.watcher)?.seat;
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
    // Nobody takes a commit from then on: it could be a copy.
    const { revealFrom } = roundOf(calendar, parameters, epoch);
    if (clock.now() >= revealFrom) return log.warn({ epoch }, 'too late to commit');
    committed.set(epoch, commit(seal(measurement), ours.seat));
    await committed.get(epoch);
  };
  const open = async (epoch: number): Promise<void> => {
    const ours = committed.get(epoch);
    committed.delete(epoch);
    if (ours) await reveal(await ours);
  };
  const consider = coalesce(async () => {
    const refused = await attest();
    if (!refused) return;
    const { heard, objection } = refused;
    const { epoch } = heard.proposal.header;
    const evidence = { epoch, view: heard.proposal.view, code: objection.code };
    if (objection.passing) {
      later('look again', LOOK_AGAIN_MILLIS, consider);
      return log.debug(evidence, 'proposal not attested yet');
    }
    log.warn(evidence, 'proposal not attested');
    await refuse(refused);
  }, failed('attest'));

  rounds.on('begin', (epoch) => void probe(epoch).catch(failed('probe', epoch)));
  rounds.on('end', (epoch) => void close(epoch).catch(failed('commit', epoch)));
  rounds.on('reveal', (epoch) => void open(epoch).catch(failed('reveal', epoch)));
  rounds.on('view', consider);
  pool.onChange(consider);
  core.onHead(async (followed) => {
    consider();
    if (!followed) return;
    await archive(followed);
    await parts.journal.prune(followed.landed.header.epoch - parameters.deadlineEpochs - JOURNAL_EPOCHS);
  });

  /** After a restart: what the journal holds for rounds still open is sent again, the same bytes and nothing new. */
  const resume = async (epoch: number): Promise<void> => {
    const seat = seatOf((await core.epochFacts(epoch)).set, parts.watcher)?.seat;
    const entry = (await parts.journal.entries(epoch)).find(({ kind }) => kind === 'commit');
    if (!entry || seat === undefined) return;
    committed.set(epoch, commit(sealedFrom(entry.payload), seat));
    await committed.get(epoch);
    const { revealFrom } = roundOf(calendar, parameters, epoch);
    later(`reveal ${epoch}`, revealFrom - clock.now(), () => void open(epoch).catch(failed('reveal', epoch)));
  };

  return {
    /** Before the first round: takes up open rounds of an earlier run, and asks providers for their consent. */
    prepare: async (): Promise<void> => {
      const running = epochAt(calendar, clock.now());
      for (let epoch = Math.max(0, running - parameters.deadlineEpochs); epoch < running; epoch++) {
        await resume(epoch).catch(failed('resume', epoch));
      }
      await prepare(Math.max(0, running + 1));
    },
    stop: (): void => {
      stop();
      stopped = true;
      for (const timer of timers.values()) timer.cancel();
    },
  };
}
