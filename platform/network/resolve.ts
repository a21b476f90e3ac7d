import { Resolver } from 'node:dns/promises';
import { NAME_ADDRESSES_MAX, NAME_MILLIS } from './limits.ts';

/** Addresses of a host name, none when it cannot be found; never throws. */
export type ResolveName = (name: string) => Promise<string[]>;

/** Asks the system's DNS servers, without the thread pool that files and keys need: names here are chosen by strangers. */
export function nameResolver(): ResolveName {
  const resolver = new Resolver({ timeout: NAME_MILLIS, tries: 1 });
  return async (name) => {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    return answers
      .flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      .slice(0, NAME_ADDRESSES_MAX);
  };
}
