import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { devnetTokenAbi, measurementOracleAbi, slaMarketAbi, slaVaultAbi } from '../../protocol/abi.ts';
import { toHex } from '../../protocol/bytes.ts';
import { headerToAbi, reportHash } from '../../protocol/header.ts';
import { leafToAbi } from '../../protocol/leaf.ts';
import { METRIC } from '../../protocol/metric.ts';
import { recordName } from '../../protocol/record.ts';
import { account } from '../../scripts/devnet/accounts.ts';
import { bid } from '../../sdk/bid.ts';
import { agree, ask, finish, offer, open } from '../../sdk/examples/guarantee.ts';
import { folderArchive } from '../../sdk/folder-archive.ts';
import { getReport } from '../../sdk/get-report.ts';
import { matchIntent } from '../../sdk/match-intent.ts';
import { postIntent } from '../../sdk/post-intent.ts';
import { proveAndStore } from '../../sdk/prove-and-store.ts';
import { type ProvenLeaf, proveLeaf } from '../../sdk/prove-leaf.ts';
import { reveal } from '../../sdk/reveal.ts';
import { commitmentOf, parseSealedBid, type SealedBid } from '../../sdk/sealed-bid.ts';
import { settle } from '../../sdk/settle.ts';
import { CLAIM_SPARE_GAS, settleMany } from '../../sdk/settle-many.ts';
import { type WatchedReport, watchReports } from '../../sdk/watch-reports.ts';
import { type Evm, startEvm, TOKEN } from '../support/evm.ts';
import { availabilityLeaf, createReporter } from '../support/reporter.ts';

/** From request to settlement on the real contracts. The tests follow one another, as the epochs do. */

const OPERATORS = [10, 11, 12, 13] as const;
const PROVIDER = 14;
const CUSTOMER = 15;
const ANYONE = 16;
const WINDOW = 2;
const RING = 8_192;
const NOWHERE = `0x${'99'.repeat(20)}` as const;

let evm: Evm;
let folder: string;
let archive: string;
let land: ReturnType<typeof createReporter>['land'];
let serviceId: `0x${string}`;
let other: `0x${string}`;
let asked: Awaited<ReturnType<typeof ask>>;
let agreementId: bigint;
let start: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-sdk-'));
  archive = join(folder, 'archive');
  evm = await startEvm();
  for (const [i, operator] of OPERATORS.entries()) await evm.join(operator, 100n * TOKEN, `op ${i}`);
  await evm.seal();
  await evm.list(PROVIDER, 'https://one.example/');
  await evm.list(PROVIDER, 'https://two.example/');
  const chain = await evm.open(evm.wallet(1));
  [serviceId, other] = (await chain.servicesAt(0)).map(({ id }) => toHex(id)) as [`0x${string}`, `0x${string}`];
  const give = (to: number) => ({
    to: evm.deployed.token,
    abi: devnetTokenAbi,
    name: 'transfer',
    args: [account(to).address, 1_000n * TOKEN],
  });
  await evm.send(0, [give(PROVIDER), give(CUSTOMER)]);
  land = createReporter(evm, chain, OPERATORS, archive).land;
}, 120_000);
afterAll(async () => {
  await evm?.stop();
  await rm(folder, { recursive: true, force: true });
});

const atEpoch = (epoch: number) => evm.setTime(evm.epochStart(epoch) + 1);
const prove = (windowStart: number, change: Partial<Parameters<typeof proveLeaf>[1]> = {}) =>
  proveLeaf(evm.rpc.client, {
    deployment: evm.deployed,
    archives: [folderArchive(archive)],
    serviceId,
    windowStart,
    windowEpochs: WINDOW,
    ...change,
  });

describe('a market', () => {
  test('refuses an intent in words, before anything is sent', async () => {
    const customer = evm.wallet(CUSTOMER);
    asked = await ask(customer, evm.deployed, evm.deployed.token, WINDOW);
    start = asked.intent.firstWindowStart;
    const nonce = await evm.rpc.client.getTransactionCount({ address: account(CUSTOMER).address });
    const again = postIntent(customer, { deployment: evm.deployed, intent: asked.intent });
    await expect(again).rejects.toMatchObject({
      code: 'refused',
      reason: 'ERC20InsufficientAllowance',
      args: { allowance: 0n, needed: 36n * TOKEN },
    });
    const early = postIntent(customer, { deployment: evm.deployed, intent: { ...asked.intent, commitUntil: 1 } });
    await expect(early).rejects.toThrow(
      'postIntent was refused: FieldOutOfBounds: name, given, least and most; name "commitUntil", given 1, minimum 11, maximum 43201',
    );
    expect(await evm.rpc.client.getTransactionCount({ address: account(CUSTOMER).address })).toBe(nonce);
  });

  test('holds the budget and names the deposit of a bid: 2 %', async () => {
    expect(asked).toMatchObject({ intentId: 1n, deposit: (36n * TOKEN * 2n) / 100n });
    const read = { address: evm.deployed.token, abi: devnetTokenAbi, functionName: 'balanceOf' } as const;
    expect(await evm.rpc.client.readContract({ ...read, args: [evm.deployed.market] })).toBe(36n * TOKEN);
  });

  test('gets a hash and nothing else, after the salt was kept', async () => {
    const [provider, file] = [evm.wallet(PROVIDER), join(folder, 'bid.json')];
    const { token } = evm.deployed;
    const broken = { deployment: evm.deployed, intentId: asked.intentId, serviceId, pricePerPeriod: 10n * TOKEN };
    await expect(bid(provider, { ...broken, keep: async () => {} })).rejects.toMatchObject({
      reason: 'ERC20InsufficientAllowance',
    });
    await offer(provider, evm.deployed, { ...asked, token, serviceId }, file);
    const sealed = parseSealedBid(await readFile(file, 'utf8'));
    const read = { address: evm.deployed.market, abi: slaMarketAbi } as const;
    const args = [asked.intentId, account(PROVIDER).address] as const;
    const { commitment, order } = await evm.rpc.client.readContract({ ...read, functionName: 'bid', args });
    expect([commitment, order]).toEqual([commitmentOf(sealed), 1]);
    const { intentId, bidder, pricePerPeriod, salt } = sealed;
    const sealing = [intentId, bidder, sealed.serviceId, pricePerPeriod, salt] as const;
    expect(await evm.rpc.client.readContract({ ...read, functionName: 'commitmentOf', args: sealing })).toBe(
      commitment,
    );
    const twice = bid(provider, { ...broken, keep: async () => {} });
    await expect(twice).rejects.toMatchObject({ reason: 'AlreadyBid', args: { intentId: 1n, bidder } });
  });

  test('takes nothing from a bidder whose salt could not be kept', async () => {
    const nonce = await evm.rpc.client.getTransactionCount({ address: account(CUSTOMER).address });
    const options = { deployment: evm.deployed, intentId: asked.intentId, serviceId, pricePerPeriod: 1n };
    const { token, market } = evm.deployed;
    await evm.send(CUSTOMER, [{ to: token, abi: devnetTokenAbi, name: 'approve', args: [market, TOKEN] }]);
    const full = bid(evm.wallet(CUSTOMER), { ...options, keep: () => Promise.reject(new Error('the disk is full')) });
    await expect(full).rejects.toThrow('the disk is full');
    expect(await evm.rpc.client.getTransactionCount({ address: account(CUSTOMER).address })).toBe(nonce + 1);
  });

  test('opens a bid in its phase, by its own salt, for its own account', async () => {
    const provider = evm.wallet(PROVIDER);
    const file = join(folder, 'bid.json');
    const sealed = parseSealedBid(await readFile(file, 'utf8'));
    const { commitUntil, revealUntil } = asked.intent;
    await expect(open(provider, file)).rejects.toMatchObject({
      reason: 'OutsidePhase',
      args: { currentEpoch: 0n, from: BigInt(commitUntil), until: BigInt(revealUntil) },
    });
    await atEpoch(commitUntil);
    const salted: SealedBid = { ...sealed, salt: `0x${'00'.repeat(32)}` };
    await expect(reveal(provider, { sealed: salted })).rejects.toMatchObject({
      reason: 'CommitmentMismatch',
      args: { given: commitmentOf(salted), expected: commitmentOf(sealed) },
    });
    await expect(reveal(evm.wallet(ANYONE), { sealed })).rejects.toMatchObject({ code: 'other-bidder' });
    expect(await open(provider, file)).toBe(true);
    await expect(matchIntent(provider, { deployment: evm.deployed, ...asked })).rejects.toMatchObject({
      reason: 'OutsidePhase',
    });
    await atEpoch(start - 1);
    agreementId = await agree(evm.wallet(ANYONE), evm.deployed, asked.intentId);
    expect(agreementId).toBe(1n);
  });
});

describe('a report', () => {
  test('that may still land is pending, one that cannot is missing', async () => {
    const [client, deployment] = [evm.rpc.client, evm.deployed];
    await expect(getReport(client, { deployment })).rejects.toMatchObject({ code: 'report-pending' });
    await expect(getReport(client, { deployment, epoch: 0 })).rejects.toMatchObject({ code: 'report-missing' });
    await expect(getReport(client, { deployment, epoch: start + 1 })).rejects.toMatchObject({
      code: 'report-pending',
      message: expect.stringContaining('has not ended'),
    });
    await expect(prove(start)).rejects.toMatchObject({ code: 'report-pending' });
    await atEpoch(start + 2);
    await expect(getReport(client, { deployment, epoch: start + 1 })).rejects.toMatchObject({
      message: expect.stringContaining('its report has not landed yet'),
    });
    await expect(getReport(client, { deployment, epoch: 1.5 })).rejects.toMatchObject({ code: 'field' });
    await expect(getReport(client, { deployment: { ...deployment, oracle: NOWHERE } })).rejects.toMatchObject({
      code: 'no-contract',
    });
  });

  test('comes with header, hash, certificate and root', async () => {
    const leaves = [
      availabilityLeaf(serviceId, start, WINDOW, 999_000),
      availabilityLeaf(other, start, WINDOW, 500_000),
      availabilityLeaf(serviceId, start + 1, 1, 998_000),
    ];
    // The epoch in which the window ends has no report: the next one has its leaf.
    const header = await land(start + 2, leaves);
    const report = await getReport(evm.rpc.client, { deployment: evm.deployed });
    expect(report).toMatchObject({
      epoch: start + 2,
      reportHash: toHex(reportHash(header)),
      header: headerToAbi(header),
      view: 0,
      signers: [0, 1, 2, 3],
      isRootKept: true,
    });
    expect(report.signature).toMatch(/^0x[0-9a-f]{256}$/);
    expect(await getReport(evm.rpc.client, { deployment: evm.deployed, epoch: start + 2 })).toEqual(report);
    await expect(getReport(evm.rpc.client, { deployment: evm.deployed, epoch: start + 1 })).rejects.toMatchObject({
      code: 'report-missing',
    });
  });
});

describe('a leaf', () => {
  test('is found in the first report after its window, and the oracle takes its proof', async () => {
    const proven = await prove(start);
    expect(proven).toMatchObject({ reportEpoch: start + 2, old: undefined });
    expect(proven.leaf).toEqual(availabilityLeaf(serviceId, start, WINDOW, 999_000));
    // Of three leaves one stands a level higher, whichever hashes so.
    expect([1, 2]).toContain(proven.proof.length);
  });

  test('that is not there is told from one that nobody has', async () => {
    await expect(prove(start, { vantage: 7 })).rejects.toMatchObject({
      code: 'leaf-missing',
      message: expect.stringContaining(
        `it has these of it: 2 epochs from ${start} at vantage 0, 1 epochs from ${start + 1}`,
      ),
    });
    await expect(prove(start + 1)).rejects.toMatchObject({ code: 'window' });
    const empty = folderArchive(join(folder, 'nowhere'));
    await expect(prove(start, { archives: [empty] })).rejects.toMatchObject({
      code: 'no-leaves',
      message: expect.stringContaining('has no record of it'),
    });
    // The gap has no leaf of its own.
    await expect(prove(start + 1, { windowEpochs: 1 })).rejects.toMatchObject({ code: 'report-missing' });
  });

  test('of a forged archive is not believed; the next archive is asked', async () => {
    const forged = [availabilityLeaf(serviceId, start, WINDOW, 1_000_000)];
    const liar = { name: 'liar', leaves: async () => forged };
    const twice = { name: 'twice', leaves: async () => [...forged, ...forged] };
    const broken = { name: 'broken', leaves: () => Promise.reject(new Error('broken: no answer')) };
    await expect(prove(start, { archives: [liar, twice, broken] })).rejects.toMatchObject({
      code: 'no-leaves',
      evidence: {
        told: [
          'liar: its leaves do not hash to the root on chain',
          'twice: its leaves do not hash to the root on chain',
          'broken: no answer',
        ],
      },
    });
    const proven = await prove(start, { archives: [liar, broken, folderArchive(archive)] });
    expect(proven.leaf.stats[METRIC.availabilityPpm]!.median.value).toBe(999_000);
  });

  test('comes over HTTP from a server of files', async () => {
    const name = recordName(start + 2);
    const bytes = await readFile(join(archive, name));
    const server = createServer(({ url }, response) => {
      if (url === `/archive/${name}`) response.end(bytes);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const outcome = await finish(
        evm.wallet(ANYONE),
        evm.deployed,
        { agreementId, period: 0 },
        `http://127.0.0.1:${port}/archive`,
      ).catch((error: unknown) => error);
      // The terms ask for one epoch of delay; everything before was done.
      expect(outcome).toMatchObject({ reason: 'SettleDelayRunning', args: { settleableFrom: BigInt(start + 4) } });
    } finally {
      server.close();
    }
  });

  test('is kept for other contracts, once', async () => {
    const [client, leaf] = [evm.wallet(ANYONE), await prove(start)];
    const kept = { address: evm.deployed.oracle, abi: measurementOracleAbi, functionName: 'latestOf' } as const;
    const observed = await evm.rpc.client.readContract({ ...kept, args: [serviceId, WINDOW, 0, 0] });
    expect(observed).toMatchObject({ windowEnd: BigInt(start + WINDOW), median: 999_000 });
    const store = (metric: number) => proveAndStore(client, { deployment: evm.deployed, leaf, metric });
    await expect(store(METRIC.availabilityPpm)).rejects.toMatchObject({ reason: 'NotNewer' });
    await expect(store(METRIC.latencyP99Micros)).rejects.toThrow('metric 4 (latencyP99Micros)');
    const second = await prove(start, { serviceId: other });
    expect(
      await proveAndStore(client, { deployment: evm.deployed, leaf: second, metric: METRIC.availabilityPpm }),
    ).toMatchObject({ windowEnd: start + WINDOW });
  });
});

describe('a period', () => {
  test('is not settled on a leaf that no report has, or of another service', async () => {
    await atEpoch(start + 4);
    const [client, good] = [evm.wallet(ANYONE), await prove(start)];
    const claim = { deployment: evm.deployed, agreementId, period: 0 };
    const better: ProvenLeaf = { ...good, leaf: availabilityLeaf(serviceId, start, WINDOW, 1_000_000) };
    await expect(settle(client, { ...claim, leaf: better })).rejects.toMatchObject({ reason: 'ProofRejected' });
    const wrong = await prove(start, { serviceId: other });
    await expect(settle(client, { ...claim, leaf: wrong })).rejects.toMatchObject({
      reason: 'LeafOfAnotherService',
      args: { given: other, expected: serviceId },
    });
  });

  test('is settled by anyone, once', async () => {
    const client = evm.wallet(ANYONE);
    expect(await finish(client, evm.deployed, { agreementId, period: 0 }, archive)).toBe('met');
    const read = { address: evm.deployed.vault, abi: slaVaultAbi, functionName: 'owed' } as const;
    const args = [evm.deployed.token, account(PROVIDER).address] as const;
    // 10 a period, less 1 % for the watchers.
    expect(await evm.rpc.client.readContract({ ...read, args })).toBe((99n * TOKEN) / 10n);
    const leaf = await prove(start);
    await expect(settle(client, { deployment: evm.deployed, agreementId, period: 0, leaf })).rejects.toThrow(
      'settle was refused: PeriodAlreadySettled: each period ends once; agreement id 1, period 0, outcome 1 (met)',
    );
    expect(await finish(client, evm.deployed, { agreementId, period: 0 }, archive)).toBe('somebody was faster');
  });

  test('is settled with others in one call, and who is refused is told why', async () => {
    const [client, deployment] = [evm.wallet(ANYONE), evm.deployed];
    await land(start + 3, [
      availabilityLeaf(serviceId, start + 2, WINDOW, 900_000),
      availabilityLeaf(other, start + 2, WINDOW, 900_000),
    ]);
    await atEpoch(start + 5);
    const [first, second] = [await prove(start), await prove(start + 2)];
    const nothing = await settleMany(client, { deployment, claims: [{ agreementId, period: 0, leaf: first }] });
    expect(nothing).toMatchObject({ settled: [], txHash: undefined });
    const many = await settleMany(client, {
      deployment,
      claims: [
        { agreementId, period: 0, leaf: first },
        { agreementId, period: 1, leaf: second },
        { agreementId: 9n, period: 0, leaf: first },
      ],
    });
    expect(many.settled).toEqual([
      {
        agreementId,
        period: 1,
        outcome: 'breached',
        paidToProvider: 0n,
        returnedToCustomer: 10n * TOKEN,
        slashed: 20n * TOKEN,
        fee: 0n,
        txHash: many.txHash,
      },
    ]);
    expect(many.refused.map(({ error, ...claim }) => ({ ...claim, reason: error.evidence.reason }))).toEqual([
      { agreementId, period: 0, reason: 'PeriodAlreadySettled' },
      { agreementId: 9n, period: 0, reason: 'WrongStatus' },
    ]);
    await expect(settleMany(client, { deployment, claims: [] })).rejects.toMatchObject({ code: 'field' });
  });

  test('in one batch is settled once, and has gas enough until the end of the agreement', async () => {
    const [client, deployment] = [evm.wallet(ANYONE), evm.deployed];
    await land(start + 5, [availabilityLeaf(serviceId, start + 4, WINDOW, 995_000)]);
    await atEpoch(start + 7);
    const claim = { agreementId, period: 2, leaf: await prove(start + 4) };
    // Both pass alone; in the batch the first one ends the agreement.
    const { settled, refused } = await settleMany(client, { deployment, claims: [claim, claim] });
    expect(settled.map(({ period, outcome }) => [period, outcome])).toEqual([[2, 'met']]);
    // The sum of what each would need alone, and more: an estimate of the whole may be too little for each.
    const hash = settled[0]!.txHash;
    const [{ gas }, { gasUsed }] = await Promise.all([
      evm.rpc.client.getTransaction({ hash }),
      evm.rpc.client.getTransactionReceipt({ hash }),
    ]);
    expect(gas).toBeGreaterThan(gasUsed + CLAIM_SPARE_GAS);
    expect(refused.map(({ error }) => error.message)).toEqual([
      'settle was refused: WrongStatus: 1 offered, 2 withdrawn, 3 active, 4 closed; 0 does not exist; id 1, status 4 (closed), expected 3 (active)',
    ]);
  });
});

test('a leaf is proven through the history when the ring no longer has its root', async () => {
  const [client, deployment] = [evm.wallet(ANYONE), evm.deployed];
  const late = start + 2 + RING;
  const oracle = { address: deployment.oracle, abi: measurementOracleAbi } as const;
  const check = ({ leaf, proof, old }: ProvenLeaf) => {
    const { report, history, anchor } = old!;
    const args = [leafToAbi(leaf), proof, report, history, anchor] as const;
    return evm.rpc.client.readContract({ ...oracle, functionName: 'verifyLeafAt', args });
  };
  await land(late, [availabilityLeaf(serviceId, late, 1, 1_000_000)]);
  expect(await getReport(evm.rpc.client, { deployment, epoch: start + 2 })).toMatchObject({ isRootKept: false });
  const proven = await prove(start);
  expect(proven.old?.history).toMatchObject({ count: 3n, index: 0n });
  await check(proven);
  for (const send of [
    settle(client, { deployment, agreementId, period: 0, leaf: proven }),
    proveAndStore(client, { deployment, leaf: proven, metric: 0 }),
  ]) {
    await expect(send).rejects.toMatchObject({ code: 'root-not-kept' });
  }
  // The head changes with every report; a kept one stays good.
  await evm.send(ANYONE, [{ to: deployment.oracle, abi: measurementOracleAbi, name: 'keepHead', args: [] }]);
  await land(late + 1, [availabilityLeaf(serviceId, late + 1, 1, 1_000_000)]);
  expect((await prove(start)).old?.history.count).toBe(4n);
  const kept = await prove(start, { anchorEpoch: late });
  expect(kept.old).toEqual(proven.old);
  await check(kept);
  await expect(prove(start, { anchorEpoch: start + 3 })).rejects.toMatchObject({ reason: 'UnknownAnchor' });
});

test('a watch delivers what lands and takes back what a replaced block had', async () => {
  const { client } = evm.rpc;
  const stop = new AbortController();
  const fromBlock = evm.deployed.deployBlock;
  const options = { deployment: evm.deployed, fromBlock, pollMillis: 20, signal: stop.signal } as const;
  const seen: (readonly [string, number])[] = [];
  const watch = watchReports(client, { ...options, blocks: 'latest' });
  const next = async (): Promise<WatchedReport> => {
    const { value, done } = await watch.next();
    if (done) throw new Error('the watch ended');
    seen.push([value.kind, value.report.epoch - start]);
    return value;
  };
  for (let i = 0; i < 5; i++) await next();
  const snapshot = await client.request({ method: 'evm_snapshot' } as never);
  const epoch = start + RING + 4;
  await land(epoch, [availabilityLeaf(serviceId, epoch, 1, 1_000_000)]);
  expect((await next()).report.epoch).toBe(epoch);
  await client.request({ method: 'evm_revert', params: [snapshot] } as never);
  await evm.mine(8);
  await next();
  expect(seen).toEqual([
    ['landed', 2],
    ['landed', 3],
    ['landed', 5],
    ['landed', RING + 2],
    ['landed', RING + 3],
    ['landed', RING + 4],
    ['removed', RING + 4],
  ]);
  const waiting = watch.next();
  stop.abort();
  expect(await waiting).toEqual({ value: undefined, done: true });

  const finals = watchReports(client, { deployment: evm.deployed, fromBlock, pollMillis: 20 });
  expect((await finals.next()).value).toMatchObject({ kind: 'landed', report: { epoch: start + 2 } });
  await finals.return(undefined);
  await expect(watchReports(client, { deployment: { oracle: NOWHERE } }).next()).rejects.toMatchObject({
    code: 'no-contract',
  });
});
