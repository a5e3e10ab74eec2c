// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title External interface of `ReferralRewards`
interface IReferralRewards {
    /// @notice One reward of a batch.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward in the token's smallest unit.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    struct Payment {
        address refWallet;
        uint256 amount;
        bytes32 orderRef;
    }

    /// @notice A reward was paid.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward in the token's smallest unit.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    event ReferralPaid(address indexed refWallet, uint256 amount, bytes32 indexed orderRef);

    /// @notice A batch contained a reference that is already paid; nothing was paid for it.
    /// @param refWallet Wallet in the batch.
    /// @param amount Amount in the batch.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    event ReferralSkipped(address indexed refWallet, uint256 amount, bytes32 indexed orderRef);

    /// @notice The reward token changed.
    /// @param token The token.
    event RewardTokenUpdated(address indexed token);

    /// @notice The payment mode changed.
    /// @param mode 0 MINT, 1 TRANSFER.
    event RewardModeUpdated(uint8 mode);

    /// @notice The caps changed; 0 means off.
    /// @param rewardCap Maximum of one reward.
    /// @param dailyCap Maximum paid per UTC day.
    event CapsUpdated(uint256 rewardCap, uint256 dailyCap);

    /// @notice The admin withdrew tokens from the contract.
    /// @param token The token.
    /// @param to Receiver.
    /// @param amount Amount in the token's smallest unit.
    event TokensRecovered(address indexed token, address indexed to, uint256 amount);

    /// @notice An address that must be set is zero.
    error ReferralRewards__ZeroAddress();

    /// @notice The reward amount is zero.
    error ReferralRewards__ZeroAmount();

    /// @notice The reference is already paid.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    error ReferralRewards__AlreadyPaid(bytes32 orderRef);

    /// @notice A batch must contain at least one reward and at most the maximum.
    /// @param length Number of rewards in the batch.
    /// @param maximum Maximum number of rewards per batch.
    error ReferralRewards__BatchSize(uint256 length, uint256 maximum);

    /// @notice The token address has no code.
    /// @param token The address.
    error ReferralRewards__NotAContract(address token);

    /// @notice The mode is not 0 (MINT) or 1 (TRANSFER).
    /// @param mode The unknown mode.
    error ReferralRewards__UnknownMode(uint8 mode);

    /// @notice The cap does not fit into 96 bits.
    /// @param cap The refused cap.
    /// @param maximum The largest cap.
    error ReferralRewards__CapTooLarge(uint256 cap, uint256 maximum);

    /// @notice The reward exceeds the cap per reward.
    /// @param orderRef The reward's reference.
    /// @param amount The reward.
    /// @param cap The cap per reward.
    error ReferralRewards__RewardCapExceeded(bytes32 orderRef, uint256 amount, uint256 cap);

    /// @notice The call would exceed the daily cap.
    /// @param requested Sum of the call.
    /// @param remaining What remains of the day's cap.
    error ReferralRewards__DailyCapExceeded(uint256 requested, uint256 remaining);

    /// @notice The contract's balance is too low (TRANSFER mode).
    /// @param balance Balance of the contract.
    /// @param needed Sum the call would pay.
    error ReferralRewards__InsufficientBalance(uint256 balance, uint256 needed);

    /// @notice The token refused this payment; the whole call is reverted.
    /// @param orderRef Reference of the refused payment.
    /// @param reason Raw answer of the token: its revert data, or a zero word when it returned false.
    error ReferralRewards__PaymentFailed(bytes32 orderRef, bytes reason);

    /// @notice The wallet's balance did not grow by the reward (TRANSFER mode); tokens with a transfer fee are refused.
    /// @param orderRef The reward's reference.
    /// @param expected Balance the wallet should have now.
    /// @param actual Balance the wallet has.
    error ReferralRewards__FeeOnTransfer(bytes32 orderRef, uint256 expected, uint256 actual);

    /// @notice The token's supply did not grow by what was minted (MINT mode).
    /// @param expected Supply the token should have now.
    /// @param actual Supply the token has.
    error ReferralRewards__NotMinted(uint256 expected, uint256 actual);

    /// @notice Make the caller the only admin of a proxy that was deployed before version 2.1; call it in the upgrade.
    /// @dev Succeeds once, and never on a proxy that was deployed with version 2.1 or later.
    /// @param formerAdmins Other accounts that have the admin role, which they lose.
    function initializeAdminRules(address[] calldata formerAdmins) external;

    /// @notice Pay one reward.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward in the token's smallest unit.
    /// @param orderRef keccak256 of the order reference in UTF-8; paid at most once.
    function payReferral(address refWallet, uint256 amount, bytes32 orderRef) external;

    /// @notice Pay every reward that is not paid yet, all or nothing.
    /// @dev A reference that is already paid or repeated in the batch is skipped with `ReferralSkipped`.
    /// @param payments The rewards.
    /// @return paidCount Number of rewards paid by this call.
    function payReferralBatch(Payment[] calldata payments) external returns (uint256 paidCount);

    /// @notice Change the reward token; only while paused.
    /// @param token The token; must have code.
    function setRewardToken(address token) external;

    /// @notice Change how rewards are paid; only while paused.
    /// @param mode 0 MINT, 1 TRANSFER.
    function setRewardMode(uint8 mode) external;

    /// @notice Set the caps, which bound what a stolen operator key can pay; 0 turns a cap off.
    /// @param newRewardCap Maximum of one reward.
    /// @param newDailyCap Maximum paid per UTC day.
    function setCaps(uint256 newRewardCap, uint256 newDailyCap) external;

    /// @notice Pause all payments.
    function pause() external;

    /// @notice Unpause payments.
    function unpause() external;

    /// @notice Withdraw tokens, for example the rest of a TRANSFER mode treasury.
    /// @param token The token.
    /// @param to Receiver.
    /// @param amount Amount in the token's smallest unit.
    function recoverTokens(address token, address to, uint256 amount) external;

    /// @notice Transfer the ownership of a token that this contract owns.
    /// @param token The Ownable token.
    /// @param newOwner New owner.
    function transferTokenOwnership(address token, address newOwner) external;

    /// @notice Accept the ownership that a two-step Ownable token offered to this contract.
    /// @param token The token.
    function acceptTokenOwnership(address token) external;

    /// @notice Whether a reference is paid.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    /// @return True once it is paid.
    function paidOrders(bytes32 orderRef) external view returns (bool);

    /// @notice Whether each of several references is paid.
    /// @param orderRefs keccak256 of the order references in UTF-8.
    /// @return One answer per reference, in their order.
    function paidMany(bytes32[] calldata orderRefs) external view returns (bool[] memory);

    /// @notice Block in which a reference was paid, as `block.number` counts.
    /// @dev A payment made before version 2.1 has no block number; for it the answer is 0 or, rarely, a wrong block, so
    /// look for the event there before relying on it.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    /// @return The block number; 0 while unpaid.
    function paidAtBlock(bytes32 orderRef) external view returns (uint256);

    /// @notice Stored proof of what was paid for a reference.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    /// @return 0 while unpaid, else the upper 224 bits of keccak256(abi.encode(refWallet, amount)) and the block number in
    /// the lower 32 bits; before version 2.1 the whole hash.
    function paymentProof(bytes32 orderRef) external view returns (bytes32);

    /// @notice Whether exactly this payment was made for a reference.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward in the token's smallest unit.
    /// @return True when the stored proof has the hash of this wallet and amount.
    function isPaidAs(bytes32 orderRef, address refWallet, uint256 amount) external view returns (bool);

    /// @notice Token that rewards are paid in.
    /// @return The token.
    function rewardToken() external view returns (address);

    /// @notice How rewards are paid.
    /// @return 0 MINT, 1 TRANSFER.
    function rewardMode() external view returns (uint8);

    /// @notice Maximum of one reward.
    /// @return The cap; 0 when off.
    function rewardCap() external view returns (uint256);

    /// @notice Maximum paid per UTC day.
    /// @return The cap; 0 when off.
    function dailyCap() external view returns (uint256);

    /// @notice Sum paid in the current UTC day under a daily cap.
    /// @return The sum; payments made while the daily cap was off are not included.
    function spentToday() external view returns (uint256);

    /// @notice What the current UTC day can still pay.
    /// @return Remainder of the daily cap; the largest uint256 when the cap is off.
    function remainingToday() external view returns (uint256);

    /// @notice Version of the implementation behind the proxy.
    /// @return Semantic version.
    function version() external pure returns (string memory);
}
