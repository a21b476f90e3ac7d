import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { DevnetCommand } from '../../../dashboard/model.ts';
import { LEAVE_MILLIS, onKeys } from '../../../scripts/devnet/keys.ts';

/** A keyboard that remembers how its terminal was left. */
class Keyboard extends EventEmitter {
  isTTY = true;
  isRaw = false;
  flowing = false;

  setRawMode(raw: boolean): void {
    this.isRaw = raw;
  }

  resume(): void {
    this.flowing = true;
  }

  pause(): void {
    this.flowing = false;
  }

  type(text: string): void {
    this.emit('data', Buffer.from(text));
  }
}

function listening(keyboard = new Keyboard()) {
  const commands: DevnetCommand[] = [];
  const time = { millis: 0, left: 0 };
  const close = onKeys(keyboard, (command) => commands.push(command), {
    now: () => time.millis,
    leave: () => {
      time.left += 1;
    },
  });
  return { keyboard, commands, time, close };
}

describe('the keys of the devnet', () => {
  let close = () => {};
  afterEach(() => close());

  it('are one command each, in either case', () => {
    const { keyboard, commands } = listening();
    keyboard.type('k');
    keyboard.type('sL');
    keyboard.type('r');
    keyboard.type('q');
    expect(commands).toEqual(['kill', 'slow', 'lie', 'restart', 'quit']);
  });

  it('mean nothing when they are other keys, arrows or pasted escapes', () => {
    const { keyboard, commands } = listening();
    for (const text of [
      'x',
      ' ',
      '\r',
      '\x1b',
      '\x1b[A',
      '\x1bk',
      '\x1b[200~kkk\x1b[201~',
      'ö',
      '\x00',
      'toString'[0]!,
    ]) {
      keyboard.type(text);
    }
    expect(commands).toEqual([]);
  });

  it('quit on Ctrl-C and leave at once when it comes twice quickly', () => {
    const { keyboard, commands, time } = listening();
    keyboard.type('\x03');
    time.millis += LEAVE_MILLIS + 1;
    keyboard.type('\x03');
    expect([commands, time.left]).toEqual([['quit', 'quit'], 0]);
    time.millis += LEAVE_MILLIS;
    keyboard.type('\x03');
    expect([commands.length, time.left]).toEqual([2, 1]);
    expect([keyboard.isRaw, keyboard.flowing]).toEqual([false, false]);
  });

  it('are read raw, and the terminal is given back as it was', () => {
    const { keyboard, commands, close } = listening();
    expect([keyboard.isRaw, keyboard.flowing]).toEqual([true, true]);
    close();
    close();
    expect([keyboard.isRaw, keyboard.flowing, keyboard.listenerCount('data')]).toEqual([false, false, 0]);
    keyboard.type('k');
    expect(commands).toEqual([]);
  });

  it('leave a terminal raw that was raw before', () => {
    const keyboard = new Keyboard();
    keyboard.isRaw = true;
    listening(keyboard).close();
    expect(keyboard.isRaw).toBe(true);
  });

  it('stop at once when the handler closes, though more keys came with the same chunk', () => {
    const keyboard = new Keyboard();
    const commands: DevnetCommand[] = [];
    close = onKeys(keyboard, (command) => {
      commands.push(command);
      close();
    });
    keyboard.type('qk');
    expect(commands).toEqual(['quit']);
  });

  it('are left alone without a TTY', () => {
    const keyboard = new Keyboard();
    keyboard.isTTY = false;
    const { commands, close } = listening(keyboard);
    expect([keyboard.isRaw, keyboard.flowing, keyboard.listenerCount('data')]).toEqual([false, false, 0]);
    keyboard.type('k');
    close();
    expect(commands).toEqual([]);
  });
});
