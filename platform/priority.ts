import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { errorCode } from '../protocol/error.ts';

/**
 * Niceness of a thread whose lateness would be taken for somebody else's: it runs at once when it wakes, before whatever
 * else the machine computes, and stays behind what belongs to the kernel and to real time. Needs root or CAP_SYS_NICE.
 */
export const MEASURING_NICENESS = -10;

/**
 * Raises the calling thread alone, not its process; only Linux can. Returns why it was not raised, for a log line:
 * measuring goes on, with an error that the self-test shows.
 */
export function raiseThisThread(niceness = MEASURING_NICENESS): string | undefined {
  try {
    // "PID/task/TID" of whoever reads it. Linux keeps a priority for each thread, and takes a thread's id for a process's.
    const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(tid, niceness);
    return undefined;
  } catch (error) {
    // Node hides the system's own code behind one of its own.
    const cause = (error as { info?: { code?: string } }).info?.code ?? errorCode(error);
    return cause === 'ENOENT' ? 'no /proc/thread-self on this system' : cause;
  }
}
