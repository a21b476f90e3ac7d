import type { EpochFacts } from '../../ledger/epoch.ts';
import type { Topic } from '../../platform/network/network.ts';
import { decodeAttestation, encodeAttestation } from '../../protocol/attestation.ts';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { decodeCommit, encodeCommit } from '../../protocol/commit.ts';
import { type Header, reportHash } from '../../protocol/header.ts';
import { decodeProposal, encodeProposal, type Proposal } from '../../protocol/proposal.ts';
import { type Counted, computeReport, type EpochContext, type Report } from '../../protocol/report.ts';
import { epochAt, roundOf } from '../../protocol/time.ts';
import type { Forger } from '../support/simnet/forge.ts';
import type { Host } from '../support/simnet/host.ts';
import { draw } from '../support/simnet/random.ts';
import type { Simnet } from '../support/simnet/simnet.ts';
import type { Evidence } from './evidence.ts';
import { altered } from './liar.ts';
import type { Member, Plan, Strategy } from './plan.ts';
import type { Rng } from './rng.ts';

/** Mean time between two pieces of mischief of one member. */
const MISCHIEF_MILLIS = 700;

export type Puppet = {
  readonly member: Member;
  readonly host: Host;
  readonly forger: Forger;
  readonly does: (strategy: Strategy) => boolean;
};

export type Disturb = (coalition: Coalition, puppet: Puppet) => Promise<void>;

/**
 * The liars of a world. Each runs an ordinary process, whose messages do not reach the network but come here; and each
 * lends its key and eyes to all the others. They see everything that anybody sends.
 */
export class Coalition {
  readonly net: Simnet;
  readonly plan: Plan;
  readonly rng: Rng;
  readonly evidence: Evidence;
  readonly puppets: readonly Puppet[];
  readonly #disturb: Disturb;
  /** Batches that members made from others' after these had revealed, by epoch and seat. */
  readonly copies = new Map<number, Map<number, Counted>>();
  readonly #secondReveals = new Map<string, Uint8Array>();
  /** (epoch, view, report, seat) that was attested already. */
  readonly #attested = new Set<string>();

  /** @param disturb what a member does of its own accord, from time to time */
  constructor(net: Simnet, plan: Plan, rng: Rng, evidence: Evidence, disturb: Disturb) {
    this.#disturb = disturb;
    this.net = net;
    this.plan = plan;
    this.rng = rng;
    this.evidence = evidence;
    this.puppets = plan.members.map((member) => ({
      member,
      host: net.host(member.seat),
      forger: net.forger(member.seat),
      does: (strategy) => member.strategies.includes(strategy),
    }));
    for (const puppet of this.puppets) this.#take(puppet);
  }

  #take(puppet: Puppet): void {
    const { network } = this.net;
    const { host } = puppet;
    network.captured.set(host.name, (topic, data) => this.#captured(puppet, topic, data));
    if (puppet.does('lie')) {
      const lies = [() => undefined, () => 900_000, () => 1, (_: number, slot: number) => (slot % 2 ? 1 : undefined)];
      host.sight = this.rng.pick(lies);
    }
    if (puppet.does('lie-to-requests')) {
      const how = this.rng.below(5);
      network.answers.set(host.name, (kind, request, truth) => {
        if (how === 0) return 'hangs';
        if (how === 1) return draw(this.plan.seed, 'answer', toHex(request));
        return how === 2 ? new Uint8Array(5_000).fill(7) : truth && altered(kind, truth);
      });
    }
    this.#mischief(puppet);
  }

  #mischief(puppet: Puppet): void {
    this.net.clock.after(this.rng.between(50, 2 * MISCHIEF_MILLIS), () => {
      void this.#disturb(this, puppet);
      this.#mischief(puppet);
    });
  }

  /** About half of the others. */
  half(): Set<string> {
    return new Set(this.net.hosts.map(({ name }) => name).filter(() => this.rng.percent(50)));
  }

  send(puppet: Puppet, topic: Topic, data: Uint8Array, to?: ReadonlySet<string>, delay = 0): void {
    const go = () => this.net.network.spread(puppet.host.name, topic, data, to);
    if (delay > 0) this.net.clock.after(delay, go);
    else go();
  }

  factsOf(puppet: Puppet, epoch: number): Promise<EpochFacts> {
    return puppet.host.core.epochFacts(epoch);
  }

  #captured(puppet: Puppet, topic: Topic, data: Uint8Array): void {
    if (topic === 'commit') void this.#commit(puppet, data);
    else if (topic === 'reveal') this.#reveal(puppet, data);
    else if (topic === 'proposal') void this.#propose(puppet, decodeProposal(data));
    else if (topic === 'attestation') this.#attest(puppet, data);
    else this.send(puppet, topic, data);
  }

  async #commit(puppet: Puppet, data: Uint8Array): Promise<void> {
    const { epoch } = decodeCommit(data);
    const { commitMillis, deltaMillis } = this.net.facts.parameters;
    if (puppet.does('withhold-commit') || puppet.does('late-copy')) return;
    if (puppet.does('edge-commit')) {
      // Around the moments at which others stop to insist, to include and to accept.
      const edge = commitMillis + this.rng.pick([0, deltaMillis, 2 * deltaMillis]) - this.rng.between(0, 60);
      this.send(puppet, 'commit', data, this.rng.percent(50) ? this.half() : undefined, edge);
      return;
    }
    if (!puppet.does('equivocate-commit')) {
      this.send(puppet, 'commit', data);
      return;
    }
    const facts = await this.factsOf(puppet, epoch);
    const other = puppet.forger.sealed(puppet.forger.batch(facts), draw(this.plan.seed, 'second', epoch));
    const half = this.half();
    this.#secondReveals.set(`${puppet.member.seat}/${epoch}`, other.reveal);
    this.send(puppet, 'commit', data, half);
    const rest = new Set(this.net.hosts.map(({ name }) => name).filter((name) => !half.has(name)));
    this.send(puppet, 'commit', other.commitBytes, rest);
  }

  #reveal(puppet: Puppet, data: Uint8Array): void {
    if (puppet.does('late-copy') || (puppet.does('withhold-reveal') && this.rng.percent(70))) return;
    const delay = puppet.does('late-reveal') ? this.rng.between(100, 3_000) : 0;
    this.send(puppet, 'reveal', data, puppet.does('partial-reveal') ? this.half() : undefined, delay);
    const second = [...this.#secondReveals].find(([key]) => key.startsWith(`${puppet.member.seat}/`));
    if (!second) return;
    this.#secondReveals.delete(second[0]);
    this.send(puppet, 'reveal', second[1], this.half(), delay);
  }

  async #propose(puppet: Puppet, proposal: Proposal): Promise<void> {
    const { epoch } = proposal.header;
    if (puppet.does('stall') && this.rng.percent(70)) return;
    const made = [encodeProposal(proposal)];
    if (puppet.does('censor')) made[0] = (await this.#without(puppet, proposal, 'honest')) ?? made[0]!;
    if (puppet.does('late-copy')) made[0] = (await this.#withCopies(puppet, proposal)) ?? made[0]!;
    if (puppet.does('wrong-roots')) made[0] = puppet.forger.proposalBytes(...this.#wrong(proposal));
    if (puppet.does('equivocate-propose')) {
      const second =
        (await this.#without(puppet, proposal, 'members')) ?? puppet.forger.proposalBytes(...this.#wrong(proposal));
      made.push(second);
    }
    const half = made.length > 1 ? this.half() : undefined;
    this.send(puppet, 'proposal', made[0]!, half);
    if (made[1]) {
      const rest = new Set(this.net.hosts.map(({ name }) => name).filter((name) => !half!.has(name)));
      this.send(puppet, 'proposal', made[1], rest);
    }
    // Everybody in the coalition signs whatever one of them proposes.
    for (const bytes of made) this.signAll(epoch, decodeProposal(bytes));
  }

  /** Members attest a proposal without looking at it. */
  signAll(epoch: number, proposal: Proposal): void {
    const report = toHex(reportHash(proposal.header));
    for (const puppet of this.puppets) {
      const key = `${epoch}/${proposal.view}/${report}/${puppet.member.seat}`;
      if (puppet.does('withhold-attestation') || this.#attested.has(key)) continue;
      this.#attested.add(key);
      this.send(puppet, 'attestation', puppet.forger.attestationBytes(epoch, proposal.view, fromHex(report)));
    }
  }

  #attest(puppet: Puppet, data: Uint8Array): void {
    const attestation = decodeAttestation(data);
    if (puppet.does('withhold-attestation')) return;
    if (puppet.does('invalid-partial')) {
      // Noise, nothing, or the true one with a bit changed: a sign bit makes it another point of the curve.
      const signature = this.rng.pick([new Uint8Array(48), attestation.signature.slice()]);
      if (this.rng.percent(50)) signature.set(draw(this.plan.seed, 'partial'));
      else signature[this.rng.below(48)]! ^= 1 << this.rng.below(8);
      this.send(puppet, 'attestation', encodeAttestation({ ...attestation, signature }));
      return;
    }
    this.send(puppet, 'attestation', data);
    if (!puppet.does('equivocate-attest')) return;
    const { epoch, view } = attestation;
    const other = draw(this.plan.seed, 'other report', epoch, view);
    this.send(puppet, 'attestation', puppet.forger.attestationBytes(epoch, view, other), this.half());
  }

  /** The report without some honest batches, or without those of the coalition: sound in itself. */
  async #without(puppet: Puppet, proposal: Proposal, whose: 'honest' | 'members'): Promise<Uint8Array | undefined> {
    const members = new Set(this.plan.members.map(({ seat }) => seat));
    const isLeftOut = (seat: number) =>
      whose === 'members' ? members.has(seat) : !members.has(seat) && seat % 2 === 0;
    const counted = heldOf(puppet, proposal).filter(({ observation }) => !isLeftOut(observation.seat));
    return counted.length === proposal.observations.length ? undefined : this.#proposalOf(puppet, proposal, counted);
  }

  /** The report with what members copied from others after these had revealed. */
  async #withCopies(puppet: Puppet, proposal: Proposal): Promise<Uint8Array | undefined> {
    const { epoch } = proposal.header;
    const counted = heldOf(puppet, proposal);
    const seats = new Set(counted.map(({ observation }) => observation.seat));
    const copies = [...(this.copies.get(epoch)?.values() ?? [])].filter(
      ({ observation }) => !seats.has(observation.seat),
    );
    if (copies.length === 0) return undefined;
    const all = [...counted, ...copies].sort((a, b) => a.observation.seat - b.observation.seat);
    return this.#proposalOf(puppet, proposal, all);
  }

  /** The proposal with other batches and the report that they give. */
  async #proposalOf(
    puppet: Puppet,
    { header, view }: Pick<Proposal, 'header' | 'view'>,
    counted: readonly Counted[],
  ): Promise<Uint8Array | undefined> {
    const anchor = { number: header.anchorNumber, hash: header.anchorHash };
    const report = await this.reportOf(puppet, header.epoch, anchor, counted);
    if (!report) return undefined;
    return puppet.forger.proposalBytes(
      report.header,
      view,
      counted.map(({ observation }) => observation),
    );
  }

  /** What batches give after the state of a member's own node; undefined when that has a report of the epoch. */
  async reportOf(
    puppet: Puppet,
    epoch: number,
    anchor: EpochContext['anchor'],
    counted: readonly Counted[],
  ): Promise<Report | undefined> {
    const { ledger } = puppet.host.core;
    const { set, services } = await this.factsOf(puppet, epoch);
    if (ledger.state.epoch >= epoch) return undefined;
    const context = { epoch, set, services, parameters: this.net.facts.parameters, anchor };
    return computeReport(ledger.state, context, counted);
  }

  #wrong({ header, view, observations }: Proposal): [Header, number, Proposal['observations']] {
    const field = this.rng.pick(['resultsRoot', 'accumulatorRoot', 'historyRoot', 'previous', 'anchorHash'] as const);
    return [{ ...header, [field]: draw(this.plan.seed, 'wrong', header.epoch, view, field) }, view, observations];
  }

  /** The newest epoch that is over. */
  epoch(): number {
    return epochAt(this.net.facts.calendar, this.net.clock.now()) - 1;
  }

  round(epoch: number) {
    return roundOf(this.net.facts.calendar, this.net.facts.parameters, epoch);
  }

  commitAgain(puppet: Puppet, epoch: number, commitment: Uint8Array): void {
    this.send(puppet, 'commit', encodeCommit(puppet.forger.commit(epoch, commitment)));
  }
}

/** The batches of a proposal that a member's own node holds. */
function heldOf({ host }: Puppet, { header, observations }: Proposal): Counted[] {
  return observations.flatMap((observation) => {
    const held = host.core.pool.reveal(header.epoch, observation.seat);
    return held ? [{ observation, batch: held.batch }] : [];
  });
}
