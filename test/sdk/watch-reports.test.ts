import { createPublicClient, custom, encodeAbiParameters, encodeEventTopics, type Hex, numberToHex, toHex } from 'viem';
import { describe, expect, test } from 'vitest';
import { measurementOracleAbi } from '../../protocol/abi.ts';
import type { PlumblineError } from '../../protocol/error.ts';
import { type AbiHeader, headerFromAbi, reportHash } from '../../protocol/header.ts';
import { LOG_BLOCKS_MAX } from '../../sdk/report.ts';
import { type WatchedReport, type WatchOptions, watchReports } from '../../sdk/watch-reports.ts';

const ORACLE: Hex = `0x${'aa'.repeat(20)}`;
const ZERO: Hex = `0x${'00'.repeat(32)}`;

type Block = { readonly hash: Hex; readonly reports: readonly { readonly header: AbiHeader; readonly hash: Hex }[] };

/** A chain of a list of blocks, and an RPC in front of it that does what a test tells it. */
class Rpc {
  readonly blocks: Block[] = [{ hash: toHex('genesis', { size: 32 }), reports: [] }];
  final = 0;
  /** Answers of this method fail so often. */
  failing = new Map<string, number>();
  /** Epochs that eth_getLogs leaves out, once each. */
  leftOut = new Set<number>();
  /** [from, to] of each eth_getLogs. */
  asked: (readonly [number, number])[] = [];
  /** How often it was asked for the newest block. */
  looks = 0;
  hasContract = true;
  hasFinality = true;
  #salt = 0;

  readonly client = createPublicClient({
    transport: custom({ request: (call) => this.#answer(call) }, { retryCount: 0 }),
    cacheTime: 0,
  });

  /** Adds a block with reports of these epochs, each naming the newest before it. */
  add(...epochs: readonly number[]): void {
    const reports: { header: AbiHeader; hash: Hex }[] = [];
    for (const epoch of epochs) {
      const previous =
        reports.at(-1)?.hash ?? this.blocks.findLast((block) => block.reports.length > 0)?.reports.at(-1)?.hash;
      const header = headerOf(epoch, previous ?? ZERO);
      reports.push({ header, hash: toHex(reportHash(headerFromAbi(header))) });
    }
    this.blocks.push({ hash: toHex(`block ${this.#salt++}`, { size: 32 }), reports });
  }

  async #answer({ method, params }: { method: string; params?: unknown }): Promise<unknown> {
    const left = this.failing.get(method) ?? 0;
    if (left > 0) {
      this.failing.set(method, left - 1);
      throw new Error('the node is away');
    }
    const [first] = (params ?? []) as readonly [never];
    if (method === 'eth_call') return this.hasContract ? `0x${'00'.repeat(64)}` : '0x';
    if (method === 'eth_getBlockByNumber') return this.#block(first);
    if (method === 'eth_getLogs') return this.#logs(first);
    throw new Error(`unexpected ${method}`);
  }

  #block(which: string) {
    if (which === 'latest') this.looks++;
    if (which === 'finalized' && !this.hasFinality) throw new Error('no such tag');
    const named = which === 'latest' ? this.blocks.length - 1 : which === 'finalized' ? this.final : Number(which);
    const block = this.blocks[named];
    return block ? { number: numberToHex(named), hash: block.hash, timestamp: '0x1', transactions: [] } : null;
  }

  #logs({ fromBlock, toBlock }: { fromBlock: Hex; toBlock: Hex }) {
    this.asked.push([Number(fromBlock), Number(toBlock)]);
    return this.blocks.flatMap(({ hash, reports }, number) => {
      if (number < Number(fromBlock) || number > Number(toBlock)) return [];
      return reports
        .filter(({ header }) => !this.leftOut.delete(Number(header.epoch)))
        .map((report) => logOf(report, number, hash));
    });
  }
}

function headerOf(epoch: number, previous: Hex): AbiHeader {
  const [parametersId, resultsRoot, batchesRoot, accumulatorRoot, historyRoot, anchorHash] = Array<Hex>(6).fill(ZERO);
  return {
    protocolVersion: 1,
    epoch: BigInt(epoch),
    setId: 1,
    parametersId: parametersId!,
    previous,
    resultsRoot: resultsRoot!,
    batchesRoot: batchesRoot!,
    countedLow: 1n,
    countedHigh: 0n,
    accumulatorRoot: accumulatorRoot!,
    historyRoot: historyRoot!,
    anchorNumber: 0n,
    anchorHash: anchorHash!,
  };
}

function logOf({ header, hash }: Block['reports'][number], number: number, blockHash: Hex) {
  const item = measurementOracleAbi.find((one) => one.type === 'event' && one.name === 'ReportAccepted')!;
  const inputs = (item as Extract<typeof item, { type: 'event' }>).inputs.filter((input) => !input.indexed);
  const args = { epoch: header.epoch, reportHash: hash };
  return {
    address: ORACLE,
    blockHash,
    blockNumber: numberToHex(number),
    data: encodeAbiParameters(inputs as never, [0, [1n, 0n], header] as never),
    logIndex: '0x0',
    removed: false,
    topics: encodeEventTopics({ abi: measurementOracleAbi, eventName: 'ReportAccepted', args }),
    transactionHash: ZERO,
    transactionIndex: '0x0',
  };
}

function watching(rpc: Rpc, options: Partial<WatchOptions> = {}) {
  const stop = new AbortController();
  const errors: string[] = [];
  const watch = watchReports(rpc.client, {
    deployment: { oracle: ORACLE },
    fromBlock: 0,
    blocks: 'latest',
    pollMillis: 1,
    signal: stop.signal,
    onError: ({ code }: PlumblineError) => errors.push(code),
    ...options,
  });
  const next = async (count: number): Promise<string[]> => {
    const told: string[] = [];
    while (told.length < count) {
      const { value, done } = await watch.next();
      if (done) throw new Error(`the watch ended after ${told}`);
      const { kind, report } = value as WatchedReport;
      told.push(`${kind} ${report.epoch}`);
    }
    return told;
  };
  return { watch, next, stop, errors };
}

describe('a watch', () => {
  test('delivers each report once, in order, several in a block and over many blocks', async () => {
    const rpc = new Rpc();
    rpc.add(1);
    rpc.add(2, 3);
    for (let i = 0; i < LOG_BLOCKS_MAX + 10; i++) rpc.add();
    rpc.add(4);
    const { next } = watching(rpc);
    expect(await next(4)).toEqual(['landed 1', 'landed 2', 'landed 3', 'landed 4']);
    rpc.add(7);
    expect(await next(1)).toEqual(['landed 7']);
    const newest = rpc.blocks.length - 1;
    expect(rpc.asked).toEqual([
      [0, LOG_BLOCKS_MAX - 1],
      [LOG_BLOCKS_MAX, newest - 1],
      [newest, newest],
    ]);
  });

  test('begins with what comes next when nobody says where', async () => {
    const rpc = new Rpc();
    rpc.add(1);
    const watch = watchReports(rpc.client, { deployment: { oracle: ORACLE }, pollMillis: 1, blocks: 'latest' });
    const coming = watch.next();
    await expect.poll(() => rpc.looks).toBeGreaterThan(2);
    rpc.add(2);
    expect((await coming).value).toMatchObject({ kind: 'landed', report: { epoch: 2 } });
    await watch.return(undefined);
  });

  test('of final blocks waits until they are', async () => {
    const rpc = new Rpc();
    rpc.add(1);
    rpc.add(2);
    rpc.final = 1;
    const { next } = watching(rpc, { blocks: 'finalized' });
    expect(await next(1)).toEqual(['landed 1']);
    rpc.final = 2;
    expect(await next(1)).toEqual(['landed 2']);
    expect(rpc.asked).toEqual([
      [0, 1],
      [2, 2],
    ]);
  });

  test.each(['eth_call', 'eth_getBlockByNumber', 'eth_getLogs'])('goes on after %s failed', async (method) => {
    const rpc = new Rpc();
    rpc.add(1);
    rpc.add(2);
    rpc.failing.set(method, 2);
    const { next, errors } = watching(rpc);
    expect(await next(2)).toEqual(['landed 1', 'landed 2']);
    expect(errors).toEqual(['rpc', 'rpc']);
  });

  test('takes back what a replaced block had, newest first, and delivers what replaced it', async () => {
    const rpc = new Rpc();
    for (const epoch of [1, 2, 3]) rpc.add(epoch);
    const { next } = watching(rpc);
    expect(await next(3)).toEqual(['landed 1', 'landed 2', 'landed 3']);
    rpc.blocks.splice(2);
    rpc.add();
    rpc.add(2);
    rpc.add(5);
    expect(await next(4)).toEqual(['removed 3', 'removed 2', 'landed 2', 'landed 5']);
  });

  test('says nothing while a node lags behind the one that was asked before', async () => {
    const rpc = new Rpc();
    for (const epoch of [1, 2]) rpc.add(epoch);
    const { next, errors } = watching(rpc);
    expect(await next(2)).toEqual(['landed 1', 'landed 2']);
    const late = rpc.blocks.pop()!;
    const before = rpc.looks;
    const coming = next(1);
    await expect.poll(() => rpc.looks - before).toBeGreaterThan(2);
    rpc.blocks.push(late);
    rpc.add(3);
    expect(await coming).toEqual(['landed 3']);
    expect(errors).toEqual([]);
  });

  test('looks again when the logs left a report out', async () => {
    const rpc = new Rpc();
    rpc.add(1);
    const { next, errors } = watching(rpc);
    expect(await next(1)).toEqual(['landed 1']);
    rpc.leftOut.add(2);
    rpc.add(2);
    rpc.add(3);
    expect(await next(2)).toEqual(['landed 2', 'landed 3']);
    expect(errors).toEqual(['logs-incomplete']);
  });

  test('works on a chain that never says what is final', async () => {
    const rpc = new Rpc();
    rpc.hasFinality = false;
    rpc.add(1);
    rpc.add(2);
    const { next, errors } = watching(rpc);
    expect(await next(2)).toEqual(['landed 1', 'landed 2']);
    rpc.blocks.splice(2);
    rpc.add(4);
    expect(await next(2)).toEqual(['removed 2', 'landed 4']);
    expect(errors).toEqual([]);
  });

  test('ends at once by its signal: between looks, in a look, and before the first', async () => {
    const rpc = new Rpc();
    const between = watching(rpc, { pollMillis: 60_000 });
    const waiting = between.watch.next();
    await expect.poll(() => rpc.asked.length).toBe(1);
    between.stop.abort();
    expect((await waiting).done).toBe(true);
    const silent = createPublicClient({ transport: custom({ request: () => new Promise(() => {}) }) });
    const stop = new AbortController();
    const inLook = watchReports(silent, { deployment: { oracle: ORACLE }, signal: stop.signal }).next();
    stop.abort();
    expect((await inLook).done).toBe(true);
    const before = watchReports(silent, { deployment: { oracle: ORACLE }, signal: stop.signal });
    expect((await before.next()).done).toBe(true);
  });

  test('of an address without an oracle, or at a pace out of bounds, is refused', async () => {
    const rpc = new Rpc();
    rpc.hasContract = false;
    await expect(watching(rpc).watch.next()).rejects.toMatchObject({ code: 'no-contract' });
    await expect(watching(rpc, { pollMillis: 0 }).watch.next()).rejects.toMatchObject({ code: 'field' });
  });
});
