// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {WatcherRegistry} from "../src/WatcherRegistry.sol";
import {Erc20StakeSource} from "../src/Erc20StakeSource.sol";
import {IStakeSource} from "../src/interfaces/IStakeSource.sol";
import {IWatcherRegistry} from "../src/interfaces/IWatcherRegistry.sol";
import {Contact, Metadata, Seat, SeatStatus, SetVersion, SignerSet} from "../src/interfaces/Types.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Fixture} from "./Fixture.sol";
import {Signer} from "./Signer.sol";
import {FeeToken} from "./Tokens.sol";

/// Joining and leaving; SetVersions.t.sol has the versions.
contract WatcherRegistryTest is Fixture {
    function setUp() external {
        deploy();
    }

    // Joining

    function test_register_takesTheLowestFreeSeatAndTheStake() external {
        assertEq(join(0, STAKE_MIN), 0, "first seat");
        assertEq(join(1, 5 * STAKE_MIN), 1, "second seat");
        assertEq(token.balanceOf(address(stakeSource)), 6 * STAKE_MIN, "stake held");
        Seat memory seat = registry.seat(1);
        assertEq(seat.operator, operatorOf(1), "operator");
        assertEq(seat.stake, 5 * STAKE_MIN, "stake");
        assertEq(seat.watcher, keccak256(Signer.publicKey(secretOf(1))), "watcher");
        assertTrue(seat.status == SeatStatus.Joined, "status");
        assertEq(registry.seatKey(1), Signer.publicKey(secretOf(1)), "key");
        assertTrue(registry.keyUsed(seat.watcher), "key used");
    }

    function test_register_capsTheEffectiveStake() external {
        join(0, 2 * STAKE_CAP);
        (,, uint256 total, bool changed) = _pending();
        assertEq(total, STAKE_CAP, "effective");
        assertTrue(changed, "changed");
        assertEq(token.balanceOf(address(stakeSource)), 2 * STAKE_CAP, "whole stake held");
    }

    function test_register_emitsEverythingThatRebuildsTheSet() external {
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes memory proof = possession(secretOf(0), operatorOf(0));
        fund(operatorOf(0), address(stakeSource), 2 * STAKE_CAP);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IWatcherRegistry.Registered(0, operatorOf(0), keccak256(key), key, 2 * STAKE_CAP, STAKE_CAP, metadata());
        vm.prank(operatorOf(0));
        registry.register(key, proof, 2 * STAKE_CAP, metadata());
    }

    function test_register_costsTheSameWhateverTheSize() external {
        join(0, STAKE_MIN);
        uint256 early = _registerGas(1);
        for (uint256 i = 2; i < 41; ++i) {
            join(i, STAKE_MIN);
        }
        uint256 late = _registerGas(41);
        assertTrue(late < early + early / 50 && early < late + late / 50, "gas of the 2nd and the 42nd join");
    }

    function test_register_refusesTooLittleStake() external {
        bytes memory key = Signer.publicKey(secretOf(0));
        _expect(abi.encodeWithSelector(IWatcherRegistry.StakeBelowMinimum.selector, STAKE_MIN - 1, STAKE_MIN));
        registry.register(key, new bytes(128), STAKE_MIN - 1, metadata());
    }

    function test_register_refusesALongUri() external {
        Metadata memory long = metadata();
        long.uri = string(new bytes(257));
        _expect(abi.encodeWithSelector(IWatcherRegistry.UriTooLong.selector, 257, 256));
        registry.register(new bytes(256), new bytes(128), STAKE_MIN, long);
    }

    function test_register_takesTheMostAddressesOfTheGreatestLength() external {
        Metadata memory most = metadata();
        most.addresses = _addresses(4, 128);
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes memory proof = possession(secretOf(0), operatorOf(0));
        fund(operatorOf(0), address(stakeSource), STAKE_MIN);
        vm.expectEmit(true, true, true, true, address(registry));
        emit IWatcherRegistry.Registered(0, operatorOf(0), keccak256(key), key, STAKE_MIN, STAKE_MIN, most);
        vm.prank(operatorOf(0));
        registry.register(key, proof, STAKE_MIN, most);
    }

    function test_register_refusesTooManyAddresses() external {
        Metadata memory many = metadata();
        many.addresses = _addresses(5, 1);
        _expect(abi.encodeWithSelector(IWatcherRegistry.TooManyAddresses.selector, 5, 4));
        registry.register(new bytes(256), new bytes(128), STAKE_MIN, many);
    }

    function test_register_refusesALongAddress() external {
        Metadata memory long = metadata();
        long.addresses = _addresses(3, 128);
        long.addresses[2] = string(new bytes(129));
        _expect(abi.encodeWithSelector(IWatcherRegistry.AddressTooLong.selector, 2, 129, 128));
        registry.register(new bytes(256), new bytes(128), STAKE_MIN, long);
    }

    function test_register_refusesADuplicateKey() external {
        join(0, STAKE_MIN);
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes memory proof = possession(secretOf(0), operatorOf(1));
        _expect(abi.encodeWithSelector(IWatcherRegistry.KeyAlreadyUsed.selector, keccak256(key)));
        vm.prank(operatorOf(1));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesAKeyWhoseSeatWasLeft() external {
        uint16 seat = join(0, STAKE_MIN);
        exit(0, seat);
        registry.withdraw(seat);
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes memory proof = possession(secretOf(0), operatorOf(0));
        _expect(abi.encodeWithSelector(IWatcherRegistry.KeyAlreadyUsed.selector, keccak256(key)));
        vm.prank(operatorOf(0));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesTheProofOfAnotherOperator() external {
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes memory proof = possession(secretOf(0), operatorOf(1));
        _expectPossessionRejected(key);
        vm.prank(operatorOf(0));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesTheProofOfAnotherKey() external {
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes32 digest = Typed.possessionDigest(registry.domainSeparator(), operatorOf(0), keccak256(key));
        bytes memory proof = Signer.prove(secretOf(1), digest);
        _expectPossessionRejected(key);
        vm.prank(operatorOf(0));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesAProofUnderTheSignatureTag() external {
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes32 digest = Typed.possessionDigest(registry.domainSeparator(), operatorOf(0), keccak256(key));
        bytes memory proof = Signer.sign(secretOf(0), digest);
        _expectPossessionRejected(key);
        vm.prank(operatorOf(0));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesAProofForAnotherChainOrRegistry() external {
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes memory proof = possession(secretOf(0), operatorOf(0));
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        _expectPossessionRejected(key);
        vm.prank(operatorOf(0));
        registry.register(key, proof, STAKE_MIN, metadata());
        vm.chainId(chain);

        bytes32 domain = Typed.domainSeparator(address(oracle));
        proof = Signer.prove(secretOf(0), Typed.possessionDigest(domain, operatorOf(0), keccak256(key)));
        _expectPossessionRejected(key);
        vm.prank(operatorOf(0));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesInfinityAsKeyOrProof() external {
        _expect(abi.encodeWithSelector(Bls.InfinityRefused.selector));
        registry.register(new bytes(256), new bytes(128), STAKE_MIN, metadata());
        bytes memory key = Signer.publicKey(secretOf(0));
        _expect(abi.encodeWithSelector(Bls.InfinityRefused.selector));
        registry.register(key, new bytes(128), STAKE_MIN, metadata());
    }

    function test_register_refusesMalformedLengths() external {
        bytes memory key = Signer.publicKey(secretOf(0));
        _expect(abi.encodeWithSelector(Bls.BadLength.selector, 96, 256));
        registry.register(new bytes(96), new bytes(128), STAKE_MIN, metadata());
        _expect(abi.encodeWithSelector(Bls.BadLength.selector, 48, 128));
        registry.register(key, new bytes(48), STAKE_MIN, metadata());
    }

    function test_register_refusesAKeyOutsideTheSubgroup() external {
        // x = (2, 0) with its root y: on the twist, outside the subgroup.
        bytes memory outside = OUTSIDE_G2;
        bytes memory sum = bytes.concat(outside);
        this.addTo(sum, outside); // on the curve: ADD takes it
        bytes memory proof = possession(secretOf(0), operatorOf(0));
        _expect(abi.encodeWithSelector(Bls.PrecompileRefused.selector, address(0x0f)));
        registry.register(outside, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesATokenThatTakesAFee() external {
        FeeToken fee = new FeeToken(type(uint128).max);
        registry = _registryOn(fee);
        bytes memory key = Signer.publicKey(secretOf(0));
        bytes memory proof = possession(secretOf(0), address(this));
        fee.approve(address(registry.stakeSource()), STAKE_MIN);
        _expect(abi.encodeWithSelector(IStakeSource.StakeNotReceived.selector, STAKE_MIN - STAKE_MIN / 100, STAKE_MIN));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    function test_register_refusesTheSeatAfterTheLast() external {
        for (uint256 i = 0; i < 512; ++i) {
            join(i, STAKE_MIN);
        }
        registry.seal();
        SetVersion memory version = registry.version(1);
        assertEq(version.totalEffectiveStake, 512 * uint256(STAKE_MIN), "total");
        assertEq(version.effectiveStakes.length, 512, "stakes");
        assertEq(version.effectiveStakes[511], STAKE_MIN, "last stake");

        // A full set still verifies with the most seats missing that a quorum can leave, within a block.
        uint256 before = gasleft();
        SignerSet memory set = registry.signerSet(1, 0, firstSeats(342));
        assertTrue(before - gasleft() < 1_500_000, "gas of 170 missing seats");
        assertEq(set.signedStake, 342 * uint256(STAKE_MIN), "signed");

        bytes memory key = Signer.publicKey(secretOf(512));
        bytes memory proof = possession(secretOf(512), operatorOf(512));
        _expect(abi.encodeWithSelector(IWatcherRegistry.SeatsExhausted.selector, 512));
        vm.prank(operatorOf(512));
        registry.register(key, proof, STAKE_MIN, metadata());
    }

    // Being found

    function test_setContact_publishesWhatTheOperatorSays() external {
        join(0, STAKE_MIN);
        Contact memory contact = _contact();
        vm.expectEmit(true, true, true, true, address(registry));
        emit IWatcherRegistry.ContactChanged(0, operatorOf(0), contact);
        vm.prank(operatorOf(0));
        registry.setContact(0, contact);
    }

    function test_setContact_changesNoSet() external {
        sealGenesis(1);
        vm.prank(operatorOf(0));
        registry.setContact(0, _contact());
        (,,, bool changed) = _pending();
        assertTrue(!changed, "nothing to seal");
    }

    function test_setContact_refusesAnybodyButTheOperator() external {
        join(0, STAKE_MIN);
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotOperator.selector, operatorOf(1), operatorOf(0)));
        vm.prank(operatorOf(1));
        registry.setContact(0, _contact());
    }

    function test_setContact_worksUntilTheSeatIsWithdrawn() external {
        uint16 seat = join(0, STAKE_MIN);
        exit(0, seat);
        vm.prank(operatorOf(0));
        registry.setContact(seat, _contact());
        registry.withdraw(seat);
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotJoined.selector, 0));
        vm.prank(operatorOf(0));
        registry.setContact(seat, _contact());
        _expect(abi.encodeWithSelector(IWatcherRegistry.SeatOutOfRange.selector, 512, 512));
        registry.setContact(512, _contact());
    }

    function test_setContact_keepsTheBoundsOfRegister() external {
        join(0, STAKE_MIN);
        Contact memory contact = _contact();
        contact.uri = string(new bytes(257));
        _expect(abi.encodeWithSelector(IWatcherRegistry.UriTooLong.selector, 257, 256));
        vm.prank(operatorOf(0));
        registry.setContact(0, contact);
        contact = _contact();
        contact.addresses = _addresses(5, 1);
        _expect(abi.encodeWithSelector(IWatcherRegistry.TooManyAddresses.selector, 5, 4));
        vm.prank(operatorOf(0));
        registry.setContact(0, contact);
        contact.addresses = _addresses(1, 129);
        _expect(abi.encodeWithSelector(IWatcherRegistry.AddressTooLong.selector, 0, 129, 128));
        vm.prank(operatorOf(0));
        registry.setContact(0, contact);
    }

    // Leaving

    function test_exit_leavesThePendingSetOnly() external {
        sealGenesis(3);
        exit(1, 1);
        (uint256[2] memory occupied, bytes memory key, uint256 total, bool changed) = _pending();
        assertEq(occupied[0], 5, "occupied");
        assertEq(total, 2 * STAKE_MIN, "total");
        assertEq(key, Signer.publicKey(addmod(secretOf(0), secretOf(2), Signer.R)), "aggregate key");
        assertTrue(changed, "changed");
        assertEq(registry.version(1).occupied[0], 7, "the sealed version stays");
    }

    function test_exit_refusesAnybodyButTheOperator() external {
        join(0, STAKE_MIN);
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotOperator.selector, operatorOf(1), operatorOf(0)));
        vm.prank(operatorOf(1));
        registry.exit(0);
    }

    function test_exit_refusesASeatThatIsFreeOrLeavingOrOutOfRange() external {
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotJoined.selector, 3));
        registry.exit(3);
        join(0, STAKE_MIN);
        exit(0, 0);
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotJoined.selector, 0));
        registry.exit(0);
        _expect(abi.encodeWithSelector(IWatcherRegistry.SeatOutOfRange.selector, 512, 512));
        registry.exit(512);
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotJoined.selector, 3));
        registry.seatKey(3);
    }

    function test_withdraw_paysASeatThatNoVersionNamesAtOnce() external {
        uint16 seat = join(0, STAKE_MIN);
        exit(0, seat);
        registry.withdraw(seat);
        assertEq(token.balanceOf(operatorOf(0)), STAKE_MIN, "paid");
        assertTrue(registry.seat(seat).status == SeatStatus.Free, "freed");
    }

    function test_withdraw_waitsForTheLastVersionAndTheDelay() external {
        sealGenesis(3);
        warpToEpoch(7);
        exit(1, 1);
        _expect(abi.encodeWithSelector(IWatcherRegistry.VersionStillLive.selector, 1));
        registry.withdraw(1);
        registry.seal(); // activates at 9, when version 1 expires
        warpToEpoch(9 + EXIT_DELAY - 1);
        _expect(abi.encodeWithSelector(IWatcherRegistry.ExitDelayRunning.selector, 18, 19));
        registry.withdraw(1);
        assertEq(registry.withdrawableFrom(1), 19, "withdrawable from");
        warpToEpoch(19);
        registry.withdraw(1); // by anyone
        assertEq(token.balanceOf(operatorOf(1)), STAKE_MIN, "paid to the operator");
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotExiting.selector, 1));
        registry.withdraw(1);
        assertEq(join(9, STAKE_MIN), 1, "the seat is free again");
    }

    function test_withdraw_refusesASeatThatHasNotLeft() external {
        join(0, STAKE_MIN);
        _expect(abi.encodeWithSelector(IWatcherRegistry.NotExiting.selector, 0));
        registry.withdraw(0);
    }

    function test_seats_areNotReusedWhileAVersionNamesThem() external {
        sealGenesis(2);
        warpToEpoch(1);
        exit(0, 0);
        registry.seal();
        warpToEpoch(3);
        assertEq(join(2, STAKE_MIN), 2, "seat 0 is still held");
    }

    function test_everybodyCanLeave() external {
        sealGenesis(2);
        warpToEpoch(1);
        exit(0, 0);
        exit(1, 1);
        uint32 id = registry.seal();
        assertEq(registry.version(id).aggregateKey, new bytes(256), "no key");
        assertEq(registry.version(id).effectiveStakes.length, 0, "no stakes");
        warpToEpoch(3 + EXIT_DELAY);
        registry.withdraw(0);
        registry.withdraw(1);
        assertEq(token.balanceOf(address(stakeSource)), 0, "nothing stuck");
    }

    // Deployment

    function test_constructor_refusesImpossibleConfigurations() external {
        IStakeSource source = new Erc20StakeSource(token);
        address judge = address(0xc0);
        _expectConfiguration("stakeSource");
        new WatcherRegistry(IStakeSource(address(0x1234)), judge, 1, 1, GENESIS, 60, 1, 1);
        IStakeSource tokenless = new Erc20StakeSource(IERC20(address(0x1234)));
        _expectConfiguration("stakeToken");
        new WatcherRegistry(tokenless, judge, 1, 1, GENESIS, 60, 1, 1);
        _expectConfiguration("court");
        new WatcherRegistry(source, address(0), 1, 1, GENESIS, 60, 1, 1);
        _expectConfiguration("stakeMin");
        new WatcherRegistry(source, judge, 0, 1, GENESIS, 60, 1, 1);
        _expectConfiguration("effectiveStakeCap");
        new WatcherRegistry(source, judge, 2, 1, GENESIS, 60, 1, 1);
        _expectConfiguration("effectiveStakeCap");
        new WatcherRegistry(source, judge, 2, 1 << 96, GENESIS, 60, 1, 1);
        _expectConfiguration("genesis");
        new WatcherRegistry(source, judge, 1, 1, 0, 60, 1, 1);
        _expectConfiguration("genesis");
        new WatcherRegistry(source, judge, 1, 1, 1 << 40, 60, 1, 1);
        _expectConfiguration("epochSeconds");
        new WatcherRegistry(source, judge, 1, 1, GENESIS, 0, 1, 1);
        _expectConfiguration("epochSeconds");
        new WatcherRegistry(source, judge, 1, 1, GENESIS, 3601, 1, 1);
        _expectConfiguration("activationDelayEpochs");
        new WatcherRegistry(source, judge, 1, 1, GENESIS, 60, 0, 1);
        _expectConfiguration("activationDelayEpochs");
        new WatcherRegistry(source, judge, 1, 1, GENESIS, 60, 1_000_001, 1);
        _expectConfiguration("exitDelayEpochs");
        new WatcherRegistry(source, judge, 1, 1, GENESIS, 60, 1, 0);
        _expectConfiguration("exitDelayEpochs");
        new WatcherRegistry(source, judge, 1, 1, GENESIS, 60, 1, 1_000_001);
    }

    function test_currentEpoch_countsFromGenesis() external {
        vm.warp(GENESIS - 1);
        assertEq(registry.currentEpoch(), 0, "before");
        vm.warp(GENESIS + EPOCH_SECONDS - 1);
        assertEq(registry.currentEpoch(), 0, "epoch 0");
        vm.warp(GENESIS + EPOCH_SECONDS);
        assertEq(registry.currentEpoch(), 1, "epoch 1");
    }

    function addTo(bytes memory sum, bytes memory point) external view {
        Bls.g2AddTo(sum, point);
    }

    function _contact() private pure returns (Contact memory) {
        return Contact({uri: "https://moved.example", addresses: addresses()});
    }

    function _addresses(uint256 count, uint256 length) private pure returns (string[] memory list) {
        list = new string[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = string(new bytes(length));
        }
    }

    function _pending()
        private
        view
        returns (uint256[2] memory occupied, bytes memory key, uint256 total, bool changed)
    {
        (occupied, total, key, changed) = registry.pending();
    }

    function _registerGas(uint256 i) private returns (uint256) {
        bytes memory key = Signer.publicKey(secretOf(i));
        bytes memory proof = possession(secretOf(i), operatorOf(i));
        fund(operatorOf(i), address(stakeSource), STAKE_MIN);
        vm.prank(operatorOf(i));
        uint256 before = gasleft();
        registry.register(key, proof, STAKE_MIN, metadata());
        return before - gasleft();
    }

    function _registryOn(IERC20 stakeToken) private returns (WatcherRegistry) {
        return newRegistry(new Erc20StakeSource(stakeToken), STAKE_MIN, STAKE_CAP, GENESIS, EPOCH_SECONDS);
    }

    function _expect(bytes memory revertData) private {
        vm.expectRevert(revertData);
    }

    function _expectPossessionRejected(bytes memory key) private {
        _expect(
            abi.encodeWithSelector(IWatcherRegistry.ProofOfPossessionRejected.selector, operatorOf(0), keccak256(key))
        );
    }

    function _expectConfiguration(string memory name) private {
        _expect(abi.encodeWithSelector(IWatcherRegistry.InvalidConfiguration.selector, name));
    }

    bytes private constant OUTSIDE_G2 =
        hex"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000018c6b864ae17dc9da64203ffefb966306425a7bc6aeb7c75247438372716284a4173830420cd476ba1a365b95bfcec3800000000000000000000000000000000172e93db764a8400a7d5071b6b6f5de0da2f0f4a063119abca014006b7c40a2cfe291a1924e65db0d6d0fcfbf3bf3d5c";
}
