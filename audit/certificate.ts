import { decodeFunctionData } from 'viem';
import type { Bls } from '../platform/bls/bls.ts';
import { EVM_SIGNATURE_BYTES } from '../platform/bls/bls.ts';
import { compress, EVM_FIELD_BYTES, FIELD_BYTES } from '../platform/bls/encoding.ts';
import type { OracleFacts } from '../platform/chain/chain.ts';
import { measurementOracleAbi } from '../protocol/abi.ts';
import { seatsOf } from '../protocol/bitmap.ts';
import { equalBytes, fromHex, type Hex, toHex } from '../protocol/bytes.ts';
import type { LandedReport } from '../protocol/certificate.ts';
import { attestationDigest } from '../protocol/digest.ts';
import { errorMessage } from '../protocol/error.ts';
import { headerFromAbi, reportHash } from '../protocol/header.ts';
import { isQuorum, requireSeat, seatAt, stakeOf, totalStake, type WatcherSet } from '../protocol/set.ts';
import { type Check, fail, pass, unknown } from './check.ts';
import { percent, sharePpm } from './concentration.ts';

/** What the audit needs of a transaction. `to` is null for a contract creation. */
export type Transaction = { readonly to: Hex | null; readonly input: Hex };
/** Undefined when the node no longer has it. */
export type TransactionReader = (hash: string) => Promise<Transaction | undefined>;

/** Strictly more than two thirds of the set's stake signed, by the event alone. */
export function checkQuorum(set: WatcherSet, signers: readonly number[]): Check {
  const what = 'signers hold more than 2/3 of the stake';
  const strangers = signers.filter((seat) => !seatAt(set, seat));
  if (strangers.length > 0) return fail(what, { detail: `set ${set.id} has no seat ${strangers.join(', ')}` });
  const [signed, total] = [stakeOf(set, signers), totalStake(set)];
  const detail = `seats ${signers.join(', ')}: ${percent(sharePpm(signed, total))}, ${signed} of ${total}`;
  return isQuorum(signed, total) ? pass(what, detail) : fail(what, { detail });
}

export type SignatureDeps = {
  readonly facts: OracleFacts;
  readonly bls: Pick<Bls, 'verifyAggregate' | 'signatureToEvm'>;
  readonly transactions: TransactionReader;
};

/**
 * The aggregate signature, which the event does not repeat: it is read from the input of the transaction that called
 * `submitReport`. A transaction that reached the oracle through another contract is not taken apart.
 */
export async function checkSignature(deps: SignatureDeps, set: WatcherSet, landed: LandedReport): Promise<Check> {
  const { facts, bls } = deps;
  const what = `aggregate signature of seats ${landed.signers.join(', ')} in view ${landed.view}`;
  const transaction = await deps.transactions(landed.txHash);
  if (!transaction) return unknown(what, `not checked: the node does not have transaction ${landed.txHash}`);
  const call = submitCall(facts, transaction);
  if (!call) return unknown(what, 'not checked: wrapped call');
  const [header, view, signers, signature] = call;
  const isSame =
    equalBytes(reportHash(headerFromAbi(header)), landed.reportHash) &&
    view === landed.view &&
    seatsOf([signers[0], signers[1]]).join() === landed.signers.join();
  if (!isSame) return fail(what, { detail: 'the transaction submits another certificate than the event shows' });
  if (landed.signers.length === 0 || landed.signers.some((seat) => !seatAt(set, seat))) {
    return fail(what, { detail: 'the signers are not seats of the set' });
  }
  const keys = landed.signers.map((seat) => requireSeat(set, seat).publicKey);
  const digest = attestationDigest(facts.domain, landed.header.epoch, landed.view, landed.reportHash);
  const compressed = signatureFromEvm(bls, fromHex(signature));
  if (typeof compressed === 'string') return fail(what, { detail: compressed });
  return bls.verifyAggregate(keys, digest, compressed) ? pass(what) : fail(what, { detail: 'it does not verify' });
}

function submitCall(facts: OracleFacts, { to, input }: Transaction) {
  if (!to || to.toLowerCase() !== toHex(facts.domain.oracle)) return undefined;
  try {
    const { functionName, args } = decodeFunctionData({ abi: measurementOracleAbi, data: input });
    return functionName === 'submitReport' ? args : undefined;
  } catch {
    return undefined;
  }
}

/** 128 bytes of EIP-2537 to 48. Encoding it again and comparing checks padding, field and curve in one go. */
function signatureFromEvm(bls: Pick<Bls, 'signatureToEvm'>, bytes: Uint8Array): Uint8Array | string {
  if (bytes.length !== EVM_SIGNATURE_BYTES) return `${bytes.length} bytes, a signature has ${EVM_SIGNATURE_BYTES}`;
  const coordinate = (i: number) => bytes.slice((i + 1) * EVM_FIELD_BYTES - FIELD_BYTES, (i + 1) * EVM_FIELD_BYTES);
  try {
    const compressed = compress([coordinate(0), coordinate(1)]);
    return equalBytes(bls.signatureToEvm(compressed), bytes) ? compressed : 'not a canonical point of G1';
  } catch (error) {
    return errorMessage(error);
  }
}
