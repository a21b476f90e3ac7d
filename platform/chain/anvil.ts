import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { errorMessage, PlumblineError } from '../../protocol/error.ts';

/** Loading a state of some thousand blocks takes a fifth of a second; a machine that needs this long is stuck. */
export const START_TIMEOUT_MILLIS = 30_000;
/** Writing the state on exit takes a tenth of a second per 10 MB. After this the process is killed. */
export const STOP_TIMEOUT_MILLIS = 30_000;
/** Characters of error output that are kept for the message. */
const STDERR_CHARACTERS_MAX = 2_000;

export type AnvilOptions = {
  readonly chainId: number;
  /** A state file to start from. It is read once and never written. */
  readonly statePath?: string;
  /** 0 or undefined lets the system choose a free one. */
  readonly port?: number;
  /** `prague` when undefined. */
  readonly hardfork?: string;
  /** Further arguments, as on anvil's command line. */
  readonly args?: readonly string[];
};

export type Anvil = {
  readonly url: string;
  readonly pid: number;
  /** Ends it and waits; a second call does nothing. */
  stop(): Promise<void>;
};

/**
 * A local chain on the loopback interface, from the npm package `@foundry-rs/anvil`. `prague` brings the BLS12-381
 * precompiles; with one slot an epoch the block before the last is final, as the devnet wants it.
 * @throws PlumblineError `anvil` when it is not installed or does not start, with the first line of what it said
 */
export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  const { chainId, statePath, port = 0, hardfork = 'prague', args = [] } = options;
  const state = statePath === undefined ? [] : ['--load-state', statePath];
  const fixed = ['--host', '127.0.0.1', '--hardfork', hardfork, '--slots-in-an-epoch', '1', '--color', 'never'];
  const child = spawn(
    binaryPath(),
    [...fixed, '--port', String(port), '--chain-id', String(chainId), ...state, ...args],
    // A group of its own: Ctrl-C is for whoever started it, who then ends it in good order.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  void ended.then(() => process.off('exit', kill));
  const stop = async (): Promise<void> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MILLIS);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  };
  try {
    return { url: `http://127.0.0.1:${await listeningPort(child)}`, pid: child.pid!, stop };
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  }
}

/** The port from the line that anvil prints when it is ready. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let out = '';
    let said = '';
    const timer = setTimeout(() => refuse(`no answer within ${START_TIMEOUT_MILLIS} ms`), START_TIMEOUT_MILLIS);
    const refuse = (why: string) => {
      clearTimeout(timer);
      reject(new PlumblineError('anvil', `anvil did not start: ${why}`));
    };
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + String(chunk)).slice(0, STDERR_CHARACTERS_MAX);
    });
    child.stdout!.on('data', (chunk: Buffer) => {
      out += String(chunk);
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(out)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      // anvil prints every call: from here on nobody reads it.
      child.stdout!.removeAllListeners('data').resume();
      resolve(Number(port));
    });
    child.once('error', (error) => refuse(errorMessage(error)));
    child.once('exit', (code, signal) => {
      const half = said.includes('failed to parse json file');
      // It is rewritten in place at intervals: an anvil that was killed meanwhile leaves half of it.
      const remedy = half ? '; the state file is not whole, a chain that ends by SIGTERM writes a whole one' : '';
      refuse(`it ended with ${code ?? signal}: ${said.trim().split('\n')[0]}${remedy}`);
    });
  });
}

/** The platform package's binary: its bin.mjs would only be a second process between us and it. */
function binaryPath(): string {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const name = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
  try {
    const require = createRequire(import.meta.url);
    // Beside @foundry-rs/anvil, wherever the package manager put that.
    const beside = createRequire(require.resolve('@foundry-rs/anvil/package.json'));
    const found = join(dirname(beside.resolve(`@foundry-rs/anvil-${platform}/package.json`)), 'bin', name);
    if (existsSync(found)) return found;
  } catch {
    // Told below.
  }
  throw new PlumblineError(
    'anvil',
    `no anvil for ${platform}: install the npm package @foundry-rs/anvil 1.7.1, or give --rpc and --deployment of a running chain`,
  );
}
