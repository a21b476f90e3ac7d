// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SlaMarket} from "../../src/SlaMarket.sol";
import {SlaVault} from "../../src/SlaVault.sol";
import {ILeafStore} from "../../src/interfaces/ILeafStore.sol";
import {IRewardPool} from "../../src/interfaces/IRewardPool.sol";
import {Header, Leaf, Outcome, SetVersion} from "../../src/interfaces/Types.sol";
import {Typed} from "../../src/libraries/Typed.sol";
import {Fixture} from "../Fixture.sol";
import {Signer} from "../Signer.sol";
import {BlacklistToken} from "../Tokens.sol";

/// All contracts as they are deployed, with real certificates: fees go to the oracle's rewards, values are kept by the oracle; three providers with a service each, three customers, two
/// tokens, and time that only goes forward. What a window shows is drawn from its number and a seed.
abstract contract World is Fixture {
    uint256 internal constant ACTORS = 3;
    uint256 internal constant WATCHERS = 4;
    uint64 internal constant EXPIRY = 8192;
    uint32 internal constant FEE_PPM = 20_000;
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;

    SlaVault internal vault;
    SlaMarket internal market;
    address[2] internal tokens;
    address[ACTORS] internal providers = [address(0xa1), address(0xa2), address(0xa3)];
    address[ACTORS] internal customers = [address(0xc1), address(0xc2), address(0xc3)];
    bytes32[ACTORS] internal serviceOf;

    uint256 internal seed;
    /// Join number of the watcher in each seat.
    mapping(uint256 seat => uint256) internal watcherAt;
    uint256 internal joins;
    /// First epochs of windows whose report landed.
    mapping(uint64 windowStart => bool) internal landed;

    function build() internal {
        deploy();
        sealGenesis(WATCHERS);
        joins = WATCHERS;
        for (uint256 i = 0; i < WATCHERS; ++i) {
            watcherAt[i] = i;
        }
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        vault = new SlaVault(oracle, services, IRewardPool(address(oracle)), FEE_PPM, next);
        market = new SlaMarket(vault, ILeafStore(address(oracle)), 2);
        BlacklistToken second = new BlacklistToken(type(uint128).max);
        tokens = [address(token), address(second)];
        for (uint256 i = 0; i < ACTORS; ++i) {
            _equip(providers[i]);
            _equip(customers[i]);
            vm.prank(providers[i]);
            serviceOf[i] = services.register(serviceConfig());
        }
        warpToEpoch(4);
    }

    function _equip(address account) private {
        for (uint256 i = 0; i < 2; ++i) {
            IERC20(tokens[i]).transfer(account, 1e30);
            vm.startPrank(account);
            IERC20(tokens[i]).approve(address(vault), type(uint256).max);
            IERC20(tokens[i]).approve(address(market), type(uint256).max);
            vm.stopPrank();
        }
    }

    /// What the window shows of a service: every verdict, in proportions that let agreements live.
    function outcomeOf(uint256 s, uint64 windowStart) internal view returns (Outcome) {
        uint256 drawn = uint256(keccak256(abi.encode(seed, s, windowStart))) % 10;
        if (drawn < 4) return Outcome.Met;
        if (drawn < 6) return Outcome.Credited;
        return drawn < 8 ? Outcome.Breached : Outcome.Inconclusive;
    }

    function leafOf(uint256 s, uint64 windowStart, Outcome outcome) internal view returns (Leaf memory leaf) {
        leaf.serviceId = serviceOf[s];
        leaf.windowStart = windowStart;
        leaf.windowEpochs = WINDOW;
        leaf.conclusive = outcome != Outcome.Inconclusive;
        if (outcome == Outcome.Met) leaf.stats[0] = stat(995_000, 990_000, 999_000);
        if (outcome == Outcome.Credited) leaf.stats[0] = stat(985_000, 980_000, 991_000);
        if (outcome == Outcome.Breached) leaf.stats[0] = stat(900_000, 890_000, 910_000);
    }

    /// The leaf that landed, and its proof in a tree of four.
    function provenLeaf(uint256 s, uint64 windowStart)
        internal
        view
        returns (Leaf memory leaf, bytes32[] memory proof)
    {
        leaf = leafOf(s, windowStart, outcomeOf(s, windowStart));
        bytes32[4] memory hashes = _hashes(windowStart);
        proof = new bytes32[](2);
        proof[0] = hashes[s ^ 1];
        proof[1] = s < 2 ? _pair(hashes[2], hashes[3]) : _pair(hashes[0], hashes[1]);
    }

    function rootOf(uint64 windowStart) internal view returns (bytes32) {
        bytes32[4] memory hashes = _hashes(windowStart);
        return _pair(_pair(hashes[0], hashes[1]), _pair(hashes[2], hashes[3]));
    }

    /// Lands the report of the last epoch of a window with a real certificate of the set that was active then.
    function landWindow(uint64 windowStart) internal {
        uint64 epoch = windowStart + WINDOW - 1;
        SetVersion memory set = registry.version(registry.versionAt(epoch));
        Header memory header = headerOf(epoch, set.occupied);
        header.resultsRoot = rootOf(windowStart);
        uint256 secret = 0;
        for (uint256 seat = 0; seat < set.effectiveStakes.length; ++seat) {
            bool taken = (set.occupied[0] >> seat) & 1 == 1;
            if (taken) secret = addmod(secret, secretOf(watcherAt[seat]), Signer.R);
        }
        bytes32 digest = Typed.attestationDigest(oracle.DOMAIN_SEPARATOR(), epoch, 0, this.hashHeader(header));
        oracle.submitReport(header, 0, set.occupied, Signer.sign(secret, digest));
        landed[windowStart] = true;
    }

    function _hashes(uint64 windowStart) private view returns (bytes32[4] memory hashes) {
        for (uint256 s = 0; s < ACTORS; ++s) {
            hashes[s] = this.hashLeaf(leafOf(s, windowStart, outcomeOf(s, windowStart)));
        }
        hashes[3] = keccak256("nothing");
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }
}
