import type { EpochFacts } from '../ledger/epoch.ts';
import type { Chain } from '../platform/chain/chain.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { leaderOrder } from '../protocol/assignment.ts';
import { toHex } from '../protocol/bytes.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { errorCode, errorMessage } from '../protocol/error.ts';
import { reportHash } from '../protocol/header.ts';

/** Each further sender waits this long for the one before: a transaction's way to inclusion on a quick chain. */
export const STAGGER_MILLIS = 700;
/**
 * A certificate that lacks signers waits this long for them: each one missing costs 10,000 gas on chain, and a signer that
 * is left out has worked for nothing.
 */
export const GATHER_MILLIS = 300;
/** Later ranks do not wait longer: by then anyone may. */
export const RANK_MAX = 4;

export type SubmitDeps = {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly epochFacts: (epoch: number) => Promise<EpochFacts>;
  /** Our seat, or undefined for an aggregator without one, which comes after the first seats. */
  readonly seatIn: (facts: EpochFacts) => number | undefined;
  readonly log: Log;
};

/** Sends certificates to the chain: the leader of the view first, then anyone, in staggered order. */
export function submitStage({ chain, clock, epochFacts, seatIn, log }: SubmitDeps) {
  let planned: { epoch: number; timer: Timer } | undefined;
  let stopped = false;
  let sending: Promise<void> = Promise.resolve();

  const rankOf = (facts: EpochFacts, view: number): number => {
    const order = leaderOrder(facts.set, facts.seed, facts.epoch);
    const own = order.indexOf(seatIn(facts) ?? -1);
    if (own < 0) return Math.min(order.length, RANK_MAX);
    return Math.min((own - (view % order.length) + order.length) % order.length, RANK_MAX);
  };

  const send = async (epoch: number, newest: () => Promise<Certificate | undefined>): Promise<void> => {
    let evidence: Record<string, unknown> = { epoch };
    try {
      const certificate = await newest();
      if (!certificate) return;
      evidence = { epoch, view: certificate.view, report: toHex(reportHash(certificate.header)) };
      const head = await chain.head();
      if (head.nextEpoch > epoch) return;
      const { txHash, gasUsed } = await chain.submit(certificate);
      log.info({ ...evidence, txHash, gasUsed: gasUsed.toString() }, 'report submitted');
    } catch (error) {
      // Somebody else was quicker, or the chain did not answer: the next certificate or view tries again.
      log.warn({ ...evidence, code: errorCode(error), reason: errorMessage(error) }, 'submission failed');
    }
  };

  return {
    /**
     * Plans the submission of an epoch's certificate, once until it was tried.
     * @param newest combines again at the moment of sending, with every partial that came meanwhile
     */
    plan: async (certificate: Certificate, newest: () => Promise<Certificate | undefined>): Promise<void> => {
      const { epoch } = certificate.header;
      if (planned?.epoch === epoch) return;
      const facts = await epochFacts(epoch);
      if (stopped || planned?.epoch === epoch) return;
      planned?.timer.cancel();
      const complete = certificate.signers.length === facts.set.seats.length;
      const delay = (complete ? 0 : GATHER_MILLIS) + rankOf(facts, certificate.view) * STAGGER_MILLIS;
      const timer = clock.after(delay, () => {
        sending = sending
          .then(() => send(epoch, newest))
          .finally(() => {
            if (planned === plan) planned = undefined;
          });
      });
      const plan = { epoch, timer };
      planned = plan;
    },
    stop: async (): Promise<void> => {
      stopped = true;
      planned?.timer.cancel();
      await sending;
    },
  };
}
