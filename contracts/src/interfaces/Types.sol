// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// The structs that contracts, clients and watchers share. Layouts are frozen: EIP-712 types, Merkle leaves and stored
/// parameters are hashed over exactly these fields in this order.

/// What a report commits to. `reportHash` is the EIP-712 hashStruct of it.
/// `countedLow`/`countedHigh`: seats 0..255 / 256..511 whose batch counted (bit i of the word is seat i, or 256 + i).
/// `anchorNumber`/`anchorHash`: a finalized block of this chain that the signers had seen.
struct Header {
    uint16 protocolVersion;
    uint64 epoch;
    uint32 setId;
    bytes32 parametersId;
    bytes32 previous;
    bytes32 resultsRoot;
    bytes32 batchesRoot;
    uint256 countedLow;
    uint256 countedHigh;
    bytes32 accumulatorRoot;
    bytes32 historyRoot;
    uint64 anchorNumber;
    bytes32 anchorHash;
}

/// One measured result: the statistics of one service over one window from one vantage.
/// `windowStart` is an epoch, aligned to `windowEpochs`; `windowEpochs` 1 is the epoch leaf, which settles no money;
/// `vantage` 0 is global, otherwise a region. Dispersions are in ppm and microseconds.
/// A word of `stats` packs, from its most significant byte: status uint8 (0 absent, 1 insufficient, 2 present), then uint40
/// median, medianLower, medianUpper, tail, tailLower, tailUpper, and one zero byte. Lower and upper are one-sided 95 % bounds.
struct Leaf {
    bytes32 serviceId;
    uint64 windowStart;
    uint32 windowEpochs;
    uint16 vantage;
    bool conclusive;
    uint32 epochsExpected;
    uint32 epochsCounted;
    uint16 watchersAssigned;
    uint16 watchersValid;
    uint64 samplesGood;
    uint64 samplesBad;
    uint64 samplesUnknown;
    uint64 samplesFault;
    uint40 dispersionAvailabilityPpm;
    uint40 dispersionLatencyP50Micros;
    uint256[12] stats;
}

/// What every round depends on besides the sets. Millisecond deadlines count from the end of the epoch; `deltaMillis` is the
/// network delay bound; `deadlineEpochs` is how long after its epoch's end a report may still land; `windowEpochs` lists the
/// window lengths in ascending order, zeros last for unused places; the Ppm bounds are at most 1,000,000.
struct Parameters {
    uint16 protocolVersion;
    uint32 commitMillis;
    uint32 deltaMillis;
    uint32 revealMillis;
    uint32 viewMillis;
    uint32 deadlineEpochs;
    uint32 assignmentPeriodEpochs;
    uint32[4] windowEpochs;
    uint32 minEpochsPpm;
    uint32 minSamples;
    uint32 maxFaultPpm;
}

/// What a watcher says about itself: an identifier of its operator (zero: undisclosed), region, autonomous system, a link,
/// and the multiaddrs at which its node is reached, each ending in /p2p/ and its peer id. Nothing of it is checked but its
/// length. The first three stay as they are for as long as the seat is held, because reports are computed per region; the
/// last two are its Contact, which may change.
struct Metadata {
    bytes32 operatorId;
    uint16 region;
    uint32 asn;
    string uri;
    string[] addresses;
}

/// The part of Metadata that no report depends on.
struct Contact {
    string uri;
    string[] addresses;
}

enum SeatStatus {
    Free,
    Joined,
    Exiting
}

/// A seat of the registry. `firstVersion` is the first set version that can name it, `lastVersion` the last one that can
/// (set on exit). `stake` is the whole stake in token units; 0 once slashed. `registration` is unlike any other before and
/// after, also of the same seat, and leads to the key. `watcher` is keccak256 of the 256-byte public key.
struct Seat {
    address operator;
    uint32 firstVersion;
    uint32 lastVersion;
    SeatStatus status;
    uint128 stake;
    uint32 registration;
    bytes32 watcher;
}

/// A sealed set. Active in epochs [activationEpoch, expiryEpoch); `expiryEpoch` is the maximum of its type while no later
/// version exists. `effectiveStakes` is indexed by seat and ends at or just after the highest occupied seat; 0 where empty.
struct SetVersion {
    uint64 activationEpoch;
    uint64 expiryEpoch;
    uint256[2] occupied;
    uint256 totalEffectiveStake;
    bytes aggregateKey;
    uint128[] effectiveStakes;
}

/// The signers of a certificate, as the registry sees them: their aggregate key (256 bytes, EIP-2537) and stakes.
struct SignerSet {
    uint256[2] occupied;
    uint256 signedStake;
    uint256 totalStake;
    bytes aggregateKey;
}

/// The path from one report hash to the root of a history of `count` reports (a Merkle mountain range): `index` counts from 0 in
/// the order of landing; `siblings` lead bottom up to the peak of its tree; `peaks` are the other trees' peaks, left to right.
struct HistoryProof {
    uint64 count;
    uint64 index;
    bytes32[] siblings;
    bytes32[] peaks;
}

/// Two messages of one watcher that contradict each other. `kind`: 0 commits, 1 proposals, 2 attestations. `first` and `second`
/// are the commitments, or the report hashes; `view_` is 0 for commits. Signatures: G1 points, 128 bytes.
struct Equivocation {
    uint8 kind;
    uint16 seat;
    uint64 epoch;
    uint32 view_;
    bytes32 first;
    bytes32 second;
    bytes firstSignature;
    bytes secondSignature;
}

/// A value that somebody proved and the oracle keeps. `observedAt`: unix seconds at which its window ended. The statistics are
/// those of a word of Leaf.stats, in the metric's own unit.
struct Observation {
    uint64 windowStart;
    uint64 windowEnd;
    uint64 reportEpoch;
    uint64 observedAt;
    uint40 median;
    uint40 medianLower;
    uint40 medianUpper;
    uint40 tail;
    uint40 tailLower;
    uint40 tailUpper;
}

/// What to measure. `kind`: 0..15, the probe. `slotsPerEpoch`: probes per watcher and epoch that the provider consents to.
/// `timeoutMillis`: after which an answer counts as infinitely late. `expectedStatus`: 0 for any. `bodyDigest`: keccak256 of
/// the expected body, 0 for any. `extra`: kind-specific settings.
struct ServiceConfig {
    uint8 kind;
    string url;
    string method;
    uint16 slotsPerEpoch;
    uint32 timeoutMillis;
    uint16 expectedStatus;
    bytes32 bodyDigest;
    bytes extra;
}

/// A registered service. Measured in epochs [activeFrom, retiredFrom); `retiredFrom` is the maximum of its type until retired.
/// `configPointer` is the code object that holds the ABI-encoded ServiceConfig.
struct Service {
    address provider;
    uint64 activeFrom;
    uint64 retiredFrom;
    address configPointer;
}

/// One promise. `metric` 0..11 indexes Leaf.stats; `statistic` 0 median, 1 tail; `comparator` 0 at least, 1 at most;
/// `threshold` in the metric's own unit.
struct Objective {
    uint8 metric;
    uint8 statistic;
    uint8 comparator;
    uint40 threshold;
}

/// The terms of an agreement over `periods` consecutive windows of `windowEpochs` epochs each. Amounts in token units.
/// `creditPpm` of the price returns to the customer when the outcome lies between met and breached. `slashPerPeriod` is what a
/// breach takes from the bond, and so the most that one report can take. `settleDelayEpochs` counts from the end of the
/// report's epoch. `voidsInRowMax`: so many periods in a row without a verdict (inconclusive or expired) end the agreement.
/// `noticeWindows`: whole windows that still run after either side gives notice, besides those that have started.
/// `extend`: a period without a verdict adds a window at the end, where that is possible, instead of returning its price.
struct Terms {
    bytes32 serviceId;
    address token;
    uint16 vantage;
    uint32 windowEpochs;
    uint32 periods;
    uint128 pricePerPeriod;
    uint128 bond;
    uint128 slashPerPeriod;
    uint32 creditPpm;
    uint32 settleDelayEpochs;
    uint32 voidsInRowMax;
    uint32 noticeWindows;
    bool extend;
    Objective[] objectives;
}

enum AgreementStatus {
    None,
    Offered,
    Withdrawn,
    Active,
    Closed
}

/// How a period ended. `Expired`: nobody could prove a leaf in time. `Abandoned`: the provider retired the service inside the
/// window, and no conclusive leaf exists.
enum Outcome {
    None,
    Met,
    Credited,
    Breached,
    Inconclusive,
    Expired,
    Abandoned
}

/// The state of an offer and of the agreement that it becomes. `periods` starts as that of the terms; notice shortens it,
/// extension lengthens it. `ending`: its end is fixed. `termsPointer` is the code object that holds the ABI-encoded Terms.
struct Agreement {
    address provider;
    AgreementStatus status;
    bool ending;
    uint32 periodsDone;
    uint32 periods;
    address customer;
    uint64 firstWindowStart;
    address termsPointer;
    uint128 bondLeft;
}

/// One item of `settleMany`: the arguments of `settle`.
struct Claim {
    uint256 agreementId;
    uint32 period;
    uint64 reportEpoch;
    Leaf leaf;
    bytes32[] proof;
}

/// What a customer asks for. `terms.serviceId` is zero and `terms.pricePerPeriod` is the budget: the most that a bid may ask.
/// `kind`: of the service. `extraDigest`: keccak256 of the `extra` that the service must be registered with, 0 for any; that
/// is where a target rate stands. `measuredWithinSeconds`: the service must have a conclusive proven value of the first
/// objective's metric no older than this, 0 for no such demand; watchers measure no service that has not consented.
/// Bids are committed before epoch `commitUntil`, revealed from then on and before `revealUntil`, and the winner is matched
/// from then on and before `firstWindowStart`.
struct Intent {
    uint8 kind;
    bytes32 extraDigest;
    uint64 measuredWithinSeconds;
    uint64 commitUntil;
    uint64 revealUntil;
    uint64 firstWindowStart;
    Terms terms;
}

enum IntentStatus {
    None,
    Open,
    Cancelled,
    Matched,
    Lapsed
}

/// The state of an intent. `commits`: bids committed. `held`: bids whose deposit is still held. `bestOrder`: place of the best
/// revealed bid among the commits, from 1; 0 while there is none. `intentPointer` is the code object with the ABI-encoded
/// Intent. Amounts in token units.
struct IntentState {
    address customer;
    IntentStatus status;
    uint32 commits;
    uint32 held;
    address bestBidder;
    uint32 bestOrder;
    address intentPointer;
    uint128 deposit;
    uint128 bestPrice;
    bytes32 bestServiceId;
    uint256 agreementId;
}

/// A sealed bid. `order` counts the commits of the intent from 1.
struct Bid {
    bytes32 commitment;
    uint32 order;
    bool revealed;
}
