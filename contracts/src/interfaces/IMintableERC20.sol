// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The function of a reward token that MINT mode needs
/// @dev Tokens that return a bool are accepted as well: `ReferralRewards` treats `false` as a refusal.
interface IMintableERC20 {
    /// @notice Create new tokens.
    /// @param to Wallet that receives them.
    /// @param amount Amount in the token's smallest unit.
    function mint(address to, uint256 amount) external;
}
