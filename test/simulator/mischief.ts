import { combinePartials } from '../../platform/bls/partials.ts';
import { TOPICS } from '../../platform/network/network.ts';
import { slotsOf } from '../../protocol/assignment.ts';
import { digestOfAttestation, encodeAttestation } from '../../protocol/attestation.ts';
import type { Batch } from '../../protocol/batch.ts';
import { concat, fromHex } from '../../protocol/bytes.ts';
import { REASON } from '../../protocol/reason.ts';
import { emptySample, OUTCOME } from '../../protocol/sample.ts';
import { seatAt } from '../../protocol/set.ts';
import { viewAt } from '../../protocol/time.ts';
import { draw } from '../support/simnet/random.ts';
import type { Coalition, Puppet } from './coalition.ts';

/** Junk messages of one burst. */
const FLOOD = 12;

type Act = (coalition: Coalition, puppet: Puppet, epoch: number) => void | Promise<void>;

/** What members do of their own accord, whatever their processes do. */
const ACTS: readonly (readonly [Parameters<Puppet['does']>[0], Act])[] = [
  ['replay', replay],
  ['flood', flood],
  ['sign-anything', signAnything],
  ['copy', copy],
  ['late-copy', copy],
  ['usurp', usurp],
  ['forge-batch', forgeBatch],
  ['forge-certificate', forgeCertificate],
];

/** One piece of mischief of one member, if it does any. */
export async function disturb(coalition: Coalition, puppet: Puppet): Promise<void> {
  const able = ACTS.filter(([strategy]) => puppet.does(strategy));
  if (able.length === 0 || coalition.epoch() < 0) return;
  const [, act] = coalition.rng.pick(able);
  // Its own chain client may be away, or its state behind: then this one is left out.
  await Promise.resolve(act(coalition, puppet, coalition.epoch())).catch(() => undefined);
}

/** Old bytes again, under another sender's name, to hosts whose memory of them is gone. */
function replay({ evidence, net, rng }: Coalition, { host }: Puppet): void {
  if (evidence.sent.length === 0) return;
  const { topic, data } = rng.pick(evidence.sent);
  const wrapped = rng.percent(20) ? concat(data, Uint8Array.of(0)) : data;
  const as = rng.percent(10) ? rng.pick(TOPICS) : topic;
  for (const { name } of net.hosts) if (name !== host.name) net.network.inject(host.name, name, as, wrapped);
}

/** Junk of every size, and well-formed attestations and commits with a signature that is nobody's. */
function flood(coalition: Coalition, puppet: Puppet, epoch: number): void {
  const { rng, net, plan } = coalition;
  const to = new Set([rng.pick(net.hosts).name]);
  for (let i = 0; i < FLOOD; i++) {
    const noise = draw(plan.seed, 'noise', rng.below(2 ** 32));
    const seat = rng.below(net.hosts.length + 2);
    const signature = concat(noise, noise.subarray(0, 16));
    const { watcher } = net.seats[seat % net.hosts.length]!;
    const junk = [
      () => coalition.send(puppet, rng.pick(TOPICS), new Uint8Array(rng.between(0, 400)).fill(i), to),
      () => {
        const view = rng.pick([0, 1, 5, 60, 2 ** 32 - 1]);
        const attestation = { epoch: epoch + rng.between(-2, 3), view, report: noise, seat, signature };
        if (attestation.epoch >= 0) coalition.send(puppet, 'attestation', encodeAttestation(attestation), to);
      },
      () => coalition.commitAgain(puppet, epoch + rng.below(3), concat(noise)),
      () =>
        coalition.send(
          puppet,
          'refusal',
          puppet.forger.refusalBytes(epoch, rng.below(6), noise, [
            { seat, watcher, batchHash: noise, commitment: noise },
          ]),
          to,
        ),
    ];
    rng.pick(junk)();
  }
}

/** Signs every report that anybody proposed for the newest epoch, in its view and in others. */
function signAnything(coalition: Coalition, puppet: Puppet, epoch: number): void {
  for (const proposal of coalition.evidence.proposals.values()) {
    if (proposal.header.epoch < epoch - 1) continue;
    coalition.signAll(proposal.header.epoch, proposal);
    if (coalition.rng.percent(30)) coalition.signAll(proposal.header.epoch, { ...proposal, view: proposal.view + 1 });
  }
  void puppet;
}

/** Another watcher's samples as one's own, on one's own schedule, committed after they were revealed; and its very commitment. */
async function copy(coalition: Coalition, puppet: Puppet, epoch: number): Promise<void> {
  const { evidence, rng } = coalition;
  const commits = evidence.commits.get(epoch);
  if (commits && rng.percent(50)) coalition.commitAgain(puppet, epoch, rng.pick(commits).commitment);
  const reveals = evidence.reveals.get(epoch);
  if (!reveals) return;
  const facts = await coalition.factsOf(puppet, epoch);
  if (!seatAt(facts.set, puppet.member.seat)) return;
  const { batch } = rng.pick(reveals);
  const mine = puppet.forger.batch(facts);
  const samples = mine.samples.map((sample, i) => ({
    ...(batch.samples[i] ?? sample),
    startMicros: sample.startMicros,
  }));
  const sealed = puppet.forger.sealed({ ...mine, samples }, draw(coalition.plan.seed, 'copy', epoch));
  if (!coalition.copies.has(epoch)) coalition.copies.set(epoch, new Map());
  coalition.copies.get(epoch)!.set(puppet.member.seat, { observation: sealed.observation, batch: sealed.batch });
  coalition.send(puppet, 'commit', sealed.commitBytes);
  coalition.send(puppet, 'reveal', sealed.reveal);
}

/** A proposal in the running view or the next, whoever leads it: sound, or with a root that is not. */
async function usurp(coalition: Coalition, puppet: Puppet, epoch: number): Promise<void> {
  const { rng, net, plan } = coalition;
  const { pool, chain } = puppet.host.core;
  const view = viewAt(coalition.round(epoch), net.facts.parameters, net.clock.now()) + rng.below(2);
  if (view < 0) return;
  const counted = pool.reveals(epoch).map(({ observation, batch }) => ({ observation, batch }));
  const report = await coalition.reportOf(puppet, epoch, await chain.finalized(), counted);
  if (!report) return;
  const { header } = report;
  const said = rng.percent(50) ? header : { ...header, resultsRoot: draw(plan.seed, 'usurped', epoch, view) };
  const observations = counted.map(({ observation }) => observation);
  coalition.send(puppet, 'proposal', puppet.forger.proposalBytes(said, view, observations));
}

/** Batches that break one rule each, well committed. */
async function forgeBatch(coalition: Coalition, puppet: Puppet, epoch: number): Promise<void> {
  const { rng, net, plan } = coalition;
  const facts = await coalition.factsOf(puppet, epoch);
  const good = puppet.forger.batch(facts);
  const noise = draw(plan.seed, 'forged', rng.below(2 ** 32));
  const vrfProof = concat(noise, noise.subarray(0, 16));
  const onSchedule = slotsOf(facts.services, vrfProof, net.facts.calendar.epochSeconds).map((slot) => ({
    ...emptySample(slot.service, slot.slot, OUTCOME.good, REASON.ok),
    startMicros: slot.offsetMicros,
    totalMicros: 1,
  }));
  const changes: Partial<Batch>[] = [
    { samples: good.samples.slice(1) },
    { samples: [...good.samples, ...good.samples] },
    { watcher: rng.pick(net.seats).watcher },
    { epoch: epoch + 1 },
    { setId: 9 },
    { parametersId: noise },
    { samples: good.samples.map((sample) => ({ ...sample, startMicros: 0 })) },
    { vrfProof, samples: onSchedule },
  ];
  const sealed = puppet.forger.sealed({ ...good, ...rng.pick(changes) }, noise);
  coalition.send(puppet, 'commit', sealed.commitBytes);
  coalition.send(puppet, 'reveal', sealed.reveal);
}

/** Certificates for the chain with too few signers, with signers named twice, and with signers who did not sign. */
function forgeCertificate(coalition: Coalition, puppet: Puppet, epoch: number): void {
  const { evidence, net, rng } = coalition;
  for (const [slot, reports] of evidence.attested) {
    const [of, view] = slot.split('/').map(Number);
    if (of! < epoch - 1) continue;
    for (const [report, bySeat] of reports) {
      const header = evidence.proposals.get(report)?.header;
      if (!header) continue;
      const seats = [...bySeat.keys()];
      const partials = [...bySeat.values()].map(({ seat, signature }) => ({
        seat,
        publicKey: net.seats[seat]!.publicKey,
        signature,
      }));
      const digest = digestOfAttestation(net.facts.domain, { epoch: of!, view: view!, report: fromHex(report) });
      const { signature } = combinePartials(net.bls, digest, partials);
      if (!signature) continue;
      const everybody = net.seats.map(({ seat }) => seat);
      const signers = rng.pick([seats, [...seats, ...seats, ...seats], everybody]);
      void net.chain.send(puppet.host.name, { header, view: view!, signers, signature });
    }
  }
}
