import { Command, CommanderError } from 'commander';
import { errorCode, errorMessage, PlumblineError } from '../protocol/error.ts';
import { aggregateCommand } from './aggregate.ts';
import { auditCommand } from './audit.ts';
import { deployCommand } from './deploy.ts';
import { devnetCommand } from './devnet.ts';
import { explainCommand } from './explain.ts';
import { journalCommand } from './journal.ts';
import { keysCommand } from './keys.ts';
import { probeCommand } from './probe.ts';
import { simulateCommand } from './simulate.ts';
import { watchCommand } from './watch.ts';

/** Exit codes: 0 done, 1 the answer is no, 2 wrong usage or configuration, 3 could not find out. */
export const EXIT_USAGE = 2;

/** Whoever reads has seen enough, as `head` has: no failure, and nobody left to tell. */
function endWithReader(error: Error): void {
  if (errorCode(error) !== 'EPIPE') throw error;
  process.exit();
}

/** The one program. @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  process.stdout.on('error', endWithReader);
  const program = new Command('plumbline')
    .description('A verifiable measurement oracle: probe, agree, sign, settle.')
    .showHelpAfterError('(see --help)')
    .exitOverride();
  for (const command of [
    devnetCommand(),
    watchCommand(),
    aggregateCommand(),
    keysCommand(),
    journalCommand(),
    deployCommand(),
    probeCommand(),
    auditCommand(),
    explainCommand(),
    simulateCommand(),
  ]) {
    // A command with exit codes of its own maps commander's itself.
    program.addCommand(command.name() === 'probe' ? command : command.exitOverride());
  }
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    const code = error instanceof PlumblineError ? error.code : errorCode(error);
    console.error(`plumbline: ${errorMessage(error)} [${code}]`);
    if (code === 'unexpected' && error instanceof Error) console.error(error.stack);
    return EXIT_USAGE;
  }
}
