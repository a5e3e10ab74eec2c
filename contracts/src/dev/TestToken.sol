// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IMintableERC20} from "../interfaces/IMintableERC20.sol";

/// @title Ring Test Token
/// @notice Reward token for development and test networks; 18 decimals, minted by holders of MINTER_ROLE.
contract TestToken is ERC20, AccessControl, IMintableERC20 {
    /// @notice Can mint.
    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");

    /// @notice Create the token without any supply.
    /// @param admin Receives DEFAULT_ADMIN_ROLE, which grants MINTER_ROLE.
    constructor(address admin) ERC20("Ring Test Token", "RING") {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// @inheritdoc IMintableERC20
    function mint(address to, uint256 amount) external onlyRole(MINTER_ROLE) {
        _mint(to, amount);
    }
}
