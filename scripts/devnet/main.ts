import type { DevnetCommand, DevnetEvent } from '../../dashboard/model.ts';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';
import { type Calendar, epochAt } from '../../protocol/time.ts';
import { onKeys } from './keys.ts';
import { SETTLE_WINDOW_EPOCHS } from './plan.ts';
import { hasQuorum, LOOK_MILLIS, Run } from './run.ts';
import { type Summary, summaryOf } from './summary.ts';
import { Devnet } from './supervisor.ts';

export type Plan = {
  readonly watchers: number;
  /** Stop after so many reports; undefined: run until told to stop. */
  readonly epochs: number | undefined;
  readonly kills: readonly { readonly id: number; readonly epoch: number }[];
  readonly restarts: readonly { readonly id: number; readonly epoch: number }[];
  readonly liars: readonly number[];
  /** Watchers that are sick from the beginning of one epoch to that of another. */
  readonly faults: readonly PlannedFault[];
  readonly seed: number;
  readonly aggregator: boolean;
  /** JSON-RPC services before the EVM as well. */
  readonly rpc: boolean;
  readonly directory: string | undefined;
};

export const FAULT_KINDS = ['cut', 'clock', 'stall'] as const;
export type PlannedFault = {
  readonly kind: (typeof FAULT_KINDS)[number];
  readonly id: number;
  readonly from: number;
  readonly to: number;
};

/** Far beyond Δ / 2, and more than the time in which a commit of the same epoch counts. */
const JUMP_MILLIS = 1_500;
/** Longer than the time-out of the devnet's probes. */
const STALL_MILLIS = 1_000;
/** A fault begins and ends this long after its epochs do: in the middle of probing. */
const INTO_EPOCH_MILLIS = 1_000;

/** 0 done, 1 started and failed, 3 no quorum. */
export const EXIT = { done: 0, failed: 1, noQuorum: 3 } as const;

/** A run of fixed length without a report for this many epochs has failed, whatever the reason. */
const SILENT_EPOCHS_MAX = 8;

type Show = (event: DevnetEvent) => void;
type Ending = { readonly code: number; readonly reason: string | undefined };

export type Surroundings = {
  /** Read keys from the terminal. */
  readonly interactive: boolean;
  /** Told when the genesis is known. */
  readonly onCalendar: (calendar: Calendar) => void;
};

/** Runs a devnet to its end and cleans up. */
export async function runDevnet(
  plan: Plan,
  show: Show,
  { interactive, onCalendar }: Surroundings,
): Promise<{ code: number; summary: Summary }> {
  const quit = new AbortController();
  const stop = () => quit.abort();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  let devnet: Devnet | undefined;
  let run: Run | undefined;
  let ending: Ending;
  try {
    devnet = await Devnet.start({ ...plan, sick: [...new Set(plan.faults.map(({ id }) => id))] }, show);
    onCalendar(devnet.chain.facts.calendar);
    run = new Run(devnet, show);
    const release = interactive ? onKeys(process.stdin, keysOf(devnet, show, stop)) : () => {};
    ending = await follow(plan, devnet, run, show, quit.signal).finally(release);
  } catch (error) {
    const code = error instanceof PlumblineError ? ` [${error.code}]` : '';
    ending = { code: EXIT.failed, reason: `${errorMessage(error)}${code}` };
  }
  if (ending.reason) show({ type: 'note', text: ending.reason });
  show({ type: 'stopping', text: devnet ? `everything stays in ${devnet.directory}` : 'ending what was started' });
  await devnet?.stop();
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  process.off('SIGHUP', stop);
  return { code: ending.code, summary: summaryOf(run, devnet?.world.services ?? [], ending.reason) };
}

/** Looks at the chain until the plan is fulfilled, the quorum is lost, or somebody says stop. */
async function follow(plan: Plan, devnet: Devnet, run: Run, show: Show, quit: AbortSignal): Promise<Ending> {
  const due = [...plan.kills];
  const returning = [...plan.restarts];
  const ailing = createAilments(plan.faults, devnet, show);
  while (!quit.aborted) {
    const epoch = epochAt(devnet.chain.facts.calendar, Date.now());
    for (const kill of due.filter((one) => one.epoch <= epoch)) {
      due.splice(due.indexOf(kill), 1);
      await devnet.kill(kill.id);
      if (!hasQuorum(devnet)) show({ type: 'note', text: noQuorum(devnet) });
    }
    for (const one of returning.filter((each) => each.epoch <= epoch)) {
      returning.splice(returning.indexOf(one), 1);
      await devnet.restart(one.id);
    }
    await ailing();
    await run.look().catch((error: unknown) => show({ type: 'note', text: errorMessage(error) }));
    if (plan.epochs !== undefined) {
      if (isFulfilled(run, plan.epochs, devnet)) return { code: EXIT.done, reason: undefined };
      const lost = !hasQuorum(devnet) && run.missed.length > 0;
      if (lost && run.lastMissed() > run.lastLanded()) return { code: EXIT.noQuorum, reason: noQuorum(devnet) };
      if (epoch - run.lastLanded() > SILENT_EPOCHS_MAX) {
        return { code: EXIT.failed, reason: `no report for ${SILENT_EPOCHS_MAX} epochs: see ${devnet.directory}/logs` };
      }
    }
    await pause(quit);
  }
  return { code: EXIT.done, reason: undefined };
}

/** What is to be called again and again: makes watchers sick, and well, when the plan says so. */
function createAilments(faults: readonly PlannedFault[], devnet: Devnet, show: Show): () => Promise<void> {
  const before = new Map<number, string>();
  return async () => {
    const epoch = epochAt(devnet.chain.facts.calendar, Date.now() - INTO_EPOCH_MILLIS);
    for (const id of new Set(faults.map((fault) => fault.id))) {
      const kinds = faults
        .filter((one) => one.id === id && one.from <= epoch && epoch < one.to)
        .map(({ kind }) => kind);
      if ((before.get(id) ?? '') === kinds.join()) continue;
      before.set(id, kinds.join());
      await devnet.ail(id, {
        cut: kinds.includes('cut'),
        jumpMillis: kinds.includes('clock') ? JUMP_MILLIS : 0,
        stallMillis: kinds.includes('stall') ? STALL_MILLIS : 0,
      });
      show({
        type: 'note',
        text: kinds.length > 0 ? `watcher ${id} is sick: ${kinds.join(', ')}` : `watcher ${id} is well`,
      });
    }
  };
}

/** So many reports, and the settlement of every window that they closed. */
function isFulfilled(run: Run, epochs: number, devnet: Devnet): boolean {
  if (run.landed.length < epochs) return false;
  const windowsClosed = Math.floor((run.lastLanded() + 1) / SETTLE_WINDOW_EPOCHS) - 1;
  return windowsClosed < 1 || run.settled.length >= devnet.world.services.length;
}

function noQuorum({ running, watchers }: Devnet): string {
  return `no quorum: ${running} of ${watchers} watchers run, and more than two thirds of the stake must sign; no report can land`;
}

function pause(quit: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, LOOK_MILLIS);
    function done() {
      clearTimeout(timer);
      quit.removeEventListener('abort', done);
      resolve();
    }
    quit.addEventListener('abort', done);
  });
}

function keysOf(devnet: Devnet, show: Show, stop: () => void): (command: DevnetCommand) => void {
  const note = (text: string) => show({ type: 'note', text });
  const act = async (command: DevnetCommand): Promise<void> => {
    if (command === 'quit') return stop();
    if (command === 'slow') {
      devnet.slow('healthy');
      return note('provider "healthy" changed its speed: watch its p50, and what the next window settles');
    }
    const liar = command === 'lie' ? devnet.firstLiar() : undefined;
    if (liar !== undefined) {
      devnet.toggleLie(liar);
      return note(`watcher ${liar} tells the truth again`);
    }
    const id = command === 'restart' ? devnet.firstKilled() : devnet.firstHonest();
    if (id === undefined) return note(command === 'restart' ? 'nobody is down' : 'no honest watcher is left');
    if (command === 'kill') {
      await devnet.kill(id);
      note(hasQuorum(devnet) ? `watcher ${id} was killed; the others still reach two thirds` : noQuorum(devnet));
    } else if (command === 'restart') {
      note(`watcher ${id} starts again on the disk that it left`);
      await devnet.restart(id);
    } else {
      devnet.toggleLie(id);
      note(`watcher ${id} reports the opposite of what it sees: medians and tails hold while less than a third lies`);
    }
  };
  return (command) => void act(command).catch((error: unknown) => note(errorMessage(error)));
}
