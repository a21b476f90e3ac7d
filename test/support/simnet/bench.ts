import type { EpochFacts } from '../../../ledger/epoch.ts';
import type { IntakeDeps } from '../../../ledger/intake/rules.ts';
import { Pool } from '../../../ledger/pool.ts';
import type { Verdict } from '../../../platform/network/network.ts';
import { assignmentOf, drawOf } from '../../../protocol/assigned.ts';
import { leaderOf, seedOf } from '../../../protocol/assignment.ts';
import { computeReport } from '../../../protocol/report.ts';
import { GENESIS_STATE } from '../../../protocol/state.ts';
import { epochStart } from '../../../protocol/time.ts';
import { type BlsCounts, createIdealBls } from './bls.ts';
import { VirtualClock } from './clock.ts';
import { forger } from './forge.ts';
import { draw } from './random.ts';
import { factsOf, secretKeyOf, serviceOf, setOf } from './simnet.ts';

const SEED = 1;

/** One intake's surroundings without a network: four equal seats, two services, a clock in the round of epoch `epoch`. */
export function createBench(epoch: number, stakes: readonly bigint[] = [100n, 100n, 100n, 100n]) {
  const counts: BlsCounts = { verify: 0, verifyAggregate: 0 };
  const bls = createIdealBls(counts);
  const facts = factsOf(SEED);
  const clock = new VirtualClock(epochStart(facts.calendar, epoch + 1));
  const secretKeys = stakes.map((_, seat) => secretKeyOf(SEED, seat));
  const set = setOf(bls, secretKeys, stakes);
  const services = [serviceOf(SEED, 0, 6), serviceOf(SEED, 1, 6)];
  const seed = seedOf(facts.domain, 0, facts.genesisSeed);
  const assignment = assignmentOf(set, set, drawOf(set, seed, services), []);
  const pool = new Pool();
  const epochFacts = async (of: number): Promise<EpochFacts> => ({ epoch: of, set, services, seed, assignment });
  const deps: IntakeDeps = { clock, facts, epochFacts, pool, bls };
  const by = (seat: number) =>
    forger({ bls, facts, secretKey: secretKeys[seat]!, watcher: set.seats[seat]!.watcher, seat });
  const factsNow: EpochFacts = { epoch, set, services, seed, assignment };
  return {
    counts,
    bls,
    facts,
    clock,
    set,
    services,
    seed,
    assignment,
    pool,
    deps,
    by,
    epochFacts,
    epoch,
    /** A key that has no seat. */
    stranger: forger({ bls, facts, secretKey: secretKeyOf(9, 9), watcher: draw(9, 'watcher'), seat: 200 }),
    sealed: (seat: number) => by(seat).sealed(by(seat).batch(factsNow)),
    leader: (view: number) => by(leaderOf(set, seed, epoch, view)),
    /** The first report of all, from the batches of some seats. */
    report: (seats: readonly number[]) => {
      const counted = seats.map((seat) => {
        const { observation, batch } = by(seat).sealed(by(seat).batch(factsNow));
        return { observation, batch };
      });
      const anchor = { number: 1, hash: draw(SEED, 'anchor') };
      const context = { epoch, set, services, parameters: facts.parameters, anchor, assignment };
      const report = computeReport(GENESIS_STATE, context, counted);
      return { report, counted, observations: counted.map(({ observation }) => observation) };
    },
    /** Moves the clock to this long after the epoch's end. */
    at: (millis: number) => clock.advanceTo(epochStart(facts.calendar, epoch + 1) + millis),
  };
}

export type Bench = ReturnType<typeof createBench>;

/** `accept`, or `reject code`, or `ignore code`. */
export function said(verdict: Verdict): string {
  return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`;
}
