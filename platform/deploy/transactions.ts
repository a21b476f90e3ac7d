import type { Hex } from '../../protocol/bytes.ts';
import { createCall, type Factory, slotAddress } from './factory.ts';
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
  /** The contract's creation code and arguments. */
  readonly creationCode: Hex;
  /** The account that creates the contract, with its first nonce. */
  readonly creator: Hex;
};

/** What is missing on the chain, in order: first the factory, then what it creates. */
export function transactionsOf(factory: Factory, plan: Plan, found: readonly Found[], salt: string): Creation[] {
  const missing = plan.steps
    .filter((_, i) => found[i] === undefined)
    .map(({ name, address, creationCode }): Creation => {
      const data = createCall(salt, name, creationCode);
      const creator = slotAddress(factory.address, salt, name);
      return { name, address, to: factory.address, data, nonce: undefined, creationCode, creator };
    });
  if (factory.exists || missing.length === 0) return missing;
  const { address, transaction } = factory;
  const creator = transaction.to ?? factory.deployer;
  const own: Creation = { name: 'DeploymentFactory', address, creationCode: transaction.data, creator, ...transaction };
  return [own, ...missing];
}
