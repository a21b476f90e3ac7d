// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "./IEscrow.sol";
import {ILeafStore} from "./ILeafStore.sol";
import {ISlaVault} from "./ISlaVault.sol";
import {Bid, Intent, IntentState} from "./Types.sol";

/// A customer posts what it wants and escrows its budget; providers answer with sealed bids; the lowest qualifying price wins
/// and becomes an agreement in the vault, on windows that have not started.
///
/// | when, in epochs | who | call |
/// |---|---|---|
/// | before `commitUntil` | the customer, while nobody has bid | `cancel` |
/// | before `commitUntil` | a provider | `commit`: a hash, and the deposit |
/// | from `commitUntil`, before `revealUntil` | the same provider | `reveal`: what the hash hides, and the bond if it leads |
/// | from `revealUntil`, before `firstWindowStart` | anyone | `matchIntent` |
/// | afterwards, or when nothing can be matched | anyone | `lapse` |
///
/// Ties go to the earliest commit. A bid that leads gets its bond back when a lower one is revealed, a bid that does not lead
/// escrows none; deposits return with it. A bid that is not revealed in time, or not with what qualifies, forfeits its
/// deposit to the reward pool (in a token that the pool does not pay out: to the dead address): to nobody who could have kept
/// it from being revealed. So does a winner whose service cannot be matched any more.
///
/// No loop runs over bids and no place is limited, so that nobody can keep others out by filling places.
/// Nothing is pushed to anybody; amounts are owed, and withdrawn by whom they are owed to.
interface ISlaMarket is IEscrow {
    event Posted(uint256 indexed intentId, address indexed customer, uint128 deposit, Intent intent);
    event Cancelled(uint256 indexed intentId);
    event Committed(uint256 indexed intentId, address indexed bidder, uint32 order, bytes32 commitment);
    /// `leads`: it is the best bid so far.
    event Revealed(
        uint256 indexed intentId, address indexed bidder, bytes32 indexed serviceId, uint128 pricePerPeriod, bool leads
    );
    event Matched(
        uint256 indexed intentId,
        uint256 indexed agreementId,
        address indexed bidder,
        bytes32 serviceId,
        uint128 pricePerPeriod
    );
    event Lapsed(uint256 indexed intentId);
    /// Token units: the deposits of `bids` bids.
    event Forfeited(uint256 indexed intentId, uint32 bids, uint256 amount);

    /// The vault's market is another contract.
    error NotMarketOfVault(address expected);
    error ServiceNotEmpty(bytes32 serviceId);
    /// A field is out of its bounds; `name` says which.
    error FieldOutOfBounds(string name, uint256 given, uint256 minimum, uint256 maximum);
    error WindowNotAligned(uint64 windowStart, uint32 windowEpochs);
    error WrongIntentStatus(uint256 intentId, uint8 status, uint8 expected);
    error NotCustomer(address caller, address customer);
    error HasBids(uint256 intentId, uint32 commits);
    /// The call is possible in epochs [from, until).
    error OutsidePhase(uint64 currentEpoch, uint64 from, uint64 until);
    error AlreadyBid(uint256 intentId, address bidder);
    error NoCommitment();
    error NoBid(uint256 intentId, address bidder);
    error AlreadyRevealed(uint256 intentId, address bidder);
    error CommitmentMismatch(bytes32 given, bytes32 expected);
    /// Token units.
    error PriceAboveBudget(uint128 price, uint128 budget);
    error NotProvider(address caller, address provider);
    /// The service does not qualify; `what` names the demand that it misses: kind, extra, active or measured.
    error ServiceDoesNotQualify(bytes32 serviceId, string what);
    error NothingRevealed(uint256 intentId);
    /// There is a bid that can still be matched.
    error CanBeMatched(uint256 intentId);

    /// Escrows periods · budget of the caller (approve first). The deposit of a bid is DEPOSIT_PPM of that, rounded up.
    function post(Intent calldata intent) external returns (uint256 intentId);

    /// Takes back an intent that nobody has bid on.
    function cancel(uint256 intentId) external;

    /// A sealed bid: `commitmentOf` what the caller will reveal. Escrows the deposit of the caller. One bid an account.
    function commit(uint256 intentId, bytes32 commitment) external;

    /// Opens the caller's bid, which must be of its own service, qualify, and ask at most the budget. Escrows the bond when it
    /// is the best so far.
    function reveal(uint256 intentId, bytes32 serviceId, uint128 pricePerPeriod, bytes32 salt) external;

    /// Opens the agreement with the best bid. What the budget exceeds the price by is owed to the customer.
    function matchIntent(uint256 intentId) external returns (uint256 agreementId);

    /// Ends an intent that cannot be matched (any more); everything that is not forfeited is owed to whom it came from.
    function lapse(uint256 intentId) external;

    /// keccak256(abi.encode(chain id, this contract, intent, bidder, service, price, salt)): worthless to anybody else.
    function commitmentOf(uint256 intentId, address bidder, bytes32 serviceId, uint128 pricePerPeriod, bytes32 salt)
        external
        view
        returns (bytes32);

    function vault() external view returns (ISlaVault);
    function leafStore() external view returns (ILeafStore);
    /// Each of the three phases lasts at least so many epochs: longer than anybody can afford to fill every block.
    function phaseEpochsMin() external view returns (uint64);
    /// Intents posted so far; ids count from 1.
    function intentCount() external view returns (uint256);
    function intentState(uint256 intentId) external view returns (IntentState memory);
    function intent(uint256 intentId) external view returns (Intent memory);
    function bid(uint256 intentId, address bidder) external view returns (Bid memory);
}
