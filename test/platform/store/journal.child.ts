import { writeSync } from 'node:fs';
import { openJournal } from '../../../platform/store/journal.ts';
import { openLevelStore } from '../../../platform/store/level.ts';
import { digestFor, WATCHER } from './journal.fixture.ts';

/** Records slot after slot and prints each epoch once its record call has returned, until somebody kills it. */
const [directory, firstEpoch] = process.argv.slice(2) as [string, string];
const journal = await openJournal(await openLevelStore(directory), { watcher: WATCHER });
for (let epoch = Number(firstEpoch); ; epoch += 1) {
  const payload = new Uint8Array(1 + ((epoch * 7_919) % 60_000)).fill(epoch);
  await journal.record({ kind: 'attestation', epoch, view: 0, digest: digestFor(epoch), payload });
  // Synchronous: what the test reads was acknowledged, whatever happens to this process next.
  writeSync(1, `${epoch}\n`);
}
