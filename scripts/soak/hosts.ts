import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../devnet/child.ts';
import type { Hosts } from '../devnet/supervisor.ts';
import { Namespaces, SIDES } from './namespaces.ts';
import { openSockets } from './relay.ts';

const RELAY_PROGRAM = join(import.meta.dirname, 'relay.ts');
/** A watcher's port; each has a host to itself. */
const PORT = 4601;

/** A host for each watcher, and one a side for a listener, with relays to the services of this machine. */
export class RealHosts implements Hosts {
  readonly namespaces: Namespaces;
  readonly #watchers: number;
  readonly #folder: string;
  readonly #relays: Child[] = [];
  #sockets: readonly Server[] = [];

  private constructor(namespaces: Namespaces, watchers: number, folder: string) {
    this.namespaces = namespaces;
    this.#watchers = watchers;
    this.#folder = folder;
  }

  /** @throws PlumblineError `namespaces` when they cannot be made here */
  static async create(watchers: number): Promise<RealHosts> {
    const namespaces = await Namespaces.create(watchers + SIDES.length);
    for (const side of SIDES) await namespaces.plug(watchers + side, side);
    return new RealHosts(namespaces, watchers, await mkdtemp(join(tmpdir(), 'plsoak-')));
  }

  place(id: number) {
    return { address: this.namespaces.address(id), port: PORT, within: this.namespaces.within(id) };
  }

  /** The host of the listener that stays on a side. */
  listenerHost(side: number): number {
    return this.#watchers + side;
  }

  async forward(ports: readonly number[]): Promise<void> {
    this.#sockets = await openSockets(this.#folder, ports);
    for (let id = 0; id < this.#watchers; id++) {
      const log = join(this.#folder, `relay-${id}.log`);
      this.#relays.push(
        startChild(RELAY_PROGRAM, [this.#folder, ...ports.map(String)], `relay-${id}`, log, this.namespaces.within(id)),
      );
    }
    await Promise.all(this.#relays.map((relay) => relay.answer('open')));
  }

  /** Ends the relays and removes the hosts. */
  async remove(): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.stop()));
    for (const server of this.#sockets) server.close();
    await rm(this.#folder, { recursive: true, force: true });
    await this.namespaces.remove();
  }
}
