import { OWN_ADDRESS } from '../../platform/egress.ts';
import { REASON, type Reason } from '../../protocol/reason.ts';
import type { EgressPolicy } from './egress.ts';
import type { Resolution, Resolvers } from './resolve.ts';

/** The one address that a probe connects to, or why there is none. */
export type Pin = { address: string } | { reason: Reason; detail: string };

/**
 * Resolves a name once and checks every address that it has: a single forbidden one refuses the name, else an attacker
 * mixes a private address among public ones and waits. What is returned is the address to connect to, never the name.
 *
 * @param millisMax budget for one resolver; a second opinion takes what the first one left of it, see `Resolvers`.
 */
export async function pinAddress(
  host: string,
  resolvers: Resolvers,
  egress: EgressPolicy,
  millisMax: number,
  elapsedMillis: () => number,
): Promise<Pin> {
  const first = await resolvers.first.resolve(host, millisMax);
  const refusal = refusalOf(first, egress);
  if (first.kind === 'addresses' && refusal === undefined) return { address: first.addresses[0]! };
  if (first.kind === 'failed') return { reason: REASON.nameUnresolved, detail: first.detail };

  const leftMillis = millisMax - elapsedMillis();
  const second = leftMillis > 0 ? await resolvers.second?.resolve(host, leftMillis) : undefined;
  if (first.kind === 'missing') {
    const agreed = second?.kind === 'missing';
    const detail = `${host} has no address${agreed ? ', two resolvers agree' : ' (one resolver says so)'}`;
    return { reason: agreed ? REASON.nameMissing : REASON.nameUnresolved, detail };
  }
  const agreed = second?.kind === 'addresses' && refusalOf(second, egress) !== undefined;
  // An address of this very machine is the watcher's position, not the provider's fault.
  const reason = agreed && !refusal?.endsWith(OWN_ADDRESS) ? REASON.forbiddenAddress : REASON.egressRefused;
  return { reason, detail: `${host} leads to a forbidden address: ${refusal}` };
}

function refusalOf(resolution: Resolution, egress: EgressPolicy): string | undefined {
  if (resolution.kind !== 'addresses') return undefined;
  for (const address of resolution.addresses) {
    const rule = egress.refusal(address);
    if (rule !== undefined) return `${address} is ${rule}`;
  }
  return undefined;
}
