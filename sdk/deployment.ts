import type { Hex } from '../protocol/bytes.ts';

/** Where the contracts are: what `plumbline deploy` wrote, as `JSON.parse` gives it. A function asks only for what it uses. */
export type Deployment = {
  readonly oracle: Hex;
  readonly vault: Hex;
  readonly market: Hex;
  /** Block of the deployment: no event is older. */
  readonly deployBlock: number;
};
