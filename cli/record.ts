import { z } from 'zod';

/** Contracts of one deployment; there are nine. */
export const RECORD_CONTRACTS_MAX = 32;

const hash = z.string().regex(/^0x[0-9a-f]{64}$/, 'a hash: 0x and 64 small hex digits');
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hex digits, in quotes');

const RecordedContract = z.strictObject({
  name: z.string().min(1).max(64),
  address,
  /** Of the creation; none for a contract that was there already. */
  transaction: hash.nullable(),
  block: z.int().nonnegative().nullable(),
  /** ABI-encoded. */
  constructorArguments: z.string().regex(/^0x([0-9a-f]{2})*$/, 'bytes: 0x and pairs of small hex digits'),
  /** keccak256 of the code on chain. */
  codeHash: hash,
});
export type RecordedContract = z.infer<typeof RecordedContract>;

/** How a deployment came about: enough to compile it again and to compare. */
export const DeploymentRecord = z.strictObject({
  deployer: address,
  factory: address,
  salt: z.string().max(31),
  contracts: z.array(RecordedContract).max(RECORD_CONTRACTS_MAX),
  compiler: z.strictObject({ solc: z.string().max(64), settings: z.record(z.string(), z.unknown()) }),
  /** Version of this package. */
  version: z.string().max(64),
  /** Commit of the checkout, with `-dirty` when files were changed; null outside a checkout. */
  git: z.string().max(64).nullable(),
});
export type DeploymentRecord = z.infer<typeof DeploymentRecord>;
