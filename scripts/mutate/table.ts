import type { Mutation } from './mutation.ts';
import { ADAPTERS } from './table/adapters.ts';
import { ARITHMETIC } from './table/arithmetic.ts';
import { COURT } from './table/court.ts';
import { CRYPTOGRAPHY } from './table/cryptography.ts';
import { MARKET } from './table/market.ts';
import { ORACLE } from './table/oracle.ts';
import { PERIODS } from './table/periods.ts';
import { REGISTRY } from './table/registry.ts';
import { REWARDS } from './table/rewards.ts';
import { STAKE } from './table/stake.ts';
import { VAULT } from './table/vault.ts';

/** All mutations, by contract. */
export const MUTATIONS: readonly Mutation[] = [
  ...ORACLE,
  ...REWARDS,
  ...REGISTRY,
  ...STAKE,
  ...COURT,
  ...MARKET,
  ...VAULT,
  ...PERIODS,
  ...ARITHMETIC,
  ...CRYPTOGRAPHY,
  ...ADAPTERS,
];
