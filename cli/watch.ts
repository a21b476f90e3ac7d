import { join } from 'node:path';
import { Command } from 'commander';
import { wireAggregator } from '../aggregator/wire.ts';
import { createCore, type Platform } from '../ledger/core.ts';
import type { Prober } from '../node/probe/engine.ts';
import type { WorkerSettings } from '../node/probe/worker/messages.ts';
import { type ProberThread, startProberThread } from '../node/probe/worker/prober.ts';
import { wireNode } from '../node/wire.ts';
import { readKeystore } from '../platform/bls/keystore.ts';
import { directoryFolder } from '../platform/files.ts';
import { Guard } from '../platform/guard.ts';
import { createReference } from '../platform/reference.ts';
import { createSigner } from '../platform/signer.ts';
import { NTP_PORT, type NtpServer } from '../platform/sntp.ts';
import { openJournal } from '../platform/store/journal.ts';
import { keccak, toHex } from '../protocol/bytes.ts';
import type { PlumblineError } from '../protocol/error.ts';
import { readConfig, WatchConfig } from './config.ts';
import { closePlatform, openPlatform } from './platform.ts';
import { untilSignal } from './signal.ts';

/** Another process signs with the same key: starting again by itself would not help, so a supervisor must not. */
export const EXIT_OWN_KEY = 4;

/** Two that disagree count as sick, so one of them alone may be down and a provider still be blamed only with three. */
export const CONTROLS_ADVISED = 3;

export type Watcher = {
  readonly watcher: string;
  readonly addresses: readonly string[];
  /** Resolves when the program has to end by itself. */
  readonly ended: Promise<PlumblineError>;
  stop(): Promise<void>;
};

/**
 * A watcher: node and aggregator over one core, in one process.
 * @param wrapProber what the devnet uses to make a watcher lie; production passes nothing
 */
export async function startWatcher(
  config: WatchConfig,
  wrapProber: (prober: Prober) => Prober = (prober) => prober,
): Promise<Watcher> {
  // Before anything is opened: a wrong password must not leave a half-started node behind.
  const secretKey = await readKeystore(config.keystore, config.keystorePasswordFile);
  const platform = await openPlatform(config, 'watcher');
  let thread: ProberThread | undefined;
  try {
    thread = await startProberThread({ settings: settingsOf(config), clock: platform.clock, log: platform.log });
    return await startOn(platform, config, secretKey, { ...thread, prober: wrapProber(thread.prober) });
  } catch (error) {
    await thread?.stop();
    await closePlatform(platform);
    throw error;
  }
}

async function startOn(
  platform: Platform,
  config: WatchConfig,
  secretKey: Uint8Array,
  { prober, consent, vitals, stop }: ProberThread,
): Promise<Watcher> {
  const { bls, store, clock, log, network } = platform;
  const watcher = keccak(bls.publicKeyToEvm(bls.publicKey(secretKey)));
  const journal = await openJournal(store, { watcher, expectExisting: config.expectJournal });
  const core = createCore(platform, { retentionEpochs: config.retentionEpochs, stateful: true });
  const guard = new Guard({ clock, calendar: core.facts.calendar, isFresh: journal.isFresh, log });
  const signer = createSigner({ bls, secretKey, journal, guard, domain: core.facts.domain });

  if (config.controls.length < CONTROLS_ADVISED && !config.allowLoopbackTargets) {
    log.warn({ controls: config.controls.length }, 'too few controls: an outage of this watcher is reported as theirs');
  }
  const node = wireNode(core, {
    signer,
    guard,
    journal,
    watcher,
    prober,
    consent,
    vitals,
    reference: config.ntpServers.length > 0 ? createReference(config.ntpServers.map(ntpServerOf), clock) : undefined,
    archive: config.archive ? directoryFolder(join(config.dataDir, 'archive')) : undefined,
    archiveEpochs: config.archiveEpochs,
  });
  const aggregator = wireAggregator(core, { signer, watcher });

  await core.start();
  await node.prepare();
  log.info({ watcher: toHex(watcher), bls: bls.name, addresses: network.addresses() }, 'watching');
  return {
    watcher: toHex(watcher),
    addresses: network.addresses(),
    ended: guard.ended,
    stop: async () => {
      node.stop();
      await stop();
      await aggregator.stop();
      await core.stop();
      await closePlatform(platform);
    },
  };
}

/** What the probing thread needs to know; it has no other way to the configuration. */
function settingsOf(config: WatchConfig): WorkerSettings {
  return {
    allowLoopback: config.allowLoopbackTargets,
    secondResolvers: config.secondResolvers,
    controls: config.controls.map(controlOf),
    controlNames: config.controlNames,
    references: [config.rpc, ...config.references],
  };
}

function controlOf(text: string): { address: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { address: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

function ntpServerOf(text: string): NtpServer {
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(text)!;
  return { host: host!.replace(/^\[|\]$/g, ''), port: port === undefined ? NTP_PORT : Number(port) };
}

/** `plumbline watch`: runs until it is told to stop. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('run a watcher: measure, agree, attest, submit')
    .requiredOption('--config <file>', 'YAML file; docs/OPERATORS.md lists the settings')
    .action(async ({ config }: { config: string }) => {
      const running = await startWatcher(await readConfig(config, WatchConfig));
      const error = await Promise.race([untilSignal(), running.ended]);
      await running.stop();
      if (!error) return;
      console.error(`plumbline: ${error.message} [${error.code}]`);
      process.exitCode = EXIT_OWN_KEY;
    });
}
