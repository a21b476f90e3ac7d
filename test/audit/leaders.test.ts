import { beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceFolder } from '../../audit/archive.ts';
import { examineEvidence } from '../../audit/evidence.ts';
import { type Leaders, leaders } from '../../audit/leaders.ts';
import { leadersJson, renderLeaders } from '../../audit/leaders-table.ts';
import { ViewsOfEpochs } from '../../audit/views.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { decodeCommit } from '../../protocol/commit.ts';
import { decodeEvidence, type EpochEvidence, encodeEvidence, evidenceName } from '../../protocol/evidence.ts';
import { recordName } from '../../protocol/record.ts';
import { decodeReveal } from '../../protocol/reveal.ts';
import { memoryArchive } from '../support/archives.ts';
import type { Host } from '../support/simnet/host.ts';
import { createSimnet, factsOf, type Simnet } from '../support/simnet/simnet.ts';

const OMITTED = 1;
const TWICE = 2;
let net: Simnet;
let censor: Host;
let author: number;
let equivocator: Host;

/** Epoch 1: a leader that omits a batch. Epoch 2: a leader that signs two proposals, and dies. */
beforeAll(async () => {
  net = await createSimnet();
  await net.start();
  await net.runTo(OMITTED, 0);
  censor = net.leader(OMITTED, 0);
  const [, nextLeader] = [censor, net.leader(OMITTED, 1)];
  author = net.hosts.findIndex((host) => host !== censor && host !== nextLeader);
  net.network.fate = ({ to, topic, data }) => {
    if (to !== censor.name || (topic !== 'commit' && topic !== 'reveal')) return 0;
    const commit = topic === 'commit' ? decodeCommit(data) : decodeReveal(data).commit;
    return commit.epoch === OMITTED && Buffer.compare(commit.watcher, net.hosts[author]!.watcher!) === 0 ? 'lost' : 0;
  };
  await net.runTo(TWICE + 1, 1_550);
  equivocator = net.leader(TWICE, 0);
  const { core } = equivocator;
  const counting = core.pool.reveals(TWICE).map(({ observation, batch }) => ({ observation, batch }));
  const final = await core.chain.finalized();
  const earlier = { number: final.number - 1, hash: (await core.chain.blockHash(final.number - 1))! };
  const observations = counting.map(({ observation }) => observation);
  const messages: Uint8Array[] = [];
  for (const anchor of [final, earlier]) {
    const { header } = await core.ledger.compute(core.ledger.state, TWICE, anchor, counting);
    messages.push(net.forger(net.hosts.indexOf(equivocator)).proposalBytes(header, 0, observations));
  }
  equivocator.kill();
  const others = net.hosts.filter((host) => host !== equivocator);
  for (const [i, { name }] of others.entries()) {
    net.network.inject(equivocator.name, name, 'proposal', messages[i % 2]!);
  }
  await net.runTo(5, 0);
});

function folderOf(host: Host, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): EvidenceFolder {
  const epochs = Array.from({ length: 10 }, (_, epoch) => epoch);
  return {
    path: (epoch) => `${host.name}/${evidenceName(epoch)}`,
    epochs: async () => new Set(epochs.filter((epoch) => host.archived.has(evidenceName(epoch)))),
    read: async (epoch) => {
      const bytes = host.archived.get(evidenceName(epoch));
      return bytes && change(bytes);
    },
  };
}

const archiveOf = (host: Host) =>
  memoryArchive(
    host.name,
    new Map([OMITTED, TWICE].map((epoch) => [epoch, host.archived.get(recordName(epoch))] as const)),
  );
const alive = () => net.hosts.filter((host) => host !== equivocator);

function audited(evidence: readonly EvidenceFolder[], last?: number): Promise<Leaders> {
  const chain = alive()[0]!.core.chain;
  return leaders({ chain, bls: net.bls, archives: alive().map(archiveOf), evidence }, last);
}
const of = (found: Leaders, host: Host) => found.tallies.find(({ seat }) => seat === net.hosts.indexOf(host))!;

test('a leader that omits a timely batch stands there with the refusals and their stake', async () => {
  const found = await audited(alive().map((host) => folderOf(host)));
  expect(found.damage).toEqual([]);
  const refused = found.refused.filter(({ epoch }) => epoch === OMITTED);
  const others = net.hosts.map((_, seat) => seat).filter((seat) => net.hosts[seat] !== censor);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({
    view: 0,
    leader: net.hosts.indexOf(censor),
    refusedBy: others,
    refusedByPpm: 750_000,
  });
  expect(refused[0]!.omitted).toMatchObject([{ seat: author, namedBy: others, isTimely: true, isCounted: true }]);
  expect(of(found, censor)).toMatchObject({ refused: 1, omitted: 1 });
  expect(of(found, censor).skipped).toBeGreaterThan(0);
});

test('two proposals of a leader are proven by both signatures', async () => {
  const found = await audited(alive().map((host) => folderOf(host)));
  const seat = net.hosts.indexOf(equivocator);
  const proposals = found.equivocations.filter(({ kind }) => kind === 1);
  expect(proposals).toMatchObject([{ epoch: TWICE, view: 0, seat, setId: 1 }]);
  expect(of(found, equivocator).equivocations).toEqual({ commit: 0, proposal: 1, attestation: 0 });
  expect(found.equivocations).toHaveLength(1);
});

test('every view that was led landed, was skipped or stalled', async () => {
  const found = await audited([]);
  for (const { led, landed, skipped, stalled } of found.tallies) expect(led).toBe(landed + skipped + stalled);
  expect(found.tallies.reduce((sum, { landed }) => sum + landed, 0)).toBe(found.reports);
  expect(found.reports).toBe(net.chain.landed.length);
});

test('without an archive nothing is said about refusals, and it is not called none', async () => {
  const found = await audited([]);
  expect(found.hasEvidence).toBe(false);
  expect(renderLeaders(found).join('\n')).toContain('? no archive was given');
  expect(JSON.parse(JSON.stringify(leadersJson(found))).tallies[0]).toMatchObject({
    refused: null,
    equivocations: null,
  });
});

test('the text names what happened, the JSON holds what a contract needs', async () => {
  const found = await audited(alive().map((host) => folderOf(host)));
  const text = renderLeaders(found).join('\n');
  expect(text).toMatch(
    new RegExp(`left out seat ${author}'s batch 0x[0-9a-f]+….*more than 1/3; the report that landed counts it`),
  );
  expect(text).toMatch(/signed two proposals: 0x[0-9a-f]+… and 0x/);
  const { equivocations } = JSON.parse(JSON.stringify(leadersJson(found)));
  expect(equivocations[0]).toMatchObject({ kind: 'proposal', epoch: TWICE, view: 0, setId: 1 });
  for (const side of ['first', 'second']) {
    const { value, digest, signature } = equivocations[0][side];
    expect([value, digest, signature].map((hex: string) => hex.length)).toEqual([66, 66, 98]);
  }
});

test('only the epochs asked for are looked at', async () => {
  const found = await audited(
    alive().map((host) => folderOf(host)),
    1,
  );
  expect([found.refused, found.equivocations]).toEqual([[], []]);
  expect(found.fromEpoch).toBe(found.toEpoch);
});

describe('stored evidence that does not hold is damage and counts for nothing', () => {
  const held = (epoch: number) =>
    decodeEvidence(
      alive()
        .map((host) => host.archived.get(evidenceName(epoch)))
        .find((bytes) => bytes)!,
    );
  const examine = async (epoch: number, evidence: EpochEvidence) => {
    const known = await alive()[0]!.core.epochFacts(epoch);
    return examineEvidence({ facts: net.facts, bls: net.bls }, known, encodeEvidence(evidence), 'file');
  };
  const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte));

  test.each<[string, (evidence: EpochEvidence) => EpochEvidence, RegExp]>([
    ['another set', (e) => ({ ...e, setId: 2 }), /of epoch 1 and set 2/],
    ['another epoch', (e) => ({ ...e, epoch: 2 }), /of epoch 2/],
    [
      'a refusal’s signature',
      (e) => ({ ...e, refusals: e.refusals.map((one) => ({ ...one, signature: flip(one.signature) })) }),
      /refusal in view 0: its signature/,
    ],
    [
      'what a refusal names',
      (e) => ({ ...e, refusals: e.refusals.map((one) => ({ ...one, missing: [...one.missing, ...one.missing] })) }),
      /refusal in view 0: its signature/,
    ],
    [
      'the proposal’s signature',
      (e) => ({ ...e, proposals: e.proposals.map((one) => ({ ...one, signature: flip(one.signature) })) }),
      /proposal of view 0: its signature/,
    ],
    [
      'the batches of the proposal',
      (e) => ({ ...e, proposals: e.proposals.map((one) => ({ ...one, observations: one.observations.slice(1) })) }),
      /names other batches/,
    ],
    [
      'the proposer',
      (e) => ({ ...e, proposals: e.proposals.map((one) => ({ ...one, seat: author })) }),
      /does not lead/,
    ],
    ['no proposal', (e) => ({ ...e, proposals: [] }), /is not proven/],
  ])('%s', async (_what, change, expected) => {
    const { refusals, damage } = await examine(OMITTED, change(held(OMITTED)));
    expect(refusals).toEqual([]);
    expect(damage.map(({ what }) => what).join('; ')).toMatch(expected);
  });

  type One = EpochEvidence['equivocations'][0];
  test.each<[string, (one: One) => One, RegExp]>([
    [
      'a signature',
      (one) => ({ ...one, second: { ...one.second, signature: flip(one.second.signature) } }),
      /signature/,
    ],
    ['a digest', (one) => ({ ...one, first: { ...one.first, digest: flip(one.first.digest) } }), /digest/],
    ['the same side twice', (one) => ({ ...one, second: one.first }), /the same/],
    ['another seat', (one) => ({ ...one, seat: (one.seat + 1) % 4 }), /no such watcher/],
    ['another watcher', (one) => ({ ...one, watcher: flip(one.watcher) }), /no such watcher/],
    ['another view', (one) => ({ ...one, view: one.view + 1 }), /does not lead|digest/],
    ['another kind', (one) => ({ ...one, kind: 2 }), /digest/],
    ['no kind', (one) => ({ ...one, kind: 7 }), /no kind 7/],
    ['another epoch', (one) => ({ ...one, epoch: 0 }), /of epoch 0/],
  ])('a contradiction with %s', async (_what, change, expected) => {
    const evidence = held(TWICE);
    const { equivocations, damage } = await examine(TWICE, {
      ...evidence,
      equivocations: evidence.equivocations.map(change),
    });
    expect(equivocations).toEqual([]);
    expect(damage.map(({ what }) => what).join('; ')).toMatch(expected);
  });

  test('junk in a folder is named, and the other folders still speak', async () => {
    const [first, ...rest] = alive();
    const found = await audited([
      folderOf(first!, () => Uint8Array.of(1, 0, 3)),
      ...rest.map((host) => folderOf(host)),
    ]);
    expect(found.damage.length).toBeGreaterThan(0);
    expect(found.damage[0]!.where?.file).toBe(`${first!.name}/${evidenceName(OMITTED)}`);
    expect(found.refused).toHaveLength(1);
  });
});

describe('the views for which a leader can be held to account', () => {
  const facts = factsOf(1);
  const landed = (view: number) => ({ view }) as LandedReport;

  test('end with the one that landed, and begin when the report before was known', () => {
    const views = new ViewsOfEpochs(facts);
    expect(views.next(0, landed(1)).views).toEqual([
      { view: 0, fate: 'skipped' },
      { view: 1, fate: 'landed' },
    ]);
    // Epoch 0 landed in a view that began after the first views of epoch 1.
    const { epochSeconds } = facts.calendar;
    const late = Math.ceil((1_000 * epochSeconds) / facts.parameters.viewMillis) + 1;
    const again = new ViewsOfEpochs(facts);
    again.next(0, landed(late));
    expect(again.next(1, landed(4)).views[0]!.view).toBeGreaterThan(0);
    expect(again.next(2, landed(0)).views).toEqual([{ view: 0, fate: 'landed' }]);
  });

  test('of an epoch without a report are those before its deadline, and the next epoch waits for that', () => {
    const views = new ViewsOfEpochs(facts);
    const { parameters, calendar } = facts;
    const { views: stalled } = views.next(0, undefined);
    const open =
      parameters.deadlineEpochs * calendar.epochSeconds * 1_000 - parameters.revealMillis - parameters.deltaMillis;
    expect(stalled).toHaveLength(Math.ceil(open / parameters.viewMillis));
    expect(new Set(stalled.map(({ fate }) => fate))).toEqual(new Set(['stalled']));
    const { views: next } = views.next(1, undefined);
    expect(next.length).toBe(Math.floor((calendar.epochSeconds * 1_000) / parameters.viewMillis));
  });
});
