import type { ControlCheck } from './control.ts';
import type { Resolution, Resolvers } from './resolve.ts';
import { CONTROL_MILLIS_MAX } from './target.ts';

/**
 * A control of the resolver that probes use: it must know the name, and know it as the second resolver does, if that one
 * answers. A resolver that is cut off fails it, and so does one that leads every name to the same wall. The operator chooses
 * names with few and steady addresses; no provider has a say in what they answer.
 */
export function nameControl(name: string, { first, second }: Resolvers): ControlCheck {
  return async () => {
    const [ours, theirs] = await Promise.all([
      first.resolve(name, CONTROL_MILLIS_MAX),
      second?.resolve(name, CONTROL_MILLIS_MAX),
    ]);
    if (ours.kind !== 'addresses') return false;
    // A second resolver that does not answer says nothing about the first.
    return theirs?.kind !== 'addresses' || shareOne(ours, theirs);
  };
}

function shareOne(a: Resolution & { kind: 'addresses' }, b: Resolution & { kind: 'addresses' }): boolean {
  return a.addresses.some((address) => b.addresses.includes(address));
}
