import { readContract } from 'viem/actions';
import { measurementOracleAbi } from '../protocol/abi.ts';
import { seatsOf } from '../protocol/bitmap.ts';
import { compareBytes, equalBytes, fromHex, type Hex, toHex } from '../protocol/bytes.ts';
import { errorMessage, PlumblineError } from '../protocol/error.ts';
import { type Leaf, leafHash, leafToAbi } from '../protocol/leaf.ts';
import { merkleProof, merkleTree } from '../protocol/merkle.ts';
import type { ReadingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { orFailure } from './failure.ts';
import { firstReportFrom, reportOf } from './find-report.ts';
import type { LeafSource } from './leaf-source.ts';
import { type OldReportProof, proveOldReport } from './old-report.ts';
import { readOracleClock } from './oracle-clock.ts';
import type { Report } from './report.ts';
import { requireWhole } from './whole.ts';

/** A leaf and what proves it to a contract. */
export type ProvenLeaf = {
  readonly leaf: Leaf;
  /** Epoch of the report that has the leaf. */
  readonly reportEpoch: number;
  /** Sibling hashes, bottom up: the last argument of `verifyLeaf`, `proveAndStore` and `settle`. */
  readonly proof: readonly Hex[];
  /** What `verifyLeafAt` takes besides, when the oracle no longer keeps the report's root; then nothing else takes the leaf. */
  readonly old: OldReportProof | undefined;
};

export type ProveLeafOptions = {
  readonly deployment: Pick<Deployment, 'oracle' | 'deployBlock'>;
  /** Asked in this order until one has the leaves that hash to the root on chain. */
  readonly archives: readonly LeafSource[];
  readonly serviceId: Hex;
  /** First epoch of the window, a multiple of `windowEpochs`. */
  readonly windowStart: number;
  /** Length in epochs: 1, or one of the oracle's windows. */
  readonly windowEpochs: number;
  /** 0, the default: all watchers; else one of their regions. */
  readonly vantage?: number;
  /** Of the report to look in; the first that landed at or after the window's end when undefined, which is the one that has the leaf. */
  readonly reportEpoch?: number;
  /** Only for a report whose root is no longer kept: epoch of a report that `keepHead` kept; the last report when undefined. */
  readonly anchorEpoch?: number;
};

/**
 * The leaf of (service, window, vantage) with its proof, from an archive that nobody has to trust: the tree is built again, its root
 * is compared with that of the report on chain, and at the end the oracle itself checks the proof. Sends nothing.
 *
 * When the root has left the oracle's ring the proof leads through the history of reports; that reads all events since the
 * deployment.
 * @throws PlumblineError `report-pending` before a report with the window has landed, `report-missing`, `window` when the window is
 * not aligned, `no-leaves` when no archive has the leaves of the report, `leaf-missing` when the report has no such leaf,
 * `logs-incomplete`, `field`, `no-contract`, `rpc`
 */
export async function proveLeaf(client: ReadingClient, options: ProveLeafOptions): Promise<ProvenLeaf> {
  const { deployment, windowStart, windowEpochs, vantage = 0 } = options;
  requireWhole('windowStart', windowStart);
  requireWhole('windowEpochs', windowEpochs, 1);
  if (windowStart % windowEpochs !== 0) {
    const text = `a window of ${windowEpochs} epochs starts at a multiple of ${windowEpochs}, not at ${windowStart}`;
    throw new PlumblineError('window', text, { windowStart, windowEpochs });
  }
  const clock = await readOracleClock(client, deployment.oracle);
  // An epoch's own leaf is in its own report and in no later one.
  const reportEpoch = options.reportEpoch ?? (windowEpochs === 1 ? windowStart : undefined);
  const report =
    reportEpoch === undefined
      ? await firstReportFrom(client, deployment, clock, windowStart + windowEpochs - 1)
      : await reportOf(client, deployment, clock, reportEpoch);
  const leaves = await leavesFrom(options.archives, report);
  const serviceId = fromHex(options.serviceId);
  const leaf = leaves.find(
    (one) =>
      one.windowStart === windowStart &&
      one.windowEpochs === windowEpochs &&
      one.vantage === vantage &&
      equalBytes(one.serviceId, serviceId),
  );
  if (!leaf) throw noSuchLeaf(options, report, leaves);
  const proof = merkleProof(merkleTree(leaves.map(leafHash)), leafHash(leaf)).map(toHex);
  const { oracle } = deployment;
  const call = { address: oracle, abi: measurementOracleAbi } as const;
  const root = {
    ...call,
    functionName: 'isKnownRoot',
    args: [BigInt(report.epoch), report.header.resultsRoot],
  } as const;
  if (await orFailure('isKnownRoot', () => readContract(client, root))) {
    const args = [leafToAbi(leaf), BigInt(report.epoch), proof] as const;
    await orFailure('verifyLeaf', () => readContract(client, { ...call, functionName: 'verifyLeaf', args }));
    return { leaf, reportEpoch: report.epoch, proof, old: undefined };
  }
  const old = await proveOldReport(client, deployment, clock, report, options.anchorEpoch);
  const args = [leafToAbi(leaf), proof, old.report, old.history, old.anchor] as const;
  await orFailure('verifyLeafAt', () => readContract(client, { ...call, functionName: 'verifyLeafAt', args }));
  return { leaf, reportEpoch: report.epoch, proof, old };
}

/** The leaves of the first archive whose leaves hash to the root on chain. */
async function leavesFrom(archives: readonly LeafSource[], report: Report): Promise<readonly Leaf[]> {
  const { epoch, header } = report;
  const wanted = { epoch, batches: seatsOf([header.countedLow, header.countedHigh]).length };
  const told: string[] = [];
  for (const archive of archives) {
    try {
      const leaves = await archive.leaves(wanted);
      if (leaves && rootOf(leaves) === header.resultsRoot) return leaves;
      told.push(`${archive.name}: ${leaves ? 'its leaves do not hash to the root on chain' : 'has no record of it'}`);
    } catch (error) {
      told.push(errorMessage(error));
    }
  }
  const text = `no archive has the leaves of the report of epoch ${epoch}: ${told.join('; ') || 'none was given'}`;
  throw new PlumblineError('no-leaves', text, { epoch, resultsRoot: header.resultsRoot, told });
}

/** Two equal leaves have no tree, and so no root. */
function rootOf(leaves: readonly Leaf[]): Hex | undefined {
  const hashes = leaves.map(leafHash).sort(compareBytes);
  const isDouble = hashes.some((hash, i) => i > 0 && equalBytes(hash, hashes[i - 1]!));
  return isDouble ? undefined : toHex(merkleTree(hashes).root);
}

function noSuchLeaf(options: ProveLeafOptions, { epoch }: Report, leaves: readonly Leaf[]): PlumblineError {
  const { serviceId, windowStart, windowEpochs, vantage = 0 } = options;
  const id = fromHex(serviceId);
  const others = leaves
    .filter((leaf) => equalBytes(leaf.serviceId, id))
    .map((leaf) => `${leaf.windowEpochs} epochs from ${leaf.windowStart} at vantage ${leaf.vantage}`);
  const has = others.length === 0 ? 'none of this service at all' : `these of it: ${others.join(', ')}`;
  const wanted = `${windowEpochs} epochs from ${windowStart} at vantage ${vantage}`;
  const text = `the report of epoch ${epoch} has no leaf of service ${serviceId} over ${wanted}; it has ${has}`;
  return new PlumblineError('leaf-missing', text, { epoch, serviceId, windowStart, windowEpochs, vantage });
}
