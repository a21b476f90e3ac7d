import { coalesce } from '../ledger/coalesce.ts';
import type { Core } from '../ledger/core.ts';
import { failureLog } from '../ledger/failure.ts';
import { epochDue } from '../ledger/turn.ts';
import type { Signer } from '../platform/signer.ts';
import { seatOf } from '../protocol/set.ts';
import { collectStage } from './collect.ts';
import { combineStage } from './combine.ts';
import { gatherStage } from './gather.ts';
import { proposeStage } from './propose.ts';
import { submitStage } from './submit.ts';

/** A seat proposes; without one an aggregator combines and submits what others signed. Anyone may run it. */
export type AggregatorSeat = { readonly signer: Signer; readonly watcher: Uint8Array };

/** The aggregator: gather → collect → propose when it leads, then combine → submit whoever led. */
export function wireAggregator(core: Core, seat: AggregatorSeat | undefined) {
  const { rounds, pool, clock, facts, log } = core;
  const gather = gatherStage(core);
  const collect = collectStage(core);
  const combine = combineStage(core);
  const propose = seat && proposeStage({ ...core, ...seat });
  const submit = submitStage({
    ...core,
    seatIn: ({ set }) => (seat ? seatOf(set, seat.watcher)?.seat : undefined),
  });
  const failed = failureLog(log);
  const due = () => epochDue(clock, facts.calendar, facts.parameters, core.lastEpoch());

  const lead = coalesce(async () => propose?.(collect), failed('propose'));
  const finish = coalesce(async () => {
    const epoch = due();
    if (epoch === undefined || !core.chain.canSubmit) return;
    const certificate = await combine(epoch);
    if (certificate) await submit.plan(certificate, () => combine(epoch));
  }, failed('combine'));

  rounds.on('view', lead);
  rounds.on('view', finish);
  pool.onChange(finish);
  if (seat) pool.onRefusal(gather);
  core.onHead(async () => {
    lead();
    finish();
  });

  return { stop: submit.stop };
}
