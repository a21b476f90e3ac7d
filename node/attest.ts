import type { Custody } from '../ledger/custody.ts';
import type { EpochFacts } from '../ledger/epoch.ts';
import { isContested, mustInclude, wasTimely } from '../ledger/inclusion.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { HeardProposal, Pool } from '../ledger/pool.ts';
import { epochDue } from '../ledger/turn.ts';
import type { Wanted } from '../ledger/wanted.ts';
import type { Chain, OracleFacts } from '../platform/chain/chain.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Network } from '../platform/network/network.ts';
import type { Signer } from '../platform/signer.ts';
import { encodeAttestation } from '../protocol/attestation.ts';
import { equalBytes, toHex } from '../protocol/bytes.ts';
import { attestationDigest } from '../protocol/digest.ts';
import { encodeHeader } from '../protocol/header.ts';
import { type Observation, observationLeaf } from '../protocol/observation.ts';
import type { Counted } from '../protocol/report.ts';
import { seatOf } from '../protocol/set.ts';
import type { State } from '../protocol/state.ts';
import { roundOf, viewAt } from '../protocol/time.ts';
import type { Objection, Refused } from './artefacts.ts';

export type AttestDeps = {
  readonly facts: OracleFacts;
  readonly chain: Pick<Chain, 'finalized' | 'blockHash'>;
  readonly clock: Clock;
  readonly network: Network;
  readonly pool: Pool;
  readonly ledger: Ledger;
  readonly wanted: Wanted;
  readonly custody: Pick<Custody, 'hold'>;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  readonly signer: Signer;
  readonly watcher: Uint8Array;
  readonly log: Log;
};

const objection = (code: string, missing: readonly Observation[] = []): Objection => ({
  code,
  missing,
  passing: false,
});
const passing = (code: string): Objection => ({ code, missing: [], passing: true });

/** Proposals remembered as judged: a view each, a few states each. */
export const JUDGED_MAX = 256;

/** Signs the report of the running view, but only after computing the very same report from the batches itself. */
export function attestStage(deps: AttestDeps) {
  const { facts, clock, pool, ledger } = deps;
  const judged = new Set<string>();

  /** The proposal of the view that the clock shows for the epoch that is due. */
  const current = (state: State): HeardProposal | undefined => {
    const epoch = epochDue(clock, facts.calendar, facts.parameters, state.epoch);
    if (epoch === undefined) return undefined;
    const view = viewAt(roundOf(facts.calendar, facts.parameters, epoch), facts.parameters, clock.now());
    return pool.proposal(epoch, view);
  };

  /** Not to be called again before it has returned. */
  return async (): Promise<Refused | undefined> => {
    if (!deps.signer.maySign()) return undefined;
    const { state } = ledger;
    const heard = current(state);
    if (!heard) return undefined;
    const { proposal, reportHash } = heard;
    // Judged once against each state: a proposal that comes before our ledger has caught up is looked at again.
    const key = `${toHex(reportHash)}/${proposal.view}/${toHex(state.reportHash)}`;
    if (judged.has(key)) return undefined;
    const { set } = await deps.epochFacts(proposal.header.epoch);
    const seat = seatOf(set, deps.watcher)?.seat;
    if (seat === undefined) return undefined;
    const broken = await examine(deps, heard, state);
    if (!broken?.passing) judged.add(key);
    if (judged.size > JUDGED_MAX) judged.delete(judged.values().next().value!);
    if (broken) return { heard, seat, objection: broken };
    await attest(deps, heard, seat);
    return undefined;
  };
}

async function attest(deps: AttestDeps, { proposal, reportHash }: HeardProposal, seat: number): Promise<void> {
  const { epoch } = proposal.header;
  const { view, observations } = proposal;
  // Signing means holding, from now on and after a crash too. The journal's fsync takes these writes along.
  const reveals = observations.map(({ seat: counted }) => deps.pool.reveal(epoch, counted)?.bytes);
  if (!reveals.every((bytes) => bytes !== undefined)) return;
  await deps.custody.hold(epoch, reportHash, observations, reveals);
  const signature = await deps.signer.sign({
    kind: 'attestation',
    epoch,
    view,
    digest: attestationDigest(deps.facts.domain, epoch, view, reportHash),
    payload: encodeHeader(proposal.header),
  });
  const attestation = { epoch, view, report: reportHash, seat, signature };
  deps.pool.addAttestation(attestation);
  await deps.network.publish('attestation', encodeAttestation(attestation));
}

/** Every rule of attesting, cheapest first. Returns the first that is broken. */
async function examine(
  deps: AttestDeps,
  { proposal, reportHash }: HeardProposal,
  state: State,
): Promise<Objection | undefined> {
  const { facts, pool, ledger, wanted } = deps;
  const { header, observations } = proposal;
  const { epoch } = header;
  const round = roundOf(facts.calendar, facts.parameters, epoch);
  if (!equalBytes(header.previous, state.reportHash)) return objection('not-on-our-head');
  // Every timely batch that we held at the freeze is in it.
  const included = new Set(observations.map((o) => toHex(observationLeaf(o))));
  const missing = mustInclude(pool, epoch, round)
    .map(({ observation }) => observation)
    .filter((o) => !included.has(toHex(observationLeaf(o))));
  if (missing.length > 0) return objection('omits-timely-batches', missing);
  // No batch in it is of a watcher who committed to two.
  if (observations.some((o) => isContested(pool, epoch, o))) return objection('counts-a-contested-batch');
  // Every batch in it was committed before anybody revealed.
  if (!observations.every((o) => wasTimely(pool, epoch, round, o))) return objection('counts-a-late-batch');
  // Every batch in it is one that we can check ourselves.
  const counted: Counted[] = [];
  for (const observation of observations) {
    const held = pool.reveal(epoch, observation.seat);
    if (!held) wanted.ask(epoch, observation);
    else if (isSame(held.observation, observation)) counted.push({ observation, batch: held.batch });
    else return objection('names-another-batch');
  }
  if (counted.length < observations.length) return passing('batch-not-available');
  // Its anchor is final on the chain that we see.
  const final = await deps.chain.finalized();
  if (header.anchorNumber > final.number) return passing('anchor-not-final');
  const anchorHash = await deps.chain.blockHash(header.anchorNumber);
  if (!anchorHash || !equalBytes(anchorHash, header.anchorHash)) return passing('anchor-unknown');
  // And the report is the one that the batches give.
  const anchor = { number: header.anchorNumber, hash: header.anchorHash };
  const ours = await ledger.compute(state, epoch, anchor, counted);
  return equalBytes(ours.hash, reportHash) ? undefined : objection('another-report');
}

function isSame(a: Observation, b: Observation): boolean {
  return equalBytes(observationLeaf(a), observationLeaf(b));
}
