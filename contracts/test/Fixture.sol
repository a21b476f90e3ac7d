// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {EquivocationCourt} from "../src/EquivocationCourt.sol";
import {Erc20StakeSource} from "../src/Erc20StakeSource.sol";
import {MeasurementOracle} from "../src/MeasurementOracle.sol";
import {ServiceRegistry} from "../src/ServiceRegistry.sol";
import {WatcherRegistry} from "../src/WatcherRegistry.sol";
import {DevnetToken} from "../src/devnet/DevnetToken.sol";
import {Header, Leaf, Metadata, Objective, Parameters, ServiceConfig} from "../src/interfaces/Types.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Signer} from "./Signer.sol";
import {Test} from "./Test.sol";

/// A registry with a genesis set, an oracle on it, and the means to make certificates.
abstract contract Fixture is Test {
    uint64 internal constant GENESIS = 1_800_000_000;
    uint32 internal constant EPOCH_SECONDS = 60;
    uint32 internal constant ACTIVATION_DELAY = 2;
    uint32 internal constant EXIT_DELAY = 10;
    uint32 internal constant DEADLINE = 5;
    uint32 internal constant WINDOW = 4;
    uint128 internal constant STAKE_MIN = 100 ether;
    uint128 internal constant STAKE_CAP = 1000 ether;

    DevnetToken internal token;
    WatcherRegistry internal registry;
    Erc20StakeSource internal stakeSource;
    EquivocationCourt internal court;
    ServiceRegistry internal services;
    MeasurementOracle internal oracle;

    function deploy() internal {
        vm.warp(GENESIS - 1 hours);
        vm.roll(10_000);
        token = new DevnetToken(address(this), type(uint128).max);
        stakeSource = new Erc20StakeSource(token);
        registry = newRegistry(stakeSource, STAKE_MIN, STAKE_CAP, GENESIS, EPOCH_SECONDS);
        oracle = new MeasurementOracle(registry, abi.encode(parameters()));
        court = new EquivocationCourt(oracle);
        services = new ServiceRegistry(registry);
    }

    /// A registry whose court is the second contract that this test creates after it.
    function newRegistry(Erc20StakeSource source, uint128 stakeMin, uint128 cap, uint64 genesis, uint32 epochSeconds)
        internal
        returns (WatcherRegistry)
    {
        address court_ = LibRLP.computeAddress(address(this), vm.getNonce(address(this)) + 2);
        return new WatcherRegistry(source, court_, stakeMin, cap, genesis, epochSeconds, ACTIVATION_DELAY, EXIT_DELAY);
    }

    /// Registers `count` watchers of equal stake into seats 0..count − 1 and seals them as the genesis set.
    function sealGenesis(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            join(i, STAKE_MIN);
        }
        registry.seal();
    }

    function parameters() internal pure returns (Parameters memory p) {
        p.protocolVersion = 1;
        p.commitMillis = 1000;
        p.deltaMillis = 1000;
        p.revealMillis = 5000;
        p.viewMillis = 2000;
        p.deadlineEpochs = DEADLINE;
        p.assignmentPeriodEpochs = 60;
        p.windowEpochs = [uint32(1), WINDOW, 16, 0];
        p.minEpochsPpm = 500_000;
        p.minSamples = 10;
        p.maxFaultPpm = 100_000;
    }

    /// The secret key of the watcher that joined as number `i`.
    function secretOf(uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("watcher", i))) % Signer.R;
    }

    function operatorOf(uint256 i) internal pure returns (address) {
        // casting to 'uint160' is safe because test indices are small
        return address(uint160(0x10000 + i));
    }

    function metadata() internal pure returns (Metadata memory) {
        return Metadata({
            operatorId: "somebody",
            region: 1,
            asn: 64_500,
            uri: "https://watcher.example",
            addresses: addresses()
        });
    }

    function addresses() internal pure returns (string[] memory list) {
        list = new string[](1);
        list[0] = "/ip4/203.0.113.7/tcp/4601/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
    }

    function possession(uint256 secret, address operator) internal view returns (bytes memory) {
        bytes32 watcher = keccak256(Signer.publicKey(secret));
        return Signer.prove(secret, Typed.possessionDigest(registry.domainSeparator(), operator, watcher));
    }

    function fund(address account, address spender, uint256 amount) internal {
        token.transfer(account, amount);
        vm.prank(account);
        token.approve(spender, amount);
    }

    function join(uint256 i, uint128 stake) internal returns (uint16) {
        address operator = operatorOf(i);
        bytes memory key = Signer.publicKey(secretOf(i));
        bytes memory proof = possession(secretOf(i), operator);
        fund(operator, address(stakeSource), stake);
        vm.prank(operator);
        return registry.register(key, proof, stake, metadata());
    }

    function exit(uint256 i, uint16 seat) internal {
        vm.prank(operatorOf(i));
        registry.exit(seat);
    }

    /// Moves to the first second of `epoch`.
    function warpToEpoch(uint256 epoch) internal {
        vm.warp(GENESIS + epoch * EPOCH_SECONDS);
    }

    /// A bitmap of the first `count` seats.
    function firstSeats(uint256 count) internal pure returns (uint256[2] memory bits) {
        bits[0] = count >= 256 ? type(uint256).max : (uint256(1) << count) - 1;
        if (count > 256) bits[1] = count >= 512 ? type(uint256).max : (uint256(1) << (count - 256)) - 1;
    }

    /// A valid next header for `epoch`; everybody in `counted` counted.
    function headerOf(uint64 epoch, uint256[2] memory counted) internal view returns (Header memory header) {
        (, bytes32 previous) = oracle.head();
        header.protocolVersion = 1;
        header.epoch = epoch;
        header.setId = registry.versionAt(epoch);
        header.parametersId = oracle.parametersId();
        header.previous = previous;
        header.resultsRoot = keccak256(abi.encode("results", epoch));
        header.batchesRoot = keccak256(abi.encode("batches", epoch));
        (header.countedLow, header.countedHigh) = (counted[0], counted[1]);
        header.accumulatorRoot = keccak256(abi.encode("accumulators", epoch));
        header.historyRoot = keccak256(abi.encode("history", epoch));
        // casting to 'uint64' is safe because test block numbers are small
        header.anchorNumber = uint64(block.number - 10);
        header.anchorHash = blockhash(block.number - 10);
    }

    /// The aggregate signature of the watchers that sit where they joined (seat i is watcher i).
    function attest(Header memory header, uint32 view_, uint256[2] memory signers)
        internal
        view
        returns (bytes memory)
    {
        bytes32 digest = Typed.attestationDigest(
            oracle.DOMAIN_SEPARATOR(), header.epoch, view_, this.hashHeader(header)
        );
        uint256 secret = 0;
        for (uint256 i = 0; i < 512; ++i) {
            if ((signers[i / 256] >> (i % 256)) & 1 == 1) secret = addmod(secret, secretOf(i), Signer.R);
        }
        return Signer.sign(secret, digest);
    }

    /// Lands a report of `epoch` with these signers and these batches.
    function landSigned(uint64 epoch, uint256[2] memory signers, uint256[2] memory counted) internal {
        Header memory header = headerOf(epoch, counted);
        oracle.submitReport(header, 0, signers, attest(header, 0, signers));
    }

    /// Lands a report of `epoch`, signed by all of the first `count` seats.
    function land(uint64 epoch, uint256 count, bytes32 resultsRoot) internal returns (bytes32 reportHash) {
        Header memory header = headerOf(epoch, firstSeats(count));
        header.resultsRoot = resultsRoot;
        oracle.submitReport(header, 0, firstSeats(count), attest(header, 0, firstSeats(count)));
        (, reportHash) = oracle.head();
    }

    function serviceConfig() internal pure returns (ServiceConfig memory config) {
        config.kind = 1;
        config.url = "https://service.example/health";
        config.method = "GET";
        config.slotsPerEpoch = 4;
        config.timeoutMillis = 5000;
        config.expectedStatus = 200;
    }

    function hashHeader(Header calldata header) external pure returns (bytes32) {
        return Typed.reportHash(header);
    }

    function hashLeaf(Leaf calldata leaf) external pure returns (bytes32) {
        return Typed.leafHash(leaf);
    }

    /// A stat word: present, the same numbers for median and tail.
    function stat(uint40 value, uint40 lower, uint40 upper) internal pure returns (uint256) {
        uint256 half = uint256(value) << 80 | uint256(lower) << 40 | upper;
        return uint256(2) << 248 | half << 128 | half << 8;
    }

    function objective(uint8 metric, uint8 statistic, uint8 comparator, uint40 threshold)
        internal
        pure
        returns (Objective memory)
    {
        return Objective({metric: metric, statistic: statistic, comparator: comparator, threshold: threshold});
    }
}
