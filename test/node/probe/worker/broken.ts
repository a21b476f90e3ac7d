/** A thread in the place of the prober that breaks in the way that its data names. */
import { parentPort, workerData } from 'node:worker_threads';

const { mode } = workerData as { mode: string };
if (mode === 'start') throw new Error('cannot start');
parentPort!.postMessage({ type: 'ready' });
parentPort!.on('message', (order: { type: string; id: number }) => {
  if (order.type === 'consent') parentPort!.postMessage({ type: 'consented', id: order.id });
  if (order.type !== 'run') return;
  if (mode === 'throw') throw new Error('broken by the test');
  if (mode === 'junk') parentPort!.postMessage({ type: 'done', id: order.id, samples: 'none' });
  if (mode === 'short') {
    const vitals = { stallMaxMicros: 0, stallTotalMicros: 0, selfTestP99Micros: 0 };
    parentPort!.postMessage({ type: 'done', id: order.id, samples: new Uint8Array(0), vitals });
  }
  if (mode === 'hang') for (;;);
});
