// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeafStore} from "../interfaces/ILeafStore.sol";
import {Objective, Observation} from "../interfaces/Types.sol";
import {Settlement} from "../libraries/Settlement.sol";

/// Routes to one of several services, and switches after a proven breach of the one that is routed to. Nobody owns it; anyone
/// may call `failover`, and it does the same whoever calls.
///
/// It switches when the newest proven window of the active service is conclusive, fresh, ended after the last switch, and breaches
/// an objective even at the bound that favours the service. It switches to the first other service, in the order given,
/// whose newest proven window is conclusive, fresh and meets every objective. When none does it stays: a known breach is no
/// reason to trust something unknown.
contract FailoverRouter {
    /// Each is looked at in one call.
    uint256 public constant SERVICES_MAX = 8;
    /// As many as an agreement has.
    uint256 public constant OBJECTIVES_MAX = 4;

    ILeafStore public immutable store;
    uint32 public immutable windowEpochs;
    uint16 public immutable vantage;
    uint64 public immutable ageSecondsMax;

    /// Index of the service that is routed to.
    uint256 public active;
    /// Unix seconds of the last switch, 0 before the first.
    uint64 public switchedAt;
    bytes32[] private _services;
    Objective[] private _objectives;

    /// `observedAt`: unix seconds, the end of the window whose breach caused it.
    event Switched(bytes32 indexed from, bytes32 indexed to, uint64 observedAt);

    /// A field is out of its bounds; `name` says which.
    error FieldOutOfBounds(string name, uint256 given, uint256 minimum, uint256 maximum);
    /// No conclusive, fresh window after the last switch breaches an objective.
    error NoBreach(bytes32 serviceId);
    error NoAlternative(bytes32 breached);

    constructor(
        ILeafStore store_,
        bytes32[] memory services_,
        Objective[] memory objectives_,
        uint32 windowEpochs_,
        uint16 vantage_,
        uint64 ageSecondsMax_
    ) {
        if (services_.length < 2 || services_.length > SERVICES_MAX) {
            revert FieldOutOfBounds("services", services_.length, 2, SERVICES_MAX);
        }
        if (objectives_.length == 0 || objectives_.length > OBJECTIVES_MAX) {
            revert FieldOutOfBounds("objectives", objectives_.length, 1, OBJECTIVES_MAX);
        }
        store = store_;
        windowEpochs = windowEpochs_;
        vantage = vantage_;
        ageSecondsMax = ageSecondsMax_;
        _services = services_;
        for (uint256 i = 0; i < objectives_.length; ++i) {
            _objectives.push(objectives_[i]);
        }
    }

    /// Where to send requests now.
    function activeService() external view returns (bytes32) {
        return _services[active];
    }

    function failover() external {
        bytes32 from = _services[active];
        (Settlement.Verdict verdict, uint64 observedAt) = judge(from);
        if (verdict != Settlement.Verdict.Breached || observedAt <= switchedAt) revert NoBreach(from);
        for (uint256 i = 0; i < _services.length; ++i) {
            if (i == active) continue;
            (verdict,) = judge(_services[i]);
            if (verdict != Settlement.Verdict.Met) continue;
            active = i;
            switchedAt = uint64(block.timestamp);
            emit Switched(from, _services[i], observedAt);
            return;
        }
        revert NoAlternative(from);
    }

    /// What the newest proven window says of a service, over all objectives; Unknown when it is inconclusive or too old.
    /// `observedAt`, unix seconds: the end of the window of the first breach, or else the earliest end that was looked at.
    function judge(bytes32 serviceId) public view returns (Settlement.Verdict verdict, uint64 observedAt) {
        bool unknown = false;
        bool missed = false;
        bool breached = false;
        observedAt = type(uint64).max;
        for (uint256 i = 0; i < _objectives.length; ++i) {
            Objective memory objective = _objectives[i];
            (Settlement.Verdict one, uint64 end) = _judgeOne(serviceId, objective);
            // Of a breach its own window counts, else the earliest.
            bool first = one == Settlement.Verdict.Breached && !breached;
            if (first || (!breached && end < observedAt)) observedAt = end;
            if (first) breached = true;
            if (one == Settlement.Verdict.Unknown) unknown = true;
            if (one == Settlement.Verdict.Missed) missed = true;
        }
        if (breached) return (Settlement.Verdict.Breached, observedAt);
        if (unknown) return (Settlement.Verdict.Unknown, observedAt);
        return (missed ? Settlement.Verdict.Missed : Settlement.Verdict.Met, observedAt);
    }

    function _judgeOne(bytes32 serviceId, Objective memory objective)
        private
        view
        returns (Settlement.Verdict, uint64 observedAt)
    {
        // Nothing kept, or nothing fresh.
        try store.noOlderThanOf(serviceId, windowEpochs, vantage, objective.metric, ageSecondsMax) returns (
            Observation memory seen
        ) {
            Settlement.Verdict verdict = objective.statistic == Settlement.STATISTIC_TAIL
                ? Settlement.compare(seen.tail, seen.tailLower, seen.tailUpper, objective)
                : Settlement.compare(seen.median, seen.medianLower, seen.medianUpper, objective);
            return (verdict, seen.observedAt);
        } catch {
            return (Settlement.Verdict.Unknown, 0);
        }
    }
}
