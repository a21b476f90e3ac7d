import type { DevnetCommand } from '../../dashboard/model.ts';

/** Two Ctrl-C within this time mean: leave at once, without waiting for an orderly stop. */
export const LEAVE_MILLIS = 1_000;
/** What a shell reports for a program ended by Ctrl-C: 128 + SIGINT. */
export const LEAVE_EXIT_CODE = 130;

/** The part of `process.stdin` that is used. */
export type KeyInput = {
  readonly isTTY?: boolean;
  readonly isRaw?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (data: Buffer | string) => void): unknown;
  off(event: 'data', listener: (data: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
};

export type KeyOptions = {
  /** Milliseconds that never run backwards. */
  now?: () => number;
  /** Called after the terminal mode is restored; ends the program by default. */
  leave?: () => void;
};

const ESCAPE = '\x1b';
const CTRL_C = '\x03';
const COMMANDS: Readonly<Record<string, DevnetCommand>> = {
  k: 'kill',
  s: 'slow',
  l: 'lie',
  r: 'restart',
  q: 'quit',
  [CTRL_C]: 'quit',
};

/**
 * Calls `handler` for each key that means something; other keys do nothing. In raw mode Ctrl-C is a key and no signal,
 * so it arrives here. Returns what restores the terminal mode (idempotent). Without a TTY nothing is read or changed.
 */
export function onKeys(input: KeyInput, handler: (command: DevnetCommand) => void, options: KeyOptions = {}) {
  const { now = () => performance.now(), leave = () => process.exit(LEAVE_EXIT_CODE) } = options;
  if (input.isTTY !== true || input.setRawMode === undefined) return () => {};
  const rawBefore = input.isRaw === true;
  let open = true;
  let interruptedAtMillis = Number.NEGATIVE_INFINITY;

  const close = () => {
    if (!open) return;
    open = false;
    input.off('data', listen);
    input.setRawMode?.(rawBefore);
    input.pause();
  };
  const press = (key: string) => {
    if (key === CTRL_C) {
      const atMillis = now();
      if (atMillis - interruptedAtMillis <= LEAVE_MILLIS) {
        close();
        leave();
        return;
      }
      interruptedAtMillis = atMillis;
    }
    const command = COMMANDS[key.toLowerCase()];
    if (command !== undefined) handler(command);
  };
  const listen = (data: Buffer | string) => {
    const text = data.toString();
    // Arrows, function keys and Alt arrive as one chunk that starts with Escape; their letters are no commands.
    if (text.startsWith(ESCAPE)) return;
    for (const key of text) if (open) press(key);
  };

  input.setRawMode(true);
  input.on('data', listen);
  input.resume();
  return close;
}
