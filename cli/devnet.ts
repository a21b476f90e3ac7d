import { Command, InvalidArgumentError } from 'commander';
import type { EpochTiming } from '../dashboard/terminal/footer.ts';
import { createTerminal } from '../dashboard/terminal/terminal.ts';
import { systemClock } from '../platform/clock.ts';
import { PlumblineError } from '../protocol/error.ts';
import type { Calendar } from '../protocol/time.ts';
import { FAULT_KINDS, type Plan, type PlannedFault, runDevnet } from '../scripts/devnet/main.ts';
import { WATCHERS_MAX, WATCHERS_MIN } from '../scripts/devnet/supervisor.ts';

/** Where the width of the output is not known. */
const DEFAULT_COLUMNS = 100;

type Options = {
  watchers: number;
  epochs?: number;
  json: boolean;
  kill: { id: number; epoch: number }[];
  restart: { id: number; epoch: number }[];
  lie: number[];
  fault: PlannedFault[];
  seed: number;
  aggregator: boolean;
  rpc: boolean;
  dir?: string;
};

/** `plumbline devnet`, which is `npm start`: a whole network in front of you. */
export function devnetCommand(): Command {
  return new Command('devnet')
    .description('a real network on this machine: EVM, providers, watchers, money; keys k s l r q break and mend it')
    .option('--watchers <n>', `watchers, each an own process (${WATCHERS_MIN}..${WATCHERS_MAX})`, whole, 4)
    .option('--epochs <n>', 'stop after so many reports have landed', whole)
    .option('--json', 'one JSON object on the last line of stdout; everything else goes to stderr', false)
    .option('--kill <id@epoch>', 'kill -9 that watcher at the start of that epoch (repeatable)', collectKill, [])
    .option('--restart <id@epoch>', 'start a killed watcher again at that epoch (repeatable)', collectKill, [])
    .option('--lie <id>', 'this watcher lies about what it measures (repeatable)', collectId, [])
    .option(
      '--fault <kind:id@from-to>',
      `make that watcher sick in these epochs: ${FAULT_KINDS.join(', ')} (repeatable)`,
      collectFault,
      [],
    )
    .option('--aggregator', 'watchers do not submit; an aggregator without a watcher key does', false)
    .option('--rpc', 'also JSON-RPC services before the EVM: three honest, four that are not', false)
    .option('--seed <n>', 'draws the BLS keys and the providers’ behaviour', whole, 1)
    .option('--dir <directory>', 'where everything is kept; a new one under .plumbline by default')
    .action(async (options: Options) => {
      const plan = planOf(options);
      const out = options.json ? process.stderr : process.stdout;
      const interactive = options.epochs === undefined && !options.json && process.stdin.isTTY === true;
      let timing: EpochTiming | undefined;
      const terminal = createTerminal({
        out,
        tty: out.isTTY === true && !options.json,
        columns: out.columns ?? DEFAULT_COLUMNS,
        clock: systemClock(),
        keys: interactive,
        epochs: () => timing,
      });
      // Whoever reads our output may go away (`npm start | head`); then there is nobody to run for.
      out.on('error', () => process.kill(process.pid, 'SIGINT'));
      const onCalendar = ({ genesis, epochSeconds }: Calendar) => {
        timing = { genesisMillis: genesis * 1000, epochMillis: epochSeconds * 1000 };
      };
      const { code, summary } = await runDevnet(plan, terminal.show, { interactive, onCalendar });
      terminal.close();
      if (options.json) console.log(JSON.stringify(summary));
      process.exitCode = code;
    });
}

function planOf(options: Options): Plan {
  const { watchers, epochs, kill, restart, lie, fault, seed, aggregator, rpc, dir } = options;
  const refuse = (what: string) => new PlumblineError('usage', `${what} (see plumbline devnet --help)`);
  if (watchers < WATCHERS_MIN || watchers > WATCHERS_MAX) {
    throw refuse(`--watchers ${watchers}: it takes ${WATCHERS_MIN} to ${WATCHERS_MAX}`);
  }
  if (epochs !== undefined && epochs < 1) throw refuse(`--epochs ${epochs}: at least 1`);
  for (const id of [...[...kill, ...restart, ...fault].map((one) => one.id), ...lie]) {
    if (id >= watchers) throw refuse(`there is no watcher ${id}: they are 0 to ${watchers - 1}`);
  }
  const [liars, faults] = [lie, fault];
  return { watchers, epochs, kills: kill, restarts: restart, liars, faults, seed, aggregator, rpc, directory: dir };
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}

function collectId(text: string, before: number[]): number[] {
  return [...before, whole(text)];
}

function collectKill(text: string, before: Options['kill']): Options['kill'] {
  const match = /^(\d{1,4})@(\d{1,9})$/.exec(text);
  if (!match) throw new InvalidArgumentError('It takes ID@EPOCH, such as 2@3.');
  return [...before, { id: Number(match[1]), epoch: Number(match[2]) }];
}

function collectFault(text: string, before: PlannedFault[]): PlannedFault[] {
  const match = /^([a-z]+):(\d{1,4})@(\d{1,9})-(\d{1,9})$/.exec(text);
  const kind = FAULT_KINDS.find((one) => one === match?.[1]);
  if (!match || !kind)
    throw new InvalidArgumentError(`It takes KIND:ID@FROM-TO, such as cut:2@3-5; ${FAULT_KINDS.join(', ')}.`);
  return [...before, { kind, id: Number(match[2]), from: Number(match[3]), to: Number(match[4]) }];
}
