import type { Parameters } from '../../protocol/parameters.ts';
import { type Calendar, epochAt, epochStart, roundOf } from '../../protocol/time.ts';
import type { Fleet } from './fleet.ts';
import { settledFrom } from './lives.ts';
import type { Aim, Burst, Kill } from './schedule.ts';
import { pause, waitFor } from './wait.ts';

/** A watcher that was killed, loads, listens for up to two epochs, all on a busy machine. */
export const SETTLE_MILLIS_MAX = 120_000;
/** Longest that a kill waits for somebody to be up. */
const VICTIM_MILLIS_MAX = 60_000;

export type KillTally = {
  kills: number;
  /** The watcher was up and could sign. */
  settled: number;
  /** Its process had not said yet that it watches. */
  starting: number;
  byAim: Record<Aim, number>;
};

export const emptyTally = (): KillTally => ({
  kills: 0,
  settled: 0,
  starting: 0,
  byAim: { any: 0, start: 0, commit: 0, reveal: 0, attest: 0 },
});

export type KillDeps = {
  readonly fleet: Fleet;
  readonly calendar: Calendar;
  readonly parameters: Parameters;
  readonly tally: KillTally;
  /** Called with every watcher that was killed, before it is started again. */
  readonly onKilled: (watcher: number, where: string) => Promise<void>;
  readonly signal: AbortSignal;
};

/** Carries a burst out. Resolves when its last victim has been started again. @throws what starting one throws */
export async function carryOut(deps: KillDeps, burst: Burst): Promise<void> {
  const { fleet, tally, signal } = deps;
  const restarts: Promise<void>[] = [];
  for (const kill of burst.kills) {
    await pause(kill.gapMillis, signal);
    await pause(momentOf(deps, kill, burst) - Date.now(), signal);
    const victim = await waitFor('a watcher to kill', VICTIM_MILLIS_MAX, signal, () => victimOf(fleet, kill, burst));
    count(deps, kill, victim);
    await fleet.kill(victim);
    const where = `watcher ${victim} after kill ${tally.kills}`;
    const restart = async (): Promise<void> => {
      await deps.onKilled(victim, where);
      await pause(kill.downMillis, signal);
      await fleet.start(victim);
    };
    const restarting = restart();
    // Looked at below; until then it must not count as unheeded.
    restarting.catch(() => {});
    restarts.push(restarting);
  }
  await Promise.all(restarts);
}

/** Resolves when every watcher is up and could sign. */
export async function allSettled({ fleet, calendar, signal }: KillDeps): Promise<void> {
  const isSettled = (watcher: number): boolean => {
    const life = fleet.life(watcher);
    const from = settledFrom(calendar, life, fleet.lives.find((one) => one.watcher === watcher) === life);
    return life.endedAt === undefined && from !== undefined && from <= Date.now();
  };
  const everybody = Array.from({ length: fleet.watchers }, (_, watcher) => watcher);
  await waitFor(
    'all watchers to be up and settled',
    SETTLE_MILLIS_MAX,
    signal,
    () => everybody.every(isSettled) || undefined,
  );
}

/** When a kill is due, in unix milliseconds. */
function momentOf({ fleet, calendar, parameters }: KillDeps, { aim, offsetMillis }: Kill, burst: Burst): number {
  const now = Date.now();
  if (aim === 'any') return now;
  if (aim === 'start') {
    const newest = burst.among.filter((id) => isStarting(fleet, id)).map((id) => fleet.life(id).startedAt);
    return newest.length === 0 ? now : Math.max(...newest) + offsetMillis;
  }
  for (let epoch = epochAt(calendar, now) - 1; ; epoch++) {
    const { revealFrom, views } = roundOf(calendar, parameters, epoch);
    const at = { commit: epochStart(calendar, epoch + 1), reveal: revealFrom, attest: views }[aim] + offsetMillis;
    if (at >= now) return at;
  }
}

function victimOf(fleet: Fleet, { target, aim }: Kill, { among }: Burst): number | undefined {
  const starting = aim === 'start' ? among.findLast((id) => isStarting(fleet, id)) : undefined;
  if (starting !== undefined) return starting;
  const first = Math.max(0, among.indexOf(target));
  const order = [...among.slice(first), ...among.slice(0, first)];
  return order.find((id) => fleet.isAlive(id));
}

function isStarting(fleet: Fleet, id: number): boolean {
  return fleet.isAlive(id) && fleet.life(id).readyAt === undefined;
}

function count({ fleet, calendar, tally }: KillDeps, { aim }: Kill, victim: number): void {
  const life = fleet.life(victim);
  const from = settledFrom(calendar, life, fleet.lives.find((one) => one.watcher === victim) === life);
  tally.kills++;
  tally.byAim[aim]++;
  if (from === undefined) tally.starting++;
  else if (from <= Date.now()) tally.settled++;
}
