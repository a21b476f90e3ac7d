import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DevnetEvent } from '../../dashboard/model.ts';
import { createBls } from '../../platform/bls/create.ts';
import { type Anvil, startAnvil } from '../../platform/chain/anvil.ts';
import type { Chain } from '../../platform/chain/chain.ts';
import { connectRpc, type Rpc } from '../../platform/chain/client.ts';
import { openChain } from '../../platform/chain/oracle.ts';
import { writeAtomically } from '../../platform/files.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { compileContracts } from '../compile.ts';
import { accountsNeeded } from './accounts.ts';
import { type Child, startChild } from './child.ts';
import { controlHosts } from './controls.ts';
import { devnetDirectory } from './directory.ts';
import { FAULT_FILE, type Fault, WELL } from './fault.ts';
import { type Endpoint, furnish, furnishAggregator, type WatcherHome, watcherKeys } from './launch.ts';
import { SERVICES, SLOWED_MILLIS } from './plan.ts';
import { reservePorts } from './ports.ts';
import { startProviders } from './providers.ts';
import { setUpWorld, type World } from './setup.ts';

/** Each watcher is a process of its own; beyond this two cores cannot keep a 4 s epoch. */
export const WATCHERS_MAX = 16;
export const WATCHERS_MIN = 4;

/** Where the watchers run when that is not this machine's own loopback interface. */
export type Hosts = {
  /** What a watcher listens on, and the command that runs a program there. */
  place(id: number): Endpoint & { readonly within: readonly string[] };
  /** Makes these ports of our loopback interface answer on the loopback interface of every host. */
  forward(ports: readonly number[]): Promise<void>;
};

export type DevnetOptions = {
  readonly watchers: number;
  readonly seed: number;
  readonly directory: string | undefined;
  /** Watchers that lie from the start. */
  readonly liars: readonly number[];
  /** Only a standalone aggregator submits; watchers have no key to pay with. */
  readonly aggregator: boolean;
  /** Also JSON-RPC services before the EVM, most of which are not what they promise. */
  readonly rpc?: boolean;
  readonly hosts?: Hosts;
  /** Watchers that can be made sick; then all have controls to notice it by. */
  readonly sick?: readonly number[];
};

/** anvil's own. */
const CHAIN_ID = 31_337;

type Member = { readonly home: WatcherHome; child: Child; state: 'up' | 'lying' | 'starting' | 'killed' };

const HERE = import.meta.dirname;
const WATCHER_PROGRAM = join(HERE, 'watcher.ts');
const FAULT_MODULE = join(HERE, 'fault.ts');
const CLI = join(HERE, '../../cli/bin.js');

/** All processes of one devnet, and what can be done to them. */
export class Devnet {
  readonly directory: string;
  readonly rpc: Rpc;
  readonly chain: Chain;
  readonly world: World;
  readonly #anvil: Anvil;
  readonly #members: Member[];
  readonly #providers: Child[];
  readonly #hosts: Hosts | undefined;
  readonly #show: (event: DevnetEvent) => void;

  private constructor(parts: {
    directory: string;
    rpc: Rpc;
    chain: Chain;
    world: World;
    anvil: Anvil;
    members: Member[];
    providers: Child[];
    hosts: Hosts | undefined;
    show: (event: DevnetEvent) => void;
  }) {
    this.directory = parts.directory;
    this.rpc = parts.rpc;
    this.chain = parts.chain;
    this.world = parts.world;
    this.#anvil = parts.anvil;
    this.#members = parts.members;
    this.#providers = parts.providers;
    this.#hosts = parts.hosts;
    this.#show = parts.show;
  }

  /** Starts everything; when anything fails, ends what it had started and throws. */
  static async start(options: DevnetOptions, show: (event: DevnetEvent) => void): Promise<Devnet> {
    const cleanup: (() => Promise<void>)[] = [];
    try {
      return await Devnet.#start(options, show, cleanup);
    } catch (error) {
      for (const undo of cleanup.reverse()) await undo().catch(() => {});
      throw error;
    }
  }

  static async #start(
    options: DevnetOptions,
    show: (event: DevnetEvent) => void,
    cleanup: (() => Promise<void>)[],
  ): Promise<Devnet> {
    const step = async <T>(text: string, work: Promise<T>): Promise<T> => {
      const event = (done: boolean) => show({ type: 'step', text, done, atMillis: Date.now() });
      event(false);
      const result = await work;
      event(true);
      return result;
    };
    const { hosts } = options;
    const child = (program: string, args: readonly string[], name: string, within?: readonly string[]): Child => {
      const sick = (options.sick ?? []).find((id) => name === `watcher-${id}`);
      const more = sick === undefined ? {} : faulty(join(directory, 'watchers', String(sick)));
      const started = startChild(program, args, name, join(directory, 'logs', `${name}.log`), within, more);
      cleanup.push(started.stop);
      return started;
    };
    const directory = resolve(await devnetDirectory(options.directory));

    // The slow starts run side by side: compiling, the chain, and every process's loading of its modules.
    const compiling = step('compiling the contracts', compileContracts());
    const launching = startAnvil({
      chainId: CHAIN_ID,
      args: [
        ...[
          '--block-time',
          '1',
          '--mixed-mining',
          '--state',
          join(directory, 'anvil-state.json'),
          '--state-interval',
          '60',
        ],
        ...['--accounts', String(accountsNeeded(options.watchers))],
      ],
    }).then((anvil) => {
      cleanup.push(anvil.stop);
      return anvil;
    });
    const offering = startProviders(child, { seed: options.seed, rpc: options.rpc === true, chainId: CHAIN_ID });
    const providers = offering.map((one) => one.child);
    const watchers = Array.from({ length: options.watchers }, (_, id) =>
      child(WATCHER_PROGRAM, [], `watcher-${id}`, hosts?.place(id).within),
    );
    const [anvil, listening, bls] = await step(
      `starting an EVM and ${providers.length} providers`,
      Promise.all([launching, Promise.all(providers.map((one) => one.answer('listening'))), createBls(() => {})]),
    );
    const artifacts = await compiling;
    const rpc = await connectRpc(anvil.url);
    const keys = watcherKeys(options.watchers, options.seed);
    await hosts?.forward([Number(new URL(anvil.url).port), ...listening.map(({ port }) => Number(port))]);
    const { ports, release } = await reservePorts(hosts ? 0 : options.watchers);
    cleanup.push(release);
    const endpoints = keys.map((_, id) => hosts?.place(id) ?? { address: '127.0.0.1', port: ports[id]! });
    const controls = options.sick?.length ? await controlHosts(cleanup) : undefined;
    const homes = await furnish({
      directory,
      controls: controls?.addresses ?? [],
      rpcUrl: anvil.url,
      keys,
      endpoints,
      bls,
      watchersSubmit: !options.aggregator,
    });
    const services = offering.map(({ offer }, i) => offer(Number(listening[i]!.port)));
    for (const one of providers) one.send({ type: 'upstream', url: anvil.url });
    let stepping: string | undefined;
    const note = (text: string | undefined) => {
      const atMillis = Date.now();
      if (stepping) show({ type: 'step', text: stepping, done: true, atMillis });
      if (text) show({ type: 'step', text, done: false, atMillis });
      stepping = text;
    };
    const joining = keys.map((key, id) => ({ ...key, address: homes[id]!.address }));
    const world = await setUpWorld({ rpc, bls, artifacts, watchers: joining, services, onStep: note });
    note(undefined);
    await writeAtomically(join(directory, 'deployment.json'), `${JSON.stringify(world.deployed, null, 2)}\n`);
    await writeAtomically(
      join(directory, 'devnet.json'),
      `${JSON.stringify(
        {
          pid: process.pid,
          pids: [anvil.pid, ...[...providers, ...watchers].map(({ process: one }) => one.pid)],
          rpc: anvil.url,
          watchers: homes.map(({ id }) => ({ id, directory: `watchers/${id}` })),
          services: world.services.map(({ name, serviceId, url }) => ({ name, serviceId, url })),
        },
        null,
        2,
      )}\n`,
    );
    world.services.forEach(({ serviceId, provider }, i) => {
      providers[i]!.send({ type: 'consent', text: `${serviceId} ${provider}\n` });
    });
    await release();
    const chain = await openChain({
      rpc,
      addresses: world.deployed,
      decodeKey: bls.publicKeyFromEvm,
      encodeSignature: bls.signatureToEvm,
      wallet: undefined,
    });
    const members = watchers.map((one, id): Member => ({ home: homes[id]!, child: one, state: 'up' }));
    const devnet = new Devnet({ directory, rpc, chain, world, anvil, members, providers, hosts, show });
    if (controls) devnet.#release = controls.close;
    await step(
      `starting ${options.watchers} watchers`,
      Promise.all(members.map((member) => devnet.#open(member, options.liars.includes(member.home.id)))),
    );
    if (options.aggregator) {
      const config = await furnishAggregator(directory, anvil.url, homes);
      devnet.#providers.push(child(CLI, ['aggregate', '--config', config], 'aggregator'));
      show({ type: 'note', text: 'only an aggregator without a watcher key has money for transactions: it submits' });
    }
    show({ type: 'ready', directory, rpc: anvil.url, atMillis: Date.now() });
    return devnet;
  }

  async #open(member: Member, lying: boolean): Promise<void> {
    const { child } = member;
    this.#show({ type: 'watcher', id: member.home.id, state: 'starting' });
    await child.answer('loaded');
    child.send({ type: 'start', config: member.home.configPath });
    await child.answer('ready');
    if (member.state === 'killed') return;
    this.#setLying(member, lying);
    child.process.once('exit', () => {
      if (member.state === 'killed' || this.#stopping) return;
      member.state = 'killed';
      this.#show({ type: 'watcher', id: member.home.id, state: 'killed' });
      this.#show({ type: 'note', text: `watcher ${member.home.id} ended by itself: see ${member.child.logPath}` });
    });
  }

  #stopping = false;
  #release: () => Promise<void> = async () => {};

  /** Makes a watcher that was started for it sick, or well again. */
  async ail(id: number, fault: Partial<Fault>): Promise<void> {
    const path = faultPath(this.member(id).home.directory);
    await writeAtomically(path, JSON.stringify({ ...WELL, ...fault }));
  }

  #setLying(member: Member, lying: boolean): void {
    member.child.send({ type: 'lie', lying });
    member.state = lying ? 'lying' : 'up';
    this.#show({ type: 'watcher', id: member.home.id, state: member.state });
  }

  /** Where the watchers archive their records. */
  get archives(): string[] {
    return this.#members.map(({ home }) => join(home.directory, 'archive'));
  }

  /** The first watcher that lies, undefined when none does. */
  firstLiar(): number | undefined {
    return this.#members.find(({ state }) => state === 'lying')?.home.id;
  }

  get watchers(): number {
    return this.#members.length;
  }

  get running(): number {
    return this.#members.filter(({ state }) => state === 'up' || state === 'lying').length;
  }

  member(id: number): Member {
    const member = this.#members[id];
    if (member) return member;
    throw new PlumblineError('no-watcher', `there is no watcher ${id}: they are 0 .. ${this.#members.length - 1}`);
  }

  /** The first watcher that is up and honest, undefined when there is none. */
  firstHonest(): number | undefined {
    return this.#members.find(({ state }) => state === 'up')?.home.id;
  }

  firstKilled(): number | undefined {
    return this.#members.find(({ state }) => state === 'killed')?.home.id;
  }

  /** kill -9, also in the middle of its start. */
  async kill(id: number): Promise<void> {
    const member = this.member(id);
    if (member.state === 'killed') return;
    member.state = 'killed';
    await member.child.kill();
    this.#show({ type: 'watcher', id, state: 'killed' });
  }

  /**
   * Starts a killed watcher again, on the disk that it left.
   * @throws PlumblineError `devnet-child` when it ends before it watches, killed or by itself
   */
  async restart(id: number): Promise<void> {
    const member = this.member(id);
    if (member.state !== 'killed' || this.#stopping) return;
    const { logPath } = member.child;
    const child = startChild(WATCHER_PROGRAM, [], `watcher-${id}`, logPath, this.#hosts?.place(id).within);
    member.child = child;
    member.state = 'starting';
    try {
      await this.#open(member, false);
    } catch (error) {
      if (member.child === child) member.state = 'killed';
      throw error;
    }
  }

  toggleLie(id: number): void {
    const member = this.member(id);
    if (member.state === 'up' || member.state === 'lying') this.#setLying(member, member.state === 'up');
  }

  /** Makes a provider slow, or as it was again. @returns what it is now, for people */
  slow(name: string): string {
    const index = SERVICES.findIndex((service) => service.name === name);
    const service = SERVICES[index];
    if (!service) throw new PlumblineError('no-service', `there is no service ${name}`);
    const slowed = !this.#slowed.has(name);
    if (slowed) this.#slowed.add(name);
    else this.#slowed.delete(name);
    const delayMillis = slowed ? SLOWED_MILLIS : service.delayMillis;
    this.#providers[index]!.send({ type: 'behave', delayMillis, failShare: service.failShare });
    const text = slowed ? `now answers after ${delayMillis} ms` : `answers after ${delayMillis} ms again`;
    this.#show({ type: 'provider', name, text });
    return text;
  }

  readonly #slowed = new Set<string>();

  /** Ends every process, watchers first, the chain last so that it writes its state. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await Promise.all(this.#members.map(({ child }) => child.stop()));
    await Promise.all(this.#providers.map((child) => child.stop()));
    await this.#anvil.stop();
    await this.#release();
  }
}

function faultPath(home: string): string {
  return join(home, 'fault.json');
}

/** How a watcher is started that can be made sick. */
function faulty(home: string) {
  return { flags: ['--import', pathToFileURL(FAULT_MODULE).href], env: { [FAULT_FILE]: faultPath(home) } };
}
