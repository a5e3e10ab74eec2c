// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    IAccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";

import {RewardsTest} from "./support/RewardsTest.sol";
import {vm} from "./support/Vm.sol";

/// @title One admin, replaced in two steps
contract AdminRulesTest is RewardsTest {
    address internal constant MULTISIG = address(0x5AFE);

    function test_initialize_setsOnlyAdmin() public view {
        vm.assertEq(rewards.defaultAdmin(), ADMIN, "admin");
        vm.assertEq(rewards.defaultAdminDelay(), rewards.INITIAL_ADMIN_DELAY(), "delay");
        vm.assertEq(rewards.INITIAL_ADMIN_DELAY(), 1 days, "one day");
    }

    function test_adminTransfer_passesRoleAfterDelay() public {
        passAdminTo(MULTISIG);
        bytes32 adminRole = rewards.DEFAULT_ADMIN_ROLE();
        vm.assertEq(rewards.defaultAdmin(), MULTISIG, "new admin");
        vm.assertFalse(rewards.hasRole(adminRole, ADMIN), "the former one has no role left");
        expectDenied(ADMIN, adminRole);
        vm.prank(ADMIN);
        rewards.setCaps(1, 1);
        vm.prank(MULTISIG);
        rewards.setCaps(1, 1);
    }

    function test_adminTransfer_revertsBeforeDelay() public {
        vm.prank(ADMIN);
        rewards.beginDefaultAdminTransfer(MULTISIG);
        vm.warp(NOON + 1 days);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControlDefaultAdminRules.AccessControlEnforcedDefaultAdminDelay.selector, NOON + 1 days
            )
        );
        vm.prank(MULTISIG);
        rewards.acceptDefaultAdminTransfer();
        vm.assertEq(rewards.defaultAdmin(), ADMIN, "unchanged");
    }

    function test_adminTransfer_revertsForOtherAccounts() public {
        vm.prank(ADMIN);
        rewards.beginDefaultAdminTransfer(MULTISIG);
        vm.warp(NOON + 2 days);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControlDefaultAdminRules.AccessControlInvalidDefaultAdmin.selector, STRANGER)
        );
        vm.prank(STRANGER);
        rewards.acceptDefaultAdminTransfer();
    }

    function test_adminTransfer_canBeCancelled() public {
        vm.startPrank(ADMIN);
        rewards.beginDefaultAdminTransfer(STRANGER);
        rewards.cancelDefaultAdminTransfer();
        vm.stopPrank();
        vm.warp(NOON + 2 days);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControlDefaultAdminRules.AccessControlInvalidDefaultAdmin.selector, STRANGER)
        );
        vm.prank(STRANGER);
        rewards.acceptDefaultAdminTransfer();
    }

    function test_adminRole_cannotBeGrantedOrRevoked() public {
        bytes32 adminRole = rewards.DEFAULT_ADMIN_ROLE();
        vm.startPrank(ADMIN);
        vm.expectRevert(IAccessControlDefaultAdminRules.AccessControlEnforcedDefaultAdminRules.selector);
        rewards.grantRole(adminRole, STRANGER);
        vm.expectRevert(IAccessControlDefaultAdminRules.AccessControlEnforcedDefaultAdminRules.selector);
        rewards.revokeRole(adminRole, ADMIN);
        vm.stopPrank();
    }

    function test_initializeAdminRules_revertsOnNewProxy() public {
        vm.expectRevert(IAccessControlDefaultAdminRules.AccessControlEnforcedDefaultAdminRules.selector);
        vm.prank(ADMIN);
        rewards.initializeAdminRules(new address[](0));
        vm.assertEq(rewards.defaultAdmin(), ADMIN, "unchanged");
    }
}
