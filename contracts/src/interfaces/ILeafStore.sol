// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leaf} from "./Types.sol";

/// Values that somebody proved and that stay readable: a contract cannot read a root. Anyone proves; only a later window
/// replaces an earlier one. Keyed by (service, metric, window length, vantage).
interface ILeafStore {
    /// Proves a leaf by `verifyLeaf` and keeps each of its statistics whose window ends later than the one kept. A window that
    /// ends in the future is refused.
    function proveAndStore(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof) external;

    /// The newest value kept. `stat` is the packed word of Leaf.stats, 0 when nothing is kept; `observedAt` is the end of its
    /// window in unix seconds; `conclusive` is that of its leaf.
    function latest(bytes32 serviceId, uint8 metric, uint32 windowEpochs, uint16 vantage)
        external
        view
        returns (uint256 stat, uint64 observedAt, bool conclusive);

    /// As `latest`, and reverts unless the value is conclusive, present and at most `ageSecondsMax` old.
    function noOlderThan(bytes32 serviceId, uint8 metric, uint32 windowEpochs, uint16 vantage, uint64 ageSecondsMax)
        external
        view
        returns (uint256 stat, uint64 observedAt);
}
