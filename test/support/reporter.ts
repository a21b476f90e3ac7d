import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Chain } from '../../platform/chain/chain.ts';
import { bitmapOf } from '../../protocol/bitmap.ts';
import { fromHex, type Hex, keccak } from '../../protocol/bytes.ts';
import { type Header, reportHash } from '../../protocol/header.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../protocol/history.ts';
import { encodeLeaf, type Leaf, leafHash, STAT, type Stat } from '../../protocol/leaf.ts';
import { merkleTree } from '../../protocol/merkle.ts';
import { METRIC_COUNT } from '../../protocol/metric.ts';
import { encodeRecord, recordName } from '../../protocol/record.ts';
import { certify, type Evm, PRESET, secretKeyOf } from './evm.ts';

/**
 * Lands reports with the leaves that a test wants, signed by the real keys of the seats, and writes them to an archive folder as
 * a watcher would. Nothing was measured: the batches are missing in the records.
 * @param operators accounts, in the order of their seats
 */
export function createReporter(evm: Evm, chain: Chain, operators: readonly number[], archive: string) {
  const keys = new Map(operators.map((operator, seat) => [seat, secretKeyOf(operator)]));
  const signers = [...keys.keys()];
  let history = EMPTY_HISTORY;
  let previous: Uint8Array = new Uint8Array(32);

  const headerOf = async (epoch: number, leaves: readonly Leaf[]): Promise<Header> => {
    const final = await chain.finalized();
    return {
      protocolVersion: PRESET.parameters.protocolVersion,
      epoch,
      setId: (await chain.setAt(epoch)).id,
      parametersId: chain.facts.parametersId,
      previous,
      resultsRoot: merkleTree(leaves.map(leafHash)).root,
      batchesRoot: keccak(Uint8Array.of(1)),
      countedLow: bitmapOf(signers)[0],
      countedHigh: 0n,
      accumulatorRoot: keccak(Uint8Array.of(2)),
      historyRoot: historyRoot(history),
      anchorNumber: final.number,
      anchorHash: final.hash,
    };
  };

  return {
    /** Moves to just behind the epoch's end, unless it is over, and lands its report. */
    land: async (epoch: number, leaves: readonly Leaf[]): Promise<Header> => {
      const end = evm.epochStart(epoch + 1);
      if ((await chain.newestTimestamp()) < end) await evm.setTime(end + 1);
      const header = await headerOf(epoch, leaves);
      await chain.submit(certify(evm.bls, chain.facts.domain, header, keys));
      previous = reportHash(header);
      history = appendHistory(history, previous);
      const [signersLow, signersHigh] = bitmapOf(signers);
      const encoded = leaves.map((leaf) => fromHex(encodeLeaf(leaf)));
      const frame = { header, view: 0, signersLow, signersHigh, observations: [], reveals: [] };
      await mkdir(archive, { recursive: true });
      await writeFile(join(archive, recordName(epoch)), encodeRecord({ ...frame, leaves: encoded }));
      return header;
    },
  };
}

const ABSENT: Stat = {
  status: STAT.absent,
  median: { value: 0, lower: 0, upper: 0 },
  tail: { value: 0, lower: 0, upper: 0 },
};

/** A conclusive leaf that knows one thing: the availability, bounds a thousandth below and above. */
export function availabilityLeaf(
  serviceId: Hex,
  windowStart: number,
  windowEpochs: number,
  availabilityPpm: number,
): Leaf {
  const value = {
    value: availabilityPpm,
    lower: availabilityPpm - 1_000,
    upper: Math.min(1_000_000, availabilityPpm + 1_000),
  };
  return {
    serviceId: fromHex(serviceId),
    windowStart,
    windowEpochs,
    vantage: 0,
    conclusive: true,
    epochsExpected: windowEpochs,
    epochsCounted: windowEpochs,
    watchersAssigned: 4,
    watchersValid: 4,
    samplesGood: 480,
    samplesBad: 0,
    samplesUnknown: 0,
    samplesFault: 0,
    dispersionAvailabilityPpm: 0,
    dispersionLatencyP50Micros: 0,
    stats: [{ status: STAT.present, median: value, tail: value }, ...Array<Stat>(METRIC_COUNT - 1).fill(ABSENT)],
  };
}
