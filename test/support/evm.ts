import { type Abi, encodeFunctionData } from 'viem';
import type { Bls } from '../../platform/bls/bls.ts';
import { createBls } from '../../platform/bls/create.ts';
import { deriveSecretKey } from '../../platform/bls/keygen.ts';
import { startAnvil } from '../../platform/chain/anvil.ts';
import type { Chain } from '../../platform/chain/chain.ts';
import { connectRpc, type Rpc, type Wallet, walletOf } from '../../platform/chain/client.ts';
import { openChain } from '../../platform/chain/oracle.ts';
import { deployContracts } from '../../platform/deploy/deploy.ts';
import { devnetTokenAbi, serviceRegistryAbi, watcherRegistryAbi } from '../../protocol/abi.ts';
import { fromHex, type Hex, keccak, toHex } from '../../protocol/bytes.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { attestationDigest, type Domain, possessionDigest } from '../../protocol/digest.ts';
import { type Header, reportHash } from '../../protocol/header.ts';
import { MINIMAL } from '../../protocol/parameters.ts';
import { compileContracts } from '../../scripts/compile.ts';
import { account } from '../../scripts/devnet/accounts.ts';

export const CHAIN_ID = 31_337;
export const TOKEN = 10n ** 18n;
export const STAKE_CAP = 1_000n * TOKEN;
export const ACTIVATION_DELAY_EPOCHS = 2;
/** Short periods, so that a test can walk through some; epochs so long that the machine's own time decides nothing. */
export const PRESET = { epochSeconds: 60, parameters: { ...MINIMAL.parameters, assignmentPeriodEpochs: 4 } };
/** Room for all that is registered before epoch 0. */
const GENESIS_LEAD_SECONDS = 1_000;
const GAS_LIMIT = 3_000_000n;

export type Evm = Awaited<ReturnType<typeof startEvm>>;

/** The real contracts on a chain of one's own, whose time a test sets. Nobody is registered. */
export async function startEvm() {
  const anvil = await startAnvil({ chainId: CHAIN_ID, args: ['--accounts', '24'] });
  const rpc = await connectRpc(anvil.url);
  const bls = await createBls((reason) => {
    throw reason;
  });
  const now = Number((await rpc.client.getBlock()).timestamp);
  const genesis = now + GENESIS_LEAD_SECONDS;
  const deployed = await deployContracts(rpc, walletOf(rpc, account(0).privateKey), await compileContracts(), {
    ...PRESET,
    genesis,
    stakeToken: undefined,
    stakeMin: TOKEN,
    effectiveStakeCap: STAKE_CAP,
    activationDelayEpochs: ACTIVATION_DELAY_EPOCHS,
    exitDelayEpochs: 8,
  });
  const call = (method: string, params: readonly unknown[]) =>
    rpc.client.request({ method, params } as unknown as Parameters<typeof rpc.client.request>[0]);
  const mine = (blocks: number) => call('anvil_mine', [`0x${blocks.toString(16)}`]);

  /** Sends calls of one account and waits for them. */
  const send = async (
    from: number,
    calls: readonly { to: Hex; abi: Abi; name: string; args: readonly unknown[] }[],
  ) => {
    const wallet = walletOf(rpc, account(from).privateKey);
    let nonce = await rpc.client.getTransactionCount({ address: account(from).address });
    const hashes: Hex[] = [];
    for (const { to, abi, name, args } of calls) {
      const data = encodeFunctionData({ abi, functionName: name, args });
      hashes.push(await wallet.sendTransaction({ to, data, nonce: nonce++, gas: GAS_LIMIT }));
    }
    for (const hash of hashes) {
      const { status } = await rpc.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
      if (status !== 'success') throw new Error(`a call of account ${from} reverted`);
    }
  };
  return {
    rpc,
    bls,
    deployed,
    genesis,
    mine,
    send,
    open: (wallet?: Wallet): Promise<Chain> => openOracle(rpc, bls, deployed, wallet),
    wallet: (index: number): Wallet => walletOf(rpc, account(index).privateKey),
    /** The next block, and one after it, come at this time; earlier ones are final then. */
    setTime: async (unixSeconds: number): Promise<void> => {
      await call('evm_setNextBlockTimestamp', [unixSeconds]);
      await mine(1);
    },
    epochStart: (epoch: number): number => genesis + epoch * PRESET.epochSeconds,
    /** Registers a watcher with the stake given; the account is its operator. */
    join: async (index: number, stake: bigint, operatorId: string, addresses: string[] = []): Promise<Uint8Array> => {
      const secretKey = secretKeyOf(index);
      const operator = account(index).address;
      const publicKey = bls.publicKeyToEvm(bls.publicKey(secretKey));
      const digest = possessionDigest(CHAIN_ID, fromHex(deployed.registry), operator, keccak(publicKey));
      const proof = toHex(bls.signatureToEvm(bls.prove(secretKey, digest)));
      const label = toHex(Buffer.from(operatorId.padEnd(32, '\0')));
      const metadata = { operatorId: label, region: index, asn: 0, uri: '', addresses };
      const { token, registry } = deployed;
      const read = { address: registry, abi: watcherRegistryAbi, functionName: 'stakeSource' } as const;
      const source = await rpc.client.readContract(read);
      await send(0, [{ to: token, abi: devnetTokenAbi, name: 'transfer', args: [operator, stake] }]);
      await send(index, [
        { to: token, abi: devnetTokenAbi, name: 'approve', args: [source, stake] },
        { to: registry, abi: watcherRegistryAbi, name: 'register', args: [toHex(publicKey), proof, stake, metadata] },
      ]);
      return secretKey;
    },
    seal: () => send(0, [{ to: deployed.registry, abi: watcherRegistryAbi, name: 'seal', args: [] }]),
    exit: (operator: number, seat: number) =>
      send(operator, [{ to: deployed.registry, abi: watcherRegistryAbi, name: 'exit', args: [seat] }]),
    setContact: (operator: number, seat: number, addresses: string[]) => {
      const args = [seat, { uri: '', addresses }];
      return send(operator, [{ to: deployed.registry, abi: watcherRegistryAbi, name: 'setContact', args }]);
    },
    list: (provider: number, url: string) =>
      send(provider, [{ to: deployed.services, abi: serviceRegistryAbi, name: 'register', args: [serviceOf(url)] }]),
    retire: (provider: number, serviceId: Uint8Array) =>
      send(provider, [{ to: deployed.services, abi: serviceRegistryAbi, name: 'retire', args: [toHex(serviceId)] }]),
    stop: () => anvil.stop(),
  };
}

function openOracle(
  rpc: Rpc,
  bls: Bls,
  addresses: { oracle: Hex; services: Hex; deployBlock: number },
  wallet?: Wallet,
) {
  const { publicKeyFromEvm: decodeKey, signatureToEvm: encodeSignature } = bls;
  return openChain({ rpc, addresses, decodeKey, encodeSignature, wallet });
}

export function secretKeyOf(index: number): Uint8Array {
  return deriveSecretKey(keccak(Uint8Array.of(index)));
}

export function serviceOf(url: string) {
  const bodyDigest: Hex = `0x${'ab'.repeat(32)}`;
  return {
    kind: 0,
    url,
    method: 'GET',
    slotsPerEpoch: 6,
    timeoutMillis: 1_000,
    expectedStatus: 200,
    bodyDigest,
    extra: '0x' as Hex,
  };
}

/** What the seats with these keys would certify. */
export function certify(
  bls: Bls,
  domain: Domain,
  header: Header,
  keys: ReadonlyMap<number, Uint8Array>,
  view = 0,
): Certificate {
  const digest = attestationDigest(domain, header.epoch, view, reportHash(header));
  const signature = bls.aggregate([...keys.values()].map((secretKey) => bls.sign(secretKey, digest)));
  return { header, view, signers: [...keys.keys()], signature };
}
