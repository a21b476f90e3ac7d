import { PlumblineError } from '../protocol/error.ts';
import { epochStart } from '../protocol/time.ts';
import { firstBlockAt } from './block-at.ts';
import type { ReadingClient } from './clients.ts';
import type { Deployment } from './deployment.ts';
import type { OracleClock } from './oracle-clock.ts';
import { type Report, reportsIn } from './report.ts';
import { requireWhole } from './whole.ts';

/** Unix seconds. */
const endOf = ({ calendar }: OracleClock, epoch: number): number => epochStart(calendar, epoch + 1) / 1000;

/**
 * The report of exactly this epoch. The contract takes it only between the epoch's end and its deadline, so only the blocks
 * of that time are searched.
 * @throws PlumblineError `report-pending` while it may still land, `report-missing` when the epoch is a gap for ever; `field`, `rpc`
 */
export async function reportOf(
  client: ReadingClient,
  { oracle, deployBlock }: Pick<Deployment, 'oracle' | 'deployBlock'>,
  clock: OracleClock,
  epoch: number,
): Promise<Report> {
  requireWhole('epoch', epoch);
  if (epoch >= clock.nextEpoch) throw notLanded(clock, epoch);
  const end = endOf(clock, epoch);
  const deadline = end + clock.deadlineEpochs * clock.calendar.epochSeconds;
  const from = await firstBlockAt(client, end, deployBlock);
  const to = (await firstBlockAt(client, deadline, from)) - 1;
  for await (const report of reportsIn(client, oracle, { from, to, epoch })) return report;
  throw missing(epoch, 'a later report landed before it');
}

/**
 * The first report of this epoch or a later one: where the leaf of a window is that ends with the epoch. After a gap it is
 * searched for through the blocks of the gap.
 * @throws PlumblineError `report-pending` while none has landed; `rpc`
 */
export async function firstReportFrom(
  client: ReadingClient,
  { oracle, deployBlock }: Pick<Deployment, 'oracle' | 'deployBlock'>,
  clock: OracleClock,
  epoch: number,
): Promise<Report> {
  if (epoch >= clock.nextEpoch) {
    const text = `no report of epoch ${epoch} or later has landed yet: try again after the next one`;
    throw new PlumblineError('report-pending', text, { epoch, nextEpoch: clock.nextEpoch });
  }
  const from = await firstBlockAt(client, endOf(clock, epoch), deployBlock);
  const to = clock.newestBlock;
  for await (const report of reportsIn(client, oracle, { from, to })) if (report.epoch >= epoch) return report;
  const text = `the oracle has a report of epoch ${clock.nextEpoch - 1}, and the RPC no event of it: its logs are not whole`;
  throw new PlumblineError('logs-incomplete', text, { epoch, from, to });
}

function notLanded(clock: OracleClock, epoch: number): PlumblineError {
  const { chainTime, nextEpoch, deadlineEpochs, calendar } = clock;
  const deadline = endOf(clock, epoch) + deadlineEpochs * calendar.epochSeconds;
  if (chainTime >= deadline) return missing(epoch, 'its deadline has passed');
  const why = chainTime < endOf(clock, epoch) ? 'has not ended' : 'has ended, and its report has not landed yet';
  const text = `epoch ${epoch} ${why}: try again until ${new Date(deadline * 1000).toISOString()}`;
  return new PlumblineError('report-pending', text, { epoch, nextEpoch, deadline });
}

function missing(epoch: number, why: string): PlumblineError {
  const text = `there is no report of epoch ${epoch}, and there will be none: ${why}; ask for another epoch`;
  return new PlumblineError('report-missing', text, { epoch });
}
