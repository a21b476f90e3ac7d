import { getBlock, readContract } from 'viem/actions';
import { measurementOracleAbi } from '../protocol/abi.ts';
import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import type { ReadingClient } from './clients.ts';
import { orFailure } from './failure.ts';
import { LOG_BLOCKS_MAX, type Report, reportsIn } from './report.ts';

/** Delivered reports that may still be taken back; older ones are taken for final, on a chain that never says what is. */
export const UNSURE_REPORTS_MAX = 1_024;

export type Look = {
  readonly reports: readonly { readonly kind: 'landed' | 'removed'; readonly report: Report }[];
  /** There are more blocks to look at right now. */
  readonly isBehind: boolean;
};

type BlockId = { readonly number: number; readonly hash: Hex };
const NOTHING: Look = { reports: [], isBehind: false };

/** Reads an oracle's reports as blocks come, and notices when blocks are replaced. A look that fails changes nothing. */
export class Tail {
  readonly #client: ReadingClient;
  readonly #oracle: Hex;
  readonly #blocks: 'finalized' | 'latest';
  /** First block of all; undefined until the first look when nobody named it. */
  #first: number | undefined;
  #next = 0;
  #final = -1;
  /** The last block that was looked at, unless it was final. */
  #seen: BlockId | undefined;
  /** Delivered, oldest first, in blocks that were not final. */
  #unsure: readonly Report[] = [];
  /** The last delivered report before those. */
  #sure: Report | undefined;

  constructor(client: ReadingClient, oracle: Hex, fromBlock: number | undefined, blocks: 'finalized' | 'latest') {
    this.#client = client;
    this.#oracle = oracle;
    this.#first = fromBlock;
    this.#next = fromBlock ?? 0;
    this.#blocks = blocks;
  }

  /** @throws PlumblineError `no-contract`, `logs-incomplete`, `rpc` */
  async look(): Promise<Look> {
    const isFirst = this.#seen === undefined && this.#final < 0;
    if (isFirst) await this.#requireOracle();
    const tip = await this.#blockOf({ blockTag: this.#blocks });
    const final = this.#blocks === 'finalized' ? tip.number : await this.#finalNumber();
    if (this.#first === undefined) {
      this.#first = tip.number + 1;
      this.#next = this.#first;
    }
    // A node that lags behind the one asked before says nothing about blocks that it has not seen.
    if (this.#seen && tip.number < this.#seen.number) return NOTHING;
    if (this.#seen && !(await this.#isThere(this.#seen))) return this.#takeBack();
    const to = Math.min(tip.number, this.#next + LOG_BLOCKS_MAX - 1);
    if (to < this.#next) {
      this.#settle(final);
      return NOTHING;
    }
    // Asked for before the logs: a block replaced in between is noticed at the next look.
    const last = to === tip.number ? tip : await this.#blockOf({ blockNumber: BigInt(to) });
    const landed: Report[] = [];
    const range = { from: this.#next, to };
    for await (const report of reportsIn(this.#client, this.#oracle, range)) landed.push(report);
    this.#requireChained(landed);
    this.#unsure = [...this.#unsure, ...landed];
    this.#seen = last;
    this.#next = to + 1;
    this.#settle(final);
    return { reports: landed.map((report) => ({ kind: 'landed', report })), isBehind: to < tip.number };
  }

  /** Drops what stood in replaced blocks, newest first, and goes back behind the last report that is still there. */
  async #takeBack(): Promise<Look> {
    const kept = [...this.#unsure];
    const removed: Report[] = [];
    while (kept.length > 0 && !(await this.#isThere(blockOf(kept.at(-1)!)))) removed.push(kept.pop()!);
    this.#unsure = kept;
    const newest = kept.at(-1);
    this.#next = Math.max(this.#first ?? 0, (newest?.blockNumber ?? this.#final) + 1);
    this.#seen = newest && blockOf(newest);
    return { reports: removed.map((report) => ({ kind: 'removed', report })), isBehind: true };
  }

  /** What is final can no longer be taken back. */
  #settle(final: number): void {
    this.#final = Math.max(this.#final, final);
    const sure = this.#unsure.filter(({ blockNumber }) => blockNumber <= this.#final).length;
    const settled = Math.max(sure, this.#unsure.length - UNSURE_REPORTS_MAX);
    this.#sure = this.#unsure[settled - 1] ?? this.#sure;
    this.#unsure = this.#unsure.slice(settled);
    if (this.#seen && this.#seen.number <= this.#final) this.#seen = undefined;
  }

  /** A report that does not name the one before it shows that the RPC left one out: it is looked for again. */
  #requireChained(landed: readonly Report[]): void {
    const known = this.#unsure.at(-1) ?? this.#sure;
    let previous = known;
    for (const report of landed) {
      if (previous && report.header.previous !== previous.reportHash) {
        if (known) this.#next = Math.min(this.#next, known.blockNumber + 1);
        const text = `the report of epoch ${report.epoch} does not follow that of epoch ${previous.epoch}: the RPC left one out`;
        throw new PlumblineError('logs-incomplete', `${text}; it is asked again`, { epoch: report.epoch });
      }
      previous = report;
    }
  }

  async #requireOracle(): Promise<void> {
    const read = { address: this.#oracle, abi: measurementOracleAbi, functionName: 'head' } as const;
    await orFailure(`reading the oracle ${this.#oracle}`, () => readContract(this.#client, read));
  }

  async #isThere({ number, hash }: BlockId): Promise<boolean> {
    return (await this.#blockOf({ blockNumber: BigInt(number) })).hash === hash;
  }

  /** Some chains have no such tag: then nothing becomes final but by age. */
  async #finalNumber(): Promise<number> {
    return this.#blockOf({ blockTag: 'finalized' }).then(
      ({ number }) => number,
      () => this.#final,
    );
  }

  #blockOf(which: { blockTag: 'finalized' | 'latest' } | { blockNumber: bigint }): Promise<BlockId> {
    return orFailure('reading a block', async () => {
      const { number, hash } = await getBlock(this.#client, which);
      return { number: Number(number), hash: hash! };
    });
  }
}

function blockOf({ blockNumber, blockHash }: Report): BlockId {
  return { number: blockNumber, hash: blockHash };
}
