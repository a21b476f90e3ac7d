import type { Chain } from '../../platform/chain/chain.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { HostClock } from '../support/simnet/clock.ts';
import type { Host } from '../support/simnet/host.ts';
import { draw } from '../support/simnet/random.ts';
import type { Simnet } from '../support/simnet/simnet.ts';
import { FaultyDisk } from './disk.ts';
import type { Fault, Plan } from './plan.ts';
import type { Rng } from './rng.ts';

/** A supervisor starts a process that did not come up again after this long. */
const RESTART_MILLIS = 700;
/** A backup is taken this long before the machine that it is of is lost. */
export const BACKUP_AGE_MILLIS = 1_500;
const RPC_TIMEOUT_MILLIS = 2_000;

type RpcState = 'slow' | 'lies' | undefined;

/** Lets the faults of a plan happen to processes, disks, clocks and RPC endpoints, and mends them. */
export class Machines {
  readonly #net: Simnet;
  readonly #plan: Plan;
  readonly #rng: Rng;
  readonly #disks = new Map<Host, FaultyDisk>();
  readonly #rpc = new Map<string, { state: RpcState; amount: number }>();
  /** Platform calls until a host's process dies in one. */
  readonly #fuses = new Map<string, number>();
  readonly #note: (text: string) => void;

  constructor(net: Simnet, plan: Plan, rng: Rng, note: (text: string) => void) {
    this.#net = net;
    this.#plan = plan;
    this.#rng = rng;
    this.#note = note;
    for (const host of net.hosts) this.#mount(host, new FaultyDisk(rng));
    net.chain.rpc = (name, truth, clock) => this.#endpoint(name, truth, clock);
    net.network.onPublish = (name) => this.#burn(name, 'while it sends');
    net.network.onRequest = (name) => this.#burn(name, 'while it asks a peer');
    for (const host of net.hosts) host.onSign = () => this.#burn(host.name, 'while it signs');
    for (const fault of plan.faults) {
      net.clock.after(this.#in(fault.at), () => void this.#begin(fault));
      net.clock.after(this.#in(fault.until), () => void this.#end(fault));
    }
  }

  /** Starts a process, and again later if it does not come up. Never rejects. */
  async start(host: Host): Promise<void> {
    this.#note(`${host.name} starts`);
    try {
      await host.start();
    } catch (error) {
      this.#note(`${host.name} does not start: ${error instanceof Error ? error.message : error}`);
      const { clock } = host;
      host.kill();
      this.#net.clock.after(RESTART_MILLIS, () => {
        if (host.clock === clock) void this.start(host);
      });
    }
  }

  /** Everything works from now on; whoever is down comes up. */
  heal(): void {
    this.#rpc.clear();
    this.#fuses.clear();
    this.#net.chain.unreachable.clear();
    for (const [host, disk] of this.#disks) {
      disk.full = false;
      disk.unreadable = false;
      host.clock.offsetMillis = 0;
      if (host.clock.dead) void this.start(host);
    }
  }

  #in(afterGenesis: number): number {
    return this.#net.facts.calendar.genesis * 1000 + afterGenesis - this.#net.clock.now();
  }

  #mount(host: Host, disk: FaultyDisk): void {
    this.#disks.set(host, disk);
    disk.onAccess = () => this.#burn(host.name, 'at the disk');
    host.disk = disk;
  }

  #die(host: Host, why: string): void {
    if (host.clock.dead) return;
    this.#note(`${host.name} dies: ${why}`);
    host.kill();
  }

  /** One call to the platform: the one that a fuse was set to is the last. */
  #burn(name: string, where: string): void {
    const left = this.#fuses.get(name);
    if (left === undefined) return;
    this.#fuses.set(name, left - 1);
    if (left > 1) return;
    this.#fuses.delete(name);
    this.#die(this.#net.hosts.find((host) => host.name === name)!, where);
  }

  async #begin({ kind, seat, amount, until }: Fault): Promise<void> {
    const host = this.#net.host(seat);
    const disk = this.#disks.get(host)!;
    this.#note(`${host.name} ${kind} ${amount}`);
    if (kind === 'crash' || kind === 'wipe') this.#die(host, kind);
    else if (kind === 'power-cut') {
      this.#die(host, kind);
      this.#note(`${host.name} loses ${await disk.powerCut()} writes`);
    } else if (kind === 'crash-at-call') {
      this.#fuses.set(host.name, amount);
    } else if (kind === 'old-backup') {
      const backup = await disk.copy(this.#rng);
      this.#net.clock.after(BACKUP_AGE_MILLIS, () => {
        this.#die(host, `machine lost, backup of ${BACKUP_AGE_MILLIS} ms before`);
        this.#mount(host, backup);
      });
    } else if (kind === 'disk-full') disk.full = true;
    else if (kind === 'read-error') disk.unreadable = true;
    else if (kind === 'suspend') host.clock.sleep();
    else if (kind === 'skew-small' || kind === 'skew-large') host.clock.offsetMillis = amount;
    else if (kind === 'rpc-down') this.#net.chain.unreachable.add(host.name);
    else this.#rpc.set(host.name, { state: kind === 'rpc-slow' ? 'slow' : 'lies', amount });
    void until;
  }

  async #end({ kind, seat }: Fault): Promise<void> {
    const host = this.#net.host(seat);
    const disk = this.#disks.get(host)!;
    this.#note(`${host.name} ${kind} ends`);
    this.#net.chain.unreachable.delete(host.name);
    this.#rpc.delete(host.name);
    this.#fuses.delete(host.name);
    host.clock.offsetMillis = 0;
    if (kind === 'suspend') return host.clock.wake();
    if (kind === 'wipe') {
      host.wipe();
      this.#mount(host, new FaultyDisk(this.#rng));
    }
    if (disk.full || disk.unreadable) {
      disk.full = false;
      disk.unreadable = false;
      // A journal whose write failed signs nothing more until its process is started again.
      this.#die(host, 'its operator restarts it');
    }
    if (host.clock.dead) await this.start(host);
  }

  #endpoint(name: string, truth: Chain, clock: HostClock): Chain {
    const state = () => this.#rpc.get(name);
    const call = async <T>(work: () => Promise<T>, lie?: (true_: T, amount: number) => T): Promise<T> => {
      this.#burn(name, 'while it asks the chain');
      const now = state();
      if (now?.state === 'slow' && this.#rng.percent(70)) {
        const millis = this.#rng.below(2 * RPC_TIMEOUT_MILLIS);
        await new Promise<void>((resolve) => clock.after(Math.min(millis, RPC_TIMEOUT_MILLIS), resolve));
        if (millis >= RPC_TIMEOUT_MILLIS) throw new PlumblineError('chain-unreachable', 'the rpc timed out');
      }
      const answer = await work();
      return now?.state === 'lies' && lie && this.#rng.percent(60) ? lie(answer, now.amount) : answer;
    };
    const noise = (amount: number) => draw(this.#plan.seed, 'rpc', amount, this.#rng.below(1_000));
    return {
      facts: truth.facts,
      canSubmit: truth.canSubmit,
      setAt: (epoch) => call(() => truth.setAt(epoch)),
      // Asked for no report: never late and never wrong here, so that a seed means what it meant.
      contactsAt: (epoch) => truth.contactsAt(epoch),
      servicesAt: (epoch) => call(() => truth.servicesAt(epoch)),
      seedAt: (epoch) =>
        call(
          () => truth.seedAt(epoch),
          (seed, amount) => (amount % 4 === 0 ? noise(amount) : seed),
        ),
      finalized: () =>
        call(
          () => truth.finalized(),
          ({ number, hash }, amount) => ({ number: number + (amount % 9), hash: amount % 2 ? noise(amount) : hash }),
        ),
      blockHash: (number) =>
        call(
          () => truth.blockHash(number),
          (hash, amount) => (amount % 3 ? noise(amount) : hash),
        ),
      head: () =>
        call(
          () => truth.head(),
          ({ nextEpoch }, amount) => ({
            nextEpoch: Math.max(0, nextEpoch + (amount % 5) - 2),
            reportHash: noise(amount),
          }),
        ),
      blockNumber: () =>
        call(
          () => truth.blockNumber(),
          (number, amount) => number + (amount % 2 ? 100 : -Math.min(3, number - 1)),
        ),
      newestTimestamp: () => truth.newestTimestamp(),
      reports: (from, to) =>
        call(
          () => truth.reports(from, to),
          (reports, amount) =>
            amount % 2 ? reports.slice(1) : reports.map((one) => ({ ...one, reportHash: noise(amount) })),
        ),
      submit: (certificate) => call(() => truth.submit(certificate)),
    };
  }
}
