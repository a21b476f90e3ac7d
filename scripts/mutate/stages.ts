import type { ContractsCopy } from './copy.ts';
import { forgeTest, type Verdict } from './forge.ts';

/** Calls of the invariant suite that a survivor of everything else is given: `npm test` makes ten times as many. */
const INVARIANT_RUNS = '10';

/**
 * What a mutation is given, the quick first. Prices are looked at last, in code as it is deployed: without the optimiser they
 * are others, so those tests are left out before.
 */
export const STAGES = ['first', 'suite', 'invariants', 'prices'] as const;
export type StageName = (typeof STAGES)[number];

export function runStage(stage: StageName, copy: ContractsCopy, first: string): Promise<Verdict> {
  const run = (args: readonly string[], fast = true) =>
    forgeTest(copy.path, args, { fast, env: { FOUNDRY_INVARIANT_RUNS: INVARIANT_RUNS } });
  switch (stage) {
    case 'first':
      return run(['--match-contract', `^${first}$`]);
    case 'suite':
      return run(['--no-match-path', 'test/invariants/*', '--no-match-contract', 'Gas']);
    case 'invariants':
      return run(['--match-path', 'test/invariants/*']);
    case 'prices':
      return run(['--match-contract', 'Gas'], false);
  }
}
