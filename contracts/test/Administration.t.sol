// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {BoolToken, OwnableToken, TwoStepToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @title Administration
contract AdministrationTest is RewardsTest {
    address internal constant PAUSER = address(0x9A05E4);

    function test_setRewardToken_updatesToken() public {
        BoolToken other = new BoolToken();
        vm.startPrank(ADMIN);
        rewards.pause();
        vm.expectEmit(address(rewards));
        emit IReferralRewards.RewardTokenUpdated(address(other));
        rewards.setRewardToken(address(other));
        rewards.unpause();
        vm.stopPrank();
        pay(REFERRER, 1 ether, refAt(0));
        vm.assertEq(other.balanceOf(REFERRER), 1 ether, "paid in the new token");
    }

    function test_setRewardToken_revertsWithoutCode() public {
        vm.startPrank(ADMIN);
        rewards.pause();
        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAddress.selector);
        rewards.setRewardToken(address(0));
        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__NotAContract.selector, STRANGER));
        rewards.setRewardToken(STRANGER);
        vm.stopPrank();
    }

    function test_setRewardMode_updatesMode() public {
        vm.startPrank(ADMIN);
        rewards.pause();
        vm.expectEmit(address(rewards));
        emit IReferralRewards.RewardModeUpdated(TRANSFER);
        rewards.setRewardMode(TRANSFER);
        vm.assertEq(rewards.rewardMode(), TRANSFER, "mode");

        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__UnknownMode.selector, 2));
        rewards.setRewardMode(2);
        vm.stopPrank();
    }

    function test_setters_revertWhileRunning() public {
        vm.startPrank(ADMIN);
        vm.expectRevert(IRewardsProxy.ExpectedPause.selector);
        rewards.setRewardToken(address(token));
        vm.expectRevert(IRewardsProxy.ExpectedPause.selector);
        rewards.setRewardMode(TRANSFER);
        vm.stopPrank();
        vm.assertEq(rewards.rewardMode(), MINT, "unchanged");
    }

    function test_roles_haveFixedIds() public view {
        vm.assertEq(rewards.DEFAULT_ADMIN_ROLE(), bytes32(0), "admin");
        vm.assertEq(
            rewards.OPERATOR_ROLE(), 0x97667070c54ef182b0f5858b034beac1b6f3089aa2d3188bb1e8929f4fa9b929, "operator"
        );
        vm.assertEq(rewards.PAUSER_ROLE(), 0x65d7a28e3265b37a6474929f336521b332c1681b933f6cb9f3376673440d862a, "pauser");
    }

    function test_pause_pauserCannotUnpause() public {
        (bytes32 pauserRole, bytes32 adminRole) = (rewards.PAUSER_ROLE(), rewards.DEFAULT_ADMIN_ROLE());
        vm.prank(ADMIN);
        rewards.grantRole(pauserRole, PAUSER);

        vm.expectEmit(address(rewards));
        emit IRewardsProxy.Paused(PAUSER);
        vm.prank(PAUSER);
        rewards.pause();
        vm.assertTrue(rewards.paused(), "paused");

        expectDenied(PAUSER, adminRole);
        vm.prank(PAUSER);
        rewards.unpause();

        vm.expectEmit(address(rewards));
        emit IRewardsProxy.Unpaused(ADMIN);
        vm.prank(ADMIN);
        rewards.unpause();
        vm.assertFalse(rewards.paused(), "running");
    }

    function test_pause_revertsWhenPaused() public {
        vm.prank(ADMIN);
        rewards.pause();
        vm.expectRevert(IRewardsProxy.EnforcedPause.selector);
        vm.prank(ADMIN);
        rewards.pause();
    }

    function test_unpause_revertsWhenNotPaused() public {
        vm.expectRevert(IRewardsProxy.ExpectedPause.selector);
        vm.prank(ADMIN);
        rewards.unpause();
    }

    function test_pause_keepsOtherState() public {
        setCaps(7 ether, 9 ether);
        pay(REFERRER, 2 ether, refAt(0));
        setMode(TRANSFER);
        vm.prank(ADMIN);
        rewards.pause();
        vm.assertEq(rewards.rewardMode(), TRANSFER, "mode");
        vm.assertEq(rewards.dailyCap(), 9 ether, "daily cap");
        vm.assertEq(rewards.spentToday(), 2 ether, "spent");
        vm.assertEq(rewards.rewardCap(), 7 ether, "cap per reward");
        vm.assertEq(rewards.rewardToken(), address(token), "token");
    }

    function test_recoverTokens_sendsTokens() public {
        BoolToken other = new BoolToken();
        other.mint(address(rewards), 5 ether);
        vm.expectEmit(address(rewards));
        emit IReferralRewards.TokensRecovered(address(other), STRANGER, 3 ether);
        vm.prank(ADMIN);
        rewards.recoverTokens(address(other), STRANGER, 3 ether);
        vm.assertEq(other.balanceOf(STRANGER), 3 ether, "recovered");

        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAddress.selector);
        vm.prank(ADMIN);
        rewards.recoverTokens(address(other), address(0), 1 ether);
    }

    function test_recoverTokens_revertsOnFalse() public {
        BoolToken other = new BoolToken();
        other.mint(address(rewards), 5 ether);
        other.setAnswer(false);
        vm.expectRevert(abi.encodeWithSignature("SafeERC20FailedOperation(address)", address(other)));
        vm.prank(ADMIN);
        rewards.recoverTokens(address(other), STRANGER, 3 ether);
    }

    function test_transferTokenOwnership_passesOwnership() public {
        OwnableToken owned = new OwnableToken(address(rewards));
        vm.prank(ADMIN);
        rewards.transferTokenOwnership(address(owned), STRANGER);
        vm.assertEq(owned.owner(), STRANGER, "owner");

        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAddress.selector);
        vm.prank(ADMIN);
        rewards.transferTokenOwnership(address(owned), address(0));
    }

    function test_acceptTokenOwnership_acceptsOffer() public {
        TwoStepToken offered = new TwoStepToken(STRANGER);
        vm.prank(STRANGER);
        offered.transferOwnership(address(rewards));
        vm.prank(ADMIN);
        rewards.acceptTokenOwnership(address(offered));
        vm.assertEq(offered.owner(), address(rewards), "owner");

        setToken(address(offered));
        pay(REFERRER, 1 ether, refAt(0));
        vm.assertEq(offered.balanceOf(REFERRER), 1 ether, "and can mint");
    }

    /// Every state-changing function, called by every account that must not call it.
    function test_administration_revertsForOtherAccounts() public {
        bytes32 adminRole = rewards.DEFAULT_ADMIN_ROLE();
        (bytes32 pauserRole, bytes32 operatorRole) = (rewards.PAUSER_ROLE(), rewards.OPERATOR_ROLE());
        vm.prank(ADMIN);
        rewards.grantRole(pauserRole, PAUSER);

        bytes[10] memory calls = [
            abi.encodeCall(rewards.setRewardToken, (address(token))),
            abi.encodeCall(rewards.setRewardMode, (TRANSFER)),
            abi.encodeCall(rewards.setCaps, (1, 1)),
            abi.encodeCall(rewards.unpause, ()),
            abi.encodeCall(rewards.recoverTokens, (address(token), STRANGER, 1)),
            abi.encodeCall(rewards.transferTokenOwnership, (address(token), STRANGER)),
            abi.encodeCall(rewards.acceptTokenOwnership, (address(token))),
            abi.encodeCall(rewards.grantRole, (operatorRole, STRANGER)),
            abi.encodeCall(rewards.revokeRole, (operatorRole, OPERATOR)),
            abi.encodeCall(rewards.upgradeToAndCall, (address(token), ""))
        ];
        address[3] memory others = [OPERATOR, PAUSER, STRANGER];
        for (uint256 i = 0; i < calls.length; ++i) {
            for (uint256 j = 0; j < others.length; ++j) {
                deniedTo(others[j], calls[i], adminRole);
            }
        }
        deniedTo(OPERATOR, abi.encodeCall(rewards.pause, ()), pauserRole);
        deniedTo(STRANGER, abi.encodeCall(rewards.pause, ()), pauserRole);
    }

    function deniedTo(address account, bytes memory data, bytes32 role) private {
        vm.prank(account);
        (bool success, bytes memory answer) = address(rewards).call(data);
        vm.assertFalse(success, "refused");
        bytes memory expected =
            abi.encodeWithSignature("AccessControlUnauthorizedAccount(address,bytes32)", account, role);
        vm.assertEq(keccak256(answer), keccak256(expected), "for want of the role");
    }
}
