import { readFile, writeFile } from 'node:fs/promises';
import {
  bid,
  COMPARATOR,
  type Deployment,
  folderArchive,
  type Hex,
  httpArchive,
  METRIC,
  matchIntent,
  measurementOracleAbi,
  parseSealedBid,
  postIntent,
  proveAndStore,
  proveLeaf,
  Refusal,
  reveal,
  SERVICE_KIND,
  STATISTIC,
  settle,
  slaMarketAbi,
  slaVaultAbi,
  type WritingClient,
} from 'plumbline-oracle/sdk';
import { erc20Abi } from 'viem';
import { readContract, waitForTransactionReceipt, writeContract } from 'viem/actions';

const TOKEN = 10n ** 18n;
const PERIODS = 3;
const BUDGET_PER_PERIOD = 12n * TOKEN;
const BOND = 50n * TOKEN;

async function approve(client: WritingClient, token: Hex, spender: Hex, amount: bigint): Promise<void> {
  const call = { address: token, abi: erc20Abi, functionName: 'approve', args: [spender, amount] } as const;
  const hash = await writeContract(client, { ...call, account: client.account, chain: client.chain ?? null });
  await waitForTransactionReceipt(client, { hash });
}

/** The customer asks for three windows of at least 99 % availability. */
export async function ask(customer: WritingClient, deployment: Deployment, token: Hex, windowEpochs: number) {
  const { oracle, market } = deployment;
  const [now, phase] = await Promise.all([
    readContract(customer, { address: oracle, abi: measurementOracleAbi, functionName: 'currentEpoch' }),
    readContract(customer, { address: market, abi: slaMarketAbi, functionName: 'phaseEpochsMin' }),
  ]);
  const phaseEpochs = Number(phase);
  const commitUntil = Number(now) + 1 + phaseEpochs;
  const firstWindowStart = Math.ceil((commitUntil + 2 * phaseEpochs) / windowEpochs) * windowEpochs;
  await approve(customer, token, market, BigInt(PERIODS) * BUDGET_PER_PERIOD);
  const intent = {
    kind: SERVICE_KIND.http,
    commitUntil,
    revealUntil: firstWindowStart - phaseEpochs,
    firstWindowStart,
    token,
    windowEpochs,
    periods: PERIODS,
    pricePerPeriod: BUDGET_PER_PERIOD,
    bond: BOND,
    slashPerPeriod: 20n * TOKEN,
    creditPpm: 250_000,
    settleDelayEpochs: 1,
    voidsInRowMax: 3,
    noticeWindows: 1,
    extend: false,
    objectives: [
      {
        metric: METRIC.availabilityPpm,
        statistic: STATISTIC.median,
        comparator: COMPARATOR.atLeast,
        threshold: 990_000,
      },
    ],
  };
  return { intent, ...(await postIntent(customer, { deployment, intent })) };
}

/** A provider answers with a sealed bid, and keeps what opens it in a file before anything is sent. */
export async function offer(
  provider: WritingClient,
  deployment: Deployment,
  { intentId, deposit, token, serviceId }: { intentId: bigint; deposit: bigint; token: Hex; serviceId: Hex },
  file: string,
): Promise<void> {
  await approve(provider, token, deployment.market, deposit + BOND);
  const keep = (sealedBid: string) => writeFile(file, sealedBid, { mode: 0o600, flag: 'wx', flush: true });
  await bid(provider, { deployment, intentId, serviceId, pricePerPeriod: 10n * TOKEN, keep });
}

/** From the intent's `commitUntil` on. */
export async function open(provider: WritingClient, file: string): Promise<boolean> {
  const { leads } = await reveal(provider, { sealed: parseSealedBid(await readFile(file, 'utf8')) });
  return leads;
}

/** From the intent's `revealUntil` on. */
export async function agree(anyone: WritingClient, deployment: Deployment, intentId: bigint): Promise<bigint> {
  const { agreementId } = await matchIntent(anyone, { deployment, intentId });
  return agreementId;
}

/** Once a report with the period's window has landed: proves the leaf, keeps it for other contracts, and settles. */
export async function finish(
  anyone: WritingClient,
  deployment: Deployment,
  { agreementId, period }: { agreementId: bigint; period: number },
  archive: string,
): Promise<string> {
  const vault = { address: deployment.vault, abi: slaVaultAbi } as const;
  const [[windowStart], { serviceId, windowEpochs, vantage }] = await Promise.all([
    readContract(anyone, { ...vault, functionName: 'periodTimes', args: [agreementId, period] }),
    readContract(anyone, { ...vault, functionName: 'terms', args: [agreementId] }),
  ]);
  const leaf = await proveLeaf(anyone, {
    deployment,
    archives: [archive.startsWith('http') ? httpArchive(archive) : folderArchive(archive)],
    serviceId,
    windowStart: Number(windowStart),
    windowEpochs,
    vantage,
  });
  await proveAndStore(anyone, { deployment, leaf, metric: METRIC.availabilityPpm }).catch(unless('NotNewer'));
  const settled = await settle(anyone, { deployment, agreementId, period, leaf }).catch(unless('PeriodAlreadySettled'));
  return settled ? settled.outcome : 'somebody was faster';
}

function unless(reason: Refusal['reason']) {
  return (error: unknown): undefined => {
    if (error instanceof Refusal && error.reason === reason) return undefined;
    throw error;
  };
}
