import { formatUnits } from 'viem';
import type { DevnetEvent, ReportRow, ServiceRow } from '../../dashboard/model.ts';
import { walletOf } from '../../platform/chain/client.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { LandedReport } from '../../protocol/certificate.ts';
import { errorMessage } from '../../protocol/error.ts';
import type { Leaf } from '../../protocol/leaf.ts';
import { METRIC } from '../../protocol/metric.ts';
import { epochAt, epochStart, roundOf } from '../../protocol/time.ts';
import { account, KEEPER } from './accounts.ts';
import { type Settled, settlePeriod } from './keeper.ts';
import { medianOf, readLeaves, serviceRows } from './observer.ts';
import { ROUTE, SETTLE_WINDOW_EPOCHS } from './plan.ts';
import { tryFailover } from './router.ts';
import type { Devnet } from './supervisor.ts';

/** How often the chain is looked at; also the resolution of the latencies that are shown. */
export const LOOK_MILLIS = 100;
/** A landed report whose leaves no watcher has archived by then is shown without them. */
const ARCHIVE_MILLIS_MAX = 5_000;

export type Landed = { readonly report: ReportRow; readonly services: readonly ServiceRow[] };
export type ServiceResult = {
  availabilityPpm: number | null;
  latencyP50Us: number | null;
  latencyP99Us: number | null;
  verdict: string | null;
};

/** Watches a devnet from outside, by chain and archives alone: shows reports, settles what is due, and keeps the books. */
export class Run {
  readonly landed: Landed[] = [];
  readonly settled: (Settled & { readonly service: string })[] = [];
  readonly results = new Map<string, ServiceResult>();
  /** Switches of the router, services by name; `epoch` is that of the report that proved the breach. */
  readonly failovers: {
    readonly epoch: number;
    readonly from: string;
    readonly to: string;
    readonly txHash: string;
  }[] = [];
  /** Epochs whose deadline passed without a report. */
  readonly missed: number[] = [];
  firstReportMillis: number | undefined;
  readonly #devnet: Devnet;
  readonly #show: (event: DevnetEvent) => void;
  readonly #longView = new Map();
  #nextBlock: number;
  #nextEpoch = 0;

  constructor(devnet: Devnet, show: (event: DevnetEvent) => void) {
    this.#devnet = devnet;
    this.#show = show;
    this.#nextBlock = devnet.world.deployed.deployBlock;
  }

  /** Epoch of the last report, -1 before the first. */
  lastLanded(): number {
    return this.landed.at(-1)?.report.epoch ?? -1;
  }

  lastMissed(): number {
    return this.missed.at(-1) ?? -1;
  }

  /** One look: everything that landed, and everything that expired, since the last. */
  async look(): Promise<void> {
    const { chain } = this.#devnet;
    const newest = await chain.blockNumber();
    if (newest >= this.#nextBlock) {
      const seenAt = Date.now();
      const reports = await chain.reports(this.#nextBlock, newest);
      this.#nextBlock = newest + 1;
      for (const landed of reports) await this.#take(landed, seenAt);
    }
    this.#expire();
  }

  async #take(landed: LandedReport, seenAt: number): Promise<void> {
    const { epoch } = landed.header;
    const { facts } = this.#devnet.chain;
    this.#miss(epoch);
    this.#nextEpoch = epoch + 1;
    // performance.now() counts from the start of this process: what somebody who typed the command waited.
    this.firstReportMillis ??= Math.round(performance.now());
    const [receipt, set] = await Promise.all([
      this.#devnet.rpc.client.getTransactionReceipt({ hash: landed.txHash as `0x${string}` }),
      this.#devnet.chain.setAt(epoch),
    ]);
    const report: ReportRow = {
      epoch,
      view: landed.view,
      gasUsed: Number(receipt.gasUsed),
      signers: landed.signers.length,
      watchers: set.seats.length,
      resultsRoot: toHex(landed.header.resultsRoot),
      txHash: landed.txHash,
      latencyMillis: Math.round(seenAt - epochStart(facts.calendar, epoch + 1)),
    };
    const leaves = await this.#leaves(landed);
    const services = leaves ? serviceRows(leaves, this.#devnet.world.services, this.#longView) : [];
    this.landed.push({ report, services });
    this.#show({ type: 'report', report, services });
    this.#explain(report);
    if (leaves) await this.#settleAll(epoch, leaves);
    if (leaves) await this.#route(epoch, leaves);
  }

  async #leaves(landed: LandedReport): Promise<Leaf[] | undefined> {
    const until = performance.now() + ARCHIVE_MILLIS_MAX;
    for (;;) {
      const leaves = await readLeaves(this.#devnet.archives, landed);
      if (leaves || performance.now() > until) return leaves;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS));
    }
  }

  async #settleAll(reportEpoch: number, leaves: readonly Leaf[]): Promise<void> {
    for (const service of this.#devnet.world.services) {
      const due = leaves.filter(
        (leaf) =>
          toHex(leaf.serviceId) === service.serviceId &&
          leaf.windowEpochs === SETTLE_WINDOW_EPOCHS &&
          leaf.vantage === 0 &&
          leaf.windowStart >= SETTLE_WINDOW_EPOCHS,
      );
      for (const leaf of due) await this.#settle(service, reportEpoch, leaf, leaves);
    }
  }

  /** Shows the router the windows that this report closed, and what it does about them. */
  async #route(reportEpoch: number, leaves: readonly Leaf[]): Promise<void> {
    const { rpc, world } = this.#devnet;
    const ids = world.services.filter(({ name }) => ROUTE.includes(name)).map(({ serviceId }) => serviceId);
    const routed = leaves.filter(
      (leaf) =>
        leaf.windowEpochs === SETTLE_WINDOW_EPOCHS &&
        leaf.vantage === 0 &&
        leaf.conclusive &&
        ids.includes(toHex(leaf.serviceId)),
    );
    if (routed.length === 0) return;
    const addresses = { oracle: world.deployed.oracle, router: world.router };
    const wallet = walletOf(rpc, account(KEEPER).privateKey);
    try {
      const switched = await tryFailover(rpc, wallet, addresses, { reportEpoch, routed, leaves });
      if (!switched) return;
      const nameOf = (id: string) => world.services.find(({ serviceId }) => serviceId === id)?.name ?? id;
      const [from, to] = [nameOf(switched.from), nameOf(switched.to)];
      this.failovers.push({ epoch: reportEpoch, from, to, txHash: switched.txHash });
      const text = `router: ${from} broke its promise in the window up to epoch ${reportEpoch}; on chain, requests now go to ${to}`;
      this.#show({ type: 'note', text });
    } catch (error) {
      this.#show({ type: 'note', text: errorMessage(error) });
    }
  }

  async #settle(
    service: { name: string; agreementId: bigint },
    reportEpoch: number,
    leaf: Leaf,
    leaves: readonly Leaf[],
  ): Promise<void> {
    const { rpc, world } = this.#devnet;
    // Agreements begin with the first window after epoch 0's.
    const period = leaf.windowStart / SETTLE_WINDOW_EPOCHS - 1;
    const wallet = walletOf(rpc, account(KEEPER).privateKey);
    try {
      const due = { agreementId: service.agreementId, period, reportEpoch, leaf, leaves };
      const settled = await settlePeriod(rpc, wallet, world.deployed.vault, due);
      this.settled.push({ ...settled, service: service.name });
      this.results.set(service.name, {
        availabilityPpm: medianOf(leaf, METRIC.availabilityPpm)?.value ?? null,
        latencyP50Us: medianOf(leaf, METRIC.latencyP50Micros)?.value ?? null,
        latencyP99Us: medianOf(leaf, METRIC.latencyP99Micros)?.value ?? null,
        verdict: settled.outcome,
      });
      this.#show({
        type: 'settlement',
        settlement: {
          service: service.name,
          period,
          outcome: settled.outcome,
          paidToProvider: tokens(settled.paidToProvider),
          returnedToCustomer: tokens(settled.returnedToCustomer),
          slashed: tokens(settled.slashed),
          txHash: settled.txHash,
        },
      });
    } catch (error) {
      this.#show({ type: 'note', text: `${service.name}: ${errorMessage(error)}` });
    }
  }

  #expire(): void {
    const { calendar, parameters } = this.#devnet.chain.facts;
    const running = epochAt(calendar, Date.now());
    while (this.#nextEpoch < running && roundOf(calendar, parameters, this.#nextEpoch).deadline < Date.now()) {
      this.#miss(this.#nextEpoch + 1);
      this.#nextEpoch++;
    }
  }

  /** Notes every epoch from the next expected one up to `before` as missed. */
  #miss(before: number): void {
    const { running, watchers } = this.#devnet;
    for (let epoch = this.#nextEpoch; epoch < before; epoch++) {
      this.missed.push(epoch);
      const reason = hasQuorum(this.#devnet)
        ? 'no report was agreed on before its deadline'
        : `no quorum: ${running} of ${watchers} watchers run, and more than two thirds of the stake must sign`;
      this.#show({ type: 'missed', epoch, reason });
    }
  }

  #explain({ view, signers, watchers }: ReportRow): void {
    if (view > 0) {
      const text = `the leader of view ${view - 1} did not deliver in time; the leader of view ${view} took over`;
      this.#show({ type: 'note', text });
    }
    if (signers < watchers && this.#signers !== signers) {
      const text = `${signers} of ${watchers} watchers signed; more than two thirds of the stake is enough`;
      this.#show({ type: 'note', text });
    }
    this.#signers = signers;
  }

  #signers = -1;
}

/** Whether the running watchers can still sign a report; every devnet watcher has the same stake. */
export function hasQuorum({ running, watchers }: { readonly running: number; readonly watchers: number }): boolean {
  return 3 * running > 2 * watchers;
}

/** Two decimals are enough for people; exact amounts go to JSON. */
function tokens(amount: bigint): string {
  return Number(formatUnits(amount, 18)).toFixed(2);
}
