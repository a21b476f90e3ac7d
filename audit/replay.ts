import type { Bls } from '../platform/bls/bls.ts';
import type { Chain } from '../platform/chain/chain.ts';
import { equalBytes, toHex } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { errorMessage, PlumblineError } from '../protocol/error.ts';
import { headerToAbi, reportHash } from '../protocol/header.ts';
import { appendHistory } from '../protocol/history.ts';
import { type Counted, computeReport, type Report } from '../protocol/report.ts';
import { GENESIS_STATE, type State } from '../protocol/state.ts';
import type { Archive } from './archive.ts';
import type { ExaminedBatch } from './batch.ts';
import { checkQuorum, checkSignature, type TransactionReader } from './certificate.ts';
import { AUDIT_EXIT, type Check, compare, fail, pass, type Section, unknown } from './check.ts';
import { type EpochFacts, epochFacts, landedReports } from './epoch.ts';
import { readRecords, type StoredRecords } from './stored.ts';

export type ReplayDeps = {
  readonly chain: Chain;
  readonly transactions: TransactionReader;
  readonly bls: Pick<Bls, 'verify' | 'verifyAggregate' | 'signatureToEvm'>;
  /** Folders of records; the first sound record of an epoch is used, every one is looked at. */
  readonly archives: readonly Archive[];
  /** Called before each epoch's turn. */
  readonly onEpoch?: (epoch: number) => void;
};

export type ReplayOptions = {
  readonly epoch: number;
  /** False leaves out the BLS checks of batches before `epoch`; their hashes are still checked. */
  readonly earlierSignatures: boolean;
};

export type ReplayVerdict = {
  readonly epoch: number;
  readonly exit: 0 | 1 | 3;
  /** One line. */
  readonly conclusion: string;
  readonly sections: readonly Section[];
};

/** What one epoch's turn gave. */
type Turn = {
  readonly landed: LandedReport;
  readonly known: EpochFacts;
  readonly chain: readonly Check[];
  readonly records: readonly Check[];
  readonly batches: readonly Check[];
  readonly report: readonly Check[];
  /** True when the recomputed hash is the one on chain; undefined when it could not be recomputed. */
  readonly follows: boolean | undefined;
  /** The state after it, undefined when it could not be recomputed. */
  readonly next: State | undefined;
};

/**
 * Computes the report of an epoch again, from the genesis state on, out of the chain and the stored, signed batches
 * alone. Holds one epoch's records and the open accumulators, whatever the length of the chain.
 * @throws PlumblineError what the chain throws, when it cannot be read
 */
export async function replay(deps: ReplayDeps, options: ReplayOptions): Promise<ReplayVerdict> {
  const factsOf = epochFacts(deps.chain);
  const earlier: { count: number; bad: Check[]; lost: string | undefined } = { count: 0, bad: [], lost: undefined };
  let state: State | undefined = GENESIS_STATE;
  let previous: LandedReport | undefined;
  for await (const landed of landedReports(deps.chain)) {
    const { epoch } = landed.header;
    if (epoch > options.epoch) break;
    deps.onEpoch?.(epoch);
    const isTarget = epoch === options.epoch;
    const signatures = isTarget || options.earlierSignatures;
    const turn = await takeTurn(deps, { landed, previous, state, signatures, known: await factsOf(epoch) });
    if (isTarget) return verdictOf(deps, turn, earlier);
    const bad = [...turn.chain, ...turn.records, ...turn.batches, ...turn.report].filter(({ ok }) => ok === false);
    earlier.bad.push(...bad.slice(0, FAULTS_MAX - earlier.bad.length).map((check) => ofEpoch(epoch, check)));
    earlier.count++;
    if (!turn.next)
      earlier.lost ??=
        turn.follows === false ? `batches of epoch ${epoch} give no report` : `no complete batches of epoch ${epoch}`;
    state = turn.next;
    previous = landed;
  }
  const where = previous ? `the last one before it is of epoch ${previous.header.epoch}` : 'there is none before it';
  const conclusion = `epoch ${options.epoch}: cannot tell: the chain has no report of this epoch; ${where}`;
  return { epoch: options.epoch, exit: AUDIT_EXIT.unknown, conclusion, sections: [] };
}

/** Faults of earlier epochs that are listed; more of them say nothing new. */
export const FAULTS_MAX = 100;

const ofEpoch = (epoch: number, check: Check): Check => ({ ...check, what: `epoch ${epoch}: ${check.what}` });

type TurnInput = {
  readonly landed: LandedReport;
  readonly previous: LandedReport | undefined;
  readonly state: State | undefined;
  readonly signatures: boolean;
  readonly known: EpochFacts;
};

async function takeTurn(deps: ReplayDeps, { landed, previous, state, signatures, known }: TurnInput): Promise<Turn> {
  const rules = { facts: deps.chain.facts, bls: deps.bls, signatures };
  const stored = await readRecords(rules, known, landed, deps.archives);
  const computed = state && stored.counted ? recompute(deps.chain, state, known, landed, stored.counted) : undefined;
  const follows = computed instanceof Error ? false : computed && equalBytes(computed.hash, landed.reportHash);
  const report = computed instanceof Error ? undefined : computed;
  return {
    landed,
    known,
    chain: checkLanded(deps.chain, known, landed, previous),
    records: stored.finish(report),
    batches: batchChecks(stored, signatures),
    report:
      computed instanceof Error
        ? [fail('the report can be computed', { detail: errorMessage(computed) })]
        : compareHeaders(report, landed),
    follows,
    next: state && report ? stateAfter(state, report, landed) : undefined,
  };
}

function recompute(chain: Chain, state: State, known: EpochFacts, landed: LandedReport, counted: readonly Counted[]) {
  const { epoch, set, services, assignment } = known;
  const anchor = { number: landed.header.anchorNumber, hash: landed.header.anchorHash };
  try {
    const { parameters } = chain.facts;
    return computeReport(state, { epoch, set, services, parameters, anchor, assignment }, counted);
  } catch (error) {
    if (error instanceof PlumblineError || error instanceof RangeError) return error;
    throw error;
  }
}

/** After a report that does not follow, the chain's hash stands in for ours, so that later reports are judged by themselves. */
function stateAfter(state: State, report: Report, landed: LandedReport): State {
  const { reportHash: hash } = landed;
  return { ...report.next, reportHash: hash, history: appendHistory(state.history, hash) };
}

/** What the chain's own data must say about a report, whatever the batches are. */
function checkLanded(
  chain: Chain,
  known: EpochFacts,
  landed: LandedReport,
  previous: LandedReport | undefined,
): Check[] {
  const { header } = landed;
  const { facts } = chain;
  return [
    compare('the event names the hash of its header', toHex(reportHash(header)), toHex(landed.reportHash)),
    compare(
      'it follows the report before it',
      toHex(previous?.reportHash ?? GENESIS_STATE.reportHash),
      toHex(header.previous),
    ),
    compare('its watcher set is the one active at the epoch', `set ${known.set.id}`, `set ${header.setId}`),
    compare("its parameters are the oracle's", toHex(facts.parametersId), toHex(header.parametersId)),
    checkQuorum(known.set, landed.signers),
  ];
}

function compareHeaders(report: Report | undefined, landed: LandedReport): Check[] {
  if (!report) return [];
  const ours = headerToAbi(report.header);
  const theirs = headerToAbi(landed.header);
  const names = Object.keys(ours) as (keyof typeof ours)[];
  return [
    ...names.map((name) => compare(name, String(ours[name]), String(theirs[name]))),
    compare('report hash', toHex(report.hash), toHex(landed.reportHash)),
  ];
}

function batchChecks({ batches }: StoredRecords, signatures: boolean): Check[] {
  const kept = signatures ? 'hash, commit, signature, VRF, schedule' : 'hash, commit, schedule';
  return batches.flatMap(({ batch, faults, seat }: ExaminedBatch) => {
    if (faults.length === 0) return [pass(`seat ${seat}`, `${kept}; ${batch?.samples.length ?? 0} samples`)];
    return faults.map(({ what, blame }) => {
      const detail = blame === 'report' ? 'the report on chain counts it all the same' : 'no stored copy is better';
      return fail(`seat ${seat}: ${what}`, { detail, where: { seat } });
    });
  });
}

async function verdictOf(
  deps: ReplayDeps,
  turn: Turn,
  earlier: { count: number; bad: readonly Check[]; lost: string | undefined },
): Promise<ReplayVerdict> {
  const { landed, known, follows } = turn;
  const { epoch } = landed.header;
  const signature = await checkSignature({ ...deps, facts: deps.chain.facts }, known.set, landed);
  const before: Check[] =
    earlier.lost === undefined
      ? [pass(`${earlier.count} earlier reports replayed from the genesis state`)]
      : [unknown('earlier reports', `${earlier.lost}, on which this epoch's state depends`)];
  const sections = [
    { title: 'chain', checks: [...turn.chain, await checkAnchor(deps.chain, landed), signature] },
    { title: 'earlier epochs', checks: [...before, ...earlier.bad] },
    { title: 'stored records', checks: turn.records },
    { title: 'batches', checks: turn.batches },
    { title: 'recomputed report', checks: follows === undefined ? [cannotRecompute(turn, earlier.lost)] : turn.report },
  ];
  const bad = sections.flatMap(({ checks }) => checks).filter(({ ok }) => ok === false);
  const exit = bad.length > 0 ? AUDIT_EXIT.wrong : follows ? AUDIT_EXIT.follows : AUDIT_EXIT.unknown;
  return { epoch, exit, conclusion: `epoch ${epoch}: ${conclude(turn, earlier, bad, signature)}`, sections };
}

function cannotRecompute({ batches }: Turn, lost: string | undefined): Check {
  if (lost !== undefined) return unknown('report hash', `not recomputed: ${lost}`);
  return unknown('report hash', `not recomputed: no complete batches${batches.length > 0 ? ' in any record' : ''}`);
}

function conclude(turn: Turn, earlier: { lost: string | undefined }, bad: readonly Check[], signature: Check): string {
  const note = signature.ok === undefined ? ` (the certificate's signature was ${signature.detail})` : '';
  const files = [...new Set(bad.flatMap(({ where }) => (where?.file ? [where.file] : [])))];
  const damaged = files.length > 0 ? `damaged: ${files.join(', ')}` : '';
  if (turn.follows === false) return `the report on chain DOES NOT follow from its batches${damaged && `; ${damaged}`}`;
  if (turn.follows && bad.length === 0) return `the report on chain follows from its batches${note}`;
  if (turn.follows) return `the report on chain follows from its batches, but ${damaged || failed(bad)}${note}`;
  const missing = earlier.lost === undefined ? 'no record with all of its batches' : earlier.lost;
  return bad.length === 0 ? `cannot tell: ${missing}` : `cannot be recomputed: ${missing}; ${damaged || failed(bad)}`;
}

const failed = (bad: readonly Check[]): string => `this check fails: ${bad[0]!.what}`;

async function checkAnchor(chain: Chain, { header }: LandedReport): Promise<Check> {
  const hash = await chain.blockHash(header.anchorNumber);
  const what = `its anchor, block ${header.anchorNumber}, is on the chain`;
  if (!hash) return unknown(what, 'not checked: the node does not have the block');
  return compare(what, toHex(hash), toHex(header.anchorHash));
}
