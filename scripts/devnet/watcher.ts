/**
 * A devnet's watcher: exactly `plumbline watch`, plus a switch that makes it lie about what it measured. The modules load
 * while the chain is still being set up; `{type:'start', config}` starts it, `{type:'lie', lying}` turns the switch. It
 * ends with its parent.
 */
import { readConfig, WatchConfig } from '../../cli/config.ts';
import { EXIT_OWN_KEY, startWatcher, type Watcher } from '../../cli/watch.ts';
import type { Prober } from '../../node/probe/engine.ts';
import { errorMessage } from '../../protocol/error.ts';
import { REASON } from '../../protocol/reason.ts';
import { OUTCOME, type Sample } from '../../protocol/sample.ts';

let lying = false;
let running: Watcher | undefined;
let stopping = false;

/** The opposite of the truth: what worked is called broken, and what failed is called fast. */
export function lie(sample: Sample): Sample {
  if (sample.outcome === OUTCOME.good) return { ...sample, outcome: OUTCOME.bad, reason: REASON.wrongStatus };
  if (sample.outcome !== OUTCOME.bad) return sample;
  return { ...sample, outcome: OUTCOME.good, reason: REASON.ok, totalMicros: 1_000, stallMicros: 0 };
}

function liar(prober: Prober): Prober {
  return {
    run: async (slots, epoch) => {
      const samples = await prober.run(slots, epoch);
      return lying ? samples.map(lie) : samples;
    },
  };
}

async function start(config: string): Promise<void> {
  try {
    running = await startWatcher(await readConfig(config, WatchConfig), liar);
    void running.ended.then((error) => {
      console.error(error.message);
      return stop(EXIT_OWN_KEY);
    });
    process.send?.({ type: 'ready', addresses: running.addresses });
  } catch (error) {
    console.error(error);
    process.send?.({ type: 'failed', reason: errorMessage(error) });
    process.exitCode = 1;
    process.disconnect?.();
  }
}

async function stop(code = 0): Promise<void> {
  if (stopping) return;
  stopping = true;
  await running?.stop();
  process.exit(code);
}

if (import.meta.main) {
  process.on('message', (message: { type: string; config?: string; lying?: boolean }) => {
    if (message.type === 'start' && message.config) void start(message.config);
    if (message.type === 'lie') lying = message.lying === true;
  });
  process.once('SIGTERM', () => void stop());
  process.once('disconnect', () => void stop());
  process.send?.({ type: 'loaded' });
}
