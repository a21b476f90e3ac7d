import { describe, expect, it } from 'vitest';
import { raiseThisThread } from '../../platform/priority.ts';
import { startThread } from '../../platform/thread.ts';

const entryOf = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
const limits = { heapMegabytesMax: 64, youngMegabytesMax: 3 };

describe('a thread', () => {
  it('gets its data, answers messages, and ends once', async () => {
    const code = `import { parentPort, workerData } from 'node:worker_threads';
      parentPort.on('message', (n) => parentPort.postMessage(n + workerData));`;
    const heard = Promise.withResolvers<unknown>();
    const ends: string[] = [];
    const thread = startThread(entryOf(code), {
      data: 40,
      ...limits,
      onMessage: heard.resolve,
      onEnd: (reason) => ends.push(reason),
    });
    thread.post(2);
    expect(await heard.promise).toBe(42);
    await thread.end();
    await thread.end();
    expect(ends).toHaveLength(1);
  });

  it.each([
    ['throws', "throw new Error('on purpose')", 'on purpose'],
    ['outgrows its heap', 'const all = []; for (;;) all.push(new Array(1e5).fill({}));', 'memory'],
    ['ends by itself', '', 'code 0'],
  ])('that %s takes nobody with it, and says why', async (_, code, why) => {
    const ended = Promise.withResolvers<string>();
    startThread(entryOf(code), { data: undefined, ...limits, onMessage: () => undefined, onEnd: ended.resolve });
    expect(await ended.promise).toContain(why);
  });
});

describe('the priority of a thread', () => {
  it('is raised, or it is said why not', () => {
    // To the niceness that it has anyway: every user may, and the test runner keeps its own.
    expect(raiseThisThread(0)).toBe(process.platform === 'linux' ? undefined : 'no /proc/thread-self on this system');
  });
});
