// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Contact, Equivocation, Header, Leaf, Metadata} from "../src/interfaces/Types.sol";
import {Bls} from "../src/libraries/Bls.sol";
import {Fixture} from "./Fixture.sol";
import {Typed} from "../src/libraries/Typed.sol";
import {Signer} from "./Signer.sol";

/// What things cost, as whole transactions: intrinsic gas, calldata and execution with cold storage. Written to
/// snapshots/*.json, so that a change shows in review. Every call below is a transaction of its own (isolate), as on a chain.
/// forge-config: default.isolate = true
contract GasTest is Fixture {
    string private constant GROUP = "SubmitReport";
    string private constant OPERATIONS = "Operations";
    uint64 private constant RING_SIZE = 8192;
    bool private _fundless;
    bool private _uncounted;
    uint256 private constant REGISTER_GAS_MAX = 480_000;
    uint256 private constant REWARDS = 8192 ether;
    uint256 private constant REPORT_GAS_MAX = 185_000;
    uint256 private constant NON_SIGNER_GAS_MAX = 10_000;

    function test_submitReport_costsTheSameAt4And64And512Seats() external {
        uint256 four = _steadyGas(4, 4, "4 seats, all signed");
        uint256 sixtyFour = _steadyGas(64, 64, "64 seats, all signed");
        uint256 full = _steadyGas(512, 512, "512 seats, all signed");
        assertTrue(sixtyFour < full && (full - four) * 100 < 2 * four, "less than 2 % apart");
        assertTrue(sixtyFour <= REPORT_GAS_MAX, "gas of a report");
        // Four words of ones in the calldata, in place of zeros, cost 1,512 of it.
        assertTrue(full <= REPORT_GAS_MAX, "gas of a report of a full set");
    }

    function test_submitReport_costsLittleMoreForEverySeatMissing() external {
        uint256 all = _steadyGas(64, 64, "64 seats, all signed");
        uint256 quorum = _steadyGas(64, 43, "64 seats, 43 signed");
        uint256 rewarded = (quorum - all) / 21;
        vm.snapshotValue(GROUP, "per non-signer, rewards running", rewarded);
        _uncounted = true;
        quorum = _steadyGas(64, 43, "64 seats, 43 signed, others without a batch");
        uint256 silent = (quorum - all) / 21;
        vm.snapshotValue(GROUP, "per silent seat, rewards running", silent);
        assertTrue(silent <= NON_SIGNER_GAS_MAX, "gas of a silent seat");
        _uncounted = false;
        _fundless = true;
        all = _steadyGas(64, 64, "64 seats, all signed, no rewards");
        quorum = _steadyGas(64, 43, "64 seats, 43 signed, no rewards");
        vm.snapshotValue(GROUP, "per non-signer, no rewards", (quorum - all) / 21);
        assertTrue((quorum - all) / 21 <= NON_SIGNER_GAS_MAX, "gas of a missing seat");
        assertTrue(rewarded <= NON_SIGNER_GAS_MAX, "gas of a missing seat that is charged");
    }

    function test_proveEquivocation_staysWithinItsGas() external {
        deploy();
        sealGenesis(64);
        warpToEpoch(3);
        Equivocation memory fault;
        (fault.kind, fault.seat, fault.epoch, fault.first, fault.second) = (2, 7, 2, "a", "b");
        bytes32 domain = oracle.DOMAIN_SEPARATOR();
        fault.firstSignature = Signer.sign(secretOf(7), Typed.attestationDigest(domain, 2, 0, "a"));
        fault.secondSignature = Signer.sign(secretOf(7), Typed.attestationDigest(domain, 2, 0, "b"));
        court.prove(fault, address(this));
        uint256 gas = vm.snapshotGasLastCall(OPERATIONS, "prove an equivocation");
        assertTrue(gas <= 500_000, "gas of an equivocation proof");
    }

    function test_proveAndStore_staysWithinItsGas() external {
        deploy();
        sealGenesis(4);
        Leaf memory leaf;
        (leaf.serviceId, leaf.windowEpochs, leaf.conclusive) = (keccak256("service"), WINDOW, true);
        leaf.samplesGood = type(uint64).max;
        for (uint256 i = 0; i < 12; ++i) {
            leaf.stats[i] = stat(990_000, 980_000, 1_000_000);
        }
        bytes32[] memory proof = new bytes32[](8);
        bytes32 root = this.hashLeaf(leaf);
        for (uint256 i = 0; i < 8; ++i) {
            proof[i] = keccak256(abi.encode(i));
            root = root < proof[i]
                ? keccak256(abi.encodePacked(root, proof[i]))
                : keccak256(abi.encodePacked(proof[i], root));
        }
        warpToEpoch(4);
        land(3, 4, root);
        oracle.proveAndStore(leaf, 3, proof, 0);
        uint256 gas = vm.snapshotGasLastCall(OPERATIONS, "keep a new value, proof of 8 hashes");
        assertTrue(gas <= 90_000, "gas of a kept value");
    }

    function test_submitReport_parts() external {
        bytes32 digest = keccak256("digest");
        bytes memory key = Signer.publicKey(7);
        bytes memory point = Bls.hashToG1(abi.encodePacked(digest), Signer.SIGNATURE_TAG);
        bytes memory signature = Signer.sign(7, digest);
        uint256 before = gasleft();
        Bls.hashToG1(abi.encodePacked(digest), Signer.SIGNATURE_TAG);
        vm.snapshotValue(GROUP, "part: hash to curve", before - gasleft());
        before = gasleft();
        Bls.verify(key, point, signature);
        vm.snapshotValue(GROUP, "part: pairing check", before - gasleft());
    }

    function test_submitReport_calldata() external {
        deploy();
        sealGenesis(64);
        warpToEpoch(1);
        Header memory header = headerOf(0, firstSeats(64));
        bytes memory signature = attest(header, 0, firstSeats(64));
        bytes memory data = abi.encodeCall(oracle.submitReport, (header, 0, firstSeats(64), signature));
        uint256 gas = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
        vm.snapshotValue(GROUP, "part: calldata", gas);
    }

    function test_operations() external {
        deploy();
        sealGenesis(63);
        join(63, STAKE_MIN);
        uint256 register = vm.snapshotGasLastCall(OPERATIONS, "register the 64th watcher");
        assertTrue(register <= REGISTER_GAS_MAX, "gas of a registration");
        registry.seal();
        vm.snapshotGasLastCall(OPERATIONS, "seal 64 seats");
        services.register(serviceConfig());
        vm.snapshotGasLastCall(OPERATIONS, "register a service");
        vm.prank(operatorOf(63));
        registry.setContact(63, Contact({uri: "https://watcher.example", addresses: addresses()}));
        vm.snapshotGasLastCall(OPERATIONS, "change a seat's addresses");
    }

    function test_register_staysWithinItsGasWithTheLongestMetadata() external {
        deploy();
        sealGenesis(63);
        Metadata memory long = metadata();
        long.uri = _text(256);
        long.addresses = new string[](4);
        for (uint256 i = 0; i < 4; ++i) {
            long.addresses[i] = _text(128);
        }
        bytes memory key = Signer.publicKey(secretOf(63));
        bytes memory proof = possession(secretOf(63), operatorOf(63));
        fund(operatorOf(63), address(stakeSource), STAKE_MIN);
        vm.prank(operatorOf(63));
        registry.register(key, proof, STAKE_MIN, long);
        uint256 gas = vm.snapshotGasLastCall(OPERATIONS, "register with the longest metadata");
        assertTrue(gas <= REGISTER_GAS_MAX, "gas of the longest registration");
    }

    function test_everyContractFitsACodeObject() external {
        deploy();
        _size("WatcherRegistry", address(registry));
        _size("ServiceRegistry", address(services));
        _size("MeasurementOracle", address(oracle));
        _size("EquivocationCourt", address(court));
        _size("Erc20StakeSource", address(stakeSource));
    }

    /// `length` bytes, none of them zero: the dearest calldata.
    function _text(uint256 length) private pure returns (string memory) {
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            text[i] = "x";
        }
        return string(text);
    }

    function _size(string memory name, address deployed) private {
        vm.snapshotValue("CodeSize", name, deployed.code.length);
        assertTrue(deployed.code.length <= 24_576, name);
    }

    /// With rewards running. The refund is not in it: isolated calls have a gas price of zero, at which nothing is credited.
    function _steadyGas(uint256 seats, uint256 signed, string memory name) private returns (uint256) {
        deploy();
        sealGenesis(seats);
        token.approve(address(oracle), REWARDS);
        if (!_fundless) oracle.fundRewards(REWARDS);
        // Once around the ring: the second report of a slot overwrites, which is the price of all later ones. So do the
        // accounts of seats that have been absent before.
        warpToEpoch(1);
        _landSigned(0, seats, signed);
        warpToEpoch(RING_SIZE + 1);
        _landSigned(RING_SIZE, seats, signed);
        return vm.snapshotGasLastCall(GROUP, name);
    }

    function _landSigned(uint64 epoch, uint256 seats, uint256 signed) private {
        landSigned(epoch, firstSeats(signed), firstSeats(_uncounted ? signed : seats));
    }
}
