import { toHex } from '../../protocol/bytes.ts';
import {
  attestationDigest,
  commitDigest,
  possessionDigest,
  proposalDigest,
  refusalDigest,
  vrfDigest,
} from '../../protocol/digest.ts';
import { type Header, headerToAbi, reportHash } from '../../protocol/header.ts';
import { type Leaf, leafHash, leafToAbi } from '../../protocol/leaf.ts';
import { encodeParameters, PROTOCOL_VERSION, parametersId, STANDARD } from '../../protocol/parameters.ts';
import { emitVector } from './emit.ts';
import { DOMAIN, drawn } from './world.ts';

/** Writes test/vectors/digests.json: everything that TypeScript and Solidity must hash alike. */

const REGISTRY = drawn('registry').subarray(0, 20);
const VIEW = 3;
const MICROS_MAX = 2 ** 40 - 1;
const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;

export const HEADER: Header = {
  protocolVersion: PROTOCOL_VERSION,
  epoch: 1_234_567,
  setId: 42,
  parametersId: parametersId(STANDARD.parameters),
  previous: drawn('previous'),
  resultsRoot: drawn('resultsRoot'),
  batchesRoot: drawn('batchesRoot'),
  countedLow: (1n << 255n) | 0b1011n,
  countedHigh: (1n << 200n) | 1n,
  accumulatorRoot: drawn('accumulatorRoot'),
  historyRoot: drawn('historyRoot'),
  anchorNumber: 2 ** 40 + 7,
  anchorHash: drawn('anchorHash'),
};

const bounded = (value: number, lower: number, upper: number) => ({ value, lower, upper });
const none = bounded(0, 0, 0);

/** Every status and both ends of every field. */
export const LEAF: Leaf = {
  serviceId: drawn('service'),
  windowStart: 43_200 * 28,
  windowEpochs: 43_200,
  vantage: 7,
  conclusive: true,
  epochsExpected: 43_200,
  epochsCounted: 43_111,
  watchersAssigned: 512,
  watchersValid: 500,
  samplesGood: 22_649_241_600,
  samplesBad: 1_001,
  samplesUnknown: 17,
  samplesFault: 3,
  dispersionAvailabilityPpm: 25,
  dispersionLatencyP50Micros: MICROS_MAX,
  stats: Array.from({ length: 12 }, (_, metric) => {
    if (metric === 6) return { status: 0, median: none, tail: none };
    if (metric === 7) return { status: 1, median: none, tail: none };
    if (metric === 5)
      return { status: 2, median: bounded(0, 0, MICROS_MAX), tail: bounded(MICROS_MAX, MICROS_MAX, MICROS_MAX) };
    const base = 1_000 * (metric + 1);
    return { status: 2, median: bounded(base + 2, base + 1, base + 3), tail: bounded(base + 5, base + 4, base + 6) };
  }),
};

export function digestVectors() {
  const abiHeader = headerToAbi(HEADER);
  const abiLeaf = leafToAbi(LEAF);
  const { epoch } = HEADER;
  const report = reportHash(HEADER);
  const watcher = drawn('watcher');
  const commitment = drawn('commitment');
  const missing = drawn('missing');
  const seed = drawn('seed');
  const operator = toHex(drawn('operator').subarray(0, 20));
  const registered = drawn('registered watcher');
  return {
    chainId: DOMAIN.chainId,
    oracle: DOMAIN.oracle,
    registry: REGISTRY,
    header: {
      ...abiHeader,
      epoch,
      countedLow: word(HEADER.countedLow),
      countedHigh: word(HEADER.countedHigh),
      anchorNumber: HEADER.anchorNumber,
    },
    reportHash: report,
    view: VIEW,
    commit: { watcher, commitment, digest: commitDigest(DOMAIN, epoch, watcher, commitment) },
    proposalDigest: proposalDigest(DOMAIN, epoch, VIEW, report),
    attestationDigest: attestationDigest(DOMAIN, epoch, VIEW, report),
    refusal: { missing, digest: refusalDigest(DOMAIN, epoch, VIEW, report, missing) },
    vrf: { seed, digest: vrfDigest(DOMAIN, epoch, seed) },
    proofOfPossession: {
      operator,
      watcher: registered,
      digest: possessionDigest(DOMAIN.chainId, REGISTRY, operator, registered),
    },
    leaf: {
      ...LEAF,
      stats: abiLeaf.stats.map(word),
    },
    leafHash: leafHash(LEAF),
    parameters: { encoded: encodeParameters(STANDARD.parameters), id: parametersId(STANDARD.parameters) },
  };
}

if (import.meta.main) emitVector('digests.json', digestVectors());
