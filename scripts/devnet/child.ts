import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { PlumblineError } from '../../protocol/error.ts';

/** A child that has not said what is expected of it by then never will: a loaded machine needs a few seconds. */
const ANSWER_MILLIS_MAX = 60_000;
/** Time to end by itself before it is killed. */
const GRACE_MILLIS = 5_000;

/** One process of the devnet, with its output in a file and a channel for messages. */
export type Child = {
  readonly process: ChildProcess;
  readonly logPath: string;
  /** The first message of this type. @throws PlumblineError `devnet-child` when it ends or stays silent */
  answer(type: string): Promise<Record<string, unknown>>;
  send(message: Record<string, unknown>): void;
  alive(): boolean;
  kill(): Promise<void>;
  stop(): Promise<void>;
};

/** Type stripping says once per process that it is experimental. */
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];

/**
 * Starts a TypeScript program of this repository under the Node that runs us.
 * @param within a command that runs another one somewhere else and becomes it, like `ip netns exec NAME`
 */
export function startChild(
  program: string,
  args: readonly string[],
  name: string,
  logPath: string,
  [command, ...before]: readonly string[] = [],
  {
    flags = [],
    env = {},
  }: { readonly flags?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Child {
  mkdirSync(dirname(logPath), { recursive: true });
  const output = openSync(logPath, 'a');
  const nodeFlags = [...NODE_FLAGS, ...flags];
  const child = fork(program, [...args], {
    env: { ...process.env, ...env },
    ...(command === undefined
      ? { execArgv: nodeFlags }
      : { execPath: command, execArgv: [...before, process.execPath, ...nodeFlags] }),
    stdio: ['ignore', output, output, 'ipc'],
    // Ctrl-C reaches the whole foreground group; the supervisor alone decides in which order things end.
    detached: true,
  });
  // The child has its own copy.
  closeSync(output);
  const seen: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const one of waiting) one();
  };
  child.on('message', (message: Record<string, unknown>) => {
    seen.push(message);
    wake();
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('exit', wake);
  child.on('error', () => {});
  const alive = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (alive()) child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MILLIS);
    if (alive()) await gone;
    clearTimeout(timer);
  };

  return {
    process: child,
    logPath,
    answer: (type) =>
      new Promise((resolve, reject) => {
        const fail = (what: string) =>
          reject(new PlumblineError('devnet-child', `${name} ${what}; its own words are in ${logPath}`));
        const timer = setTimeout(() => done(() => fail(`did not report "${type}" in time`)), ANSWER_MILLIS_MAX);
        const done = (act: () => void) => {
          clearTimeout(timer);
          waiting.delete(check);
          act();
        };
        const check = () => {
          const message = seen.find((one) => one.type === type);
          if (message) return done(() => resolve(message));
          const failure = seen.find((one) => one.type === 'failed');
          if (failure) return done(() => fail(`failed: ${failure.reason}`));
          if (!alive()) done(() => fail(`ended (${child.signalCode ?? child.exitCode})`));
        };
        waiting.add(check);
        check();
      }),
    send: (message) => {
      if (child.connected) child.send(message);
    },
    alive,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}
