import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';

/** What the name of every namespace of a soak begins with; the process id and a name follow. */
export const PREFIX = 'plsoak-';
/** Two sides are enough to be cut in two. */
export const SIDES = [0, 1] as const;
export type Side = (typeof SIDES)[number];

const SUBNET = '10.77.0';
/** First host part of a subnet that holds 64 hosts with room. */
const FIRST_HOST = 10;
/** No interface has it: packets to it are heard by nobody. */
const NOBODY = '02:00:00:00:00:99';

const run = promisify(execFile);

async function ip(...args: string[]): Promise<string> {
  try {
    return (await run('ip', args)).stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : '';
    throw new PlumblineError('namespaces', `ip ${args.join(' ')}: ${said || errorMessage(error)}`, {}, error);
  }
}

/**
 * Hosts of their own for processes of this machine: each in a network namespace with a loopback interface and one cable, into
 * one of two switches. Both switches are in a namespace too, so nothing of the machine's own network is touched.
 */
export class Namespaces {
  readonly #hosts: number;
  readonly #prefix = `${PREFIX}${process.pid}-`;
  readonly #onExit = () => this.#removeNow();

  private constructor(hosts: number) {
    this.#hosts = hosts;
  }

  /**
   * All hosts on side 0.
   * @throws PlumblineError `namespaces` when this is not allowed here; nothing is left then
   */
  static async create(hosts: number): Promise<Namespaces> {
    await removeLeftovers();
    const made = new Namespaces(hosts);
    process.once('exit', made.#onExit);
    try {
      await made.#make();
      return made;
    } catch (error) {
      await made.remove();
      throw error;
    }
  }

  address(host: number): string {
    return `${SUBNET}.${FIRST_HOST + host}`;
  }

  /** The command that runs a program on a host, and becomes it. */
  within(host: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name(host)];
  }

  /** Puts the cable of a host into the switch of a side. Hosts of different sides do not reach each other. */
  async plug(host: number, side: Side): Promise<void> {
    await ip('-n', this.#hub, 'link', 'set', `v${host}`, 'master', `side${side}`);
  }

  /** Whatever one host sends to another is lost from now on, without a word; the other way goes on working. */
  async mute(from: number, to: number): Promise<void> {
    const lost = ['neigh', 'replace', this.address(to), 'lladdr', NOBODY, 'dev', 'eth0', 'nud', 'permanent'];
    await ip('-n', this.#name(from), ...lost);
  }

  async unmute(from: number, to: number): Promise<void> {
    await ip('-n', this.#name(from), 'neigh', 'del', this.address(to), 'dev', 'eth0');
  }

  /** Removes every namespace that this made; its interfaces go with it. Idempotent. */
  async remove(): Promise<void> {
    process.off('exit', this.#onExit);
    for (const name of await namesOf(this.#prefix)) await ip('netns', 'del', name).catch(() => {});
  }

  get #hub(): string {
    return `${this.#prefix}hub`;
  }

  #name(host: number): string {
    return `${this.#prefix}h${host}`;
  }

  async #make(): Promise<void> {
    await ip('netns', 'add', this.#hub);
    for (const side of SIDES) {
      await ip('-n', this.#hub, 'link', 'add', `side${side}`, 'type', 'bridge', 'forward_delay', '0');
      await ip('-n', this.#hub, 'link', 'set', `side${side}`, 'up');
    }
    for (let host = 0; host < this.#hosts; host++) {
      const name = this.#name(host);
      await ip('netns', 'add', name);
      await ip('-n', name, 'link', 'set', 'lo', 'up');
      const cable = ['link', 'add', `v${host}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name];
      await ip('-n', this.#hub, ...cable);
      await ip('-n', name, 'addr', 'add', `${this.address(host)}/24`, 'dev', 'eth0');
      await ip('-n', name, 'link', 'set', 'eth0', 'up');
      await ip('-n', this.#hub, 'link', 'set', `v${host}`, 'up');
      await this.plug(host, 0);
    }
  }

  /** The process ends and nobody called `remove`. */
  #removeNow(): void {
    for (const name of [this.#hub, ...Array.from({ length: this.#hosts }, (_, host) => this.#name(host))]) {
      try {
        execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
      } catch {
        // It was not made yet.
      }
    }
  }
}

/** A soak that was killed with -9 could not remove its own; they are known by name and by the dead process in it. */
async function removeLeftovers(): Promise<void> {
  for (const name of await namesOf(PREFIX)) {
    const pid = Number(/^plsoak-(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) await ip('netns', 'del', name).catch(() => {});
  }
}

async function namesOf(prefix: string): Promise<string[]> {
  const lines = (await ip('netns', 'list')).split('\n');
  return lines.map((line) => line.split(' ')[0]!).filter((name) => name.startsWith(prefix));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
