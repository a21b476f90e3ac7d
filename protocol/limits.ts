/** Bounds that every implementation of the protocol shares. docs/LIMITS.md lists them with the others. */

/** Seats of a watcher set: two 256-bit words of signer bitmap on chain. */
export const SEATS_MAX = 512;
/** Services that one epoch measures: a report of all of them must stay well under one block. */
export const SERVICES_MAX = 1_024;
/** Samples of one watcher in one epoch: 8,192 of 98 bytes keep a batch under 1 MiB, the bound of a gossip message. */
export const SAMPLES_MAX = 8_192;
/** Bytes of one encoded batch: SAMPLES_MAX samples and a fixed head. */
export const BATCH_BYTES_MAX = 1 << 20;
/** Window lengths that a parameter set names: hour, day, week, 30 days. */
export const WINDOWS_MAX = 4;
/** A whole set probes every service up to this size; above it a committee does. */
export const WHOLE_SET_MAX = 64;
/** Buckets of a latency histogram; see histogram.ts. */
export const HISTOGRAM_BUCKETS_MAX = 900;
/** Accumulators of one state: services x windows x watchers of the largest planned network, with room. */
export const ACCUMULATORS_MAX = 1 << 19;
/** Watchers of one window: seats change hands at most a few times in the longest window. */
export const WINDOW_WATCHERS_MAX = 8 * SEATS_MAX;
/** Regions of one window that get a leaf of their own. Without a bound every watcher could add a leaf to every window. */
export const REGIONS_MAX = 16;
/** Statistics that one report closes: every watcher's, of every service, for the epoch and every window length. */
export const CLOSED_MAX = SERVICES_MAX * (1 + WINDOWS_MAX) * SEATS_MAX;
/** Views of one epoch: at one view a second and a deadline of 3 standard epochs nothing beyond is reachable. */
export const VIEWS_MAX = 1_024;
