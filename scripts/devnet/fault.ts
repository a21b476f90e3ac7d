/**
 * Makes one watcher of a devnet sick. Node loads it before the program, in the main thread and in every other one
 * (`--import`), so whatever thread probes has it. What to do stands in a file that the supervisor writes:
 *
 *   cut    every new TCP connection goes nowhere, as if the packets were lost; those that stand stay
 *   clock  the wall clock is so many milliseconds ahead, from one moment to the next
 *   stall  the event loop of every thread but the main one, so of the one that probes, stands still for so long, again and again
 *
 * Nothing but the devnet loads it, and it does nothing without its file.
 */
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

export type Fault = { cut: boolean; jumpMillis: number; stallMillis: number };

export const WELL: Fault = { cut: false, jumpMillis: 0, stallMillis: 0 };
/** Says where the file is; the only way into a thread that somebody else starts. */
export const FAULT_FILE = 'PLUMBLINE_DEVNET_FAULT';
/** How often the file is looked at; what it says begins so late at most. */
const LOOK_MILLIS = 50;
/** Between two stalls, so that the loop also turns. */
const STALL_PAUSE_MILLIS = 900;

let fault = WELL;

function look(path: string): void {
  try {
    fault = { ...WELL, ...(JSON.parse(readFileSync(path, 'utf8')) as Partial<Fault>) };
  } catch {
    fault = WELL;
  }
}

function stallAgain(): void {
  const until = performance.now() + fault.stallMillis;
  while (performance.now() < until);
  setTimeout(stallAgain, fault.stallMillis > 0 ? STALL_PAUSE_MILLIS : LOOK_MILLIS).unref();
}

const path = process.env[FAULT_FILE];
if (path !== undefined) {
  look(path);
  setInterval(() => look(path), LOOK_MILLIS).unref();
  if (!isMainThread) stallAgain();
  const now = Date.now;
  Date.now = () => now() + fault.jumpMillis;
  const connect = Socket.prototype.connect as (...args: unknown[]) => Socket;
  Socket.prototype.connect = function cutOff(this: Socket, ...args: unknown[]) {
    return fault.cut ? this : connect.apply(this, args);
  } as Socket['connect'];
}
