// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Ownership functions of an Ownable token that `ReferralRewards` owns in order to mint
interface ITokenOwnership {
    /// @notice Transfer the ownership; a two-step token only records the pending owner.
    /// @param newOwner New owner.
    function transferOwnership(address newOwner) external;

    /// @notice Accept an offered ownership; exists on two-step tokens only.
    function acceptOwnership() external;
}
