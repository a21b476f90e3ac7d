import { measurementOracleAbi, watcherRegistryAbi } from '../../protocol/abi.ts';
import { seedOf } from '../../protocol/assignment.ts';
import { bitmapOf, seatsOf } from '../../protocol/bitmap.ts';
import { bigEndian, fromHex, type Hex, toHex } from '../../protocol/bytes.ts';
import type { Certificate, LandedReport } from '../../protocol/certificate.ts';
import { PlumblineError } from '../../protocol/error.ts';
import { headerFromAbi, headerToAbi } from '../../protocol/header.ts';
import { decodeParameters } from '../../protocol/parameters.ts';
import { epochStart } from '../../protocol/time.ts';
import { firstBlockAt } from './block.ts';
import type { Chain, OracleFacts } from './chain.ts';
import { type Rpc, revertReason, type Wallet } from './client.ts';
import { type KeyDecoder, Registrations } from './registrations.ts';

/** Where an oracle lives; a deployment file names it. */
export type Addresses = { readonly oracle: Hex; readonly services: Hex; readonly deployBlock: number };

/** The oracle's own errors, and those of the registry that it passes on. */
const SUBMIT_ABI = [...measurementOracleAbi, ...watcherRegistryAbi.filter((item) => item.type === 'error')] as const;

export type ChainOptions = {
  readonly rpc: Rpc;
  readonly addresses: Addresses;
  readonly decodeKey: KeyDecoder;
  /** Undefined for a program that never submits. */
  readonly wallet: Wallet | undefined;
  /** Compresses nothing: signature of the wire (48 bytes) to the form of the precompiles (128 bytes). */
  readonly encodeSignature: (signature: Uint8Array) => Uint8Array;
};

/** @throws PlumblineError `no-oracle` when no oracle answers at the address, `parameters` when it speaks another version */
export async function readFacts(rpc: Rpc, { oracle, services, deployBlock }: Addresses): Promise<OracleFacts> {
  const read = { address: oracle, abi: measurementOracleAbi } as const;
  try {
    const [genesis, epochSeconds, parameters, id, genesisSeed, registry] = await Promise.all([
      rpc.client.readContract({ ...read, functionName: 'genesis' }),
      rpc.client.readContract({ ...read, functionName: 'epochSeconds' }),
      rpc.client.readContract({ ...read, functionName: 'parameters' }),
      rpc.client.readContract({ ...read, functionName: 'parametersId' }),
      rpc.client.readContract({ ...read, functionName: 'genesisSeed' }),
      rpc.client.readContract({ ...read, functionName: 'watcherRegistry' }),
    ]);
    return {
      domain: { chainId: rpc.chainId, oracle: fromHex(oracle) },
      registry,
      services,
      calendar: { genesis: Number(genesis), epochSeconds },
      parameters: decodeParameters(fromHex(parameters)),
      parametersId: fromHex(id),
      genesisSeed: fromHex(genesisSeed),
      deployBlock,
    };
  } catch (error) {
    if (error instanceof PlumblineError) throw error;
    const reason = revertReason(error);
    throw new PlumblineError('no-oracle', `no measurement oracle answers at ${oracle}: ${reason}`, { oracle }, error);
  }
}

/** The production chain: viem over JSON-RPC. */
export async function openChain(options: ChainOptions): Promise<Chain> {
  const { rpc, addresses, wallet } = options;
  const { client } = rpc;
  const facts = await readFacts(rpc, addresses);
  const { deployBlock } = addresses;
  const registrations = new Registrations(rpc, facts.registry, addresses.services, deployBlock, options.decodeKey);
  const oracle = { address: addresses.oracle, abi: SUBMIT_ABI } as const;

  const finalized = async () => {
    const block = await client.getBlock({ blockTag: 'finalized' });
    return { number: Number(block.number), hash: fromHex(block.hash) };
  };

  const setIdAt = (epoch: number): Promise<number> => {
    const args = [BigInt(epoch)] as const;
    const read = { address: facts.registry, abi: watcherRegistryAbi, functionName: 'versionAt', args } as const;
    return client.readContract(read).catch((error: unknown) => {
      throw new PlumblineError('no-set', `no watcher set at epoch ${epoch}: ${revertReason(error)}`, {}, error);
    });
  };

  return {
    facts,
    canSubmit: wallet !== undefined,
    setAt: async (epoch) => registrations.set(await setIdAt(epoch)),
    contactsAt: async (epoch) => registrations.contacts(await setIdAt(epoch)),
    servicesAt: (epoch) => registrations.services(epoch),
    seedAt: async (epoch) => {
      const length = facts.parameters.assignmentPeriodEpochs;
      const period = Math.floor(epoch / length);
      if (period === 0) return seedOf(facts.domain, period, facts.genesisSeed);
      const from = epochStart(facts.calendar, (period - 1) * length) / 1000;
      const block = await firstBlockAt(client, from, deployBlock, (await finalized()).number);
      return seedOf(facts.domain, period, bigEndian(BigInt(block.mixHash), 32));
    },
    finalized,
    blockHash: async (number) => {
      const block = await client.getBlock({ blockNumber: BigInt(number) }).catch(() => undefined);
      return block ? fromHex(block.hash) : undefined;
    },
    head: async () => {
      const [nextEpoch, hash] = await client.readContract({ ...oracle, functionName: 'head' });
      return { nextEpoch: Number(nextEpoch), reportHash: fromHex(hash) };
    },
    blockNumber: async () => Number(await client.getBlockNumber()),
    newestTimestamp: async () => Number((await client.getBlock({ blockTag: 'latest' })).timestamp),
    reports: async (fromBlock, toBlock): Promise<LandedReport[]> => {
      const range = { fromBlock: BigInt(fromBlock), toBlock: BigInt(toBlock), strict: true } as const;
      const logs = await client.getContractEvents({ ...oracle, eventName: 'ReportAccepted', ...range });
      return logs.map(({ args, transactionHash, blockNumber }) => ({
        header: headerFromAbi(args.header),
        reportHash: fromHex(args.reportHash),
        view: args.view_,
        signers: seatsOf([args.signers[0], args.signers[1]]),
        txHash: transactionHash,
        blockNumber: Number(blockNumber),
      }));
    },
    submit: async (certificate) => {
      if (!wallet)
        throw new PlumblineError('no-submitter', 'this program has no submitter key: it cannot send reports');
      const args = submitArgs(certificate, options.encodeSignature);
      try {
        const call = { ...oracle, functionName: 'submitReport', args, account: wallet.account } as const;
        const { request } = await client.simulateContract(call);
        const gas = (await client.estimateContractGas(call)) + REFUND_GAS_MAX;
        const txHash = await wallet.writeContract({ ...request, gas });
        const receipt = await client.waitForTransactionReceipt({ hash: txHash, timeout: INCLUSION_TIMEOUT_MILLIS });
        if (receipt.status !== 'success') throw new PlumblineError('refused', `submitReport reverted in ${txHash}`);
        return { txHash, blockNumber: Number(receipt.blockNumber), gasUsed: receipt.gasUsed };
      } catch (error) {
        if (error instanceof PlumblineError) throw error;
        throw new PlumblineError('refused', `the chain refused the report: ${revertReason(error)}`, {}, error);
      }
    },
  };
}

/** An estimate is made at gas price zero, where a refund is nothing and its credit writes nothing: a new one costs this more. */
export const REFUND_GAS_MAX = 30_000n;

/** A transaction that is not included by then is given up; the next view or another aggregator sends again. */
export const INCLUSION_TIMEOUT_MILLIS = 30_000;

export function submitArgs(certificate: Certificate, encodeSignature: (signature: Uint8Array) => Uint8Array) {
  const signers = bitmapOf(certificate.signers);
  const signature = toHex(encodeSignature(certificate.signature));
  return [headerToAbi(certificate.header), certificate.view, [signers[0], signers[1]] as const, signature] as const;
}
