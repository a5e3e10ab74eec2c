// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Everything the portal reads from or calls on any kind of reward token
/// @dev Only its ABI is used (abi/RewardToken.json); no token has all of it. The errors are those of tokens built with
/// OpenZeppelin 5, which appear as the reason of `ReferralRewards__PaymentFailed`.
interface IRewardToken {
    /// @notice Tokens moved; from the zero address when minted.
    /// @param from Sender.
    /// @param to Receiver.
    /// @param value Amount in the smallest unit.
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice The caller lacks a role.
    /// @param account Caller.
    /// @param neededRole Role.
    error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);

    /// @notice The caller is not the owner.
    /// @param account Caller.
    error OwnableUnauthorizedAccount(address account);

    /// @notice The sender's balance is too low.
    /// @param sender Sender.
    /// @param balance Its balance.
    /// @param needed Amount to send.
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

    /// @notice The token refuses the receiver.
    /// @param receiver Receiver.
    error ERC20InvalidReceiver(address receiver);

    /// @notice A capped token would exceed its supply.
    /// @param increasedSupply Supply after the mint.
    /// @param cap Maximum supply.
    error ERC20ExceededCap(uint256 increasedSupply, uint256 cap);

    /// @notice The token is paused.
    error EnforcedPause();

    /// @notice Create new tokens.
    /// @param to Receiver.
    /// @param amount Amount in the smallest unit.
    function mint(address to, uint256 amount) external;

    /// @notice Transfer the caller's tokens.
    /// @param to Receiver.
    /// @param value Amount in the smallest unit.
    /// @return True on success.
    function transfer(address to, uint256 value) external returns (bool);

    /// @notice Balance of an account.
    /// @param account The account.
    /// @return Amount in the smallest unit.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Total supply.
    /// @return Amount in the smallest unit.
    function totalSupply() external view returns (uint256);

    /// @notice Number of decimals.
    /// @return Usually 18.
    function decimals() external view returns (uint8);

    /// @notice Short name.
    /// @return The symbol.
    function symbol() external view returns (string memory);

    /// @notice Long name.
    /// @return The name.
    function name() external view returns (string memory);

    /// @notice Role that mints, on role-based tokens.
    /// @return The role.
    // slither-disable-next-line naming-convention (the name tokens use)
    function MINTER_ROLE() external view returns (bytes32);

    /// @notice Role that grants roles, on role-based tokens.
    /// @return The role.
    // slither-disable-next-line naming-convention (the name tokens use)
    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);

    /// @notice Whether an account has a role.
    /// @param role The role.
    /// @param account The account.
    /// @return True when it has.
    function hasRole(bytes32 role, address account) external view returns (bool);

    /// @notice Role that grants another role.
    /// @param role The other role.
    /// @return The granting role.
    function getRoleAdmin(bytes32 role) external view returns (bytes32);

    /// @notice Grant a role.
    /// @param role The role.
    /// @param account Receiver of the role.
    function grantRole(bytes32 role, address account) external;

    /// @notice Owner of an Ownable token.
    /// @return The owner.
    function owner() external view returns (address);

    /// @notice Pending owner of a two-step token.
    /// @return The pending owner.
    function pendingOwner() external view returns (address);

    /// @notice Transfer the ownership, or offer it on a two-step token.
    /// @param newOwner New owner.
    function transferOwnership(address newOwner) external;
}
