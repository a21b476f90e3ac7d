import { beforeEach, expect, test } from 'vitest';
import { decodeAttestation } from '../../protocol/attestation.ts';
import { seatsOf } from '../../protocol/bitmap.ts';
import { decodeCommit, encodeCommit } from '../../protocol/commit.ts';
import { decodeProposal, encodeProposal } from '../../protocol/proposal.ts';
import { decodeRefusal } from '../../protocol/refusal.ts';
import { decodeReveal } from '../../protocol/reveal.ts';
import type { Hop } from '../support/simnet/network.ts';
import { createSimnet, type Simnet } from '../support/simnet/simnet.ts';

const EPOCH = 2;
let net: Simnet;
let author: number;
let leader: string;
let nextLeader: string;

beforeEach(async () => {
  net = await createSimnet();
  await net.start();
  leader = net.leader(EPOCH, 0).name;
  nextLeader = net.leader(EPOCH, 1).name;
  author = net.hosts.findIndex(({ name }) => name !== leader && name !== nextLeader);
});

/** Whose commit or reveal a hop carries. */
const authorOf = ({ topic, data }: Hop) => {
  if (topic !== 'commit' && topic !== 'reveal') return undefined;
  const { watcher, epoch } = topic === 'commit' ? decodeCommit(data) : decodeReveal(data).commit;
  return epoch === EPOCH ? net.set.seats.find((seat) => Buffer.compare(seat.watcher, watcher) === 0)?.seat : undefined;
};
const counted = () => {
  const { header, view } = net.chain.landed.find((landed) => landed.header.epoch === EPOCH)!;
  return { view, seats: seatsOf([header.countedLow, header.countedHigh]) };
};
const attestedIn = (view: number) =>
  net.network.published
    .filter(({ topic }) => topic === 'attestation')
    .filter(({ data }) => decodeAttestation(data).epoch === EPOCH && decodeAttestation(data).view === view)
    .map(({ from }) => from)
    .sort();

test('a leader that omits a timely batch is refused, and the next view’s proposal includes it', async () => {
  net.network.fate = (hop) => (authorOf(hop) === author && hop.to === leader ? 'lost' : 0);
  await net.runTo(EPOCH + 1, 3_500);
  expect(attestedIn(0)).toEqual([leader]);
  const refusals = net.network.published
    .filter(({ topic }) => topic === 'refusal')
    .map(({ data }) => decodeRefusal(data));
  expect(refusals).toHaveLength(3);
  for (const { view, missing } of refusals) {
    expect(view).toBe(0);
    expect(missing.map(({ seat }) => seat)).toEqual([author]);
  }
  expect(counted()).toEqual({ view: 1, seats: [0, 1, 2, 3] });
});

test('a leader without the batch that a refusal demands asks for it and includes it', async () => {
  const isReveal = (hop: Hop) => hop.topic === 'reveal' && authorOf(hop) === author;
  // Both leaders heard the commit, neither got the reveal, and the author answers nobody.
  net.network.fate = (hop) => (isReveal(hop) && (hop.to === leader || hop.to === nextLeader) ? 'lost' : 0);
  net.network.answers.set(`w${author}`, () => undefined);
  await net.runTo(EPOCH + 1, 3_500);
  expect(counted()).toEqual({ view: 1, seats: [0, 1, 2, 3] });
});

test('an attester without a batch that a proposal counts gets it from whoever holds it', async () => {
  const attester = net.hosts.find(({ name }) => name !== leader && name !== `w${author}`)!.name;
  net.network.fate = (hop) => (hop.topic === 'reveal' && authorOf(hop) === author && hop.to === attester ? 'lost' : 0);
  net.network.answers.set(`w${author}`, () => undefined);
  await net.runTo(EPOCH + 1, 3_500);
  expect(counted()).toEqual({ view: 0, seats: [0, 1, 2, 3] });
  expect(attestedIn(0)).toContain(attester);
});

test('a proposal that counts a batch nobody can be given costs its own view and not the next', async () => {
  const host = net.leader(EPOCH, 0);
  const slow = net.hosts.find(({ name }) => name !== leader && name !== nextLeader)!;
  // The leader's own batch is timely for all and revealed to nobody; a second liar lets whoever asks wait.
  const own = net.hosts.indexOf(host);
  net.network.fate = (hop) => (hop.topic === 'reveal' && authorOf(hop) === own ? 'lost' : 0);
  net.network.answers.set(host.name, () => 'hangs');
  net.network.answers.set(slow.name, () => 'hangs');
  await net.runTo(EPOCH + 1, 3_900);
  expect(attestedIn(0)).toEqual([leader]);
  const { view, seats } = counted();
  expect(view).toBe(1);
  expect(seats).not.toContain(own);
});

test('a watcher who commits to two batches, one for each half, is left out and stops nobody', async () => {
  net = await createSimnet({ stakes: [100n, 100n, 100n, 100n, 100n, 100n, 100n] });
  await net.start();
  author = 6;
  const half = new Set(net.hosts.filter((_, seat) => seat !== author && seat % 2 === 0).map(({ name }) => name));
  const rest = new Set(net.hosts.filter((_, seat) => seat !== author && seat % 2 === 1).map(({ name }) => name));
  const own = `w${author}`;
  net.network.captured.set(own, (topic, data) => {
    const isCommit = topic === 'commit' && decodeCommit(data).epoch === EPOCH;
    if (!isCommit) return net.network.spread(own, topic, data);
    net.network.spread(own, 'commit', data, half);
    const other = net.forger(author).commit(EPOCH, decodeCommit(data).watcher);
    return net.network.spread(own, 'commit', encodeCommit(other), rest);
  });
  await net.runTo(EPOCH + 1, 3_500);
  expect(counted()).toEqual({ view: 0, seats: [0, 1, 2, 3, 4, 5] });
  for (const { core, name } of net.hosts) {
    if (name === own) continue;
    expect(core.pool.isContested(EPOCH, `commit/${author}`), name).toBe(true);
  }
});

test('an equivocating leader gets one attestation from each watcher at most', async () => {
  const host = net.leader(EPOCH, 0);
  const seat = net.hosts.indexOf(host);
  await net.runTo(EPOCH + 1, 1_550);
  // Two sound reports that differ in their anchor.
  const { core } = host;
  const counting = core.pool.reveals(EPOCH).map(({ observation, batch }) => ({ observation, batch }));
  const final = await core.chain.finalized();
  const earlier = { number: final.number - 1, hash: (await core.chain.blockHash(final.number - 1))! };
  const reports = [];
  for (const anchor of [final, earlier])
    reports.push(await core.ledger.compute(core.ledger.state, EPOCH, anchor, counting));
  host.kill();
  const observations = counting.map(({ observation }) => observation);
  const messages = reports.map(({ header }) => net.forger(seat).proposalBytes(header, 0, observations));
  const others = net.hosts.filter((other) => other !== host);
  for (const [i, { name }] of others.entries()) net.network.inject(host.name, name, 'proposal', messages[i % 2]!);
  await net.runTo(EPOCH + 1, 3_900);
  const attested = net.network.published
    .filter(({ topic, data }) => topic === 'attestation' && decodeAttestation(data).epoch === EPOCH)
    .map(({ from, data }) => `${from} ${decodeAttestation(data).view}`);
  expect(new Set(attested).size).toBe(attested.length);
  expect(attestedIn(0).length).toBeGreaterThan(0);
  expect(counted().view).toBe(1);
});

test('a relay cannot change the batches that a proposal names', async () => {
  const relayed: Uint8Array[] = [];
  const victims = net.hosts.filter(({ name }) => name !== leader);
  await net.runTo(EPOCH + 1, 1_550);
  // Whoever gets the proposal first passes it on with another list of batches.
  net.network.fate = ({ topic, data }) => {
    if (topic !== 'proposal' || relayed.length > 0) return 0;
    const proposal = decodeProposal(data);
    if (proposal.header.epoch !== EPOCH) return 0;
    relayed.push(data);
    const changed = { ...proposal, observations: proposal.observations.slice(1) };
    for (const { name } of victims) net.network.inject('relay', name, 'proposal', encodeProposal(changed));
    return 0;
  };
  await net.runTo(EPOCH + 1, 3_900);
  expect(relayed).toHaveLength(1);
  expect(counted()).toEqual({ view: 0, seats: [0, 1, 2, 3] });
});
