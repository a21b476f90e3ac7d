import type { EpochFacts } from '../../ledger/epoch.ts';
import { everyone } from '../../protocol/assigned.ts';
import { decodeBatch } from '../../protocol/batch.ts';
import { toHex } from '../../protocol/bytes.ts';
import { decodeRecord, type EpochRecord } from '../../protocol/record.ts';
import { computeReport, type EpochContext } from '../../protocol/report.ts';
import { decodeReveal, type Reveal } from '../../protocol/reveal.ts';
import { GENESIS_STATE, type State } from '../../protocol/state.ts';
import { createIdealBls } from '../../test/support/simnet/bls.ts';
import { createWorld } from '../../test/support/world.ts';

/**
 * The network whose messages are changed: four watchers, two services, seven epochs, signatures that nobody can forge and
 * that cost nothing. Everything valid that the targets start from is taken from here.
 */
const EPOCHS = 7;

export const bls = createIdealBls();
export const world = createWorld({
  bls,
  seed: 7,
  epochs: EPOCHS,
  stakes: [100n, 90n, 80n, 70n],
  regions: [0, 1, 1, 2],
  services: 2,
  slotsPerEpoch: 3,
  viewOf: (epoch) => epoch % 3,
});
export const facts = world.chain.facts;
export const SEATS = world.set.seats.length;

const seeds = await Promise.all(Array.from({ length: EPOCHS + 1 }, (_, epoch) => world.chain.seedAt(epoch)));

export function factsAt(epoch: number): EpochFacts {
  const { set, services } = world;
  return { epoch, set, services, seed: seeds[epoch] ?? seeds[0]!, assignment: everyone(set) };
}

export const records: readonly EpochRecord[] = [...world.records.values()].map(decodeRecord);
export const reveals: readonly Reveal[] = records.flatMap((record) => record.reveals.map(decodeReveal));

/** The context of the report after the last one. */
export const nextContext = contextOf(EPOCHS);

function contextOf(epoch: number): EpochContext {
  const anchor = records[epoch]?.header ?? records[0]!.header;
  return {
    epoch,
    set: world.set,
    services: world.services,
    parameters: facts.parameters,
    anchor: { number: anchor.anchorNumber, hash: anchor.anchorHash },
  };
}

/** The states after every report, oldest first. */
export const states: readonly State[] = allStates();

function allStates(): State[] {
  const done: State[] = [];
  for (const { header, observations, reveals: bytes } of records) {
    const counted = observations.map((observation, i) => {
      return { observation, batch: decodeBatch(decodeReveal(bytes[i]!).batch) };
    });
    done.push(computeReport(done.at(-1) ?? GENESIS_STATE, contextOf(header.epoch), counted).next);
  }
  return done;
}

/** The key of the seat that a watcher's name belongs to; of seat 0 for a name that nobody has. */
export function keyOf(watcher: Uint8Array): Uint8Array {
  const seat = world.set.seats.find((one) => toHex(one.watcher) === toHex(watcher));
  return world.secretKeys[seat?.seat ?? 0]!;
}

export const leaves: readonly Uint8Array[] = records.flatMap((record) => record.leaves);
