import { encodeFunctionData } from 'viem';
import type { Bls } from '../../platform/bls/bls.ts';
import { deriveSecretKey } from '../../platform/bls/keygen.ts';
import type { Chain, OracleFacts } from '../../platform/chain/chain.ts';
import { submitArgs } from '../../platform/chain/oracle.ts';
import { measurementOracleAbi } from '../../protocol/abi.ts';
import { leaderOf, seedOf, slotsOf, vrfInput } from '../../protocol/assignment.ts';
import { type Batch, batchHash, encodeBatch } from '../../protocol/batch.ts';
import { bitmapOf } from '../../protocol/bitmap.ts';
import { bigEndian, fromBigEndian, fromHex, type Hex, keccak, toHex } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { commitmentOf } from '../../protocol/commit.ts';
import { attestationDigest, commitDigest, type Domain } from '../../protocol/digest.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { type Header, reportHash } from '../../protocol/header.ts';
import { appendHistory } from '../../protocol/history.ts';
import { encodeLeaf } from '../../protocol/leaf.ts';
import type { Observation } from '../../protocol/observation.ts';
import { MINIMAL, type Parameters, parametersId } from '../../protocol/parameters.ts';
import { REASON } from '../../protocol/reason.ts';
import { encodeRecord } from '../../protocol/record.ts';
import { type Counted, computeReport } from '../../protocol/report.ts';
import { encodeReveal } from '../../protocol/reveal.ts';
import { emptySample, OUTCOME, type Sample } from '../../protocol/sample.ts';
import { SERVICE_KIND, type Service } from '../../protocol/service.ts';
import type { Seat, WatcherSet } from '../../protocol/set.ts';
import { GENESIS_STATE, type State } from '../../protocol/state.ts';

/**
 * A small network that ran without a clock: real keys, real signatures, real reports, drawn from a seed. What goes
 * wrong in it is what the options say.
 */
export type WorldOptions = {
  readonly bls: Bls;
  readonly seed?: number;
  /** Effective stake by seat; also how many watchers there are. */
  readonly stakes?: readonly bigint[];
  /** By seat, 0 = none. */
  readonly regions?: readonly number[];
  /** By seat; empty = undisclosed. */
  readonly operatorIds?: readonly string[];
  readonly services?: number;
  /** Samples of each service in an epoch. */
  readonly slotsPerEpoch?: number;
  readonly epochs?: number;
  /** Epochs without a report. */
  readonly missed?: readonly number[];
  readonly parameters?: Parameters;
  readonly viewOf?: (epoch: number) => number;
  readonly countedOf?: (epoch: number, seats: readonly number[]) => readonly number[];
  readonly signersOf?: (epoch: number, seats: readonly number[]) => readonly number[];
  /** Changes a batch before its watcher commits to it: a watcher that breaks a rule. */
  readonly batchOf?: (epoch: number, seat: number, batch: Batch) => Batch;
  /** The epoch that a commit names, when it is not the one that it is made in. */
  readonly commitEpochOf?: (epoch: number, seat: number) => number;
  /** Changes a header before it is signed and lands: signers who attest what the batches do not give. */
  readonly headerOf?: (epoch: number, header: Header) => Header;
};

export type World = {
  readonly chain: Chain;
  readonly bls: Bls;
  readonly set: WatcherSet;
  readonly services: readonly Service[];
  /** By seat. */
  readonly secretKeys: readonly Uint8Array[];
  /** Reports on chain, oldest first; tests may replace one to change what the chain says. */
  readonly landed: LandedReport[];
  /** The record of every landed report, by epoch. */
  readonly records: Map<number, Uint8Array>;
  /** By hash. */
  readonly transactions: Map<string, { to: Hex | null; input: Hex }>;
};

export const CHAIN_ID = 31_337;
/** A block a second, two reports never in one block. */
const BLOCKS_PER_EPOCH = 4;
const GENESIS = 1_700_000_000;

/** Numbers and bytes from a seed and a name: the same wherever and in whatever order they are asked for. */
function draw(seed: number, ...name: readonly (string | number)[]): Uint8Array {
  return keccak(bigEndian(seed, 8), new TextEncoder().encode(name.join('/')));
}

function drawBelow(bound: number, seed: number, ...name: readonly (string | number)[]): number {
  return Number(fromBigEndian(draw(seed, ...name)) % BigInt(bound));
}

export function createWorld(options: WorldOptions): World {
  const { bls, seed = 1, stakes = [100n, 100n, 100n, 100n], epochs = 6, missed = [] } = options;
  const secretKeys = stakes.map((_, seat) => deriveSecretKey(draw(seed, 'key', seat)));
  const domain: Domain = { chainId: CHAIN_ID, oracle: draw(seed, 'oracle').slice(0, 20) };
  const parameters = options.parameters ?? MINIMAL.parameters;
  const facts: OracleFacts = {
    domain,
    registry: toHex(draw(seed, 'registry').slice(0, 20)),
    services: toHex(draw(seed, 'services').slice(0, 20)),
    calendar: { genesis: GENESIS, epochSeconds: MINIMAL.epochSeconds },
    parameters,
    parametersId: parametersId(parameters),
    genesisSeed: draw(seed, 'genesis'),
    deployBlock: 1,
  };
  const seats = stakes.map((stake, seat): Seat => {
    const publicKey = bls.publicKey(secretKeys[seat]!);
    const operator = toHex(draw(seed, 'operator', seat).slice(0, 20));
    const watcher = keccak(bls.publicKeyToEvm(publicKey));
    const [operatorId, region] = [options.operatorIds?.[seat] ?? '', options.regions?.[seat] ?? 0];
    return { seat, watcher, publicKey, stake, operator, operatorId, region };
  });
  const set: WatcherSet = { id: 1, seats };
  const services = Array.from({ length: options.services ?? 2 }, (_, i): Service => {
    const provider = toHex(draw(seed, 'provider', i).slice(0, 20));
    return {
      id: draw(seed, 'service', i),
      provider,
      kind: SERVICE_KIND.http,
      url: `https://service-${i}.example`,
      method: 'GET',
      slotsPerEpoch: options.slotsPerEpoch ?? 4,
      timeoutMillis: 1_000,
      expectedStatus: 0,
      bodyDigest: new Uint8Array(32),
      extra: new Uint8Array(),
    };
  });
  const landed: LandedReport[] = [];
  const chain = fakeChain({ facts, set, services, landed, seed });
  const world: World = { chain, bls, set, services, secretKeys, landed, records: new Map(), transactions: new Map() };
  let state = GENESIS_STATE;
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (!missed.includes(epoch)) state = land(world, options, state, epoch);
  }
  return world;
}

/** One epoch: batches, report, certificate, event, transaction, record. */
function land(world: World, options: WorldOptions, state: State, epoch: number): State {
  const { chain, set, services, bls, secretKeys } = world;
  const { seed = 1 } = options;
  const { facts } = chain;
  const all = set.seats.map(({ seat }) => seat);
  const entries = (options.countedOf?.(epoch, all) ?? all).map((seat) =>
    counts(world, options, epoch, set.seats[seat]!),
  );
  const anchorNumber = BLOCKS_PER_EPOCH * epoch + 1;
  const anchor = { number: anchorNumber, hash: blockHashOf(seed, anchorNumber) };
  const context = { epoch, set, services, parameters: facts.parameters, anchor };
  const report = computeReport(state, context, entries);
  const header = options.headerOf?.(epoch, report.header) ?? report.header;
  const hash = reportHash(header);
  const view = options.viewOf?.(epoch) ?? 0;
  const signers = [...(options.signersOf?.(epoch, all) ?? all)];
  const digest = attestationDigest(facts.domain, epoch, view, hash);
  const signature = bls.aggregate(signers.map((seat) => bls.sign(secretKeys[seat]!, digest)));
  const input = encodeFunctionData({
    abi: measurementOracleAbi,
    functionName: 'submitReport',
    args: submitArgs({ header, view, signers, signature }, bls.signatureToEvm),
  });
  const txHash = toHex(draw(seed, 'transaction', epoch));
  world.transactions.set(txHash, { to: toHex(facts.domain.oracle), input });
  world.landed.push({
    header,
    reportHash: hash,
    view,
    signers,
    txHash,
    blockNumber: BLOCKS_PER_EPOCH * (epoch + 1) + 1,
  });
  const [signersLow, signersHigh] = bitmapOf(signers);
  const record = {
    header,
    view,
    signersLow,
    signersHigh,
    observations: entries.map(({ observation }) => observation),
    reveals: entries.map(({ reveal }) => reveal),
    leaves: report.leaves.map((leaf) => fromHex(encodeLeaf(leaf))),
  };
  world.records.set(epoch, encodeRecord(record));
  return { ...report.next, reportHash: hash, history: appendHistory(state.history, hash) };
}

function counts(world: World, options: WorldOptions, epoch: number, seat: Seat): Counted & { reveal: Uint8Array } {
  const { bls, chain, services } = world;
  const { seed = 1 } = options;
  const { domain, parameters, calendar } = chain.facts;
  const secretKey = world.secretKeys[seat.seat]!;
  const vrfProof = bls.sign(secretKey, vrfInput(domain, epoch, seedAt(chain.facts, seed, epoch)));
  const slots = slotsOf(services, vrfProof, calendar.epochSeconds);
  const honest: Batch = {
    protocolVersion: parameters.protocolVersion,
    chainId: domain.chainId,
    oracle: domain.oracle,
    epoch,
    setId: world.set.id,
    parametersId: chain.facts.parametersId,
    watcher: seat.watcher,
    vrfProof,
    clockErrorMicros: 900,
    stallMaxMicros: 0,
    stallTotalMicros: 0,
    selfTestP99Micros: 400,
    controlsGood: 2,
    controlsBad: 0,
    samples: slots.map((slot) => sampleOf(seed, epoch, seat.seat, slot)),
  };
  const batch = options.batchOf?.(epoch, seat.seat, honest) ?? honest;
  const bytes = encodeBatch(batch);
  const salt = draw(seed, 'salt', epoch, seat.seat);
  const named = options.commitEpochOf?.(epoch, seat.seat) ?? epoch;
  const commitment = commitmentOf(named, seat.watcher, batchHash(bytes), salt);
  const signature = bls.sign(secretKey, commitDigest(domain, named, seat.watcher, commitment));
  const commit = { epoch: named, watcher: seat.watcher, commitment, signature };
  const observation: Observation = { seat: seat.seat, watcher: seat.watcher, batchHash: batchHash(bytes), commitment };
  return { observation, batch, reveal: encodeReveal({ commit, salt, batch: bytes }) };
}

/** Nine of ten are good, 20 to 70 ms; the others time out. */
function sampleOf(
  seed: number,
  epoch: number,
  seat: number,
  { service, slot, offsetMicros }: { service: number; slot: number; offsetMicros: number },
): Sample {
  const name = [epoch, seat, service, slot];
  const startMicros = offsetMicros + drawBelow(2_000, seed, 'lag', ...name);
  if (drawBelow(10, seed, 'outcome', ...name) === 0) {
    const late = emptySample(service, slot, OUTCOME.bad, REASON.timeout);
    return { ...late, startMicros, totalMicros: 1_000_000 };
  }
  const totalMicros = 20_000 + drawBelow(50_000, seed, 'total', ...name);
  const connectMicros = 5_000;
  const good = emptySample(service, slot, OUTCOME.good, REASON.ok);
  return {
    ...good,
    startMicros,
    connectMicros,
    firstByteMicros: totalMicros - connectMicros,
    totalMicros,
    statusCode: 200,
  };
}

function blockHashOf(seed: number, number: number): Uint8Array {
  return draw(seed, 'block', number);
}

function seedAt(facts: OracleFacts, seed: number, epoch: number): Uint8Array {
  const period = Math.floor(epoch / facts.parameters.assignmentPeriodEpochs);
  return seedOf(facts.domain, period, period === 0 ? facts.genesisSeed : draw(seed, 'period', period));
}

/** Leader of the view in which a report landed, as the audit should find it. */
export function leaderIn(world: World, seed: number, landed: LandedReport): number {
  const { epoch } = landed.header;
  return leaderOf(world.set, seedAt(world.chain.facts, seed, epoch), epoch, landed.view);
}

type FakeParts = {
  readonly facts: OracleFacts;
  readonly set: WatcherSet;
  readonly services: readonly Service[];
  /** Read at each call, so that tests can change it. */
  readonly landed: readonly LandedReport[];
  readonly seed: number;
};

/** The chain that such a world left behind. Nothing can be submitted to it. */
function fakeChain({ facts, set, services, landed, seed }: FakeParts): Chain {
  const newest = () => landed.at(-1)?.blockNumber ?? facts.deployBlock;
  return {
    facts,
    canSubmit: false,
    setAt: async () => set,
    contactsAt: async () => [],
    servicesAt: async () => services,
    seedAt: async (epoch) => seedAt(facts, seed, epoch),
    finalized: async () => ({ number: newest(), hash: blockHashOf(seed, newest()) }),
    blockHash: async (number) => (number <= newest() ? blockHashOf(seed, number) : undefined),
    head: async () => {
      const last = landed.at(-1);
      return last
        ? { nextEpoch: last.header.epoch + 1, reportHash: last.reportHash }
        : { nextEpoch: 0, reportHash: new Uint8Array(32) };
    },
    blockNumber: async () => newest(),
    newestTimestamp: async () => 0,
    reports: async (from, to) => landed.filter(({ blockNumber }) => from <= blockNumber && blockNumber <= to),
    submit: async () => {
      throw new PlumblineError('refused', 'this chain only remembers');
    },
  };
}
