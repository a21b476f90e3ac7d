// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Leaf, Observation} from "./Types.sol";

/// The part of the oracle that consumers read: values that somebody proved and that stay readable, for a contract cannot read a
/// root. Only conclusive values are kept, and only a later window replaces an earlier one.
interface ILeafStore {
    /// Proves a leaf like `verifyLeaf` and keeps one of its statistics. Anyone may call it.
    function proveAndStore(Leaf calldata leaf, uint64 reportEpoch, bytes32[] calldata proof, uint8 metric) external;

    /// The newest value kept, however old; reverts when there is none.
    function latestOf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage, uint8 metric)
        external
        view
        returns (Observation memory);

    /// The same, and reverts when its window ended more than `ageSeconds` ago.
    function noOlderThanOf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage, uint8 metric, uint64 ageSeconds)
        external
        view
        returns (Observation memory);
}
