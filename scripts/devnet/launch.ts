import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { stringify } from 'yaml';
import type { AggregateConfig, WatchConfig } from '../../cli/config.ts';
import type { Bls } from '../../platform/bls/bls.ts';
import { deriveSecretKey } from '../../platform/bls/keygen.ts';
import { writeKeystore } from '../../platform/bls/keystore.ts';
import { loadIdentity } from '../../platform/network/identity.ts';
import { bigEndian, keccak } from '../../protocol/bytes.ts';
import { AGGREGATOR, account, operatorIndex } from './accounts.ts';
import type { WatcherKey } from './setup.ts';

/** Everything that one watcher of the devnet needs on its disk before it can start. */
export type WatcherHome = {
  readonly id: number;
  readonly directory: string;
  readonly configPath: string;
  /** Its multiaddr. */
  readonly address: string;
};

/** Where a watcher's libp2p listens. */
export type Endpoint = { readonly address: string; readonly port: number };

/** BLS keys of a devnet: drawn from the seed, so that a run can be repeated. Worth nothing anywhere else. */
export function watcherKeys(count: number, seed: number): WatcherKey[] {
  return Array.from({ length: count }, (_, id) => ({
    secretKey: deriveSecretKey(
      keccak(new TextEncoder().encode('Plumbline devnet'), bigEndian(seed, 8), bigEndian(id, 4)),
    ),
    operatorId: `operator-${id}`,
  }));
}

/** Writes keys, identities and configurations of all watchers; each gets all others as bootnodes. */
export async function furnish(options: {
  readonly directory: string;
  readonly rpcUrl: string;
  /** Of every watcher; none by default, because a devnet has no other networks. */
  readonly controls: readonly string[];
  readonly keys: readonly WatcherKey[];
  readonly endpoints: readonly Endpoint[];
  readonly bls: Bls;
  /** False: only the standalone aggregator has money for transactions. */
  readonly watchersSubmit: boolean;
}): Promise<WatcherHome[]> {
  const { directory, keys, bls } = options;
  const listens = options.endpoints.map(({ address, port }) => `/ip4/${address}/tcp/${port}`);
  const homes = keys.map((_, id) => ({ id, directory: join(directory, 'watchers', String(id)) }));
  const addresses = await Promise.all(
    homes.map(async ({ id, directory: home }) => {
      await mkdir(home, { recursive: true, mode: 0o700 });
      const identity = await loadIdentity(join(home, 'identity.key'));
      return `${listens[id]}/p2p/${peerIdFromPrivateKey(identity).toString()}`;
    }),
  );
  return Promise.all(
    homes.map(async ({ id, directory: home }) => {
      const { secretKey } = keys[id]!;
      await writeSecret(join(home, 'password'), `devnet password ${id}`);
      await writeSecret(join(home, 'submitter.key'), account(operatorIndex(id)).privateKey);
      await writeKeystore({
        path: join(home, 'keystore.json'),
        passwordPath: join(home, 'password'),
        secretKey,
        publicKey: bls.publicKey(secretKey),
        strength: 'devnet',
      });
      const config: WatchConfig = {
        rpc: options.rpcUrl,
        deployment: '../../deployment.json',
        dataDir: '.',
        keystore: 'keystore.json',
        keystorePasswordFile: 'password',
        ...(options.watchersSubmit ? { submitterKeyFile: 'submitter.key' } : {}),
        listen: [listens[id]!],
        announce: [],
        bootnodes: addresses.filter((_, other) => other !== id),
        inboundConnectionThreshold: 64,
        allowPrivatePeers: true,
        redialMillisMax: 1_000,
        log: { level: 'info', destination: 'stderr' },
        expectJournal: false,
        retentionEpochs: 10_000,
        archive: true,
        archiveEpochs: 0,
        controls: [...options.controls],
        controlNames: [],
        secondResolvers: [],
        references: [],
        ntpServers: [],
        allowLoopbackTargets: true,
      };
      const configPath = join(home, 'config.yaml');
      await writeFile(configPath, stringify(config));
      return { id, directory: home, configPath, address: addresses[id]! };
    }),
  );
}

/** The configuration of an aggregator without a watcher key, which knows the watchers as bootnodes. */
export async function furnishAggregator(
  directory: string,
  rpcUrl: string,
  homes: readonly WatcherHome[],
): Promise<string> {
  const home = join(directory, 'aggregator');
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeSecret(join(home, 'submitter.key'), account(AGGREGATOR).privateKey);
  const config: AggregateConfig = {
    rpc: rpcUrl,
    deployment: '../deployment.json',
    dataDir: '.',
    submitterKeyFile: 'submitter.key',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    bootnodes: homes.map(({ address }) => address),
    inboundConnectionThreshold: 64,
    allowPrivatePeers: true,
    redialMillisMax: 1_000,
    log: { level: 'info', destination: 'stderr' },
  };
  const configPath = join(home, 'config.yaml');
  await writeFile(configPath, stringify(config));
  return configPath;
}

function writeSecret(path: string, text: string): Promise<void> {
  return writeFile(path, `${text}\n`, { mode: 0o600 });
}
