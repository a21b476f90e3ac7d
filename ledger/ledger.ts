import type { Chain } from '../platform/chain/chain.ts';
import type { Log } from '../platform/log.ts';
import { windowKey } from '../protocol/accumulator.ts';
import { decodeBatch } from '../protocol/batch.ts';
import { equalBytes, toHex } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { errorMessage, PlumblineError } from '../protocol/error.ts';
import { appendHistory, historyRoot } from '../protocol/history.ts';
import type { Observation } from '../protocol/observation.ts';
import { type Counted, computeReport, type EpochContext, type Report } from '../protocol/report.ts';
import { decodeReveal } from '../protocol/reveal.ts';
import { accumulatorRoot, decodeState, GENESIS_STATE, type State } from '../protocol/state.ts';
import type { Custody } from './custody.ts';
import type { EpochFacts } from './epoch.ts';
import type { Fetch } from './fetch.ts';
import { limited } from './limited.ts';
import type { Pool } from './pool.ts';
import { historyBeforeNewest, type ReportsOnChain } from './reports.ts';

/** Reports computed and not yet settled by the chain: one per proposal seen, so a few views' worth. */
export const REPORTS_CACHED_MAX = 16;

/** States kept for a chain that takes blocks back: more reports than fit between two final blocks of any preset. */
export const STATES_CACHED_MAX = 8;

/** A node that fell this far behind still follows every report, and so archives and serves it; from further back it takes a snapshot. */
export const FOLLOW_MAX = 8;

/** Batches of one report fetched at the same time: no more than one peer answers at once. */
export const FETCHING_MAX = 4;

/** A report that this node followed, with all that its archive needs. */
export type Followed = {
  readonly landed: LandedReport;
  readonly report: Report;
  readonly observations: Observation[];
  readonly reveals: Uint8Array[];
};

export type LedgerDeps = {
  readonly chain: Chain;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly pool: Pool;
  readonly custody: Custody;
  readonly fetch: Fetch;
  readonly log: Log;
};

/** The accumulators after the last report on chain, and the one place in which reports are computed. */
export class Ledger {
  readonly #deps: LedgerDeps;
  readonly #reports = new Map<string, Report>();
  readonly #states = new Map<string, State>();
  #state: State = GENESIS_STATE;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  get state(): State {
    return this.#state;
  }

  /** Takes up the snapshot of an earlier run, if there is one and it reads. */
  async restore(): Promise<void> {
    const bytes = await this.#deps.custody.state();
    if (!bytes) return;
    try {
      this.#state = decodeState(bytes, keyOf);
      this.#states.set(toHex(this.#state.reportHash), this.#state);
    } catch (error) {
      this.#deps.log.warn({ reason: errorMessage(error) }, 'the stored state does not read; it will come from peers');
    }
  }

  /**
   * @param state what it builds on: the caller's, because ours may move on while the facts are read
   * @throws PlumblineError of `computeReport`, and chain errors when the epoch's facts cannot be read
   */
  async compute(
    state: State,
    epoch: number,
    anchor: EpochContext['anchor'],
    counted: readonly Counted[],
  ): Promise<Report> {
    const { set, services, assignment } = await this.#deps.epochFacts(epoch);
    const { parameters } = this.#deps.chain.facts;
    const report = computeReport(state, { epoch, set, services, parameters, anchor, assignment }, counted);
    this.#reports.set(toHex(report.hash), report);
    if (this.#reports.size > REPORTS_CACHED_MAX) this.#reports.delete(this.#reports.keys().next().value!);
    return report;
  }

  /**
   * Moves to the state after the last report that landed, wherever it stands: report by report from the newest state that
   * it has, each from its own computing or from its batches; else from a peer's snapshot that proves itself against the
   * chain. Yields after every move: what it followed, or undefined when there was nothing to follow.
   * @param reports every report on chain; a reorg may have left fewer than before, or none
   * @throws PlumblineError `behind` when neither batches nor snapshot are to be had yet
   */
  async *advance(reports: ReportsOnChain): AsyncGenerator<Followed | undefined> {
    const { recent } = reports;
    let next = this.#moveToKnown(recent);
    for (; next !== undefined && next < recent.length; next++) {
      const followed = await this.#follow(recent[next]!);
      if (!followed) break;
      await this.#take(followed.report.next);
      yield followed;
    }
    if (next === recent.length) return;
    await this.#take(await this.#snapshot(reports));
    yield undefined;
  }

  /** Steps onto the newest state that we have. Returns the index of the report after it, undefined when that is too far back. */
  #moveToKnown(recent: readonly LandedReport[]): number | undefined {
    for (let next = recent.length; next >= Math.max(0, recent.length - FOLLOW_MAX); next--) {
      const hash = recent[next - 1]?.reportHash ?? recent[0]?.header.previous ?? GENESIS_STATE.reportHash;
      const isGenesis = equalBytes(hash, GENESIS_STATE.reportHash);
      const known = isGenesis ? GENESIS_STATE : this.#states.get(toHex(hash));
      if (!known) continue;
      this.#state = known;
      return next;
    }
    return undefined;
  }

  async #follow(landed: LandedReport): Promise<Followed | undefined> {
    const { header, reportHash } = landed;
    const observations =
      this.#deps.pool.proposalOf(header.epoch, reportHash)?.proposal.observations ??
      (await this.#deps.fetch.observations(landed));
    if (!observations) return undefined;
    const { fetch, pool } = this.#deps;
    const fetched = await limited(observations, FETCHING_MAX, (observation) => fetch.reveal(header.epoch, observation));
    const reveals = fetched.filter((bytes) => bytes !== undefined);
    if (reveals.length < observations.length) return undefined;
    const counted = observations.map((observation, i): Counted => {
      const held = pool.reveal(header.epoch, observation.seat);
      // What was heard is decoded already.
      const batch = held?.bytes === reveals[i] ? held!.batch : decodeBatch(decodeReveal(reveals[i]!).batch);
      return { observation, batch };
    });
    const anchor = { number: header.anchorNumber, hash: header.anchorHash };
    const report =
      this.#reports.get(toHex(reportHash)) ?? (await this.compute(this.#state, header.epoch, anchor, counted));
    if (!equalBytes(report.hash, reportHash)) {
      const evidence = { epoch: header.epoch, ours: toHex(report.hash), landed: toHex(reportHash) };
      this.#deps.log.error(evidence, 'the report on chain is not what its batches give');
      return undefined;
    }
    await this.#deps.custody.hold(header.epoch, reportHash, observations, reveals);
    return { landed, report, observations, reveals };
  }

  async #snapshot(reports: ReportsOnChain): Promise<State> {
    const landed = reports.recent.at(-1)!;
    let found: State | undefined;
    await this.#deps.fetch.state(landed.reportHash, (bytes) => {
      found = provenState(bytes, reports);
      return found !== undefined;
    });
    if (found) return found;
    throw new PlumblineError('behind', `no peer has the state after epoch ${landed.header.epoch} yet; asking again`);
  }

  async #take(state: State): Promise<void> {
    this.#state = state;
    this.#states.set(toHex(state.reportHash), state);
    if (this.#states.size > STATES_CACHED_MAX) this.#states.delete(this.#states.keys().next().value!);
    await this.#deps.custody.keepState(state);
  }
}

const keyOf = (w: { serviceId: Uint8Array; windowStart: number; windowEpochs: number }) =>
  windowKey(w.serviceId, w.windowStart, w.windowEpochs);

/** A stranger's snapshot, if it is the state that the last report on chain commits to. */
export function provenState(bytes: Uint8Array, reports: ReportsOnChain): State | undefined {
  const landed = reports.recent.at(-1)!;
  let state: State;
  try {
    state = decodeState(bytes, keyOf);
    if (!equalBytes(accumulatorRoot(state.windows.values(), state.closedLeaves), landed.header.accumulatorRoot)) {
      return undefined;
    }
  } catch {
    return undefined;
  }
  // Epoch, hash and history are known from the chain: taken from there, not from the peer.
  const before = historyBeforeNewest(reports);
  if (!equalBytes(historyRoot(before), landed.header.historyRoot)) return undefined;
  const { epoch } = landed.header;
  return { ...state, epoch, reportHash: landed.reportHash, history: appendHistory(before, landed.reportHash) };
}
