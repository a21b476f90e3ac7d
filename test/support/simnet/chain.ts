import type { Bls } from '../../../platform/bls/bls.ts';
import type { Block, Chain, Head, Inclusion, OracleFacts } from '../../../platform/chain/chain.ts';
import { seedOf } from '../../../protocol/assignment.ts';
import { seatsOf } from '../../../protocol/bitmap.ts';
import { equalBytes, toHex, ZERO_BYTES32 } from '../../../protocol/bytes.ts';
import type { Certificate, LandedReport } from '../../../protocol/certificate.ts';
import { attestationDigest } from '../../../protocol/digest.ts';
import { PlumblineError } from '../../../protocol/error.ts';
import { reportHash } from '../../../protocol/header.ts';
import type { Service } from '../../../protocol/service.ts';
import { isQuorum, seatAt, stakeOf, totalStake, type WatcherSet } from '../../../protocol/set.ts';
import { epochStart, roundOf } from '../../../protocol/time.ts';
import type { HostClock, VirtualClock } from './clock.ts';
import { contactsOf } from './contacts.ts';
import { draw } from './random.ts';

export const BLOCK_MILLIS = 500;
/** Blocks before the newest final one, unless a world says otherwise. */
const FINAL_DEPTH = 2;
/** A sender whose transaction was dropped gives up after this long. */
const DROPPED_MILLIS = 3_000;
const SEALING_MILLIS = 0.5;

export type Fate = {
  /** Blocks that it waits beyond the next one. */
  readonly late?: number;
  /** Never mined: without a word, or because another transaction of the sender had its nonce, then or before. */
  readonly lost?: 'dropped' | 'replaced' | 'nonce-taken';
  /** Mined, and the sender hears nothing of it. */
  readonly isUnheard?: boolean;
};

export type SimChainParts = {
  readonly clock: VirtualClock;
  readonly facts: OracleFacts;
  readonly setAt: (epoch: number) => WatcherSet;
  readonly servicesAt: (epoch: number) => readonly Service[];
  readonly bls: Bls;
  readonly seed: number;
  readonly finalDepth?: number;
};

/** A chain with the oracle's rules and nothing else: head, previous, deadline, anchor, set, quorum, signature. */
export class SimChain {
  readonly facts: OracleFacts;
  readonly #parts: SimChainParts;
  readonly #startMillis: number;
  /** Blocks from this number on were replaced. */
  readonly #forks: number[] = [];
  landed: LandedReport[] = [];
  /** Certificates that somebody sent, with the reason of their refusal if there was one. */
  readonly submissions: { by: string; epoch: number; view: number; refused: string | undefined }[] = [];
  /** Hosts whose RPC does not answer. */
  readonly unreachable = new Set<string>();
  /** What becomes of a host's transaction. */
  fate: (by: string) => Fate = () => ({});
  /** What a host's RPC makes of the chain: it may be slow, or lie. */
  rpc: (by: string, truth: Chain, clock: HostClock) => Chain = (_, truth) => truth;
  /** Hosts whose transactions are not taken. */
  readonly mute = new Set<string>();

  constructor(parts: SimChainParts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.#startMillis = parts.clock.now();
  }

  get head(): Head {
    const last = this.landed.findLast(({ blockNumber }) => blockNumber <= this.blockNumber);
    return last
      ? { nextEpoch: last.header.epoch + 1, reportHash: last.reportHash }
      : { nextEpoch: 0, reportHash: ZERO_BYTES32 };
  }

  get finalDepth(): number {
    return this.#parts.finalDepth ?? FINAL_DEPTH;
  }

  get blockNumber(): number {
    return this.facts.deployBlock + Math.floor((this.#parts.clock.now() - this.#startMillis) / BLOCK_MILLIS);
  }

  /** Replaces the last `depth` blocks by empty ones. */
  reorg(depth: number): void {
    const from = this.blockNumber - depth + 1;
    this.#forks.push(from);
    this.landed = this.landed.filter(({ blockNumber }) => blockNumber < from);
  }

  /** What one host sees of it. */
  viewOf(name: string, clock: HostClock): Chain {
    return this.rpc(name, this.#truth(name, clock), clock);
  }

  /** Sends a certificate outside of any host. Never rejects. */
  async send(by: string, certificate: Certificate): Promise<void> {
    await this.#submit(by, certificate).catch(() => undefined);
  }

  #truth(name: string, clock: HostClock): Chain {
    const guard = async <T>(work: () => T | Promise<T>): Promise<T> => {
      if (clock.dead) return new Promise<T>(() => {});
      if (this.unreachable.has(name)) throw new PlumblineError('chain-unreachable', 'the rpc does not answer');
      return work();
    };
    const { setAt, servicesAt } = this.#parts;
    return {
      facts: this.facts,
      canSubmit: true,
      setAt: (epoch) => guard(() => setAt(epoch)),
      contactsAt: (epoch) => guard(() => contactsOf(setAt(epoch))),
      servicesAt: (epoch) => guard(() => servicesAt(epoch)),
      seedAt: (epoch) => guard(() => this.seedAt(epoch)),
      finalized: () => guard(() => this.#block(Math.max(this.facts.deployBlock, this.blockNumber - this.finalDepth))),
      blockHash: (number) => guard(() => (number <= this.blockNumber ? this.#block(number).hash : undefined)),
      head: () => guard(() => this.head),
      blockNumber: () => guard(() => this.blockNumber),
      newestTimestamp: () => guard(() => Math.floor(this.#parts.clock.now() / 1000)),
      reports: (from, to) =>
        guard(() => this.landed.filter(({ blockNumber }) => from <= blockNumber && blockNumber <= to)),
      submit: (certificate) => guard(() => this.#submit(name, certificate)),
    };
  }

  seedAt(epoch: number): Uint8Array {
    const period = Math.floor(epoch / this.facts.parameters.assignmentPeriodEpochs);
    const randomness = period === 0 ? this.facts.genesisSeed : draw(this.#parts.seed, 'period', period);
    return seedOf(this.facts.domain, period, randomness);
  }

  #block(number: number): Block {
    const fork = this.#forks.filter((from) => from <= number).length;
    return { number, hash: draw(this.#parts.seed, 'block', number, fork) };
  }

  #submit(by: string, certificate: Certificate): Promise<Inclusion> {
    const { epoch } = certificate.header;
    const fail = (reason: string) => {
      this.submissions.push({ by, epoch, view: certificate.view, refused: reason });
      return new PlumblineError('refused', `the chain refused the report: ${reason}`);
    };
    if (this.mute.has(by)) return Promise.reject(fail('not taken'));
    const refused = this.#refusal(certificate);
    if (refused) return Promise.reject(fail(refused));
    // Included in the next block, unless another one came first.
    return new Promise((resolve, reject) => {
      const { clock } = this.#parts;
      const { lost, late: waits = 0, isUnheard } = this.fate(by);
      if (lost === 'nonce-taken') return reject(fail('nonce too low'));
      if (lost === 'dropped' || isUnheard) clock.after(DROPPED_MILLIS, () => reject(fail('not included')));
      if (lost === 'dropped') return;
      const blockNumber = this.blockNumber + 1 + waits;
      const blockAt = this.#startMillis + (blockNumber - this.facts.deployBlock) * BLOCK_MILLIS;
      // Just before, so that nobody sees the block without what is in it.
      clock.after(blockAt - SEALING_MILLIS - clock.now(), () => {
        if (lost === 'replaced') return reject(fail('replaced by another transaction'));
        const late = this.#refusal(certificate);
        if (late) return reject(fail(late));
        const txHash = toHex(draw(this.#parts.seed, 'transaction', this.submissions.length));
        const { header, view, signers } = certificate;
        this.submissions.push({ by, epoch, view, refused: undefined });
        this.landed.push({ header, reportHash: reportHash(header), view, signers, txHash, blockNumber });
        if (!isUnheard) resolve({ txHash, blockNumber, gasUsed: 160_000n });
      });
    });
  }

  /** The first rule of MeasurementOracle.sol that a certificate breaks, by the name of its error. */
  #refusal({ header, view, signers, signature }: Certificate): string | undefined {
    const { facts } = this;
    const { bls, clock } = this.#parts;
    const { epoch } = header;
    const set = this.#parts.setAt(epoch);
    if (header.protocolVersion !== facts.parameters.protocolVersion) return 'WrongProtocolVersion';
    if (!equalBytes(header.parametersId, facts.parametersId)) return 'WrongParameters';
    if (clock.now() < epochStart(facts.calendar, epoch + 1)) return 'EpochNotEnded';
    if (clock.now() >= roundOf(facts.calendar, facts.parameters, epoch).deadline) return 'DeadlinePassed';
    const last = this.landed.at(-1);
    if (last && epoch <= last.header.epoch) return 'EpochAlreadyReported';
    if (!equalBytes(header.previous, last?.reportHash ?? ZERO_BYTES32)) return 'WrongPrevious';
    if (header.anchorNumber >= this.blockNumber) return 'AnchorInFuture';
    if (!equalBytes(this.#block(header.anchorNumber).hash, header.anchorHash)) return 'AnchorMismatch';
    if (header.setId !== set.id || signers.some((seat) => !seatAt(set, seat))) return 'SignerNotInSet';
    if (seatsOf([header.countedLow, header.countedHigh]).some((seat) => !seatAt(set, seat))) return 'CountedNotInSet';
    if (!isQuorum(stakeOf(set, signers), totalStake(set))) return 'QuorumNotReached';
    const digest = attestationDigest(facts.domain, epoch, view, reportHash(header));
    const keys = signers.map((seat) => seatAt(set, seat)!.publicKey);
    return bls.verifyAggregate(keys, digest, signature) ? undefined : 'SignatureRejected';
  }
}
