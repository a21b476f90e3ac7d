/**
 * A peer without a key that hears every topic and writes down every message, byte for byte, in its directory. It passes
 * nothing on, so it never helps a network that is cut in two. Started by a soak; ends with its parent.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '../../platform/log.ts';
import { loadIdentity } from '../../platform/network/identity.ts';
import { createLibp2pNetwork } from '../../platform/network/libp2p.ts';
import { MESSAGE_BYTES_MAX } from '../../platform/network/limits.ts';
import { type Network, TOPICS } from '../../platform/network/network.ts';
import { errorMessage } from '../../protocol/error.ts';
import { HEARD_FILE } from './heard.ts';

export type ListenerOptions = {
  readonly directory: string;
  readonly chainId: number;
  readonly oracle: string;
  readonly epochMillis: number;
  readonly listen: string;
  readonly bootnodes: readonly string[];
};

/** Longest wait before a watcher that was killed is dialled again. */
const REDIAL_MILLIS_MAX = 500;
/** All the soaks write less; more would fill a disk. */
const HEARD_MAX = 1_000_000;

let running: { network: Network; file: WriteStream } | undefined;

async function start(options: ListenerOptions): Promise<void> {
  mkdirSync(options.directory, { recursive: true });
  const file = createWriteStream(join(options.directory, HEARD_FILE), { flags: 'a' });
  const network = await createLibp2pNetwork({
    chainId: options.chainId,
    oracle: options.oracle,
    identity: await loadIdentity(join(options.directory, 'identity.key')),
    epochMillis: options.epochMillis,
    listen: [options.listen],
    bootnodes: options.bootnodes,
    redialMillisMax: REDIAL_MILLIS_MAX,
    inboundConnectionThreshold: 64,
    allowPrivatePeers: true,
    log: createLog({ level: 'warn', destination: 'stderr', name: 'listener' }),
  });
  let heard = 0;
  for (const topic of TOPICS) {
    network.subscribe(topic, MESSAGE_BYTES_MAX, async (_from, data) => {
      if (heard >= HEARD_MAX) throw new RangeError(`more than ${HEARD_MAX} messages: a soak is not that long`);
      heard++;
      file.write(`${Date.now()} ${topic} ${Buffer.from(data).toString('base64')}\n`);
      return { kind: 'ignore', code: 'listener' };
    });
  }
  running = { network, file };
}

async function stop(): Promise<void> {
  await running?.network.stop();
  await new Promise<void>((resolve) => (running ? running.file.end(resolve) : resolve()));
  process.exit(0);
}

if (import.meta.main) {
  process.once('message', (options: ListenerOptions) => {
    start(options).then(
      () => process.send?.({ type: 'listening' }),
      (error: unknown) => process.send?.({ type: 'failed', reason: errorMessage(error) }),
    );
  });
  process.once('SIGTERM', () => void stop());
  process.once('disconnect', () => void stop());
}
