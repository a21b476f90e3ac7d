import { equalBytes } from '../../protocol/bytes.ts';
import { errorMessage } from '../../protocol/error.ts';
import { epochAt } from '../../protocol/time.ts';
import { Devnet } from '../devnet/supervisor.ts';
import { type Cut, cutsOf } from './cuts.ts';
import { type Examined, examine } from './examine.ts';
import { Fleet } from './fleet.ts';
import type { RealHosts } from './hosts.ts';
import { Landings } from './landings.ts';
import { SIDES } from './namespaces.ts';
import { type Episode, type EpisodeResult, judgeEpisode, WHOLE_MILLIS_MAX } from './partitioned.ts';
import { Signatures } from './signatures.ts';
import { pause, waitFor } from './wait.ts';
import { everybodyFollows, freezeChain, type Listener, remainsOf, startListener, watcherNames } from './world.ts';

export type PartitionOptions = {
  readonly watchers: number;
  readonly seed: number;
  /** How long each cut lasts. */
  readonly cutMillis: number;
  readonly directory: string | undefined;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

export type PartitionResult = Examined & {
  readonly seed: number;
  readonly watchers: number;
  readonly seconds: number;
  readonly epochs: number;
  readonly cuts: readonly EpisodeResult[];
  readonly directory: string;
};

/**
 * A network of hosts that is cut and healed, and what does not hold of it.
 * @throws PlumblineError when it does not start, or the signal's reason; then every process is stopped all the same
 */
export async function soakPartitions(hosts: RealHosts, options: PartitionOptions): Promise<PartitionResult> {
  const { watchers, seed, directory, say } = options;
  say(`seed ${seed}: ${watchers} watchers, each on a host of its own`);
  const devnet = await Devnet.start({ watchers, seed, directory, liars: [], aggregator: false, hosts }, (event) => {
    if (event.type === 'note') say(event.text);
  });
  try {
    return await soakOn(devnet, hosts, options);
  } finally {
    await devnet.stop();
  }
}

async function soakOn(devnet: Devnet, hosts: RealHosts, options: PartitionOptions): Promise<PartitionResult> {
  const { watchers, seed, say, signal } = options;
  const started = performance.now();
  const { calendar, parameters } = devnet.chain.facts;
  const names = await watcherNames(watchers, seed);
  const { seats } = await devnet.chain.setAt(0);
  const seatOfWatcher = names.map((name) => seats.find(({ watcher }) => equalBytes(watcher, name))!.seat);
  const fleet = new Fleet(devnet);
  const landings = new Landings(devnet.chain);
  const listeners: Listener[] = [];
  const episodes: Episode[] = [];
  const faults: string[] = [];
  landings.start();
  try {
    for (const side of SIDES) {
      const host = hosts.listenerHost(side);
      const listen = `/ip4/${hosts.namespaces.address(host)}/tcp/0`;
      const within = hosts.namespaces.within(host);
      listeners.push(await startListener(devnet, `listener-${side}`, { listen, within }));
    }
    await untilWhole(landings, watchers, Date.now(), signal);
    for (const cut of cutsOf(watchers)) {
      say(`epoch ${epochAt(calendar, Date.now())}, ${landings.seen.length} reports: ${cut.name}`);
      const { cutAt, healedAt } = await carryOut(cut, hosts, options);
      const silenced = cut.silenced.map((id) => seatOfWatcher[id]!);
      episodes.push({ name: cut.name, hasQuorum: cut.hasQuorum, silenced, cutAt, healedAt });
      await untilWhole(landings, watchers, healedAt, signal);
    }
    await freezeChain(devnet.rpc);
    await everybodyFollows(devnet, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    faults.push(errorMessage(error));
  } finally {
    fleet.stopping();
    await landings.stop();
    await devnet.stop();
    for (const { child } of listeners) await child.stop();
  }
  const judged = episodes.map((one) => judgeEpisode(calendar, parameters, watchers, one, landings.seen));
  say('everything is stopped; reading the disks');
  const examined = await examine(remainsOf(devnet, names, listeners, new Signatures()));
  return {
    seed,
    watchers,
    seconds: Math.round((performance.now() - started) / 1000),
    epochs: epochAt(calendar, fleet.stoppedAt),
    cuts: judged.map(({ result }) => result),
    ...examined,
    directory: devnet.directory,
    faults: [...faults, ...fleet.faults, ...judged.flatMap((one) => one.faults), ...examined.faults],
  };
}

async function carryOut(cut: Cut, { namespaces }: RealHosts, { cutMillis, signal }: PartitionOptions) {
  await cut.apply(namespaces);
  const cutAt = Date.now();
  try {
    await pause(cutMillis, signal);
  } finally {
    await cut.heal(namespaces);
  }
  return { cutAt, healedAt: Date.now() };
}

/** Resolves when a report landed that everybody signed; or when none does for long, and then the judgement says so. */
async function untilWhole(landings: Landings, watchers: number, since: number, signal: AbortSignal): Promise<void> {
  const isWhole = () => landings.seen.find(({ at, signers }) => at > since && signers.length === watchers);
  try {
    await waitFor('a report that everybody signed', WHOLE_MILLIS_MAX, signal, isWhole);
  } catch (error) {
    if (signal.aborted) throw error;
  }
}
