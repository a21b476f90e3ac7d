import { setTimeout } from 'node:timers/promises';
import { startProberThread } from '../../node/probe/worker/prober.ts';
import { systemClock } from '../../platform/clock.ts';
import { HEADING, printRow, type Row, skippedRow } from './measure.ts';
import { accuracyRows } from './probe/rows.ts';
import { targetAt } from './probe/sides.ts';
import { throughputRows } from './probe/throughput.ts';
import { has, startTools } from './probe/tools.ts';
import { writeTable } from './probe/write.ts';

/**
 * How wrong the prober is, and how much it can do: `npm run bench:probe`. A server of its own (probe/target.c, so a C
 * compiler is needed) answers after known delays and logs how long each request truly was; Debian's
 * prometheus-blackbox-exporter and `curl -w` measure the same server in the same run, where they are installed. Five minutes
 * on a machine that does nothing else. `--json` ends the output with one line for machines, `--write` puts the table into
 * docs/MEASUREMENT.md.
 */

/** As many services as a small network has; the four shapes of delay in turn. */
const TARGETS = 50;
/** Until the first self-tests are over and the machine has settled. */
const SETTLE_MILLIS = 2_000;

const rows: Row[] = [];
const add = (row: Row): void => {
  printRow(row);
  rows.push(row);
};

console.log(HEADING);
if (process.platform !== 'linux' || !has('cc')) {
  add(skippedRow('everything', 'ms', 'needs Linux and a C compiler (cc): its server stamps requests in the kernel'));
} else {
  const tools = await startTools(TARGETS);
  if (tools.exporter === undefined) {
    add(
      skippedRow('beside blackbox_exporter', 'ms', 'prometheus-blackbox-exporter is not installed: apt-get install it'),
    );
  }
  const thread = await startProberThread({
    settings: { allowLoopback: true, secondResolvers: [], controls: [], controlNames: [], references: [] },
    clock: systemClock(),
    log: { info: () => undefined, warn: console.warn, error: console.error },
  });
  await thread.consent.refreshAll(tools.ports.map(targetAt));
  await setTimeout(SETTLE_MILLIS);
  for await (const row of accuracyRows(tools, thread)) add(row);
  for await (const row of throughputRows(tools, thread)) add(row);
  await thread.stop();
  tools.stop();
}

if (process.argv.includes('--write')) writeTable(rows);
if (process.argv.includes('--json')) console.log(JSON.stringify({ bench: 'probe', rows }));
process.exitCode = rows.every((row) => row.holds) ? 0 : 1;
