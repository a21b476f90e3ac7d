import type { Bls } from '../../../platform/bls/bls.ts';
import type { OracleFacts } from '../../../platform/chain/chain.ts';
import { leaderOf, leaderOrder } from '../../../protocol/assignment.ts';
import { keccak, toHex } from '../../../protocol/bytes.ts';
import { MINIMAL, type Parameters, parametersId } from '../../../protocol/parameters.ts';
import { SERVICE_KIND, type Service } from '../../../protocol/service.ts';
import type { Seat, WatcherSet } from '../../../protocol/set.ts';
import { epochStart } from '../../../protocol/time.ts';
import { createIdealBls } from './bls.ts';
import { SimChain } from './chain.ts';
import { VirtualClock } from './clock.ts';
import { forger } from './forge.ts';
import { Host } from './host.ts';
import { SimNetwork } from './network.ts';
import { honestSight } from './prober.ts';
import { draw } from './random.ts';

export type SimnetOptions = {
  readonly seed?: number;
  /** Effective stake by seat; also how many watchers there are. */
  readonly stakes?: readonly bigint[];
  readonly services?: number;
  readonly slotsPerEpoch?: number;
  /** Also run an aggregator without a key. */
  readonly aggregator?: boolean;
  readonly bls?: Bls;
  /** Blocks before the newest final one. */
  readonly finalDepth?: number;
  /** Who has a seat from which epoch on, ascending; everybody from the first when not given. */
  readonly versions?: readonly Version[];
  /** Epochs [from, until) in which each service is measured; all of them always when not given. */
  readonly terms?: readonly Term[];
  readonly parameters?: Partial<Parameters>;
};

export type Version = { readonly fromEpoch: number; readonly seats: readonly number[] };
export type Term = { readonly from: number; readonly until: number };

const GENESIS = 1_700_000_000;
/** Programs start before epoch 0 does. */
const LEAD_MILLIS = 2_000;
export const AGGREGATOR = 'aggregator';

/** A whole network in one process and in no time: real stages and rules over a virtual clock, chain and network. */
export type Simnet = Awaited<ReturnType<typeof createSimnet>>;

export async function createSimnet(options: SimnetOptions = {}) {
  const { seed = 1, stakes = [100n, 100n, 100n, 100n], bls = createIdealBls() } = options;
  const clock = new VirtualClock(GENESIS * 1000 - LEAD_MILLIS);
  const facts = factsOf(seed, options.parameters);
  const secretKeys = stakes.map((_, seat) => secretKeyOf(seed, seat));
  const everybody = setOf(bls, secretKeys, stakes);
  const versions = (options.versions ?? [{ fromEpoch: 0, seats: [...stakes.keys()] }]).map(
    ({ fromEpoch, seats }, i) => ({
      fromEpoch,
      set: { id: i + 1, seats: everybody.seats.filter(({ seat }) => seats.includes(seat)) },
    }),
  );
  const setAt = (epoch: number): WatcherSet => versions.findLast(({ fromEpoch }) => fromEpoch <= epoch)!.set;
  const set = setAt(0);
  const services = Array.from({ length: options.services ?? 2 }, (_, i) =>
    serviceOf(seed, i, options.slotsPerEpoch ?? 6),
  );
  const servicesAt = (epoch: number): Service[] =>
    services.filter((_, i) => {
      const term = options.terms?.[i];
      return !term || (term.from <= epoch && epoch < term.until);
    });
  const { finalDepth = 2 } = options;
  const chain = new SimChain({ clock, facts, setAt, servicesAt, bls, seed, finalDepth });
  const network = new SimNetwork(clock, seed);
  const parts = { clock, chain, network, bls, seed };
  const hosts = secretKeys.map(
    (secretKey, i) => new Host({ ...parts, name: `w${i}`, secretKey, sight: honestSight(seed, i) }),
  );
  const aggregator = new Host({ ...parts, name: AGGREGATOR, secretKey: undefined, sight: honestSight(seed, -1) });
  const seedBytes = await chain.viewOf('test', hosts[0]!.clock).seedAt(0);

  return {
    clock,
    facts,
    /** The set of epoch 0. */
    set,
    /** Everybody who ever has a seat, by seat. */
    seats: everybody.seats,
    setAt,
    services,
    servicesAt,
    secretKeys,
    chain,
    network,
    bls,
    hosts,
    aggregator,
    host: (i: number): Host => hosts[i]!,
    /** The leader of a view in the first assignment period. */
    leader: (epoch: number, view: number): Host => hosts[leaderOf(set, seedBytes, epoch, view)]!,
    /** Makes messages with the key of a seat, whatever its host does. */
    forger: (seat: number) =>
      forger({ bls, facts, secretKey: secretKeys[seat]!, watcher: everybody.seats[seat]!.watcher, seat }),
    leaders: (epoch: number): number[] => leaderOrder(set, seedBytes, epoch),
    start: async (): Promise<void> => {
      for (const host of hosts) await host.start();
      if (options.aggregator) await aggregator.start();
    },
    /** Runs until `millis` after the start of an epoch. */
    runTo: (epoch: number, millis = 0): Promise<void> => clock.advanceTo(epochStart(facts.calendar, epoch) + millis),
    /** Epochs whose report is on chain, oldest first. */
    landed: (): number[] => chain.landed.map(({ header }) => header.epoch),
    /** Hash of the state's head by host; one entry when all agree. */
    heads: (among: readonly Host[] = hosts): string[] => [
      ...new Set(among.map(({ core }) => toHex(core.ledger.state.reportHash))),
    ],
    stop: async (): Promise<void> => {
      for (const host of hosts) if (!host.clock.dead) await host.stop();
      if (options.aggregator) await aggregator.stop();
    },
  };
}

export function secretKeyOf(seed: number, seat: number): Uint8Array {
  const key = draw(seed, 'key', seat).slice();
  // Below the order of the curve, for real BLS.
  key[0] = 1;
  return key;
}

export function factsOf(seed: number, changed: Partial<Parameters> = {}): OracleFacts {
  const { epochSeconds } = MINIMAL;
  const parameters = { ...MINIMAL.parameters, ...changed };
  return {
    domain: { chainId: 31_337, oracle: draw(seed, 'oracle').slice(0, 20) },
    registry: toHex(draw(seed, 'registry').slice(0, 20)),
    services: toHex(draw(seed, 'services').slice(0, 20)),
    calendar: { genesis: GENESIS, epochSeconds },
    parameters,
    parametersId: parametersId(parameters),
    genesisSeed: draw(seed, 'genesis'),
    deployBlock: 1,
  };
}

export function setOf(bls: Bls, secretKeys: readonly Uint8Array[], stakes: readonly bigint[]): WatcherSet {
  const seats = secretKeys.map((secretKey, seat): Seat => {
    const publicKey = bls.publicKey(secretKey);
    const watcher = keccak(bls.publicKeyToEvm(publicKey));
    const operator = toHex(watcher.slice(0, 20));
    return { seat, watcher, publicKey, stake: stakes[seat]!, operator, operatorId: `op-${seat}`, region: 0 };
  });
  return { id: 1, seats };
}

export function serviceOf(seed: number, index: number, slotsPerEpoch: number): Service {
  return {
    id: draw(seed, 'service', index),
    provider: toHex(draw(seed, 'provider', index).slice(0, 20)),
    kind: SERVICE_KIND.http,
    url: `https://service-${index}.example`,
    method: 'GET',
    slotsPerEpoch,
    timeoutMillis: 1_000,
    expectedStatus: 0,
    bodyDigest: new Uint8Array(32),
    extra: new Uint8Array(),
  };
}
