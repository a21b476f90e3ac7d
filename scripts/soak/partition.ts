/**
 * Cuts a real network of hosts in parts and heals it, again and again, each watcher in a network namespace of its own:
 * `npm run soak:partition`, as root on Linux with iproute2. docs/SOAK.md says what it checks.
 *
 *   --watchers N  (7)
 *   --seconds N   length of a cut (24)
 *   --seed N      draws the keys and the providers' behaviour (1)
 *   --dir FOLDER  where everything is kept; a new one under .plumbline by default
 *   --json        ends with one line for machines
 *
 * Exit code: 0 it holds, 1 something does not, 2 usage, 77 namespaces cannot be made here.
 */
import { parseArgs } from 'node:util';
import { errorCode, errorMessage } from '../../protocol/error.ts';
import { WATCHERS_MAX, WATCHERS_MIN } from '../devnet/supervisor.ts';
import { RealHosts } from './hosts.ts';
import { interruptible, SOAK_EXIT, whole } from './options.ts';
import { type PartitionOptions, soakPartitions } from './partitions.ts';

const { values } = parseArgs({
  options: {
    watchers: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '24' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const stop = interruptible();

async function soak(): Promise<boolean> {
  const options: PartitionOptions = {
    watchers: whole('watchers', values.watchers, WATCHERS_MIN, WATCHERS_MAX),
    seed: whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    // A cut that is shorter than what a quorum owes a report in would show nothing.
    cutMillis: 1000 * whole('seconds', values.seconds, 17, 3_600),
    directory: values.dir,
    say: (line) => console.error(line),
    signal: stop.signal,
  };
  const hosts = await RealHosts.create(options.watchers);
  const { faults, ...figures } = await soakPartitions(hosts, options).finally(() => hosts.remove());
  const holds = faults.length === 0;
  for (const { name, seconds, reports, longestMillis, healMillis, wholeMillis } of figures.cuts) {
    const healed = `healed: a report after ${healMillis ?? '∞'} ms, everybody's after ${wholeMillis ?? '∞'} ms`;
    console.log(`${name}: ${seconds} s, ${reports} reports, longest wait ${longestMillis} ms; ${healed}`);
  }
  for (const fault of faults) console.log(`✗ ${fault}`);
  console.log(holds ? 'everything holds' : `${faults.length} things do not hold`);
  if (values.json) console.log(JSON.stringify({ soak: 'partition', ...figures, faults, holds }));
  return holds;
}

try {
  process.exitCode = (await soak()) ? SOAK_EXIT.holds : SOAK_EXIT.fails;
} catch (error) {
  const code = errorCode(error);
  console.error(`${errorMessage(error)} [${code}]`);
  if (code === 'namespaces')
    console.error('network namespaces cannot be made here: root, Linux and iproute2 are needed');
  const known: Readonly<Record<string, number>> = { usage: SOAK_EXIT.usage, namespaces: SOAK_EXIT.notAllowed };
  process.exitCode = stop.signal.aborted ? SOAK_EXIT.interrupted : (known[code] ?? SOAK_EXIT.fails);
}
