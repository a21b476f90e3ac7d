import { VIEWS_KEPT_MAX } from '../../ledger/pool.ts';
import { leaderOf } from '../../protocol/assignment.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { equalBytes, toHex, ZERO_BYTES32 } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { type Counted, computeReport, type Report } from '../../protocol/report.ts';
import { encodeState, GENESIS_STATE, type State } from '../../protocol/state.ts';
import { epochAt, epochStart, roundOf } from '../../protocol/time.ts';
import type { Host } from '../support/simnet/host.ts';
import type { Simnet } from '../support/simnet/simnet.ts';
import type { Evidence } from './evidence.ts';
import { EPOCH_MILLIS, type Plan } from './plan.ts';
import { brokenPromises } from './promise.ts';

/** Batches that one report counted, with the report that they give. */
type Known = { readonly state: State; readonly report: Report | undefined; readonly counted: readonly Counted[] };

/** Deadline 3 epochs of 4 s, views of 1.2 s from 1.6 s on: eight, and one for clocks. */
const VIEWS_OF_EPOCH_MAX = 10;
/** Epochs in a pool: up to the deadline, the running one, and what comes early or just expired. */
const EPOCHS_IN_POOL_MAX = 8;
const TIMERS_OF_HOST_MAX = 400;
/** A process that starts at the healing listens for an epoch, and measures from the next whole one on. */
const SETTLING_EPOCHS = 2;

/**
 * What must hold in every world. It has its own arithmetic where it can, and for reports the pure protocol/report.ts,
 * fed with nothing but the batches that were sent over the wire.
 */
export class Checks {
  readonly violations: string[] = [];
  readonly #net: Simnet;
  readonly #plan: Plan;
  readonly #evidence: Evidence;
  readonly #honest: readonly Host[];
  readonly #known = new Map<string, Known>();
  readonly #note: (text: string) => void;
  readonly #behindMillisMax: number;
  #landedCount = 0;
  #lastHash = '';
  /** Reports checked; those that a reorganisation took back count too. */
  reports = 0;

  constructor(net: Simnet, plan: Plan, evidence: Evidence, note: (text: string) => void) {
    this.#net = net;
    this.#plan = plan;
    this.#evidence = evidence;
    this.#note = note;
    this.#honest = net.hosts.filter((_, seat) => !plan.members.some((member) => member.seat === seat));
    // Whoever's clock is behind takes for timely what is not.
    const skews = plan.faults.filter(({ kind }) => kind === 'skew-small' || kind === 'skew-large');
    this.#behindMillisMax = Math.max(0, ...skews.map(({ amount }) => -amount));
    this.#known.set(toHex(ZERO_BYTES32), { state: GENESIS_STATE, report: undefined, counted: [] });
  }

  /** Called every few hundred milliseconds of the world. */
  step(): void {
    this.#chain();
    this.#certificates();
    this.#signedOnce();
    for (const host of this.#honest) if (!host.clock.dead && host.core) this.#bounds(host);
    this.#complaints();
  }

  /** Whether all honest nodes stand where the chain does. */
  agreed(): boolean {
    const head = toHex(this.#net.chain.head.reportHash);
    return this.#honest.every(({ core, clock }) => !clock.dead && core && toHex(core.ledger.state.reportHash) === head);
  }

  /** After the healing and some quiet epochs. @param healedAt unix ms */
  end(healedAt: number): void {
    if (!this.agreed()) {
      const heads = this.#honest
        .map(({ name, core }) => `${name} ${core ? core.ledger.state.epoch : 'down'}`)
        .join(', ');
      this.violated(
        `honest nodes do not agree with the chain's head, epoch ${this.#net.chain.head.nextEpoch - 1}: ${heads}`,
      );
    } else this.#states();
    this.#included(healedAt);
  }

  violated(what: string): void {
    if (this.violations.includes(what)) return;
    this.violations.push(what);
    this.#note(`VIOLATED: ${what}`);
  }

  #chain(): void {
    const { landed } = this.#net.chain;
    const last = landed.at(-1);
    const hash = last ? toHex(last.reportHash) : '';
    if (landed.length === this.#landedCount && hash === this.#lastHash) return;
    this.#landedCount = landed.length;
    this.#lastHash = hash;
    let previous: Uint8Array = ZERO_BYTES32;
    let epoch = -1;
    for (const one of landed) {
      if (one.header.epoch <= epoch) this.violated(`two reports of epoch ${one.header.epoch} are on chain`);
      if (!equalBytes(one.header.previous, previous))
        this.violated(`report ${one.header.epoch} names another predecessor`);
      if (!this.#known.has(toHex(one.reportHash))) this.#landed(one);
      previous = one.reportHash;
      epoch = one.header.epoch;
    }
  }

  /** Seats of the set that the plan has for an epoch. */
  #setAt(epoch: number): readonly number[] {
    return this.#plan.versions.findLast(({ fromEpoch }) => fromEpoch <= epoch)!.seats;
  }

  #isQuorum(epoch: number, signers: Iterable<number>): boolean {
    const signed = new Set(signers);
    const stakeOf = (seats: readonly number[]) => seats.reduce((sum, seat) => sum + this.#plan.stakes[seat]!, 0n);
    const set = this.#setAt(epoch);
    return 3n * stakeOf(set.filter((seat) => signed.has(seat))) > 2n * stakeOf(set);
  }

  #landed(landed: LandedReport): void {
    const { header, reportHash, signers, view } = landed;
    const { epoch } = header;
    this.reports++;
    this.#note(
      `report ${epoch} lands in view ${view}, counts ${seatsOf([header.countedLow, header.countedHigh])}, signed by ${signers}`,
    );
    if (!this.#isQuorum(epoch, signers)) this.violated(`report ${epoch} landed with two thirds of the stake or less`);
    this.#ledAndTimely(landed);
    const before = this.#known.get(toHex(header.previous));
    const observations = this.#evidence.proposals.get(toHex(reportHash))?.observations;
    const counted = observations?.flatMap((observation) => {
      const batch = this.#evidence.batches.get(toHex(observation.batchHash));
      return batch ? [{ observation, batch }] : [];
    });
    if (!before || !counted || counted.length !== observations?.length) {
      this.violated(`report ${epoch} landed and its batches were never shown`);
      return;
    }
    const [set, services] = [this.#net.setAt(epoch), this.#net.servicesAt(epoch)];
    const anchor = { number: header.anchorNumber, hash: header.anchorHash };
    const context = { epoch, set, services, parameters: this.#net.facts.parameters, anchor };
    const report = computeReport(before.state, context, counted);
    this.#known.set(toHex(reportHash), { state: report.next, report, counted });
    if (!equalBytes(report.hash, reportHash)) {
      this.violated(`report ${epoch} is not what its batches give`);
      return;
    }
    const history = this.#historyOf(landed);
    for (const broken of brokenPromises(this.#net, this.#plan, report, history))
      this.violated(`report ${epoch}: ${broken}`);
  }

  /** Its drawn leader proposed it, and nothing in it was committed when others had revealed. */
  #ledAndTimely({ header, reportHash, view }: LandedReport): void {
    const { epoch } = header;
    const leader = leaderOf(this.#net.setAt(epoch), this.#net.chain.seedAt(epoch), epoch, view);
    const proposers = this.#evidence.proposers.get(`${toHex(reportHash)}/${view}`);
    if (!proposers?.has(leader))
      this.violated(`report ${epoch} landed in view ${view}, whose leader did not propose it`);
    const { calendar, parameters } = this.#net.facts;
    const { revealFrom } = roundOf(calendar, parameters, epoch);
    for (const { seat, commitment } of this.#evidence.proposals.get(toHex(reportHash))?.observations ?? []) {
      const at = this.#evidence.committedAt.get(toHex(commitment)) ?? Number.POSITIVE_INFINITY;
      if (at > revealFrom + this.#behindMillisMax) {
        this.violated(`report ${epoch} counts w${seat}, who committed ${at - revealFrom} ms after reveals began`);
      }
    }
  }

  /** Counted batches by epoch, of a report and those before it. */
  #historyOf(landed: LandedReport): Map<number, readonly Counted[]> {
    const history = new Map<number, readonly Counted[]>();
    let header = landed.header;
    let known = this.#known.get(toHex(landed.reportHash));
    while (known?.report) {
      history.set(header.epoch, known.counted);
      const previous = this.#known.get(toHex(header.previous));
      if (!previous?.report) break;
      header = previous.report.header;
      known = previous;
    }
    return history;
  }

  #certificates(): void {
    for (const [slot, reports] of this.#evidence.attested) {
      const epoch = Number(slot.split('/')[0]);
      const certified = [...reports.values()].filter((bySeat) => this.#isQuorum(epoch, bySeat.keys()));
      if (certified.length > 1) this.violated(`two reports have a quorum in one view (epoch/view ${slot})`);
    }
  }

  #signedOnce(): void {
    for (const [slot, signed] of this.#evidence.signed) {
      if (signed.size > 1) this.violated(`signed twice: ${slot}`);
    }
  }

  #bounds({ name, core }: Host): void {
    const { pool } = core;
    const seats = this.#plan.stakes.length;
    const running = epochAt(this.#net.facts.calendar, this.#net.clock.now());
    let epochs = 0;
    for (let epoch = Math.max(0, running - 20); epoch <= running + 4; epoch++) {
      const attested = pool.attestations(epoch).reduce((sum, group) => sum + group.length, 0);
      const refused = pool.refusals(epoch).length;
      const revealed = pool.reveals(epoch).length;
      if (attested + refused + revealed > 0) epochs++;
      const most = seats * VIEWS_OF_EPOCH_MAX;
      if (attested > most) this.violated(`${name} keeps ${attested} attestations of an epoch, ${most} at most`);
      if (refused > most) this.violated(`${name} keeps ${refused} refusals of an epoch, ${most} at most`);
      if (revealed > seats) this.violated(`${name} keeps ${revealed} reveals of an epoch of ${seats} seats`);
      for (let view = VIEWS_KEPT_MAX; view < VIEWS_KEPT_MAX + 4; view++) {
        if (pool.proposal(epoch, view)) this.violated(`${name} keeps a proposal of view ${view}`);
      }
    }
    if (epochs > EPOCHS_IN_POOL_MAX) this.violated(`${name} keeps messages of ${epochs} epochs`);
    const timers = this.#net.clock.waiting;
    const most = TIMERS_OF_HOST_MAX * (seats + 1) * (seats + 1);
    if (timers > most) this.violated(`${timers} timers wait in the world, ${most} at most`);
  }

  /** An exception without a code is a mistake in the program, whatever set it off. */
  #complaints(): void {
    for (const host of this.#net.hosts) {
      // Read once and forgotten: a world writes millions of lines.
      for (const { fields, message } of host.lines.splice(0)) {
        if (fields.code !== 'unexpected' || !this.#honest.includes(host)) continue;
        this.violated(`${host.name}: ${message}: ${fields.reason ?? ''}`);
      }
    }
  }

  #states(): void {
    const { reportHash, nextEpoch } = this.#net.chain.head;
    const truth = this.#known.get(toHex(reportHash))?.state;
    if (!truth || nextEpoch === 0) return;
    const expected = encodeState(truth);
    for (const { name, core } of this.#honest) {
      if (!equalBytes(encodeState(core.ledger.state), expected))
        this.violated(`${name} has another state after epoch ${nextEpoch - 1}`);
    }
  }

  /** Every honest watcher's batch of an epoch that began in the good network is in that epoch's report. */
  #included(healedAt: number): void {
    const { calendar } = this.#net.facts;
    for (const { header } of this.#net.chain.landed) {
      if (epochStart(calendar, header.epoch) < healedAt + SETTLING_EPOCHS * EPOCH_MILLIS) continue;
      const counted = new Set(seatsOf([header.countedLow, header.countedHigh]));
      for (const host of this.#honest) {
        const seat = this.#net.hosts.indexOf(host);
        if (this.#setAt(header.epoch).includes(seat) && !counted.has(seat))
          this.violated(`report ${header.epoch} leaves out ${host.name}, honest and timely`);
      }
    }
  }
}
