import type { GetContractEventsReturnType } from 'viem';
import { serviceRegistryAbi, watcherRegistryAbi } from '../../protocol/abi.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { fromHex, type Hex } from '../../protocol/bytes.ts';
import { PlumblineError } from '../../protocol/error.ts';
import type { Service } from '../../protocol/service.ts';
import { type Seat, totalStake, type WatcherSet } from '../../protocol/set.ts';
import type { Contact } from '../contact.ts';
import type { Rpc } from './client.ts';

/** Blocks asked for in one call: what public RPC providers commonly allow. */
export const LOG_BLOCKS_MAX = 2_000;

/** A public key on chain (256 bytes) to the compressed form of the wire (96 bytes); checks the point. */
export type KeyDecoder = (publicKey: Uint8Array) => Uint8Array;

/** Decoded keys kept: every seat of a full registry, four times over. */
const KEYS_CACHED_MAX = 2_048;

/**
 * Watcher sets and services, rebuilt from the registries' logs alone, so any past epoch can be asked for. Logs of final
 * blocks are read once; those after them are read again every time, because their blocks can still be replaced.
 */
export class Registrations {
  readonly #rpc: Rpc;
  readonly #registry: Hex;
  readonly #services: Hex;
  readonly #decodeKey: KeyDecoder;
  readonly #keys = new Map<Hex, Uint8Array>();
  #final: Logs = NO_LOGS;
  #recent: Logs = NO_LOGS;
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
    const { sealed, joins } = this.#version(id);
    const seats = joins.map(({ joined: { args }, stake }) => this.#seatOf(args, stake));
    const set = { id, seats };
    if (totalStake(set) !== sealed.args.totalEffectiveStake) {
      throw new PlumblineError('no-set', `the stakes of set ${id} do not add up to what the registry sealed`);
    }
    return set;
  }

  /**
   * What the seats of a version last said about where they are reached, by seat.
   * @throws PlumblineError `no-set` when the logs do not give the version
   */
  async contacts(id: number): Promise<Contact[]> {
    await this.#refresh();
    return this.#version(id).joins.map(({ joined, stake }): Contact => {
      const { seat, operator, metadata } = joined.args;
      const changed = this.#recent.contacts.get(seat) ?? this.#final.contacts.get(seat);
      // A change of whoever held the seat before, or holds it after this version, is not this operator's word.
      const own = changed && changed.args.operator === operator && isAfter(changed, joined);
      const { addresses } = own ? changed.args.contact : metadata;
      return {
        seat,
        operator,
        stake,
        operatorId: textOf(metadata.operatorId),
        region: metadata.region,
        asn: metadata.asn,
        addresses,
      };
    });
  }

  /** Services active at an epoch, in registration order. */
  async services(epoch: number): Promise<Service[]> {
    await this.#refresh();
    const listed = new Map<Hex, Service>();
    for (const log of [...this.#final.services, ...this.#recent.services]) {
      const { serviceId } = log.args;
      if (log.eventName === 'ServiceRegistered') {
        if (Number(log.args.activeFrom) <= epoch) listed.set(serviceId, serviceOf(log.args));
      } else if (Number(log.args.retiredFrom) <= epoch) listed.delete(serviceId);
    }
    return [...listed.values()];
  }

  /** The seal of a version, who had registered each of its seats by then, and with what effective stake. */
  #version(id: number): { sealed: SealLog; joins: { joined: JoinLog; stake: bigint }[] } {
    const logs = [...this.#final.watchers, ...this.#recent.watchers];
    const at = logs.findIndex((log) => log.eventName === 'VersionSealed' && log.args.id === id);
    const sealed = logs[at];
    if (sealed?.eventName !== 'VersionSealed') {
      throw new PlumblineError('no-set', `the registry's logs name no set version ${id}`);
    }
    // Who held a seat when the version was sealed is whoever registered it last before.
    const before = logs.slice(0, at);
    const joins = seatsOf([sealed.args.occupied[0], sealed.args.occupied[1]]).map((index) => {
      const joined = before.findLast((log) => log.eventName === 'Registered' && log.args.seat === index);
      if (joined?.eventName === 'Registered') return { joined, stake: stakeOf(before, joined) };
      throw new PlumblineError('no-set', `set ${id} names seat ${index}, which nobody registered`);
    });
    return { sealed, joins };
  }

  /** Reads the logs that came since the last time; callers queue up behind one another. */
  #refresh(): Promise<void> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#read());
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { client } = this.#rpc;
    const final = Number((await client.getBlock({ blockTag: 'finalized' })).number);
    const newest = Number(await client.getBlockNumber());
    while (this.#nextBlock <= final) {
      const to = Math.min(final, this.#nextBlock + LOG_BLOCKS_MAX - 1);
      this.#final = joined(this.#final, await this.#logs(this.#nextBlock, to));
      this.#nextBlock = to + 1;
    }
    let recent: Logs = NO_LOGS;
    for (let from = this.#nextBlock; from <= newest; from += LOG_BLOCKS_MAX) {
      recent = joined(recent, await this.#logs(from, Math.min(newest, from + LOG_BLOCKS_MAX - 1)));
    }
    this.#recent = recent;
  }

  async #logs(from: number, to: number): Promise<Logs> {
    const range = { fromBlock: BigInt(from), toBlock: BigInt(to), strict: true } as const;
    const [watchers, services] = await Promise.all([
      this.#rpc.client.getContractEvents({ address: this.#registry, abi: watcherRegistryAbi, ...range }),
      this.#rpc.client.getContractEvents({ address: this.#services, abi: serviceRegistryAbi, ...range }),
    ]);
    // Only what this page reads: exits show in the next sealed version. Of a seat's contacts only the newest is kept, so
    // that an operator who changes it all day fills nobody's memory.
    const taken = watchers.filter(({ eventName }) => READ_EVENTS.has(eventName));
    const changes = watchers.filter((log) => log.eventName === 'ContactChanged');
    return { watchers: taken, services, contacts: new Map(changes.map((log) => [log.args.seat, log])) };
  }

  #seatOf(args: JoinLog['args'], stake: bigint): Seat {
    const { seat, operator, watcher, publicKey, metadata } = args;
    let decoded = this.#keys.get(publicKey);
    if (!decoded) {
      decoded = this.#decodeKey(fromHex(publicKey));
      if (this.#keys.size >= KEYS_CACHED_MAX) this.#keys.clear();
      this.#keys.set(publicKey, decoded);
    }
    return {
      seat,
      watcher: fromHex(watcher),
      publicKey: decoded,
      stake,
      operator,
      operatorId: textOf(metadata.operatorId),
      region: metadata.region,
    };
  }
}

type Logs = {
  readonly watchers: readonly WatcherLog[];
  readonly services: readonly ServiceLog[];
  /** By seat. */
  readonly contacts: ReadonlyMap<number, ContactLog>;
};

const NO_LOGS: Logs = { watchers: [], services: [], contacts: new Map() };

const READ_EVENTS: ReadonlySet<string> = new Set(['Registered', 'StakeAdded', 'VersionSealed']);

/** Effective stake of a registration after the last of these logs: that of its last top-up, if there was one. */
function stakeOf(logs: readonly WatcherLog[], joined: JoinLog): bigint {
  const added = logs.findLast((log) => log.eventName === 'StakeAdded' && log.args.watcher === joined.args.watcher);
  return added?.eventName === 'StakeAdded' ? added.args.effectiveStake : joined.args.effectiveStake;
}

function joined(a: Logs, b: Logs): Logs {
  return {
    watchers: [...a.watchers, ...b.watchers],
    services: [...a.services, ...b.services],
    contacts: new Map([...a.contacts, ...b.contacts]),
  };
}

type Place = { readonly blockNumber: bigint; readonly logIndex: number };

function isAfter(a: Place, b: Place): boolean {
  return a.blockNumber === b.blockNumber ? a.logIndex > b.logIndex : a.blockNumber > b.blockNumber;
}

function serviceOf(args: Extract<ServiceLog, { eventName: 'ServiceRegistered' }>['args']): Service {
  const { serviceId, provider, config } = args;
  const { kind, url, method, slotsPerEpoch, timeoutMillis, expectedStatus } = config;
  return {
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
}

type WatcherLog = GetContractEventsReturnType<typeof watcherRegistryAbi, undefined, true>[number];
type JoinLog = Extract<WatcherLog, { eventName: 'Registered' }>;
type SealLog = Extract<WatcherLog, { eventName: 'VersionSealed' }>;
type ContactLog = Extract<WatcherLog, { eventName: 'ContactChanged' }>;
type ServiceLog = GetContractEventsReturnType<typeof serviceRegistryAbi, undefined, true>[number];

/** A bytes32 label as text, without its padding. */
function textOf(word: Hex): string {
  return Buffer.from(fromHex(word)).toString('utf8').replaceAll('\0', '');
}
