import { encodeBatch } from '../../protocol/batch.ts';
import { keccak } from '../../protocol/bytes.ts';
import { headerToAbi } from '../../protocol/header.ts';
import { encodeLeaf, leafHash } from '../../protocol/leaf.ts';
import { encodeParameters } from '../../protocol/parameters.ts';
import { computeReport } from '../../protocol/report.ts';
import { encodeState, GENESIS_STATE, type State } from '../../protocol/state.ts';
import { emitVector } from './emit.ts';
import { contextOf, countedBy, SMALL_PARAMETERS, SMALL_PLAN, SMALL_SERVICES, SMALL_SET } from './world.ts';

/**
 * Writes test/vectors/report.json: four reports of four watchers and two services, from the batches to the hash. An epoch
 * without a report and a watcher without a batch are among them.
 */

export function reportVectors() {
  let state: State = GENESIS_STATE;
  const reports = SMALL_PLAN.map(({ epoch, seats }) => {
    const context = contextOf(epoch);
    const counted = countedBy(context, seats);
    const report = computeReport(state, context, counted);
    state = report.next;
    return {
      epoch,
      anchor: context.anchor,
      counted: counted.map(({ observation, batch }) => ({ ...observation, batch: encodeBatch(batch) })),
      header: Object.fromEntries(Object.entries(headerToAbi(report.header)).map(([name, v]) => [name, String(v)])),
      reportHash: report.hash,
      leaves: report.leaves.map((leaf) => ({ encoded: encodeLeaf(leaf), hash: leafHash(leaf) })),
      stateHash: keccak(encodeState(state)),
    };
  });
  return {
    parameters: encodeParameters(SMALL_PARAMETERS),
    set: {
      id: SMALL_SET.id,
      seats: SMALL_SET.seats.map(({ seat, watcher, stake, region }) => ({ seat, watcher, stake: `${stake}`, region })),
    },
    services: SMALL_SERVICES.map(({ id, slotsPerEpoch, timeoutMillis }) => ({ id, slotsPerEpoch, timeoutMillis })),
    reports,
  };
}

if (import.meta.main) emitVector('report.json', reportVectors());
