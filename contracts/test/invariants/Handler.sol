// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IMeasurementOracle} from "../../src/interfaces/IMeasurementOracle.sol";
import {ISlaMarket} from "../../src/interfaces/ISlaMarket.sol";
import {ISlaVault} from "../../src/interfaces/ISlaVault.sol";
import {IWatcherRegistry} from "../../src/interfaces/IWatcherRegistry.sol";
import {
    Agreement,
    AgreementStatus,
    Claim,
    Intent,
    IntentStatus,
    Leaf,
    Objective,
    Outcome,
    SeatStatus,
    Terms
} from "../../src/interfaces/Types.sol";
import {BlacklistToken} from "../Tokens.sol";
import {World} from "./World.sol";

/// What anybody can do, with random choices. Nothing here reverts: a call that the contracts refuse is counted as refused. What
/// must never succeed is tried on purpose, and `broken` says so when it did.
contract Handler is World {
    /// Agreements and intents of one run: enough to have all states at once, few enough to be summed after every step.
    uint256 public constant AGREEMENTS_MAX = 16;
    uint256 public constant INTENTS_MAX = 8;

    string public broken;
    uint256 public calls;
    uint256 public succeeded;
    uint256 public settledPeriods;
    uint256 public matched;
    uint256 public reports;
    /// Of the oracle, in units of the first token.
    uint256 public feesPaid;
    uint256 public rewardsPaid;
    uint256 public forfeitedBurned;
    /// By service, the end of the window whose value is kept.
    mapping(uint256 service => uint64) public keptEnd;
    /// Bids as they will be revealed.
    mapping(uint256 id => mapping(uint256 i => uint128)) private _price;

    constructor() {
        build();
    }

    modifier counted() {
        ++calls;
        _;
    }

    // Time and reports

    function advance(uint256 random) external counted {
        seed = seed == 0 ? random | 1 : seed;
        uint64 epoch = oracle.currentEpoch() + 1 + uint64(random % WINDOW);
        warpToEpoch(epoch);
        vm.roll(block.number + 1);
        // The newest window that has ended; one in eight never gets a report, so that its periods expire.
        uint64 windowStart = epoch / WINDOW * WINDOW;
        if (windowStart < WINDOW) return;
        windowStart -= WINDOW;
        (uint64 next,) = oracle.head();
        bool skipped = uint256(keccak256(abi.encode(seed, windowStart))) % 8 == 0;
        if (next > windowStart + WINDOW - 1 || skipped) return;
        landWindow(windowStart);
        ++reports;
    }

    // Watchers and services

    function changeSet(uint256 random) external counted {
        uint256 choice = random % 8;
        if (choice == 0 && joins < 40) {
            uint16 taken = join(joins, STAKE_MIN);
            watcherAt[taken] = joins++;
            return _done(true);
        }
        uint16 seat = uint16((random >> 8) % 8);
        if (choice == 1) {
            (uint256[2] memory occupied,,,) = registry.pending();
            bool enough = _count(occupied[0]) > WATCHERS;
            if (!enough || registry.seat(seat).status != SeatStatus.Joined) return;
            vm.prank(operatorOf(watcherAt[seat]));
            return _try(address(registry), abi.encodeCall(IWatcherRegistry.exit, (seat)));
        }
        if (choice == 2) return _try(address(registry), abi.encodeCall(IWatcherRegistry.withdraw, (seat)));
        _try(address(registry), abi.encodeCall(IWatcherRegistry.seal, ()));
    }

    /// One provider of three may retire its service, late in a run.
    function retire(uint256 random) external counted {
        if (random % 512 != 0 || calls < 300) return;
        vm.prank(providers[2]);
        _try(address(services), abi.encodeWithSignature("retire(bytes32)", serviceOf[2]));
    }

    /// One customer and one provider can no longer receive the second token.
    function blacklist(uint256 random) external counted {
        if (random % 64 == 0) BlacklistToken(tokens[1]).blacklist(random % 128 == 0 ? customers[2] : providers[1]);
    }

    // Vault

    function offer(uint256 random) external counted {
        if (vault.offerCount() >= AGREEMENTS_MAX) return;
        vm.prank(providers[random % ACTORS]);
        _try(address(vault), abi.encodeCall(ISlaVault.offer, (_terms(random, serviceOf[random % ACTORS]))));
    }

    function withdrawOffer(uint256 random) external counted {
        if (random % 4 != 0) return;
        vm.prank(providers[random % ACTORS]);
        _try(address(vault), abi.encodeCall(ISlaVault.withdrawOffer, (_anyAgreement(random >> 8))));
    }

    /// Also over windows that have started: the vault must refuse those.
    function accept(uint256 random) external counted {
        uint256 id = _anyAgreement(random >> 8);
        uint64 epoch = oracle.currentEpoch();
        uint64 start = (epoch / WINDOW + uint64((random >> 16) % 4)) * WINDOW;
        vm.prank(customers[random % ACTORS]);
        (bool ok,) = address(vault).call(abi.encodeCall(ISlaVault.accept, (id, start)));
        if (ok && start <= epoch) broken = "accepted over a started window";
        _done(ok);
    }

    function settle(uint256 random) external counted {
        (uint256 id, uint32 period, uint64 windowStart, uint256 s) = _anyPeriod(random);
        if (id == 0) return;
        (Leaf memory leaf, bytes32[] memory proof) = provenLeaf(s, windowStart);
        bool settledBefore = vault.outcome(id, period) != Outcome.None;
        (bool ok,) =
            address(vault).call(abi.encodeCall(ISlaVault.settle, (id, period, windowStart + WINDOW - 1, leaf, proof)));
        if (ok && settledBefore) broken = "settled twice";
        if (ok && !landed[windowStart]) broken = "settled without a certificate";
        if (ok) ++settledPeriods;
        _done(ok);
    }

    /// A leaf that says something else than the one that landed, by the same proof: worth nothing.
    function settleForged(uint256 random) external counted {
        (uint256 id, uint32 period, uint64 windowStart, uint256 s) = _anyPeriod(random);
        if (id == 0) return;
        (Leaf memory leaf, bytes32[] memory proof) = provenLeaf(s, windowStart);
        Outcome other = Outcome(1 + (uint256(outcomeOf(s, windowStart)) + random % 3) % 4);
        leaf = leafOf(s, windowStart, other);
        (bool ok,) =
            address(vault).call(abi.encodeCall(ISlaVault.settle, (id, period, windowStart + WINDOW - 1, leaf, proof)));
        if (ok) broken = "settled on a forged leaf";
    }

    function settleMany(uint256 random) external counted {
        Claim[] memory claims = new Claim[](4);
        for (uint256 i = 0; i < claims.length; ++i) {
            (uint256 id, uint32 period, uint64 windowStart, uint256 s) =
                _anyPeriod(uint256(keccak256(abi.encode(random, i))));
            if (id == 0) return;
            (Leaf memory leaf, bytes32[] memory proof) = provenLeaf(s, windowStart);
            claims[i] = Claim(id, period, windowStart + WINDOW - 1, leaf, proof);
        }
        (bool ok, bytes memory result) = address(vault).call(abi.encodeCall(ISlaVault.settleMany, (claims)));
        if (!ok) broken = "one bad claim blocked the others";
        settledPeriods += abi.decode(result, (uint256));
        _done(ok);
    }

    function giveNotice(uint256 random) external counted {
        if (random % 8 != 0) return;
        uint256 id = _anyAgreement(random >> 8);
        Agreement memory before = vault.agreement(id);
        address party = random % 16 == 0 ? before.provider : before.customer;
        vm.prank(party);
        (bool ok,) = address(vault).call(abi.encodeCall(ISlaVault.giveNotice, (id)));
        if (ok && vault.agreement(id).periods < before.periodsDone) broken = "notice took a period that has ended";
        _done(ok);
    }

    // Market

    function post(uint256 random) external counted {
        if (market.intentCount() >= INTENTS_MAX) return;
        uint64 epoch = oracle.currentEpoch();
        Intent memory wanted;
        wanted.kind = 1;
        wanted.commitUntil = epoch + 3 + uint64(random % 4);
        wanted.revealUntil = wanted.commitUntil + 2 + uint64((random >> 8) % 4);
        wanted.firstWindowStart = (wanted.revealUntil / WINDOW + 1 + uint64((random >> 16) % 3)) * WINDOW;
        wanted.terms = _terms(random >> 24, 0);
        wanted.terms.pricePerPeriod += 1;
        vm.prank(customers[random % ACTORS]);
        _try(address(market), abi.encodeCall(ISlaMarket.post, (wanted)));
    }

    function cancel(uint256 random) external counted {
        if (random % 8 != 0) return;
        uint256 id = _anyIntent(random >> 8);
        vm.prank(customers[(random >> 4) % ACTORS]);
        _try(address(market), abi.encodeCall(ISlaMarket.cancel, (id)));
    }

    /// A few ask more than the budget, and are never opened.
    function commit(uint256 random) external counted {
        uint256 id = _anyIntent(random >> 8);
        uint256 i = random % ACTORS;
        if (id == 0) return;
        uint128 price = uint128((random >> 16) % (uint256(market.intent(id).terms.pricePerPeriod) * 9 / 8 + 1));
        bytes32 commitment = market.commitmentOf(id, providers[i], serviceOf[i], price, bytes32(id));
        vm.prank(providers[i]);
        (bool ok,) = address(market).call(abi.encodeCall(ISlaMarket.commit, (id, commitment)));
        if (ok) _price[id][i] = price;
        _done(ok);
    }

    function reveal(uint256 random) external counted {
        uint256 id = _anyIntent(random >> 8);
        uint256 i = random % ACTORS;
        uint128 price = _price[id][i] + (random % 16 == 0 ? 1 : 0);
        vm.prank(providers[i]);
        (bool ok,) = address(market).call(abi.encodeCall(ISlaMarket.reveal, (id, serviceOf[i], price, bytes32(id))));
        if (ok && price != _price[id][i]) broken = "revealed another price than committed";
        _done(ok);
    }

    function matchIntent(uint256 random) external counted {
        uint256 id = _anyIntent(random);
        (bool ok, bytes memory result) = address(market).call(abi.encodeCall(ISlaMarket.matchIntent, (id)));
        if (ok) {
            ++matched;
            Agreement memory agreed = vault.agreement(abi.decode(result, (uint256)));
            if (agreed.firstWindowStart <= oracle.currentEpoch()) broken = "matched over a started window";
        }
        _done(ok);
    }

    function lapse(uint256 random) external counted {
        if (random % 4 == 0) _try(address(market), abi.encodeCall(ISlaMarket.lapse, (_anyIntent(random >> 8))));
    }

    // Both

    function withdraw(uint256 random) external counted {
        address account = (random & 1 == 0 ? providers : customers)[(random >> 1) % ACTORS];
        address coin = tokens[(random >> 8) & 1];
        IEscrow escrow = (random >> 9) & 1 == 0 ? IEscrow(vault) : IEscrow(market);
        uint256 due = escrow.owed(coin, account);
        vm.prank(account);
        (bool ok,) = address(escrow).call(abi.encodeCall(IEscrow.withdraw, (coin)));
        bool blocked = coin == tokens[1] && BlacklistToken(coin).blacklisted(account);
        if (due > 0 && !ok && !blocked) broken = "what is owed cannot be withdrawn";
        if (due == 0 && ok) broken = "withdrew what was not owed";
        _done(ok);
    }

    function payFees(uint256 random) external counted {
        IEscrow escrow = random & 1 == 0 ? IEscrow(vault) : IEscrow(market);
        uint256 due = escrow.owed(tokens[0], address(oracle));
        (bool ok,) = address(escrow).call(abi.encodeCall(IEscrow.payFees, ()));
        if (due > 0 && !ok) broken = "fees cannot be paid";
        if (ok) feesPaid += due;
        _done(ok);
    }

    // Oracle

    /// Whatever was earned is there: no other claim, fee or burning has taken it.
    function claimRewards(uint256 random) external counted {
        uint16 seat = uint16(random % 8);
        if (registry.seat(seat).status == SeatStatus.Free) return;
        (uint256 earned, uint256 debt) = oracle.rewardsOf(seat, type(uint32).max);
        uint256 before = token.balanceOf(address(oracle));
        (bool ok,) = address(oracle).call(abi.encodeCall(IMeasurementOracle.claimRewards, (seat, type(uint32).max)));
        if (earned > 0 && !ok) broken = "what was earned cannot be claimed";
        if (earned == 0 && ok) broken = "claimed what was not earned";
        uint256 paid = before - token.balanceOf(address(oracle));
        if (paid > (earned > debt ? earned - debt : 0)) broken = "claimed more than was earned";
        rewardsPaid += paid;
        _done(ok);
    }

    function burnForfeited(uint256 random) external counted {
        if (random % 8 != 0) return;
        uint256 before = token.balanceOf(address(oracle));
        _try(address(oracle), abi.encodeCall(IMeasurementOracle.burnForfeited, ()));
        forfeitedBurned += before - token.balanceOf(address(oracle));
    }

    /// Also of windows older than what is kept: the oracle must refuse those.
    function keepValue(uint256 random) external counted {
        uint64 windowStart = uint64((random >> 8) % (oracle.currentEpoch() / WINDOW + 1)) * WINDOW;
        uint256 s = random % ACTORS;
        if (!landed[windowStart]) return;
        (Leaf memory leaf, bytes32[] memory proof) = provenLeaf(s, windowStart);
        (bool ok,) = address(oracle)
            .call(abi.encodeCall(IMeasurementOracle.proveAndStore, (leaf, windowStart + WINDOW - 1, proof, 0)));
        if (ok && !leaf.conclusive) broken = "kept a value of an inconclusive leaf";
        if (ok && windowStart + WINDOW <= keptEnd[s]) broken = "an older value took the place of a newer one";
        if (ok) keptEnd[s] = windowStart + WINDOW;
        _done(ok);
    }

    /// What the oracle was given, whatever it has paid of it since.
    function rewardsGiven() external view returns (uint256) {
        return token.balanceOf(address(oracle)) + rewardsPaid + forfeitedBurned;
    }

    // Sums

    function heldBy(address holder, uint256 t) public view returns (uint256 held, uint256 claimed) {
        held = BlacklistToken(tokens[t]).balanceOf(holder);
        claimed = holder == address(vault) ? _claimedOfVault(tokens[t]) : _claimedOfMarket(tokens[t]);
        for (uint256 i = 0; i < ACTORS; ++i) {
            claimed += IEscrow(holder).owed(tokens[t], providers[i]) + IEscrow(holder).owed(tokens[t], customers[i]);
        }
        claimed += IEscrow(holder).owed(tokens[t], address(oracle)) + IEscrow(holder).owed(tokens[t], DEAD);
    }

    function escrows() external view returns (address, address) {
        return (address(vault), address(market));
    }

    /// Ends everything that is open and withdraws everything that can be.
    function wind() external {
        warpToEpoch(oracle.currentEpoch() + EXPIRY + 200 * WINDOW);
        for (uint256 id = 1; id <= market.intentCount(); ++id) {
            if (market.intentState(id).status == IntentStatus.Open) market.lapse(id);
        }
        for (uint256 id = 1; id <= vault.offerCount(); ++id) {
            Agreement memory record = vault.agreement(id);
            if (record.status == AgreementStatus.Offered) {
                vm.prank(record.provider);
                vault.withdrawOffer(id);
            }
            for (uint32 p = 0; record.status == AgreementStatus.Active && p < record.periods; ++p) {
                if (vault.outcome(id, p) == Outcome.None) vault.expire(id, p);
                record = vault.agreement(id);
            }
        }
        for (uint256 i = 0; i < 4 * ACTORS; ++i) {
            address account = (i % 2 == 0 ? providers : customers)[i / 2 % ACTORS];
            address coin = tokens[i / (2 * ACTORS)];
            if (coin == tokens[1] && BlacklistToken(coin).blacklisted(account)) continue;
            if (vault.owed(coin, account) > 0) _withdraw(vault, account, coin);
            if (market.owed(coin, account) > 0) _withdraw(market, account, coin);
        }
    }

    /// What must still be held after `wind`: what the blacklisted cannot take, the pool's, and what nobody may have.
    function restOf(address holder, uint256 t) external view returns (uint256 rest) {
        rest = IEscrow(holder).owed(tokens[t], address(oracle)) + IEscrow(holder).owed(tokens[t], DEAD);
        if (t == 0) return rest;
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (BlacklistToken(tokens[1]).blacklisted(providers[i])) {
                rest += IEscrow(holder).owed(tokens[1], providers[i]);
            }
            if (BlacklistToken(tokens[1]).blacklisted(customers[i])) {
                rest += IEscrow(holder).owed(tokens[1], customers[i]);
            }
        }
    }

    function _withdraw(IEscrow escrow, address account, address coin) private {
        vm.prank(account);
        escrow.withdraw(coin);
    }

    function _claimedOfVault(address coin) private view returns (uint256 claimed) {
        for (uint256 id = 1; id <= vault.offerCount(); ++id) {
            Agreement memory record = vault.agreement(id);
            bool isOpen = record.status == AgreementStatus.Offered || record.status == AgreementStatus.Active;
            if (!isOpen && record.bondLeft == 0) continue;
            Terms memory t = vault.terms(id);
            if (t.token != coin) continue;
            claimed += record.bondLeft;
            if (record.status != AgreementStatus.Active) continue;
            claimed += uint256(record.periods - record.periodsDone) * t.pricePerPeriod;
        }
    }

    function _claimedOfMarket(address coin) private view returns (uint256 claimed) {
        for (uint256 id = 1; id <= market.intentCount(); ++id) {
            if (market.intentState(id).status != IntentStatus.Open) continue;
            Terms memory t = market.intent(id).terms;
            if (t.token != coin) continue;
            claimed += uint256(t.periods) * t.pricePerPeriod;
            claimed += uint256(market.intentState(id).held) * market.intentState(id).deposit;
            if (market.intentState(id).bestOrder != 0) claimed += t.bond;
        }
    }

    function _terms(uint256 random, bytes32 serviceId) private view returns (Terms memory t) {
        t.serviceId = serviceId;
        t.token = tokens[(random >> 2) & 1];
        t.windowEpochs = WINDOW;
        t.periods = 1 + uint32((random >> 3) % 6);
        t.pricePerPeriod = uint128((random >> 16) % 1e20);
        t.bond = uint128((random >> 32) % 1e20);
        t.slashPerPeriod = uint128((random >> 48) % (uint256(t.bond) + 1));
        t.creditPpm = uint32((random >> 64) % 1_000_001);
        t.settleDelayEpochs = uint32((random >> 96) % 3);
        t.voidsInRowMax = 1 + uint32((random >> 104) % 3);
        t.noticeWindows = 1 + uint32((random >> 112) % 2);
        t.extend = (random >> 120) & 1 == 1;
        t.objectives = new Objective[](1);
        t.objectives[0] = objective(0, uint8((random >> 121) & 1), 0, 990_000);
    }

    function _anyAgreement(uint256 random) private view returns (uint256) {
        uint256 count = vault.offerCount();
        return count == 0 ? 0 : 1 + random % count;
    }

    function _anyIntent(uint256 random) private view returns (uint256) {
        uint256 count = market.intentCount();
        return count == 0 ? 0 : 1 + random % count;
    }

    /// Mostly an active agreement, and of it any period, ended or not.
    function _anyPeriod(uint256 random)
        private
        view
        returns (uint256 id, uint32 period, uint64 windowStart, uint256 s)
    {
        for (uint256 i = 0; i < 4; ++i) {
            id = _anyAgreement(uint256(keccak256(abi.encode(random, i))));
            if (id != 0 && vault.agreement(id).status == AgreementStatus.Active) break;
        }
        Agreement memory record = vault.agreement(id);
        if (record.status != AgreementStatus.Active && record.status != AgreementStatus.Closed) return (0, 0, 0, 0);
        period = uint32((random >> 128) % (uint256(record.periods) + 1));
        windowStart = record.firstWindowStart + uint64(period) * WINDOW;
        s = record.provider == providers[0] ? 0 : record.provider == providers[1] ? 1 : 2;
    }

    function _count(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }

    function _try(address target, bytes memory data) private {
        (bool ok,) = target.call(data);
        _done(ok);
    }

    function _done(bool ok) private {
        if (ok) ++succeeded;
    }
}
