// The entry of the package, `plumbline-oracle/sdk`: what strangers may import, by name. Nothing in the repository imports it.
// biome-ignore-all lint/performance/noBarrelFile: a package has one entry

export {
  measurementOracleAbi,
  objectiveTemplatesAbi,
  serviceRegistryAbi,
  slaMarketAbi,
  slaVaultAbi,
  watcherRegistryAbi,
} from '../protocol/abi.ts';
export type { Hex } from '../protocol/bytes.ts';
export { PlumblineError } from '../protocol/error.ts';
export type { AbiHeader } from '../protocol/header.ts';
export { type Leaf, leafToAbi, STAT, type Stat } from '../protocol/leaf.ts';
export { kmMaxOf } from '../protocol/locality.ts';
export { METRIC } from '../protocol/metric.ts';
export { SERVICE_KIND } from '../protocol/service.ts';
export { COMPARATOR, type Objective, STATISTIC } from '../protocol/settlement.ts';
export { type BidOptions, bid, type CommittedBid } from './bid.ts';
export type { ReadingClient, WritingClient } from './clients.ts';
export type { ContractErrorName } from './contract-errors.ts';
export type { Deployment } from './deployment.ts';
export { folderArchive } from './folder-archive.ts';
export { getReport, type ReportWithCertificate } from './get-report.ts';
export { httpArchive } from './http-archive.ts';
export type { Intent } from './intent.ts';
export type { LeafSource, WantedReport } from './leaf-source.ts';
export { type MatchedIntent, matchIntent } from './match-intent.ts';
export { type PostedIntent, postIntent } from './post-intent.ts';
export { proveAndStore, type StoredLeaf } from './prove-and-store.ts';
export { type ProveLeafOptions, type ProvenLeaf, proveLeaf } from './prove-leaf.ts';
export { decodeRefusal, Refusal, type RefusalReason } from './refusal.ts';
export type { Report } from './report.ts';
export { type RevealedBid, reveal } from './reveal.ts';
export { parseSealedBid, type SealedBid, serializeSealedBid } from './sealed-bid.ts';
export { type Claim, settle } from './settle.ts';
export { type Refused, type SettledMany, settleMany } from './settle-many.ts';
export type { OutcomeName, Settled } from './settlement.ts';
export { type WatchedReport, type WatchOptions, watchReports } from './watch-reports.ts';
