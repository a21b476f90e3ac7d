// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ObjectiveTemplates} from "../src/ObjectiveTemplates.sol";
import {AggregatorV3Adapter} from "../src/adapters/AggregatorV3Adapter.sol";
import {FailoverRouter} from "../src/examples/FailoverRouter.sol";
import {Claim, Leaf, Objective, Outcome, Terms} from "../src/interfaces/Types.sol";
import {MarketFixture} from "./MarketFixture.sol";

/// What the money contracts cost, as whole transactions. Leaves are full and proofs have PROOF_LENGTH hashes, a report of
/// about a thousand leaves. "First": slots that were empty are written; the steady state is what every later period costs.
/// forge-config: default.isolate = true
contract MoneyGasTest is MarketFixture {
    string private constant GROUP = "Money";
    uint256 private constant SETTLE_GAS_MAX = 100_000;
    uint256 private constant SETTLE_MANY_GAS_MAX = 60_000;
    uint32 private constant MANY = 20;
    uint256 private constant PROOF_LENGTH = 10;

    function test_settle_onePeriod() external {
        uint256 id = _agreement();
        // One after another as in life: the leaf of a period is proven a few epochs after its window.
        uint256 first = _settleOne(id, 0, Outcome.Met, "settle: met, the provider's first");
        assertTrue(first <= SETTLE_GAS_MAX, "the provider's first");
        first = _settleOne(id, 1, Outcome.Credited, "settle: credited, the customer's first");
        assertTrue(first <= SETTLE_GAS_MAX, "the customer's first");
        vm.prank(PROVIDER);
        vault.withdraw(address(token));
        uint256 after_ = _settleOne(id, 2, Outcome.Met, "settle: met, after the provider withdrew everything");
        assertTrue(after_ <= SETTLE_GAS_MAX, "after everything was withdrawn");
        assertTrue(_settleOne(id, 6, Outcome.Met, "settle: met") <= SETTLE_GAS_MAX, "met");
        assertTrue(_settleOne(id, 7, Outcome.Credited, "settle: credited") <= SETTLE_GAS_MAX, "credited");
        assertTrue(_settleOne(id, 8, Outcome.Breached, "settle: breached") <= SETTLE_GAS_MAX, "breached");
        assertTrue(_settleOne(id, 9, Outcome.Inconclusive, "settle: inconclusive") <= SETTLE_GAS_MAX, "inconclusive");
    }

    function test_settleMany_twentyPeriods() external {
        uint256 id = _agreement();
        Claim[] memory claims = new Claim[](MANY);
        for (uint32 period = 0; period < MANY; ++period) {
            Outcome outcome = period % 5 == 4 ? Outcome.Breached : Outcome.Met;
            (Leaf memory leaf, bytes32[] memory proof) = _land(period, outcome);
            claims[period] = Claim(id, period, windowEnd(period) - 1, leaf, proof);
        }
        warpToEpoch(windowEnd(MANY) + SETTLE_DELAY);
        vault.settleMany(claims);
        uint256 gas = vm.snapshotGasLastCall(GROUP, "settleMany of 20");
        assertEq(vault.agreement(id).periodsDone, MANY, "all of them");
        assertTrue(gas <= MANY * SETTLE_MANY_GAS_MAX, "gas each");
    }

    function test_market_course() external {
        uint256 id = post(intent());
        vm.snapshotGasLastCall(GROUP, "market: post");
        commit(id, 0, 10 ether);
        vm.snapshotGasLastCall(GROUP, "market: commit");
        warpToEpoch(COMMIT_UNTIL);
        reveal(id, 0, 10 ether);
        vm.snapshotGasLastCall(GROUP, "market: reveal and lead");
        warpToEpoch(REVEAL_UNTIL);
        market.matchIntent(id);
        vm.snapshotGasLastCall(GROUP, "market: match");
        vm.prank(CUSTOMER);
        market.withdraw(address(token));
        vm.snapshotGasLastCall(GROUP, "withdraw");
        uint256 offered = offer(terms());
        vm.snapshotGasLastCall(GROUP, "offer");
        vm.prank(CUSTOMER);
        vault.accept(offered, START);
        vm.snapshotGasLastCall(GROUP, "accept");
        vm.prank(CUSTOMER);
        vault.giveNotice(offered);
        vm.snapshotGasLastCall(GROUP, "give notice");
    }

    function test_everyContractFitsACodeObject() external {
        bytes32[] memory list = new bytes32[](2);
        Objective[] memory objectives = new Objective[](1);
        FailoverRouter router = new FailoverRouter(store, list, objectives, WINDOW, 0, 1);
        AggregatorV3Adapter feed = new AggregatorV3Adapter(oracle, store, serviceId, 0, 0, WINDOW, 0, 1, "feed");
        _size("SlaVault", address(vault));
        _size("SlaMarket", address(market));
        _size("FailoverRouter", address(router));
        _size("AggregatorV3Adapter", address(feed));
        _size("ObjectiveTemplates", address(new ObjectiveTemplates()));
    }

    function _agreement() private returns (uint256) {
        Terms memory t = terms();
        t.periods = 100;
        t.voidsInRowMax = 8;
        t.settleDelayEpochs = SETTLE_DELAY;
        return agree(t);
    }

    function _settleOne(uint256 id, uint32 period, Outcome outcome, string memory name) private returns (uint256) {
        (Leaf memory leaf, bytes32[] memory proof) = _land(period, outcome);
        warpToEpoch(windowEnd(period) + SETTLE_DELAY);
        vault.settle(id, period, windowEnd(period) - 1, leaf, proof);
        return vm.snapshotGasLastCall(GROUP, name);
    }

    /// Lands the report of the window's last epoch with a full leaf in a tree of 2^PROOF_LENGTH.
    function _land(uint32 period, Outcome outcome) private returns (Leaf memory leaf, bytes32[] memory proof) {
        leaf = leafOf(period, outcome);
        (leaf.epochsExpected, leaf.epochsCounted, leaf.watchersAssigned, leaf.watchersValid) = (WINDOW, WINDOW, 64, 63);
        (leaf.samplesGood, leaf.samplesBad, leaf.samplesUnknown, leaf.samplesFault) = (38_112, 288, 17, 3);
        (leaf.dispersionAvailabilityPpm, leaf.dispersionLatencyP50Micros) = (1_234, 5_678);
        for (uint256 i = 1; i < 6; ++i) {
            leaf.stats[i] = stat(123_456, 120_000, 130_000);
        }
        proof = new bytes32[](PROOF_LENGTH);
        bytes32 node = this.hashLeaf(leaf);
        for (uint256 i = 0; i < PROOF_LENGTH; ++i) {
            proof[i] = keccak256(abi.encode(period, i));
            node = node < proof[i] ? keccak256(abi.encode(node, proof[i])) : keccak256(abi.encode(proof[i], node));
        }
        warpToEpoch(windowEnd(period));
        land(windowEnd(period) - 1, WATCHERS, node);
    }

    function _size(string memory name, address deployed) private {
        vm.snapshotValue("CodeSize", name, deployed.code.length);
        assertTrue(deployed.code.length <= 24_576, name);
    }
}
