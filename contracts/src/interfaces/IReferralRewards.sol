// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What operators, explorers and the portal know of `ReferralRewards`
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

    /// @notice A batch named a reference that is already paid; nothing was paid for it this time.
    /// @param refWallet Wallet the batch named.
    /// @param amount Amount the batch named.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    event ReferralSkipped(address indexed refWallet, uint256 amount, bytes32 indexed orderRef);

    /// @notice Rewards are paid in another token from now on.
    /// @param token The token.
    event RewardTokenUpdated(address indexed token);

    /// @notice Rewards are paid in another way from now on.
    /// @param mode 0 MINT, 1 TRANSFER.
    event RewardModeUpdated(uint8 mode);

    /// @notice The caps changed; 0 switches a cap off.
    /// @param rewardCap Most that one reward may be.
    /// @param dailyCap Most that one UTC day may pay.
    event CapsUpdated(uint256 rewardCap, uint256 dailyCap);

    /// @notice The admin took tokens out of the contract.
    /// @param token The token.
    /// @param to Receiver.
    /// @param amount How many, in the token's smallest unit.
    event TokensRecovered(address indexed token, address indexed to, uint256 amount);

    /// @notice An address that must be set is zero.
    error ReferralRewards__ZeroAddress();

    /// @notice A reward of nothing is not a reward.
    error ReferralRewards__ZeroAmount();

    /// @notice The reference is already paid.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    error ReferralRewards__AlreadyPaid(bytes32 orderRef);

    /// @notice A batch has at least one reward and not more than fit.
    /// @param length Rewards in the batch.
    /// @param maximum Most rewards of one batch.
    error ReferralRewards__BatchSize(uint256 length, uint256 maximum);

    /// @notice The token address has no code.
    /// @param token The address.
    error ReferralRewards__NotAContract(address token);

    /// @notice Modes are 0 (MINT) and 1 (TRANSFER).
    /// @param mode The unknown mode.
    error ReferralRewards__UnknownMode(uint8 mode);

    /// @notice Caps are kept in 96 bits.
    /// @param cap The refused cap.
    /// @param maximum The largest cap.
    error ReferralRewards__CapTooLarge(uint256 cap, uint256 maximum);

    /// @notice The reward is larger than one reward may be.
    /// @param orderRef The reward's reference.
    /// @param amount The reward.
    /// @param cap The cap per reward.
    error ReferralRewards__RewardCapExceeded(bytes32 orderRef, uint256 amount, uint256 cap);

    /// @notice The call would pay more than is left of the UTC day's cap.
    /// @param requested Sum of the call.
    /// @param remaining What is left of the day.
    error ReferralRewards__DailyCapExceeded(uint256 requested, uint256 remaining);

    /// @notice TRANSFER mode and the contract holds too little.
    /// @param balance What it holds.
    /// @param needed What the call would pay.
    error ReferralRewards__InsufficientBalance(uint256 balance, uint256 needed);

    /// @notice The token refused this one payment; the whole call is undone and this names the culprit.
    /// @param orderRef The culprit's reference.
    /// @param reason What the token answered, undecoded: its revert data, or the word 0 when it returned false.
    error ReferralRewards__PaymentFailed(bytes32 orderRef, bytes reason);

    /// @notice TRANSFER mode and the wallet's balance did not grow by the reward: such tokens are refused.
    /// @param orderRef The reward's reference.
    /// @param expected Balance the wallet should have now.
    /// @param actual Balance the wallet has.
    error ReferralRewards__FeeOnTransfer(bytes32 orderRef, uint256 expected, uint256 actual);

    /// @notice Pay one reward.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward in the token's smallest unit.
    /// @param orderRef keccak256 of the order reference in UTF-8; paid at most once.
    function payReferral(address refWallet, uint256 amount, bytes32 orderRef) external;

    /// @notice Pay every reward of the list that is not paid yet, all or nothing.
    /// @dev A paid reference, or one repeated inside the list, is skipped with `ReferralSkipped`.
    /// @param payments The rewards.
    /// @return paidCount How many of them were paid by this call.
    function payReferralBatch(Payment[] calldata payments) external returns (uint256 paidCount);

    /// @notice Change the reward token.
    /// @param token The token; must have code.
    function setRewardToken(address token) external;

    /// @notice Change how rewards are paid.
    /// @param mode 0 MINT, 1 TRANSFER.
    function setRewardMode(uint8 mode) external;

    /// @notice Bound what a stolen operator key can pay out; 0 switches a cap off.
    /// @param newRewardCap Most that one reward may be.
    /// @param newDailyCap Most that one UTC day may pay.
    function setCaps(uint256 newRewardCap, uint256 newDailyCap) external;

    /// @notice Stop all payments at once.
    function pause() external;

    /// @notice Allow payments again.
    function unpause() external;

    /// @notice Take tokens out, for instance what TRANSFER mode left behind.
    /// @param token The token.
    /// @param to Receiver.
    /// @param amount How many, in the token's smallest unit.
    function recoverTokens(address token, address to, uint256 amount) external;

    /// @notice Hand on the ownership of a token that this contract owns.
    /// @param token The Ownable token.
    /// @param newOwner Its next owner.
    function transferTokenOwnership(address token, address newOwner) external;

    /// @notice Take the ownership that a two-step Ownable token offered to this contract.
    /// @param token The token.
    function acceptTokenOwnership(address token) external;

    /// @notice Whether a reference is paid.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    /// @return True once it is paid.
    function paidOrders(bytes32 orderRef) external view returns (bool);

    /// @notice What was paid for a reference, as a hash.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    /// @return keccak256(abi.encode(refWallet, amount)); 0 while unpaid.
    function paymentProof(bytes32 orderRef) external view returns (bytes32);

    /// @notice Whether exactly this payment was made for a reference.
    /// @param orderRef keccak256 of the order reference in UTF-8.
    /// @param refWallet Wallet of the referrer.
    /// @param amount Reward in the token's smallest unit.
    /// @return True when the stored proof is the hash of this wallet and amount.
    function isPaidAs(bytes32 orderRef, address refWallet, uint256 amount) external view returns (bool);

    /// @notice Token the rewards are paid in.
    /// @return The token.
    function rewardToken() external view returns (address);

    /// @notice How rewards are paid.
    /// @return 0 MINT, 1 TRANSFER.
    function rewardMode() external view returns (uint8);

    /// @notice Most that one reward may be.
    /// @return The cap; 0 when off.
    function rewardCap() external view returns (uint256);

    /// @notice Most that one UTC day may pay.
    /// @return The cap; 0 when off.
    function dailyCap() external view returns (uint256);

    /// @notice What the current UTC day has paid under a daily cap.
    /// @return The sum; payments made while the daily cap was off are not in it.
    function spentToday() external view returns (uint256);

    /// @notice What the current UTC day may still pay.
    /// @return What is left of the daily cap; the largest uint256 when the cap is off.
    function remainingToday() external view returns (uint256);

    /// @notice Version of the implementation behind the proxy.
    /// @return Semantic version.
    function version() external pure returns (string memory);
}
