import type { Log } from '../../platform/log.ts';
import type { MessageHandler, Network, Topic } from '../../platform/network/network.ts';
import { ATTESTATION_BYTES } from '../../protocol/attestation.ts';
import { COMMIT_BYTES } from '../../protocol/commit.ts';
import { PROPOSAL_BYTES_MAX } from '../../protocol/proposal.ts';
import { REFUSAL_BYTES_MAX } from '../../protocol/refusal.ts';
import { REVEAL_BYTES_MAX } from '../../protocol/reveal.ts';
import { attestationIntake } from './attestation.ts';
import { commitIntake } from './commit.ts';
import { proposalIntake } from './proposal.ts';
import { refusalIntake } from './refusal.ts';
import { revealIntake } from './reveal.ts';
import type { IntakeDeps } from './rules.ts';

/** Lets every topic flow into the pool, each through its own rules and byte bound. */
export function subscribeAll(network: Network, log: Log, deps: IntakeDeps): void {
  const take = (topic: Topic, bytesMax: number, handler: MessageHandler): void =>
    network.subscribe(topic, bytesMax, async (from, data) => {
      const verdict = await handler(from, data);
      if (verdict.kind === 'reject') log.warn({ topic, from, code: verdict.code }, 'message rejected');
      if (verdict.kind === 'ignore') log.debug({ topic, from, code: verdict.code }, 'message ignored');
      return verdict;
    });
  take('commit', COMMIT_BYTES, commitIntake(deps));
  take('reveal', REVEAL_BYTES_MAX, revealIntake(deps));
  take('proposal', PROPOSAL_BYTES_MAX, proposalIntake(deps));
  take('attestation', ATTESTATION_BYTES, attestationIntake(deps));
  take('refusal', REFUSAL_BYTES_MAX, refusalIntake(deps));
}
