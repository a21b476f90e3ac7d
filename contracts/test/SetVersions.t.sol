// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IWatcherRegistry} from "../src/interfaces/IWatcherRegistry.sol";
import {SetVersion, SignerSet} from "../src/interfaces/Types.sol";
import {Fixture} from "./Fixture.sol";
import {Signer} from "./Signer.sol";

/// Set versions of the WatcherRegistry, and the signers in them.
contract SetVersionsTest is Fixture {
    function setUp() external {
        deploy();
    }

    // Versions

    function test_seal_beforeGenesisReplacesTheGenesisSet() external {
        join(0, STAKE_MIN);
        assertEq(registry.seal(), 1, "first");
        join(1, STAKE_MIN);
        assertEq(registry.seal(), 2, "second");
        assertEq(registry.versionAt(0), 2, "the last one sealed counts");
        _expect(abi.encodeWithSelector(IWatcherRegistry.VersionNotActive.selector, 1, 0, 0, 0));
        registry.signerSet(1, 0, firstSeats(1));
    }

    function test_seal_afterGenesisActivatesAfterTheDelay() external {
        sealGenesis(1);
        warpToEpoch(10);
        join(1, STAKE_MIN);
        join(2, STAKE_MIN);
        registry.seal();
        SetVersion memory version = registry.version(2);
        assertEq(version.activationEpoch, 12, "activation");
        assertEq(version.expiryEpoch, type(uint64).max, "no expiry yet");
        assertEq(registry.version(1).expiryEpoch, 12, "expiry of the version before");
        assertEq(registry.versionAt(11), 1, "before");
        assertEq(registry.versionAt(12), 2, "after");
    }

    function test_seal_refusesWhenNothingChanged() external {
        _expect(abi.encodeWithSelector(IWatcherRegistry.NothingToSeal.selector));
        registry.seal();
        sealGenesis(1);
        _expect(abi.encodeWithSelector(IWatcherRegistry.NothingToSeal.selector));
        registry.seal();
    }

    function test_seal_refusesWhileAVersionWaits() external {
        sealGenesis(1);
        warpToEpoch(5);
        join(1, STAKE_MIN);
        registry.seal();
        join(2, STAKE_MIN);
        warpToEpoch(6);
        _expect(abi.encodeWithSelector(IWatcherRegistry.VersionPending.selector, 2, 7));
        registry.seal();
        warpToEpoch(7);
        assertEq(registry.seal(), 3, "sealed at its activation");
    }

    function test_versionAt_findsEveryVersion() external {
        sealGenesis(1);
        uint64[] memory activations = new uint64[](9);
        for (uint256 i = 1; i < 9; ++i) {
            warpToEpoch(7 * i);
            join(i, STAKE_MIN);
            activations[i] = registry.version(registry.seal()).activationEpoch;
        }
        for (uint32 i = 1; i < 9; ++i) {
            assertEq(registry.versionAt(activations[i] - 1), i, "the epoch before");
            assertEq(registry.versionAt(activations[i]), i + 1, "the first epoch");
        }
        assertEq(registry.versionAt(type(uint64).max), 9, "for ever");
    }

    function test_versionAt_refusesAnEpochWithoutVersion() external {
        _expect(abi.encodeWithSelector(IWatcherRegistry.NoVersionAt.selector, 0));
        registry.versionAt(0);
        warpToEpoch(4);
        join(0, STAKE_MIN);
        registry.seal();
        _expect(abi.encodeWithSelector(IWatcherRegistry.NoVersionAt.selector, 5));
        registry.versionAt(5);
        assertEq(registry.versionAt(6), 1, "active");
    }

    function test_version_refusesAnUnknownId() external {
        _expect(abi.encodeWithSelector(IWatcherRegistry.UnknownVersion.selector, 0));
        registry.version(0);
        _expect(abi.encodeWithSelector(IWatcherRegistry.UnknownVersion.selector, 9));
        registry.signerSet(9, 0, firstSeats(1));
    }

    function test_version_holdsWhatWasPending() external {
        join(0, STAKE_MIN);
        join(1, 3 * STAKE_MIN);
        join(2, 2 * STAKE_CAP);
        exit(1, 1);
        registry.seal();
        SetVersion memory version = registry.version(1);
        assertEq(version.occupied[0], 5, "occupied");
        assertEq(version.totalEffectiveStake, uint256(STAKE_MIN) + STAKE_CAP, "total");
        assertEq(version.effectiveStakes[0], STAKE_MIN, "stake 0");
        assertEq(version.effectiveStakes[1], 0, "stake 1");
        assertEq(version.effectiveStakes[2], STAKE_CAP, "stake 2");
        assertEq(version.aggregateKey, Signer.publicKey(addmod(secretOf(0), secretOf(2), Signer.R)), "key");
    }

    // Signers

    function testFuzz_signerSet_subtractsExactlyTheMissing(uint16 bits) external {
        sealGenesis(16);
        uint256[2] memory signers = [uint256(bits), 0];
        SignerSet memory set = registry.signerSet(1, 0, signers);
        uint256 secret = 0;
        uint256 stake = 0;
        for (uint256 i = 0; i < 16; ++i) {
            if ((bits >> i) & 1 == 0) continue;
            secret = addmod(secret, secretOf(i), Signer.R);
            stake += STAKE_MIN;
        }
        bytes memory expected = secret == 0 ? new bytes(256) : Signer.publicKey(secret);
        assertEq(set.aggregateKey, expected, "aggregate key");
        assertEq(set.signedStake, stake, "signed stake");
        assertEq(set.totalStake, 16 * uint256(STAKE_MIN), "total stake");
    }

    function test_signerSet_refusesAStranger() external {
        sealGenesis(3);
        _expect(abi.encodeWithSelector(IWatcherRegistry.SignerNotInSet.selector, 1, 0, 8));
        registry.signerSet(1, 0, [uint256(15), 0]);
        _expect(abi.encodeWithSelector(IWatcherRegistry.SignerNotInSet.selector, 1, 1, 1 << 255));
        registry.signerSet(1, 0, [uint256(7), 1 << 255]);
    }

    function test_signerSet_refusesAVersionWhoseStakeMayHaveLeft() external {
        sealGenesis(3);
        warpToEpoch(1);
        exit(0, 0);
        registry.seal();
        warpToEpoch(3 + EXIT_DELAY - 1);
        registry.signerSet(1, 2, firstSeats(3));
        warpToEpoch(3 + EXIT_DELAY);
        _expect(abi.encodeWithSelector(IWatcherRegistry.VersionExpired.selector, 1, 3));
        registry.signerSet(1, 2, firstSeats(3));
    }

    function _expect(bytes memory revertData) private {
        vm.expectRevert(revertData);
    }
}
