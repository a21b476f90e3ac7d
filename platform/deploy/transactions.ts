import type { Hex } from '../../protocol/bytes.ts';
import { createCall, type Factory } from './factory.ts';
import type { Found } from './inspect.ts';
import type { Plan, PlannedName } from './plan.ts';

/** One transaction of the deployer. */
export type Creation = {
  readonly name: PlannedName | 'DeploymentFactory';
  /** Where the contract will be. */
  readonly address: Hex;
  /** Undefined creates. */
  readonly to: Hex | undefined;
  readonly data: Hex;
  /** Set where the address follows from it. */
  readonly nonce: number | undefined;
  /** The contract's creation code and arguments; for messages about its constructor. */
  readonly creationCode: Hex;
};

/** What is missing on the chain, in order: first the factory, then what it creates. */
export function transactionsOf(factory: Factory, plan: Plan, found: readonly Found[], salt: string): Creation[] {
  const missing = plan.steps
    .filter((_, i) => found[i] === undefined)
    .map(({ name, address, creationCode }): Creation => {
      const data = createCall(salt, name, creationCode);
      return { name, address, to: factory.address, data, nonce: undefined, creationCode };
    });
  if (factory.exists || missing.length === 0) return missing;
  const { address, transaction } = factory;
  return [{ name: 'DeploymentFactory', address, creationCode: transaction.data, ...transaction }, ...missing];
}
