import { decodeAbiParameters } from 'viem';
import { toHex } from '../protocol/bytes.ts';
import { type AbiLeaf, LEAF_ABI, type Leaf, leafFromAbi } from '../protocol/leaf.ts';
import { decodeRecord } from '../protocol/record.ts';

/** The report whose leaves are wanted. */
export type WantedReport = {
  readonly epoch: number;
  /** Batches that it counted: what bounds the length of its record. */
  readonly batches: number;
};

/** Somebody who has the leaves of reports. Nothing that it says is believed: its leaves must hash to the root on chain. */
export interface LeafSource {
  /** How it is named in errors. */
  readonly name: string;
  /** All leaves of the report, in any order; undefined when it has none of this epoch. May throw. */
  leaves(report: WantedReport): Promise<readonly Leaf[] | undefined>;
}

/** The leaves in an epoch's record as watchers archive it. @throws PlumblineError `decode`, RangeError for what is no leaf */
export function leavesOfRecord(bytes: Uint8Array): Leaf[] {
  return decodeRecord(bytes).leaves.map((leaf) =>
    leafFromAbi(decodeAbiParameters(LEAF_ABI, toHex(leaf))[0] as AbiLeaf),
  );
}
