import { Command } from 'commander';
import { wireAggregator } from '../aggregator/wire.ts';
import { createCore } from '../ledger/core.ts';
import { PlumblineError } from '../protocol/error.ts';
import { AggregateConfig, readConfig } from './config.ts';
import { closePlatform, openPlatform } from './platform.ts';
import { untilSignal } from './signal.ts';

/** It serves no batches, so it keeps none. */
const RETENTION_EPOCHS = 16;

/** An aggregator without a watcher key: it combines what watchers signed and submits it. Anyone may run one. */
export async function startAggregator(config: AggregateConfig): Promise<{ stop(): Promise<void> }> {
  if (!config.submitterKeyFile) {
    throw new PlumblineError('config', 'an aggregator submits, so it needs submitterKeyFile: a funded key of its own');
  }
  const platform = await openPlatform(config, 'aggregator');
  const core = createCore(platform, { retentionEpochs: RETENTION_EPOCHS, stateful: false });
  const aggregator = wireAggregator(core, undefined);
  await core.start();
  platform.log.info({ addresses: platform.network.addresses() }, 'aggregating');
  return {
    stop: async () => {
      await aggregator.stop();
      await core.stop();
      await closePlatform(platform);
    },
  };
}

/** `plumbline aggregate` */
export function aggregateCommand(): Command {
  return new Command('aggregate')
    .description('combine attestations and submit reports, without a watcher key; anyone may')
    .requiredOption('--config <file>', 'YAML file; docs/OPERATORS.md lists the settings')
    .action(async ({ config }: { config: string }) => {
      const running = await startAggregator(await readConfig(config, AggregateConfig));
      await untilSignal();
      await running.stop();
    });
}
