import { parentPort, workerData } from 'node:worker_threads';
import { plant } from './planted.ts';
import type { WorkerData } from './run.ts';

const { plan, planted } = workerData as WorkerData;
if (planted) plant(planted);
// Only now: a planted fault is put in as the program is loaded.
const { runWorld } = await import('./world.ts');
parentPort!.on('message', async (seed: number) => parentPort!.postMessage(await runWorld(seed, plan)));
