// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMeasurementOracle} from "../interfaces/IMeasurementOracle.sol";
import {Leaf} from "../interfaces/Types.sol";

/// A small consumer: keeps the newest proven availability of one service, and answers only while it is fresh.
contract AvailabilityReader {
    uint256 private constant METRIC_AVAILABILITY = 0;
    uint256 private constant STATUS_PRESENT = 2;

    IMeasurementOracle public immutable oracle;
    bytes32 public immutable serviceId;
    uint32 public immutable windowEpochs;

    /// First epoch after the window of the stored value; 0 before the first.
    uint64 public windowEnd;
    /// Median over the watchers and its one-sided 95 % lower bound, ppm.
    uint40 public medianPpm;
    uint40 public lowerPpm;

    error AnotherLeaf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage);
    error NotNewer(uint64 windowEnd, uint64 stored);
    error NothingKnown(uint64 windowStart);
    error Stale(uint64 currentEpoch, uint64 windowEnd);

    constructor(IMeasurementOracle oracle_, bytes32 serviceId_, uint32 windowEpochs_) {
        oracle = oracle_;
        serviceId = serviceId_;
        windowEpochs = windowEpochs_;
    }

    /// Anyone may bring a leaf; only a newer one counts. Reverts with the oracle's errors when the proof does not hold.
    function update(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof) external {
        if (leaf.serviceId != serviceId || leaf.windowEpochs != windowEpochs || leaf.vantage != 0) {
            revert AnotherLeaf(leaf.serviceId, leaf.windowEpochs, leaf.vantage);
        }
        uint64 end = leaf.windowStart + leaf.windowEpochs;
        if (end <= windowEnd) revert NotNewer(end, windowEnd);
        uint256 word = leaf.stats[METRIC_AVAILABILITY];
        if (!leaf.conclusive || word >> 248 != STATUS_PRESENT) revert NothingKnown(leaf.windowStart);
        oracle.verifyLeaf(leaf, reportEpoch, proof);
        windowEnd = end;
        // casting to 'uint40' is safe because each field of a stat word has 40 bits
        (medianPpm, lowerPpm) = (uint40(word >> 208), uint40(word >> 168));
    }

    /// Reverts when the newest window ended more than `ageEpochsMax` epochs ago.
    function availability(uint64 ageEpochsMax) external view returns (uint40 median, uint40 lower) {
        uint64 epoch = oracle.currentEpoch();
        if (windowEnd == 0 || epoch > windowEnd + ageEpochsMax) revert Stale(epoch, windowEnd);
        return (medianPpm, lowerPpm);
    }
}
