/**
 * The keyspace map: the first byte of every key in the database. A retired number stays here, commented, for ever, so that
 * no later release reads old bytes as something else.
 *
 * | bucket | key after the first byte | value | durability |
 * |---|---|---|---|
 * | meta | ASCII name | depends on the name | synced when it matters |
 * | journal | see platform/store/journal.ts | a signed slot | always synced before a signature leaves |
 * | state | chosen by the caller | open accumulators, head | rebuildable from peers |
 * | batch | chosen by the caller | a revealed batch, as received | kept for the retention period |
 * | report | chosen by the caller | a report with its certificate | rebuildable from the chain and peers |
 */
export const BUCKET = { meta: 0, journal: 1, state: 2, batch: 3, report: 4 } as const;

export type Bucket = keyof typeof BUCKET;
