import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createBls } from '../../platform/bls/create.ts';
import type { Rpc } from '../../platform/chain/client.ts';
import { keccak } from '../../protocol/bytes.ts';
import { recordName } from '../../protocol/record.ts';
import { type Child, startChild } from '../devnet/child.ts';
import { watcherKeys } from '../devnet/launch.ts';
import type { Devnet } from '../devnet/supervisor.ts';
import type { Remains } from './examine.ts';
import { HEARD_FILE } from './heard.ts';
import type { ListenerOptions } from './listener.ts';
import type { Signatures } from './signatures.ts';
import { waitFor } from './wait.ts';

const LISTENER_PROGRAM = join(import.meta.dirname, 'listener.ts');
/** From the last block to the last watcher that has taken it in and archived it. */
const FOLLOW_MILLIS_MAX = 30_000;

/** The names of a devnet's watchers, by number. */
export async function watcherNames(count: number, seed: number): Promise<Uint8Array[]> {
  const bls = await createBls(() => {});
  return watcherKeys(count, seed).map(({ secretKey }) => keccak(bls.publicKeyToEvm(bls.publicKey(secretKey))));
}

export type Listener = { readonly child: Child; readonly file: string };

/** Starts a peer that hears everything. @param at where it listens, and the command that runs a program there */
export async function startListener(
  devnet: Devnet,
  name: string,
  at: { readonly listen: string; readonly within?: readonly string[] },
): Promise<Listener> {
  const directory = join(devnet.directory, name);
  const child = startChild(LISTENER_PROGRAM, [], name, join(devnet.directory, 'logs', `${name}.log`), at.within);
  const { domain, calendar } = devnet.chain.facts;
  const options: ListenerOptions = {
    directory,
    chainId: domain.chainId,
    oracle: devnet.world.deployed.oracle,
    epochMillis: calendar.epochSeconds * 1000,
    listen: at.listen,
    bootnodes: Array.from({ length: devnet.watchers }, (_, id) => devnet.member(id).home.address),
  };
  child.send(options);
  await child.answer('listening');
  return { child, file: join(directory, HEARD_FILE) };
}

/** No more blocks, so no more reports: what is on chain then is the end, and everybody can get there. */
export async function freezeChain(rpc: Rpc): Promise<void> {
  const request = rpc.client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  await request({ method: 'evm_setAutomine', params: [false] });
  await request({ method: 'evm_setIntervalMining', params: [0] });
}

/** Resolves when each watcher has archived the last report on chain; or at the latest, and then the disks tell. */
export async function everybodyFollows(devnet: Devnet, signal: AbortSignal): Promise<boolean> {
  const { chain, archives } = devnet;
  const { nextEpoch } = await chain.head();
  const hasLast = (archive: string) =>
    access(join(archive, recordName(nextEpoch - 1))).then(
      () => true,
      () => false,
    );
  try {
    return await waitFor('everybody to follow', FOLLOW_MILLIS_MAX, signal, async () => {
      const have = await Promise.all(archives.map(hasLast));
      return have.every((one) => one) || undefined;
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}

export function remainsOf(
  devnet: Devnet,
  names: readonly Uint8Array[],
  listeners: readonly Listener[],
  signatures: Signatures,
): Remains {
  return {
    directory: devnet.directory,
    rpc: devnet.rpc.url,
    chainId: devnet.rpc.chainId,
    deployed: devnet.world.deployed,
    watchers: names.map((watcher, id) => ({ watcher, directory: devnet.member(id).home.directory })),
    heard: listeners.map(({ file }) => file),
    signatures,
  };
}
