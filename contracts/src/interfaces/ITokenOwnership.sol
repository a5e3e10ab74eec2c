// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What `ReferralRewards` needs from an Ownable token that it owns in order to mint
interface ITokenOwnership {
    /// @notice Hand the ownership on; a two-step token only names the candidate here.
    /// @param newOwner Next owner.
    function transferOwnership(address newOwner) external;

    /// @notice Take an ownership that was offered; exists on two-step tokens only.
    function acceptOwnership() external;
}
