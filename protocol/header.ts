import { ByteVectorType, ContainerType } from '@chainsafe/ssz';
import { fromHex, type Hex, keccak, toHex } from './bytes.ts';
import { bytes32, typeHash, word } from './typed.ts';
import { U16, U32, U64, U256 } from './uint.ts';

/** What a report says, in 13 words: the roots bind everything else. `previous` is the hash of the report before it. */
export type Header = {
  protocolVersion: number;
  epoch: number;
  setId: number;
  parametersId: Uint8Array;
  /** Hash of the last report on chain, zero for the first. */
  previous: Uint8Array;
  resultsRoot: Uint8Array;
  batchesRoot: Uint8Array;
  /** Bitmap of the seats whose batch counted. */
  countedLow: bigint;
  countedHigh: bigint;
  accumulatorRoot: Uint8Array;
  /** Root over all reports on chain before this one. */
  historyRoot: Uint8Array;
  anchorNumber: number;
  anchorHash: Uint8Array;
};

const B32 = new ByteVectorType(32);

export const HeaderSsz = new ContainerType(
  {
    protocolVersion: U16,
    epoch: U64,
    setId: U32,
    parametersId: B32,
    previous: B32,
    resultsRoot: B32,
    batchesRoot: B32,
    countedLow: U256,
    countedHigh: U256,
    accumulatorRoot: B32,
    historyRoot: B32,
    anchorNumber: U64,
    anchorHash: B32,
  },
  { typeName: 'Header' },
);

export const HEADER_TYPE = [
  { name: 'protocolVersion', type: 'uint16' },
  { name: 'epoch', type: 'uint64' },
  { name: 'setId', type: 'uint32' },
  { name: 'parametersId', type: 'bytes32' },
  { name: 'previous', type: 'bytes32' },
  { name: 'resultsRoot', type: 'bytes32' },
  { name: 'batchesRoot', type: 'bytes32' },
  { name: 'countedLow', type: 'uint256' },
  { name: 'countedHigh', type: 'uint256' },
  { name: 'accumulatorRoot', type: 'bytes32' },
  { name: 'historyRoot', type: 'bytes32' },
  { name: 'anchorNumber', type: 'uint64' },
  { name: 'anchorHash', type: 'bytes32' },
] as const;

/** The header as contract calls and typed data take it. */
export type AbiHeader = {
  protocolVersion: number;
  epoch: bigint;
  setId: number;
  parametersId: Hex;
  previous: Hex;
  resultsRoot: Hex;
  batchesRoot: Hex;
  countedLow: bigint;
  countedHigh: bigint;
  accumulatorRoot: Hex;
  historyRoot: Hex;
  anchorNumber: bigint;
  anchorHash: Hex;
};

export function headerToAbi(header: Header): AbiHeader {
  return {
    protocolVersion: header.protocolVersion,
    epoch: BigInt(header.epoch),
    setId: header.setId,
    parametersId: toHex(header.parametersId),
    previous: toHex(header.previous),
    resultsRoot: toHex(header.resultsRoot),
    batchesRoot: toHex(header.batchesRoot),
    countedLow: header.countedLow,
    countedHigh: header.countedHigh,
    accumulatorRoot: toHex(header.accumulatorRoot),
    historyRoot: toHex(header.historyRoot),
    anchorNumber: BigInt(header.anchorNumber),
    anchorHash: toHex(header.anchorHash),
  };
}

export function headerFromAbi(header: AbiHeader): Header {
  return {
    protocolVersion: header.protocolVersion,
    epoch: Number(header.epoch),
    setId: header.setId,
    parametersId: fromHex(header.parametersId),
    previous: fromHex(header.previous),
    resultsRoot: fromHex(header.resultsRoot),
    batchesRoot: fromHex(header.batchesRoot),
    countedLow: header.countedLow,
    countedHigh: header.countedHigh,
    accumulatorRoot: fromHex(header.accumulatorRoot),
    historyRoot: fromHex(header.historyRoot),
    anchorNumber: Number(header.anchorNumber),
    anchorHash: fromHex(header.anchorHash),
  };
}

const TYPE_HASH = typeHash('Header', HEADER_TYPE);

/**
 * The report hash: EIP-712 hashStruct(Header), written out, because every proposal that is heard costs some. The signed
 * digests bind it to chain and oracle. test/protocol/digest.test.ts holds it to the definition.
 * @throws RangeError when a field does not fit its type
 */
export function reportHash(header: Header): Uint8Array {
  return keccak(TYPE_HASH, ...HEADER_TYPE.map(({ name, type }) => wordOf(header[name], type)));
}

function wordOf(value: number | bigint | Uint8Array, type: (typeof HEADER_TYPE)[number]['type']): Uint8Array {
  return value instanceof Uint8Array ? bytes32(value) : word(value, Number(type.slice('uint'.length)) / 8);
}

export function encodeHeader(header: Header): Uint8Array {
  return HeaderSsz.serialize(header);
}
