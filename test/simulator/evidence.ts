import type { Topic } from '../../platform/network/network.ts';
import { type Attestation, decodeAttestation, digestOfAttestation } from '../../protocol/attestation.ts';
import { type Batch, batchHash, decodeBatch } from '../../protocol/batch.ts';
import { equalBytes, toHex } from '../../protocol/bytes.ts';
import { type Commit, decodeCommit } from '../../protocol/commit.ts';
import { reportHash } from '../../protocol/header.ts';
import { batchesRoot, observationLeaf } from '../../protocol/observation.ts';
import { decodeProposal, type Proposal } from '../../protocol/proposal.ts';
import { decodeRefusal } from '../../protocol/refusal.ts';
import { decodeReveal } from '../../protocol/reveal.ts';
import type { Simnet } from '../support/simnet/simnet.ts';

export type Sent = { readonly from: string; readonly topic: Topic; readonly data: Uint8Array };

/** Messages that a replay can choose from: the last of them. */
const REMEMBERED_MAX = 2_000;

/** Everything that was ever sent, as an all-seeing observer keeps it: for the checkers, and for the coalition. */
export class Evidence {
  readonly #net: Simnet;
  readonly sent: Sent[] = [];
  /** By report hash. */
  readonly proposals = new Map<string, Proposal>();
  /** `report/view` -> seats that proposed it there. */
  readonly proposers = new Map<string, Set<number>>();
  /** Commitment -> when it was first sent, unix ms. */
  readonly committedAt = new Map<string, number>();
  /** By batch hash. */
  readonly batches = new Map<string, Batch>();
  /** Reveals by epoch, with who made them. */
  readonly reveals = new Map<number, { watcher: Uint8Array; batch: Batch }[]>();
  readonly commits = new Map<number, Commit[]>();
  /** `epoch/view` -> report -> seats whose signature holds. */
  readonly attested = new Map<string, Map<string, Map<number, Attestation>>>();
  /** `who kind epoch view` -> what was signed for it, of hosts that send what their process says. */
  readonly signed = new Map<string, Set<string>>();
  onSent: (sent: Sent, what: string) => void = () => {};

  constructor(net: Simnet) {
    this.#net = net;
    net.network.tapAnswer = (_, kind, data) => {
      if (kind === 'batch') this.#fetched(data);
    };
    net.network.tap = (from, topic, data) => {
      let what = `${topic} of ${data.length} bytes`;
      try {
        what = this.#take(from, topic, data);
      } catch {
        // Junk: nothing to learn from it.
      }
      this.sent.push({ from, topic, data });
      if (this.sent.length > REMEMBERED_MAX) this.sent.shift();
      this.onSent({ from, topic, data }, what);
    };
  }

  /** What was never gossiped and only fetched. */
  #fetched(data: Uint8Array): void {
    try {
      const { batch } = decodeReveal(data);
      this.batches.set(toHex(batchHash(batch)), decodeBatch(batch));
    } catch {
      // A liar's answer.
    }
  }

  #take(from: string, topic: Topic, data: Uint8Array): string {
    if (topic === 'commit') {
      const commit = decodeCommit(data);
      push(this.commits, commit.epoch, commit);
      this.#committed(commit);
      return this.#slot(from, `commit ${commit.epoch}`, commit.commitment);
    }
    if (topic === 'reveal') {
      const { batch: bytes, commit } = decodeReveal(data);
      const batch = decodeBatch(bytes);
      this.batches.set(toHex(batchHash(bytes)), batch);
      push(this.reveals, commit.epoch, { watcher: commit.watcher, batch });
      this.#committed(commit);
      return `reveal ${commit.epoch}`;
    }
    if (topic === 'proposal') {
      const proposal = decodeProposal(data);
      const hash = reportHash(proposal.header);
      // The batches are those that the header names: whoever sends it on could put others there.
      const isWhole = equalBytes(batchesRoot(proposal.observations), proposal.header.batchesRoot);
      if (isWhole) this.proposals.set(toHex(hash), proposal);
      const key = `${toHex(hash)}/${proposal.view}`;
      if (!this.proposers.has(key)) this.proposers.set(key, new Set());
      this.proposers.get(key)!.add(proposal.seat);
      return this.#slot(from, `proposal ${proposal.header.epoch} ${proposal.view}`, hash);
    }
    if (topic === 'refusal') {
      const { epoch, view, report, missing } = decodeRefusal(data);
      return this.#slot(from, `refusal ${epoch} ${view}`, Buffer.concat([report, ...missing.map(observationLeaf)]));
    }
    const attestation = decodeAttestation(data);
    this.#attestation(attestation);
    const { epoch, view, report } = attestation;
    return this.#slot(from, `attestation ${epoch} ${view}`, report);
  }

  #committed({ commitment }: Commit): void {
    const key = toHex(commitment);
    if (!this.committedAt.has(key)) this.committedAt.set(key, this.#net.clock.now());
  }

  #slot(from: string, slot: string, what: Uint8Array): string {
    const digest = toHex(what).slice(0, 18);
    if (!this.#net.network.captured.has(from)) {
      const key = `${from} ${slot}`;
      if (!this.signed.has(key)) this.signed.set(key, new Set());
      this.signed.get(key)!.add(digest);
    }
    return `${slot} ${digest}`;
  }

  #attestation(attestation: Attestation): void {
    const { epoch, view, report, seat, signature } = attestation;
    const publicKey = this.#net.seats[seat]?.publicKey;
    if (!publicKey) return;
    const key = `${epoch}/${view}`;
    if (this.attested.get(key)?.get(toHex(report))?.has(seat)) return;
    const digest = digestOfAttestation(this.#net.facts.domain, attestation);
    if (!this.#net.bls.verify(publicKey, digest, signature)) return;
    if (!this.attested.has(key)) this.attested.set(key, new Map());
    const reports = this.attested.get(key)!;
    if (!reports.has(toHex(report))) reports.set(toHex(report), new Map());
    reports.get(toHex(report))!.set(seat, attestation);
  }
}

function push<T>(into: Map<number, T[]>, epoch: number, one: T): void {
  if (!into.has(epoch)) into.set(epoch, []);
  into.get(epoch)!.push(one);
}
