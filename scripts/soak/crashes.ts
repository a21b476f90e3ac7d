import { join } from 'node:path';
import { errorMessage } from '../../protocol/error.ts';
import { epochAt } from '../../protocol/time.ts';
import { Devnet } from '../devnet/supervisor.ts';
import { Copies } from './copies.ts';
import { type Examined, examine } from './examine.ts';
import { Fleet } from './fleet.ts';
import { allSettled, carryOut, emptyTally, type KillDeps, type KillTally } from './kill.ts';
import { Landings } from './landings.ts';
import { quorumTimes, settledTimes } from './lives.ts';
import { checkOwed, type Owed, owedMillis } from './owed.ts';
import { planKills } from './schedule.ts';
import { Signatures } from './signatures.ts';
import { waitFor } from './wait.ts';
import { everybodyFollows, freezeChain, remainsOf, startListener, watcherNames } from './world.ts';

export type CrashOptions = {
  readonly kills: number;
  readonly watchers: number;
  readonly seed: number;
  readonly directory: string | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

export type CrashResult = KillTally &
  Examined & {
    readonly seed: number;
    readonly watchers: number;
    readonly seconds: number;
    readonly epochs: number;
    /** Journals of killed watchers that were read before anybody else opened them. */
    readonly journalsRead: number;
    readonly owed: Omit<Owed, 'faults'>;
    readonly directory: string;
  };

/**
 * A network under kills from beginning to end, and what does not hold of it.
 * @throws PlumblineError when it does not start, or the signal's reason; then everything is stopped all the same
 */
export async function soakCrashes(options: CrashOptions): Promise<CrashResult> {
  const { watchers, seed, directory, say } = options;
  say(`seed ${seed}: ${options.kills} kills of ${watchers} watchers`);
  const devnet = await Devnet.start({ watchers, seed, directory, liars: [], aggregator: false }, (event) => {
    if (event.type === 'note') say(event.text);
  });
  try {
    return await soakOn(devnet, options);
  } finally {
    await devnet.stop();
  }
}

async function soakOn(devnet: Devnet, options: CrashOptions): Promise<CrashResult> {
  const { watchers, seed, say, signal } = options;
  const started = performance.now();
  const { calendar, parameters } = devnet.chain.facts;
  const names = await watcherNames(watchers, seed);
  const signatures = new Signatures();
  const copies = new Copies(signatures);
  const fleet = new Fleet(devnet);
  const tally = emptyTally();
  const landings = new Landings(devnet.chain);
  const listener = await startListener(devnet, 'listener', { listen: '/ip4/127.0.0.1/tcp/0' });
  const onKilled = (id: number, where: string) =>
    copies.take(join(devnet.member(id).home.directory, 'db'), names[id]!, where);
  const faults: string[] = [];
  landings.start();
  try {
    await killAll({ fleet, calendar, parameters, tally, onKilled, signal }, landings, options);
    await freezeChain(devnet.rpc);
    await everybodyFollows(devnet, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    // Whoever does not come back, or no report at the end: a finding like any other, and the disks are still read.
    faults.push(errorMessage(error));
  } finally {
    fleet.stopping();
    await landings.stop();
    await devnet.stop();
    await listener.child.stop();
    await copies.done();
  }
  const endedAt = fleet.stoppedAt;
  const quorums = quorumTimes(settledTimes(calendar, fleet.lives, endedAt), watchers);
  const { faults: unpaid, ...owed } = checkOwed(calendar, parameters, quorums, landings.seen);
  say('everything is stopped; reading the disks');
  const examined = await examine(remainsOf(devnet, names, [listener], signatures));
  return {
    seed,
    watchers,
    ...tally,
    seconds: Math.round((performance.now() - started) / 1000),
    epochs: epochAt(calendar, endedAt),
    owed,
    journalsRead: copies.read,
    ...examined,
    directory: devnet.directory,
    faults: [...faults, ...fleet.faults, ...copies.faults, ...unpaid, ...examined.faults],
  };
}

/** Burst after burst, and at the end a last report of everybody. */
async function killAll(deps: KillDeps, landings: Landings, { seed, kills, say }: CrashOptions): Promise<void> {
  const { fleet, calendar, parameters, signal } = deps;
  const bursts = planKills(seed, kills, fleet.watchers);
  for (const [i, burst] of bursts.entries()) {
    await allSettled(deps);
    const whom = burst.kind === 'minority' ? `watchers ${burst.among.join(', ')}` : 'everybody';
    const seen = `epoch ${epochAt(calendar, Date.now())}, ${landings.seen.length} reports`;
    say(`${seen}: burst ${i + 1} of ${bursts.length}, ${burst.kills.length} kills of ${whom}`);
    await carryOut(deps, burst);
  }
  await allSettled(deps);
  const settledAt = Date.now();
  const within = owedMillis(calendar, parameters);
  await waitFor('a last report', within, signal, () => landings.seen.find(({ at }) => at > settledAt));
}
