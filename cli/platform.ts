import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../ledger/core.ts';
import { createBls } from '../platform/bls/create.ts';
import { readSecretFile } from '../platform/bls/secretfile.ts';
import type { Chain } from '../platform/chain/chain.ts';
import { connectRpc, walletOf } from '../platform/chain/client.ts';
import { openChain } from '../platform/chain/oracle.ts';
import { systemClock } from '../platform/clock.ts';
import { createLog, type Log } from '../platform/log.ts';
import { loadIdentity } from '../platform/network/identity.ts';
import { createLibp2pNetwork } from '../platform/network/libp2p.ts';
import type { Network } from '../platform/network/network.ts';
import { openLevelStore } from '../platform/store/level.ts';
import type { Hex } from '../protocol/bytes.ts';
import { PlumblineError } from '../protocol/error.ts';
import { type AggregateConfig, type Deployment, readDeployment } from './config.ts';

/** Opens the production platform that a configuration names: real chain, real sockets, real disk. */
export async function openPlatform(config: AggregateConfig, name: string): Promise<Platform> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const log = createLog({ ...config.log, name });
  const deployment = await readDeployment(config.deployment);
  const rpc = await connectRpc(config.rpc);
  if (rpc.chainId !== deployment.chainId) {
    throw new PlumblineError(
      'wrong-chain',
      `the rpc serves chain ${rpc.chainId}, the deployment file names ${deployment.chainId}: check both settings`,
    );
  }
  const bls = await createBls((reason) => log.warn({ reason: reason.message }, 'mcl is not usable, noble takes over'));
  const wallet = config.submitterKeyFile ? walletOf(rpc, await readPrivateKey(config.submitterKeyFile)) : undefined;
  const chain = await openChain({
    rpc,
    addresses: deployment,
    decodeKey: bls.publicKeyFromEvm,
    encodeSignature: bls.signatureToEvm,
    wallet,
  });
  const store = await openLevelStore(join(config.dataDir, 'db'));
  const network = await openNetwork(config, deployment, chain, log).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  return {
    clock: systemClock(),
    random: (length) => new Uint8Array(randomBytes(length)),
    network,
    store,
    chain,
    bls,
    log,
  };
}

/** Ends what openPlatform opened. */
export async function closePlatform({ network, store }: Platform): Promise<void> {
  await network.stop();
  await store.close();
}

async function openNetwork(config: AggregateConfig, deployment: Deployment, chain: Chain, log: Log): Promise<Network> {
  const { chainId } = chain.facts.domain;
  return createLibp2pNetwork({
    chainId,
    oracle: deployment.oracle,
    identity: await loadIdentity(join(config.dataDir, 'identity.key')),
    epochMillis: chain.facts.calendar.epochSeconds * 1000,
    listen: config.listen,
    announce: config.announce,
    bootnodes: config.bootnodes,
    redialMillisMax: config.redialMillisMax,
    inboundConnectionThreshold: config.inboundConnectionThreshold,
    allowPrivatePeers: config.allowPrivatePeers,
    log,
  });
}

/** A file with one private key: 0x and 64 hex digits. */
export async function readPrivateKey(path: string, what = 'submitter key'): Promise<Hex> {
  const text = (await readSecretFile(path, what)).trim();
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text as Hex;
  throw new PlumblineError(
    'secret-file',
    `${path}: a private key is 0x and 64 hex digits; the file holds something else`,
  );
}
