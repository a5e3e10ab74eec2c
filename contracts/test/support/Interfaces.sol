// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {
    IAccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IMintableERC20} from "../../src/interfaces/IMintableERC20.sol";
import {IReferralRewards} from "../../src/interfaces/IReferralRewards.sol";

// Tests use the contracts through these interfaces and take their bytecode from the compiler's output. The tests contain
// no copy of the contracts, so they compile without the slow pipeline that the contracts need.

/// @title Complete interface of ReferralRewards behind its proxy
interface IRewardsProxy is IReferralRewards, IAccessControlDefaultAdminRules {
    event Paused(address account);
    event Unpaused(address account);

    error EnforcedPause();
    error ExpectedPause();
    error InvalidInitialization();
    error ReentrancyGuardReentrantCall();
    error UUPSUnauthorizedCallContext();

    function initialize(address admin, address operator, address token, uint8 mode) external;
    function upgradeToAndCall(address newImplementation, bytes calldata data) external payable;
    function paused() external view returns (bool);
    function proxiableUUID() external view returns (bytes32);
    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);
    function OPERATOR_ROLE() external view returns (bytes32);
    function PAUSER_ROLE() external view returns (bytes32);
    function MAX_BATCH() external view returns (uint256);
    function INITIAL_ADMIN_DELAY() external view returns (uint48);
}

/// @title TestToken
interface ITestToken is IERC20, IMintableERC20, IAccessControl {
    function MINTER_ROLE() external view returns (bytes32);
}
