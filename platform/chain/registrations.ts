import type { GetContractEventsReturnType } from 'viem';
import { seatsOf } from '../../protocol/bitmap.ts';
import { fromHex, type Hex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { Service } from '../../protocol/service.ts';
import { type Seat, totalStake, type WatcherSet } from '../../protocol/set.ts';
import { serviceRegistryAbi, watcherRegistryAbi } from './abi.ts';
import type { Rpc } from './client.ts';

/** Blocks asked for in one call: what public RPC providers commonly allow. */
export const LOG_BLOCKS_MAX = 2_000;

type Place = { readonly block: bigint; readonly index: number };
type Joined = Place & { readonly seat: Seat };
type Sealed = Place & { readonly id: number; readonly occupied: readonly [bigint, bigint]; readonly total: bigint };
type Listed = { readonly service: Service; readonly activeFrom: number; retiredFrom: number };

/** A public key on chain (256 bytes) to the compressed form of the wire (96 bytes); checks the point. */
export type KeyDecoder = (publicKey: Uint8Array) => Uint8Array;

/** Watcher sets and services, rebuilt from the registries' logs alone, so any past epoch can be asked for. */
export class Registrations {
  readonly #rpc: Rpc;
  readonly #registry: Hex;
  readonly #services: Hex;
  readonly #decodeKey: KeyDecoder;
  readonly #joined: Joined[] = [];
  readonly #sealed: Sealed[] = [];
  readonly #listed = new Map<string, Listed>();
  #nextBlock: number;
  #reading: Promise<void> = Promise.resolve();

  constructor(rpc: Rpc, registry: Hex, services: Hex, fromBlock: number, decodeKey: KeyDecoder) {
    this.#rpc = rpc;
    this.#registry = registry;
    this.#services = services;
    this.#nextBlock = fromBlock;
    this.#decodeKey = decodeKey;
  }

  /** @throws PlumblineError `no-set` when the logs do not give the version */
  async set(id: number): Promise<WatcherSet> {
    await this.#refresh();
    const sealed = this.#sealed.find((one) => one.id === id);
    if (!sealed) throw new PlumblineError('no-set', `the registry's logs name no set version ${id}`);
    const seats = seatsOf(sealed.occupied).map((index) => {
      const joined = this.#joined.findLast((one) => one.seat.seat === index && isBefore(one, sealed));
      if (!joined) throw new PlumblineError('no-set', `set ${id} names seat ${index}, which nobody registered`);
      return joined.seat;
    });
    const set = { id, seats };
    if (totalStake(set) !== sealed.total) throw new PlumblineError('no-set', `the stakes of set ${id} do not add up`);
    return set;
  }

  /** Services active at an epoch, in registration order. */
  async services(epoch: number): Promise<Service[]> {
    await this.#refresh();
    const active = [...this.#listed.values()].filter((one) => one.activeFrom <= epoch && epoch < one.retiredFrom);
    return active.map(({ service }) => service);
  }

  /** Reads the logs that came since the last time; callers queue up behind one another. */
  #refresh(): Promise<void> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#read());
    return this.#reading;
  }

  async #read(): Promise<void> {
    const newest = Number(await this.#rpc.client.getBlockNumber());
    while (this.#nextBlock <= newest) {
      const to = Math.min(newest, this.#nextBlock + LOG_BLOCKS_MAX - 1);
      const range = { fromBlock: BigInt(this.#nextBlock), toBlock: BigInt(to), strict: true } as const;
      const [watchers, services] = await Promise.all([
        this.#rpc.client.getContractEvents({ address: this.#registry, abi: watcherRegistryAbi, ...range }),
        this.#rpc.client.getContractEvents({ address: this.#services, abi: serviceRegistryAbi, ...range }),
      ]);
      for (const log of watchers) this.#takeWatcher(log);
      for (const log of services) this.#takeService(log);
      this.#nextBlock = to + 1;
    }
  }

  #takeWatcher(log: WatcherLog): void {
    const place = { block: log.blockNumber, index: log.logIndex };
    if (log.eventName === 'Registered') {
      const { seat, operator, watcher, publicKey, effectiveStake, metadata } = log.args;
      this.#joined.push({
        ...place,
        seat: {
          seat,
          watcher: fromHex(watcher),
          publicKey: this.#decodeKey(fromHex(publicKey)),
          stake: effectiveStake,
          operator,
          operatorId: textOf(metadata.operatorId),
          region: metadata.region,
        },
      });
    } else if (log.eventName === 'VersionSealed') {
      const { id, occupied, totalEffectiveStake } = log.args;
      this.#sealed.push({ ...place, id, occupied: [occupied[0], occupied[1]], total: totalEffectiveStake });
    }
  }

  #takeService(log: ServiceLog): void {
    if (log.eventName === 'ServiceRegistered') {
      const { serviceId, provider, activeFrom, config } = log.args;
      const { kind, url, method, slotsPerEpoch, timeoutMillis, expectedStatus } = config;
      const service = {
        id: fromHex(serviceId),
        provider,
        kind,
        url,
        method,
        slotsPerEpoch,
        timeoutMillis,
        expectedStatus,
        bodyDigest: fromHex(config.bodyDigest),
        extra: fromHex(config.extra),
      };
      this.#listed.set(serviceId, {
        service,
        activeFrom: Number(activeFrom),
        retiredFrom: Number.POSITIVE_INFINITY,
      });
    } else if (log.eventName === 'ServiceRetired') {
      const listed = this.#listed.get(log.args.serviceId);
      if (listed) listed.retiredFrom = Number(log.args.retiredFrom);
    }
  }
}

type WatcherLog = GetContractEventsReturnType<typeof watcherRegistryAbi, undefined, true>[number];
type ServiceLog = GetContractEventsReturnType<typeof serviceRegistryAbi, undefined, true>[number];

function isBefore(a: Place, b: Place): boolean {
  return a.block < b.block || (a.block === b.block && a.index < b.index);
}

/** A bytes32 label as text, without its padding. */
function textOf(word: Hex): string {
  return Buffer.from(fromHex(word)).toString('utf8').replaceAll('\0', '');
}
