// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEscrow} from "./IEscrow.sol";
import {IMeasurementOracle} from "./IMeasurementOracle.sol";
import {IServiceRegistry} from "./IServiceRegistry.sol";
import {Agreement, Claim, Leaf, Outcome, Terms} from "./Types.sol";

/// Escrow between a provider and a customer, settled by the oracle.
///
/// A provider offers terms and escrows its bond; a customer accepts, escrows the price of all periods and fixes the first
/// window; or the market opens what it matched, with both escrows at once. The first window must not have started: watchers
/// know a result before the chain does. Period k covers the window of `windowEpochs` epochs that starts at
/// firstWindowStart + k · windowEpochs. Each period ends once, in any order, by one call that anyone can make and that pays
/// the same whoever makes it:
///
/// - `settle`, with the proof of the window's leaf, from the report's end plus `settleDelayEpochs` until `expiresAt`:
///   met pays the price to the provider; credited returns creditPpm of it to the customer; inconclusive returns all of it;
///   breached returns all of it and takes slashPerPeriod (at most what is left) from the bond for the customer;
/// - `expire`, from `expiresAt` on: the price returns to the customer and nothing is slashed.
///
/// A period that ends inconclusive or expired is void. Under terms with `extend` a void period returns nothing and adds a
/// window at the end instead, if that window has not started, the service is still measured in it and the end is not fixed
/// yet. `voidsInRowMax` void periods in a row end the agreement.
///
/// An agreement ends early only at a boundary between windows that have not started: by `giveNotice` of either side, or by
/// void periods in a row. The prices of the windows that are dropped return to the customer at once; what has started is
/// settled as ever, and the bond stays until then.
///
/// A provider that retires its service inside an agreed window leaves no verdict to be measured; such a period, when no
/// conclusive leaf is proven, counts as abandoned and is settled like a breach.
///
/// After the last period what is left of the bond returns to the provider. Nothing is pushed to provider or customer: amounts
/// are owed, and withdrawn by whom they are owed to. `feePpm` of what the provider is paid is owed to the reward pool, in
/// agreements in the token that the pool pays out, and nothing in others. Tokens that take a fee are refused; tokens that rebase
/// must not be used. No owner.
interface ISlaVault is IEscrow {
    event Offered(uint256 indexed offerId, address indexed provider, bytes32 indexed serviceId, Terms terms);
    event OfferWithdrawn(uint256 indexed offerId, address indexed provider);
    /// The agreement keeps the id of its offer.
    event Accepted(
        uint256 indexed agreementId, address indexed customer, address indexed provider, uint64 firstWindowStart
    );
    /// Token units. `paidToProvider` + `fee` + `returnedToCustomer` is the price of the period, or 0 when the period extended
    /// the agreement; `slashed` comes from the bond and is owed to the customer on top.
    event PeriodSettled(
        uint256 indexed agreementId,
        uint32 indexed period,
        Outcome outcome,
        uint128 paidToProvider,
        uint128 returnedToCustomer,
        uint128 slashed,
        uint128 fee
    );
    /// The agreement has one period more, because one had no verdict.
    event AgreementExtended(uint256 indexed agreementId, uint32 periods);
    /// The agreement ends after `periods` periods: by notice of `by`, or (`by` zero) after void periods in a row.
    event AgreementEnding(uint256 indexed agreementId, address indexed by, uint32 periods, uint256 returnedToCustomer);
    event AgreementClosed(uint256 indexed agreementId, uint128 bondReturned);
    /// An item of `settleMany` was refused, with the error that `settle` gave; the others went on.
    event SettlementRefused(uint256 indexed agreementId, uint32 indexed period, bytes reason);

    /// The oracle and the service registry keep different time.
    error RegistriesDiffer(address ofOracle, address ofServices);
    /// A field of the terms is out of its bounds; `name` says which.
    error FieldOutOfBounds(string name, uint256 given, uint256 minimum, uint256 maximum);
    /// Not one of the oracle's settlement windows.
    error UnknownWindow(uint32 windowEpochs);
    error NotProvider(address caller, address provider);
    error WrongStatus(uint256 id, uint8 status, uint8 expected);
    error WindowNotAligned(uint64 windowStart, uint32 windowEpochs);
    /// The first window must lie in [earliest, latest].
    error WindowOutOfRange(uint64 windowStart, uint64 earliest, uint64 latest);
    /// The service is not measured in all of the agreement's epochs.
    error ServiceNotActive(bytes32 serviceId, uint64 activeFrom, uint64 retiredFrom);
    error UnknownPeriod(uint32 period, uint32 periods);
    error PeriodAlreadySettled(uint256 agreementId, uint32 period, Outcome outcome);
    error LeafOfAnotherService(bytes32 given, bytes32 expected);
    error LeafOfAnotherWindow(uint64 windowStart, uint32 windowEpochs, uint64 expectedStart, uint32 expectedEpochs);
    error LeafOfAnotherVantage(uint16 given, uint16 expected);
    /// The report was made before the window closed.
    error ReportBeforeWindowEnd(uint64 reportEpoch, uint64 windowEnd);
    error SettleDelayRunning(uint64 currentEpoch, uint256 settleableFrom);
    /// The time to settle is over; call `expire`.
    error PeriodExpired(uint64 currentEpoch, uint64 expiresAt);
    error PeriodNotExpired(uint64 currentEpoch, uint64 expiresAt);
    error NotMarket(address caller, address market);
    error NotParty(address caller, address provider, address customer);
    /// Notice would end the agreement after `keeps` periods, and it has no more than `periods`.
    error NoticeTooLate(uint256 keeps, uint32 periods);
    error TooManyClaims(uint256 given, uint256 maximum);

    /// Escrows `terms.bond` of the caller, who must be the service's provider (approve first).
    function offer(Terms calldata terms) external returns (uint256 offerId);

    /// Ends an offer that nobody accepted; its bond is then owed to the provider.
    function withdrawOffer(uint256 offerId) external;

    /// Escrows periods · pricePerPeriod of the caller (approve first). `firstWindowStart` is an epoch, a multiple of
    /// windowEpochs, after the current epoch and at most LEAD_WINDOWS_MAX windows ahead.
    function accept(uint256 offerId, uint64 firstWindowStart) external returns (uint256 agreementId);

    /// Opens an agreement that the market matched; only the market, which escrows bond and price of all periods.
    function open(address provider, address customer, Terms calldata terms, uint64 firstWindowStart)
        external
        returns (uint256 agreementId);

    /// Ends an agreement after `noticeWindows` more windows than have started. Only provider or customer.
    function giveNotice(uint256 agreementId) external;

    /// Ends a period by its leaf in the report of `reportEpoch`, which must lie at or after the window's last epoch.
    function settle(
        uint256 agreementId,
        uint32 period,
        uint64 reportEpoch,
        Leaf calldata leaf,
        bytes32[] calldata proof
    ) external;

    /// Ends a period that nobody settled in time.
    function expire(uint256 agreementId, uint32 period) external;

    /// Settles up to SETTLE_MANY_MAX periods, each as by `settle`. One that is refused is reported by an event and changes
    /// nothing; the others are settled.
    /// @return settled how many were
    function settleMany(Claim[] calldata claims) external returns (uint256 settled);

    /// Reverts as `offer` would for terms out of bounds. The service is not looked at.
    function checkTerms(Terms calldata terms) external view;

    function oracle() external view returns (IMeasurementOracle);
    function serviceRegistry() external view returns (IServiceRegistry);
    /// Share of what providers are paid, at most FEE_PPM_MAX.
    function feePpm() external view returns (uint32);
    /// The only account that may `open`.
    function market() external view returns (address);
    /// Windows ahead at which an agreement may start.
    function LEAD_WINDOWS_MAX() external view returns (uint64);
    /// Offers made so far; ids count from 1.
    function offerCount() external view returns (uint256);
    /// The state of an offer or agreement; status None for an unknown id.
    function agreement(uint256 id) external view returns (Agreement memory);
    function terms(uint256 id) external view returns (Terms memory);
    /// None while the period has not ended.
    function outcome(uint256 agreementId, uint32 period) external view returns (Outcome);
    /// All in epochs: the window is [windowStart, windowEnd); `settle` works in [settleableFrom, expiresAt) if the leaf is in
    /// the first possible report, `expire` from `expiresAt` on.
    function periodTimes(uint256 agreementId, uint32 period)
        external
        view
        returns (uint64 windowStart, uint64 windowEnd, uint64 settleableFrom, uint64 expiresAt);
    /// What `settle` would decide and pay for this leaf, without checking its proof, its window or the time.
    function previewOutcome(uint256 agreementId, uint32 period, Leaf calldata leaf)
        external
        view
        returns (Outcome, uint128 paidToProvider, uint128 returnedToCustomer, uint128 slashed, uint128 fee);
}
