import type { Child } from '../devnet/child.ts';
import type { Devnet } from '../devnet/supervisor.ts';
import type { Life } from './lives.ts';

/** The watchers of a devnet as a soak treats them, with the book of their lives. */
export class Fleet {
  readonly lives: Life[] = [];
  /** Processes that ended without having been told to. */
  readonly faults: string[] = [];
  readonly #devnet: Devnet;
  readonly #current: Life[];
  #stoppedAt: number | undefined;

  /** @param devnet with every watcher up */
  constructor(devnet: Devnet) {
    this.#devnet = devnet;
    const now = Date.now();
    this.#current = Array.from({ length: devnet.watchers }, (_, watcher) => this.#begin(watcher, now, now));
  }

  get watchers(): number {
    return this.#current.length;
  }

  /** The running or last life of a watcher. */
  life(watcher: number): Life {
    return this.#current[watcher]!;
  }

  isAlive(watcher: number): boolean {
    return this.life(watcher).endedAt === undefined;
  }

  /** kill -9. Resolves when the process is gone. */
  async kill(watcher: number): Promise<void> {
    const life = this.life(watcher);
    life.endedAt = Date.now();
    await this.#devnet.kill(watcher);
  }

  /** Starts it on its disk. Resolves when it watches, or was killed before. */
  async start(watcher: number): Promise<void> {
    const restarting = this.#devnet.restart(watcher);
    const life = this.#begin(watcher, Date.now(), undefined);
    this.#current[watcher] = life;
    try {
      await restarting;
      if (life.endedAt === undefined) life.readyAt = Date.now();
    } catch (error) {
      if (life.endedAt === undefined) throw error;
    }
  }

  /** From here on processes end because they are told to. */
  stopping(): void {
    this.#stoppedAt ??= Date.now();
  }

  /** When that was; now, while it has not been said. */
  get stoppedAt(): number {
    return this.#stoppedAt ?? Date.now();
  }

  #begin(watcher: number, startedAt: number, readyAt: number | undefined): Life {
    const life: Life = { watcher, startedAt, readyAt, endedAt: undefined };
    this.lives.push(life);
    this.#listen(this.#devnet.member(watcher).child, life);
    return life;
  }

  #listen({ process: child, logPath }: Child, life: Life): void {
    child.once('exit', (code, signal) => {
      if (life.endedAt !== undefined || this.#stoppedAt !== undefined) return;
      life.endedAt = Date.now();
      this.faults.push(`watcher ${life.watcher} ended by itself (${signal ?? code}): ${logPath}`);
    });
  }
}
