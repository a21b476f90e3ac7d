import type { Hex } from '../../protocol/bytes.ts';
import type { Certificate, LandedReport } from '../../protocol/certificate.ts';
import type { Domain } from '../../protocol/digest.ts';
import type { Parameters } from '../../protocol/parameters.ts';
import type { Service } from '../../protocol/service.ts';
import type { WatcherSet } from '../../protocol/set.ts';
import type { Calendar } from '../../protocol/time.ts';
import type { Contact } from '../contact.ts';

/** What never changes about one oracle; read once at start and compared with the configuration. */
export type OracleFacts = {
  readonly domain: Domain;
  readonly registry: Hex;
  readonly services: Hex;
  readonly calendar: Calendar;
  readonly parameters: Parameters;
  readonly parametersId: Uint8Array;
  /** Randomness of the first assignment period. */
  readonly genesisSeed: Uint8Array;
  /** Block of the oracle's deployment: where scans for its events begin. */
  readonly deployBlock: number;
};

export type Block = { readonly number: number; readonly hash: Uint8Array };
export type Head = { readonly nextEpoch: number; readonly reportHash: Uint8Array };
export type Inclusion = { readonly txHash: Hex; readonly blockNumber: number; readonly gasUsed: bigint };

/**
 * The chain as the protocol sees it. Every call may fail (`chain-unreachable`, retried by who calls); none returns a
 * guess. The simulator has its own.
 */
export interface Chain {
  readonly facts: OracleFacts;
  /** False when no key is configured that could pay for a transaction. */
  readonly canSubmit: boolean;
  /** The watcher set version active at an epoch. @throws PlumblineError `no-set` when there is none */
  setAt(epoch: number): Promise<WatcherSet>;
  /**
   * What the seats of the set active at an epoch last said about where they are reached, by seat. Newer than the set may be,
   * and for connecting only. @throws PlumblineError `no-set` when there is none
   */
  contactsAt(epoch: number): Promise<readonly Contact[]>;
  /** Services active at an epoch, in registration order. */
  servicesAt(epoch: number): Promise<readonly Service[]>;
  /** Seed of the assignment period that contains the epoch. */
  seedAt(epoch: number): Promise<Uint8Array>;
  /** The newest final block. */
  finalized(): Promise<Block>;
  /** Hash of a block of the canonical chain, undefined when there is none of that number. */
  blockHash(number: number): Promise<Uint8Array | undefined>;
  head(): Promise<Head>;
  blockNumber(): Promise<number>;
  /** Unix seconds with which the newest block is stamped. */
  newestTimestamp(): Promise<number>;
  /** Reports accepted in blocks from .. to, oldest first. */
  reports(fromBlock: number, toBlock: number): Promise<LandedReport[]>;
  /** Sends `submitReport` and waits for its inclusion. @throws PlumblineError `refused` with the contract's reason */
  submit(certificate: Certificate): Promise<Inclusion>;
}
