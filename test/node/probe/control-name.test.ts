import { expect, it } from 'vitest';
import { nameControl } from '../../../node/probe/control-name.ts';
import type { Resolution, Resolver } from '../../../node/probe/resolve.ts';

const answering = (resolution: Resolution): Resolver => ({ resolve: async () => resolution });
const leadsTo = (...addresses: string[]) => answering({ kind: 'addresses', addresses });
const broken = answering({ kind: 'failed', detail: 'SERVFAIL' });
const missing = answering({ kind: 'missing' });

it.each<[string, Resolver, Resolver | undefined, boolean]>([
  ['both know one address in common', leadsTo('192.0.2.1', '192.0.2.2'), leadsTo('192.0.2.2'), true],
  ['only the first was asked', leadsTo('192.0.2.1'), undefined, true],
  ['the second does not answer', leadsTo('192.0.2.1'), broken, true],
  ['the first leads elsewhere', leadsTo('198.51.100.1'), leadsTo('192.0.2.2'), false],
  ['the first does not answer', broken, leadsTo('192.0.2.2'), false],
  ['the first does not know it', missing, undefined, false],
])('a name controls the resolver: %s', async (_what, first, second, well) => {
  expect(await nameControl('control.example', { first, second })()).toBe(well);
});
