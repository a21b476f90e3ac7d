/**
 * The keyspace map: the first byte of every key in the database. A retired number stays here, commented, for ever, so that
 * no later release reads old bytes as something else.
 *
 * | bucket | key after the first byte | value | durability |
 * |---|---|---|---|
 * | meta | ASCII name | depends on the name | synced when it matters |
 * | journal | see platform/store/journal.ts | a signed slot | always synced before a signature leaves |
 * | state | `current` | open accumulators, head | rebuildable from peers |
 * | batch | epoch (8 bytes, big-endian), batch hash | a revealed batch, as received | kept for the retention period |
 * | report | report hash | the observations that it counted | kept for the retention period |
 * | reportEpoch | epoch (8 bytes, big-endian), report hash | nothing: names the rows of `report` by age | as long as that row |
 */
export const BUCKET = { meta: 0, journal: 1, state: 2, batch: 3, report: 4, reportEpoch: 5 } as const;

export type Bucket = keyof typeof BUCKET;
