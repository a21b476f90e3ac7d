// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ILeafStore} from "../src/interfaces/ILeafStore.sol";
import {IRewardPool} from "../src/interfaces/IRewardPool.sol";
import {Leaf, Observation} from "../src/interfaces/Types.sol";

/// Takes what it is given, or refuses everything.
contract MockPool is IRewardPool {
    IERC20 public immutable rewardToken;
    bool public refuses;
    uint256 public funded;

    error Refused();

    constructor(IERC20 rewardToken_) {
        rewardToken = rewardToken_;
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function fundRewards(uint256 amount) external {
        if (refuses) revert Refused();
        funded += amount;
        rewardToken.transferFrom(msg.sender, address(this), amount);
    }
}

/// Keeps what a test sets, by the oracle's own rules for age.
contract MockStore is ILeafStore {
    mapping(bytes32 key => Observation) private _kept;

    error NothingStored();
    error Stale(uint64 observedAt);

    /// The same numbers for median and tail.
    function set(
        bytes32 serviceId,
        uint8 metric,
        uint32 windowEpochs,
        uint64 windowEnd,
        uint64 observedAt,
        uint40[3] calldata v
    ) external {
        _kept[_key(serviceId, windowEpochs, 0, metric)] = Observation({
            windowStart: windowEnd - windowEpochs,
            windowEnd: windowEnd,
            reportEpoch: windowEnd - 1,
            observedAt: observedAt,
            median: v[0],
            medianLower: v[1],
            medianUpper: v[2],
            tail: v[0],
            tailLower: v[1],
            tailUpper: v[2]
        });
    }

    function setTail(bytes32 serviceId, uint8 metric, uint32 windowEpochs, uint40 tail) external {
        _kept[_key(serviceId, windowEpochs, 0, metric)].tail = tail;
    }

    function proveAndStore(Leaf calldata, uint64, bytes32[] calldata, uint8) external {}

    function latestOf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage, uint8 metric)
        public
        view
        returns (Observation memory kept)
    {
        kept = _kept[_key(serviceId, windowEpochs, vantage, metric)];
        if (kept.windowEnd == 0) revert NothingStored();
    }

    function noOlderThanOf(bytes32 serviceId, uint32 windowEpochs, uint16 vantage, uint8 metric, uint64 ageSeconds)
        external
        view
        returns (Observation memory kept)
    {
        kept = latestOf(serviceId, windowEpochs, vantage, metric);
        if (block.timestamp > uint256(kept.observedAt) + ageSeconds) revert Stale(kept.observedAt);
    }

    function _key(bytes32 serviceId, uint32 windowEpochs, uint16 vantage, uint8 metric) private pure returns (bytes32) {
        return keccak256(abi.encode(serviceId, windowEpochs, vantage, metric));
    }
}
