// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Everything the portal may read from or call on a reward token, whatever its kind
/// @dev Only its ABI is used (abi/RewardToken.json); no token has all of it. The errors are those that tokens built on
/// OpenZeppelin 5 give as the reason of a `ReferralRewards__PaymentFailed`.
interface IRewardToken {
    /// @notice Tokens moved; from the zero address when minted.
    /// @param from Sender.
    /// @param to Receiver.
    /// @param value How many, in the smallest unit.
    event Transfer(address indexed from, address indexed to, uint256 value);

    /// @notice The caller lacks a role.
    /// @param account Caller.
    /// @param neededRole Role.
    error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);

    /// @notice The caller is not the owner.
    /// @param account Caller.
    error OwnableUnauthorizedAccount(address account);

    /// @notice The sender holds too little.
    /// @param sender Sender.
    /// @param balance What it holds.
    /// @param needed What it would send.
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);

    /// @notice The token refuses the receiver.
    /// @param receiver Receiver.
    error ERC20InvalidReceiver(address receiver);

    /// @notice A capped token would exceed its supply.
    /// @param increasedSupply Supply after the mint.
    /// @param cap Most supply.
    error ERC20ExceededCap(uint256 increasedSupply, uint256 cap);

    /// @notice The token is paused.
    error EnforcedPause();

    /// @notice Create new tokens.
    /// @param to Receiver.
    /// @param amount How many, in the smallest unit.
    function mint(address to, uint256 amount) external;

    /// @notice Move the caller's tokens.
    /// @param to Receiver.
    /// @param value How many, in the smallest unit.
    /// @return True when moved.
    function transfer(address to, uint256 value) external returns (bool);

    /// @notice Tokens of an account.
    /// @param account The account.
    /// @return How many, in the smallest unit.
    function balanceOf(address account) external view returns (uint256);

    /// @notice All tokens there are.
    /// @return How many, in the smallest unit.
    function totalSupply() external view returns (uint256);

    /// @notice Digits behind the point.
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

    /// @notice Role that grants another one.
    /// @param role The other one.
    /// @return The granting role.
    function getRoleAdmin(bytes32 role) external view returns (bytes32);

    /// @notice Grant a role.
    /// @param role The role.
    /// @param account Who receives it.
    function grantRole(bytes32 role, address account) external;

    /// @notice Who owns an Ownable token.
    /// @return The owner.
    function owner() external view returns (address);

    /// @notice Whom a two-step token was offered to.
    /// @return The candidate.
    function pendingOwner() external view returns (address);

    /// @notice Hand the ownership on, or offer it on a two-step token.
    /// @param newOwner Next owner.
    function transferOwnership(address newOwner) external;
}
