import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from 'viem';
import { equalBytes, fromHex, keccak, toHex } from './bytes.ts';
import { errorMessage, PlumblineError } from './error.ts';

/** The version of every wire, leaf and header layout in this folder and of what they mean; it changes with any of them. */
export const PROTOCOL_VERSION = 4;

/** What a round depends on besides set and services; kept on chain as bytes, so every node reads the same. */
export type Parameters = {
  readonly protocolVersion: number;
  /** Commits count if heard this long after the epoch's end. */
  readonly commitMillis: number;
  /** Δ: the assumed bound on delivering one message. */
  readonly deltaMillis: number;
  /** Reveals count if held this long after the epoch's end. */
  readonly revealMillis: number;
  /** Length of a view. */
  readonly viewMillis: number;
  /** A report is accepted until this many epochs after its epoch's end. */
  readonly deadlineEpochs: number;
  readonly assignmentPeriodEpochs: number;
  /** Lengths of the settlement windows, ascending, 0 = unused. */
  readonly windowEpochs: readonly [number, number, number, number];
  /** A window leaf is conclusive only if counted/expected epochs reach this. */
  readonly minEpochsPpm: number;
  /** A watcher is valid in a window with at least this many good + bad samples. */
  readonly minSamples: number;
  /** A watcher with a larger share of its own faults is invalid in the window. */
  readonly maxFaultPpm: number;
};

const ABI = parseAbiParameters(
  '(uint16 protocolVersion,uint32 commitMillis,uint32 deltaMillis,uint32 revealMillis,uint32 viewMillis,' +
    'uint32 deadlineEpochs,uint32 assignmentPeriodEpochs,uint32[4] windowEpochs,uint32 minEpochsPpm,uint32 minSamples,' +
    'uint32 maxFaultPpm)',
);

export function encodeParameters(parameters: Parameters): Uint8Array {
  return fromHex(encodeAbiParameters(ABI, [parameters]));
}

/** @throws PlumblineError `parameters` when the bytes are not an encoding or the schedule is impossible */
export function decodeParameters(bytes: Uint8Array): Parameters {
  let parameters: Parameters;
  try {
    [parameters] = decodeAbiParameters(ABI, toHex(bytes)) as unknown as [Parameters];
  } catch (error) {
    throw new PlumblineError('parameters', `parameters on chain do not decode: ${errorMessage(error)}`, {}, error);
  }
  if (parameters.protocolVersion !== PROTOCOL_VERSION) {
    throw new PlumblineError(
      'parameters',
      `the chain runs protocol version ${parameters.protocolVersion}, this program speaks ${PROTOCOL_VERSION}: install the release for it`,
    );
  }
  if (!isEncodingOf(bytes, parameters)) {
    throw new PlumblineError(
      'parameters',
      'parameters on chain are not their canonical encoding: their id names others',
    );
  }
  if (parameters.commitMillis + 2 * parameters.deltaMillis >= parameters.revealMillis || parameters.viewMillis < 1) {
    throw new PlumblineError('parameters', 'reveals must start (commit + 2Δ) before they close (reveal)', {
      commitMillis: parameters.commitMillis,
      deltaMillis: parameters.deltaMillis,
      revealMillis: parameters.revealMillis,
    });
  }
  return parameters;
}

/** A word with more bits than its field has decodes to a number that does not encode at all. */
function isEncodingOf(bytes: Uint8Array, parameters: Parameters): boolean {
  try {
    return equalBytes(encodeParameters(parameters), bytes);
  } catch {
    return false;
  }
}

export function parametersId(parameters: Parameters): Uint8Array {
  return keccak(encodeParameters(parameters));
}

/** Epoch length and parameters that belong together. */
export type Preset = { readonly epochSeconds: number; readonly parameters: Parameters };

/** For real networks: a minute an epoch; hour, day, week and 30 days as windows. */
export const STANDARD: Preset = {
  epochSeconds: 60,
  parameters: {
    protocolVersion: PROTOCOL_VERSION,
    commitMillis: 3_000,
    deltaMillis: 2_000,
    revealMillis: 12_000,
    viewMillis: 15_000,
    deadlineEpochs: 3,
    assignmentPeriodEpochs: 1_440,
    windowEpochs: [60, 1_440, 10_080, 43_200],
    minEpochsPpm: 666_667,
    minSamples: 30,
    maxFaultPpm: 200_000,
  },
};

/** For a devnet on one machine: 4 s an epoch; 2 epochs settle, 20 epochs are long enough for a p99. */
export const MINIMAL: Preset = {
  epochSeconds: 4,
  parameters: {
    protocolVersion: PROTOCOL_VERSION,
    commitMillis: 500,
    deltaMillis: 200,
    revealMillis: 1_400,
    viewMillis: 1_200,
    deadlineEpochs: 3,
    assignmentPeriodEpochs: 900,
    windowEpochs: [2, 20, 0, 0],
    minEpochsPpm: 500_000,
    minSamples: 12,
    maxFaultPpm: 200_000,
  },
};
