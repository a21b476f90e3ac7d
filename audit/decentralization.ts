import type { Chain } from '../platform/chain/chain.ts';
import { leaderOf } from '../protocol/assignment.ts';
import { seatsOf } from '../protocol/bitmap.ts';
import { PlumblineError } from '../protocol/error.ts';
import { type Seat, seatAt, type WatcherSet } from '../protocol/set.ts';
import { type Concentration, concentrationOf } from './concentration.ts';
import { epochFacts, landedReports } from './epoch.ts';

/** What one operator (or region) did and holds, in the epochs looked at. */
export type Tally = {
  readonly name: string;
  /** Seats in the newest set. */
  seats: number;
  /** Effective stake in the newest set. */
  stake: bigint;
  /** Reports that it could have signed with one seat each, and those that it did sign. */
  eligible: number;
  signed: number;
  /** Effective stake behind its signatures, summed over reports: what quorums were made of. */
  signedStake: bigint;
  /** Batches of its seats that reports counted. */
  counted: number;
  /** Landed reports whose view it led. */
  proposed: number;
};

/** The measures that shares and concentrations are taken of. */
export const MEASURES = ['stake', 'signedStake', 'signed', 'counted', 'proposed'] as const;
export type Measure = (typeof MEASURES)[number];

export type Group = {
  readonly tallies: readonly Tally[];
  readonly concentration: Readonly<Record<Measure, Concentration>>;
};

export type Decentralization = {
  readonly fromEpoch: number;
  readonly toEpoch: number;
  /** Reports on chain in those epochs. */
  readonly reports: number;
  /** Epochs in between without a report. */
  readonly missed: number;
  readonly operators: Group;
  readonly regions: Group;
};

/** `operatorId` when it is given, else the address: an operator may use many addresses under one label, or hide it. */
export function operatorName({ operatorId, operator }: Seat): string {
  return operatorId === '' ? operator : operatorId;
}

const regionName = ({ region }: Seat): string => (region === 0 ? 'undeclared' : `region ${region}`);

/**
 * Who holds, signs, measures and leads, from chain events alone: nobody needs to be asked.
 * @param last look only at this many epochs up to the newest report
 * @throws PlumblineError `no-reports` when the chain has none
 */
export async function decentralization(chain: Chain, last = Number.POSITIVE_INFINITY): Promise<Decentralization> {
  const factsOf = epochFacts(chain);
  const { nextEpoch } = await chain.head();
  const from = Math.max(0, nextEpoch - last);
  const operators = new Tallies(operatorName);
  const regions = new Tallies(regionName);
  let newest: WatcherSet | undefined;
  let fromEpoch = -1;
  let toEpoch = -1;
  let reports = 0;
  for await (const { header, signers, view } of landedReports(chain)) {
    if (header.epoch < from) continue;
    const { set, seed } = await factsOf(header.epoch);
    const leader = leaderOf(set, seed, header.epoch, view);
    const counted = seatsOf([header.countedLow, header.countedHigh]);
    for (const tallies of [operators, regions]) tallies.add(set, signers, counted, leader);
    newest = set;
    if (fromEpoch < 0) fromEpoch = header.epoch;
    toEpoch = header.epoch;
    reports++;
  }
  if (!newest) {
    throw new PlumblineError('no-reports', 'the chain has no report yet: wait for the first epoch to land');
  }
  const missed = toEpoch - fromEpoch + 1 - reports;
  return { fromEpoch, toEpoch, reports, missed, operators: operators.group(newest), regions: regions.group(newest) };
}

/** Adds up by a name that each seat goes under. */
class Tallies {
  readonly #nameOf: (seat: Seat) => string;
  readonly #byName = new Map<string, Tally>();

  constructor(nameOf: (seat: Seat) => string) {
    this.#nameOf = nameOf;
  }

  add(set: WatcherSet, signers: readonly number[], counted: readonly number[], leader: number): void {
    for (const seat of set.seats) this.#of(seat).eligible++;
    for (const index of signers) {
      const seat = seatAt(set, index);
      if (!seat) continue;
      this.#of(seat).signed++;
      this.#of(seat).signedStake += seat.stake;
    }
    for (const index of counted) {
      const seat = seatAt(set, index);
      if (seat) this.#of(seat).counted++;
    }
    const seat = seatAt(set, leader);
    if (seat) this.#of(seat).proposed++;
  }

  /** Largest stake first, then by name. */
  group(newest: WatcherSet): Group {
    for (const seat of newest.seats) {
      this.#of(seat).seats++;
      this.#of(seat).stake += seat.stake;
    }
    const tallies = [...this.#byName.values()].sort((a, b) =>
      a.stake === b.stake ? (a.name < b.name ? -1 : 1) : a.stake > b.stake ? -1 : 1,
    );
    // Who has left holds no stake, and must not make the stake look less even than it is.
    const current = tallies.filter(({ seats }) => seats > 0);
    const of = (measure: Measure): Concentration => {
      const holders = measure === 'stake' ? current : tallies;
      return concentrationOf(holders.map((tally) => ({ name: tally.name, amount: BigInt(tally[measure]) })));
    };
    const concentration = {
      stake: of('stake'),
      signedStake: of('signedStake'),
      signed: of('signed'),
      counted: of('counted'),
      proposed: of('proposed'),
    };
    return { tallies, concentration };
  }

  #of(seat: Seat): Tally {
    const name = this.#nameOf(seat);
    let tally = this.#byName.get(name);
    if (!tally) {
      tally = { name, seats: 0, stake: 0n, eligible: 0, signed: 0, signedStake: 0n, counted: 0, proposed: 0 };
      this.#byName.set(name, tally);
    }
    return tally;
  }
}
