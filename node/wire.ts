import type { Core } from '../ledger/core.ts';
import { failureLog } from '../ledger/failure.ts';
import { Timers } from '../ledger/timers.ts';
import type { Folder } from '../platform/files.ts';
import type { Guard } from '../platform/guard.ts';
import type { Reference } from '../platform/reference.ts';
import type { Signer } from '../platform/signer.ts';
import type { Journal } from '../platform/store/journal.ts';
import { epochAt } from '../protocol/time.ts';
import { abstainStage } from './abstain.ts';
import { archiveStage, pruneArchiveStage } from './archive.ts';
import { attestStage } from './attest.ts';
import { clockStage } from './clock.ts';
import { commitStage } from './commit.ts';
import { considering } from './consider.ts';
import { elsewhereStage } from './elsewhere.ts';
import { evidenceStage } from './evidence.ts';
import { measureStage } from './measure.ts';
import { ownBatch } from './own.ts';
import type { ConsentBook } from './probe/consent.ts';
import type { Prober } from './probe/engine.ts';
import type { Vitals } from './probe/vitals.ts';
import { refuseStage } from './refuse.ts';
import { revealStage } from './reveal.ts';
import { sealStage } from './seal.ts';

export type NodeParts = {
  readonly signer: Signer;
  readonly guard: Guard;
  readonly journal: Pick<Journal, 'entries' | 'find' | 'prune'>;
  readonly watcher: Uint8Array;
  readonly prober: Prober;
  readonly consent: Pick<ConsentBook, 'refreshAll'>;
  /** How well the prober was in its last run; without it the samples alone say how the loop stood still. */
  readonly vitals?: () => Vitals;
  /** NTP servers, where the operator named some. */
  readonly reference?: Reference | undefined;
  readonly archive: Folder | undefined;
  /** Epochs that the archive keeps; 0 keeps all. */
  readonly archiveEpochs: number;
};

/** Epochs past their deadline for which the journal is kept: for whoever wants to look what this key signed. */
export const JOURNAL_EPOCHS = 64;

/** The watcher: probe → seal → commit → reveal, then attest what others propose, and keep what landed. */
export function wireNode(core: Core, parts: NodeParts) {
  const { rounds, pool, clock, facts } = core;
  const deps = { ...core, ...parts, timers: new Timers(clock), failed: failureLog(core.log) };

  // Our key, signing somewhere else: then nothing is signed here any more.
  core.onSigned(elsewhereStage(deps));

  // Our clock against that of others: while it is proven wrong, or has just jumped, nothing is signed.
  const ourClock = clockStage(deps);
  rounds.on('begin', () => void ourClock.check());
  rounds.on('end', ourClock.look);
  rounds.on('view', ourClock.look);

  // Our own batch, from moment to moment of its epoch.
  const { prepare, measure, stop } = measureStage(deps);
  const clockErrorMicros = ourClock.errorMicros;
  const seal = sealStage({ ...deps, clockErrorMicros });
  const abstain = abstainStage({ ...deps, clockErrorMicros });
  const stages = { measure, seal, commit: commitStage(deps), reveal: revealStage(deps), abstain };
  const own = ownBatch(deps, stages);
  rounds.on('begin', own.probe);
  rounds.on('end', own.commit);
  rounds.on('reveal', own.reveal);

  // Everybody's report: computed again and attested, or refused with what it leaves out.
  const consider = considering(deps, { attest: attestStage(deps), refuse: refuseStage(deps) });
  rounds.on('view', consider);
  pool.onChange(consider);

  // What seats can be proven to have left out or contradicted: kept next to the records.
  const evidence = evidenceStage(deps);
  pool.onRefusal(evidence);
  pool.onConflict(evidence);
  // The proposal that a refusal names may have come after it.
  rounds.on('view', evidence);

  // What landed: archived, and in time what is old may go, with the journal of its epoch.
  const archive = archiveStage(deps);
  const pruneArchive = pruneArchiveStage(deps);
  core.onHead(async (followed) => {
    consider();
    if (!followed) return;
    await archive(followed);
    await pruneArchive(followed.landed.header.epoch);
    await parts.journal.prune(followed.landed.header.epoch - facts.parameters.deadlineEpochs - JOURNAL_EPOCHS);
  });

  return {
    /** After core.start, before the first round: listens for our key, takes up open rounds of an earlier run, and asks providers for their consent. */
    prepare: async (): Promise<void> => {
      parts.guard.listen();
      await ourClock.check();
      await own.resume();
      await prepare(Math.max(0, epochAt(facts.calendar, clock.now()) + 1));
    },
    stop: (): void => {
      stop();
      deps.timers.stop();
    },
  };
}
