import { wireAggregator } from '../../../aggregator/wire.ts';
import { type Core, createCore } from '../../../ledger/core.ts';
import type { Followed } from '../../../ledger/ledger.ts';
import type { Prober } from '../../../node/probe/engine.ts';
import { wireNode } from '../../../node/wire.ts';
import type { Bls } from '../../../platform/bls/bls.ts';
import { Guard } from '../../../platform/guard.ts';
import { createSigner } from '../../../platform/signer.ts';
import { type Journal, openJournal } from '../../../platform/store/journal.ts';
import { keccak } from '../../../protocol/bytes.ts';
import type { SimChain } from './chain.ts';
import { HostClock, type VirtualClock } from './clock.ts';
import { memoryFolder } from './folder.ts';
import { type Line, recordingLog } from './log.ts';
import type { SimNetwork } from './network.ts';
import { fakeProber, openConsent, type Sight } from './prober.ts';
import { draw } from './random.ts';
import { createDisk, mount, type SimDisk } from './store.ts';

export type HostParts = {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly chain: SimChain;
  readonly network: SimNetwork;
  readonly bls: Bls;
  readonly seed: number;
  /** Undefined: an aggregator without a key. */
  readonly secretKey: Uint8Array | undefined;
  readonly sight: Sight;
};

export const RETENTION_EPOCHS = 16;

/** One machine with one process: `start` is what cli/watch.ts and cli/aggregate.ts do. */
export class Host {
  readonly name: string;
  readonly parts: HostParts;
  readonly lines: Line[] = [];
  readonly archived = new Map<string, Uint8Array>();
  /** Reports that this host followed itself, oldest first. */
  readonly followed: Followed[] = [];
  readonly watcher: Uint8Array | undefined;
  disk: SimDisk = createDisk();
  clock: HostClock;
  core!: Core;
  journal: Journal | undefined;
  /** May be changed while it runs: a watcher that begins to lie. */
  sight: Sight;
  /** Why the process ended by itself, if it did. */
  exited: string | undefined;
  /** Takes the place of the prober that answers with `sight`, from the next start on. */
  prober: Prober | undefined;
  /** Called before every signature. */
  onSign: () => void = () => {};
  /** Added to what the operating system's random numbers would be: a restarted process draws others. */
  #starts = 0;
  #draws = 0;
  #stop: () => Promise<void> = async () => {};

  constructor(parts: HostParts) {
    const { bls, secretKey } = parts;
    this.parts = parts;
    this.name = parts.name;
    this.sight = parts.sight;
    this.clock = new HostClock(parts.clock);
    this.watcher = secretKey && keccak(bls.publicKeyToEvm(bls.publicKey(secretKey)));
  }

  async start(): Promise<void> {
    const { chain, network, bls, secretKey, seed } = this.parts;
    const { offsetMillis } = this.clock;
    this.clock = new HostClock(this.parts.clock);
    this.clock.offsetMillis = offsetMillis;
    this.exited = undefined;
    const start = this.#starts++;
    const platform = {
      clock: this.clock,
      random: (length: number) => draw(seed, 'random', this.name, start, this.#draws++).slice(0, length),
      network: network.join(this.name, this.clock),
      store: mount(this.disk, this.clock),
      chain: chain.viewOf(this.name, this.clock),
      bls: {
        ...bls,
        sign: (key: Uint8Array, message: Uint8Array) => {
          this.onSign();
          return bls.sign(key, message);
        },
      },
      log: recordingLog(this.lines, { host: this.name }),
    };
    const core = createCore(platform, { retentionEpochs: RETENTION_EPOCHS, stateful: secretKey !== undefined });
    this.core = core;
    core.onHead(async (followed) => {
      if (followed) this.followed.push(followed);
    });
    const seat = secretKey && (await this.#seat(core, platform, secretKey));
    const aggregator = wireAggregator(core, seat);
    await core.start();
    await seat?.prepare();
    this.#stop = async () => {
      seat?.stop();
      await aggregator.stop();
      await core.stop();
      await platform.network.stop();
    };
  }

  async #seat(core: Core, platform: Parameters<typeof createCore>[0], secretKey: Uint8Array) {
    const watcher = this.watcher!;
    const { bls, store } = platform;
    const journal = await openJournal(store, {
      watcher,
      expectExisting: this.#starts > 1 && this.journal !== undefined,
    });
    this.journal = journal;
    const { clock, log } = platform;
    const guard = new Guard({ clock, calendar: core.facts.calendar, isFresh: journal.isFresh, log });
    void guard.ended.then(async ({ code }) => {
      this.exited = code;
      await this.#stop();
    });
    const signer = createSigner({ bls, secretKey, journal, guard, domain: core.facts.domain });
    const node = wireNode(core, {
      signer,
      guard,
      journal,
      watcher,
      prober: this.prober ?? fakeProber(this.clock, () => this.sight),
      consent: openConsent,
      controlCounts: () => ({ good: 0, bad: 0 }),
      archive: memoryFolder(this.archived),
      archiveEpochs: 0,
    });
    return { signer, watcher, prepare: node.prepare, stop: node.stop };
  }

  /** As SIGTERM. */
  async stop(): Promise<void> {
    await this.#stop();
  }

  /** As kill -9: nothing that the process was about to do happens any more. */
  kill(): void {
    this.clock.kill();
  }

  /** A new disk: the machine came back without its data, and its operator knows. */
  wipe(): void {
    this.disk = createDisk();
    this.journal = undefined;
  }

  /** Messages of warnings and errors, for a test's failure output. */
  complaints(): string[] {
    return this.lines
      .filter(({ level }) => level === 'warn' || level === 'error')
      .map(({ fields, message }) => `${message} ${JSON.stringify(fields)}`);
  }
}
