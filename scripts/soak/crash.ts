/**
 * Kills watchers of a real network with kill -9, hundreds of times, and looks at what they left: `npm run soak:crash`.
 * docs/SOAK.md says what it checks.
 *
 *   --kills N     (300)
 *   --watchers N  (7)
 *   --seed N      draws who is killed when (1)
 *   --dir FOLDER  where everything is kept; a new one under .plumbline by default
 *   --json        ends with one line for machines
 *
 * Exit code: 0 it holds, 1 something does not, 2 usage.
 */
import { parseArgs } from 'node:util';
import { errorCode, errorMessage } from '../../protocol/error.ts';
import { WATCHERS_MAX, WATCHERS_MIN } from '../devnet/supervisor.ts';
import { soakCrashes } from './crashes.ts';
import { interruptible, SOAK_EXIT, whole } from './options.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    watchers: { type: 'string', default: '7' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const stop = interruptible();
try {
  const { faults, ...figures } = await soakCrashes({
    kills: whole('kills', values.kills, 1, 100_000),
    watchers: whole('watchers', values.watchers, WATCHERS_MIN, WATCHERS_MAX),
    seed: whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    directory: values.dir,
    say: (line) => console.error(line),
    signal: stop.signal,
  });
  const holds = faults.length === 0;
  for (const fault of faults) console.log(`✗ ${fault}`);
  console.log(holds ? 'everything holds' : `${faults.length} things do not hold`);
  if (values.json) console.log(JSON.stringify({ soak: 'crash', ...figures, faults, holds }));
  process.exitCode = holds ? SOAK_EXIT.holds : SOAK_EXIT.fails;
} catch (error) {
  console.error(`${errorMessage(error)} [${errorCode(error)}]`);
  const usage = errorCode(error) === 'usage';
  process.exitCode = stop.signal.aborted ? SOAK_EXIT.interrupted : usage ? SOAK_EXIT.usage : SOAK_EXIT.fails;
}
