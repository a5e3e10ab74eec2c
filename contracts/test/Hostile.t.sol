// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {ReentrantToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @title Reentrancy by a hostile token that holds the operator role and is the admin
contract HostileTest is RewardsTest {
    ReentrantToken internal hostile;

    function setUp() public override {
        super.setUp();
        hostile = new ReentrantToken();
        rewards = deploy(address(hostile), MINT);
        bytes32 operatorRole = rewards.OPERATOR_ROLE();
        vm.prank(ADMIN);
        rewards.grantRole(operatorRole, address(hostile));
        passAdminTo(address(hostile));
        hostile.mint(address(rewards), 100 ether);
    }

    function test_reentry_payReferralSameReferenceWhileMinting() public {
        attackDuringPayment(abi.encodeCall(rewards.payReferral, (STRANGER, 1 ether, refAt(0))));
    }

    function test_reentry_payReferralOtherReferenceWhileMinting() public {
        attackDuringPayment(abi.encodeCall(rewards.payReferral, (STRANGER, 1 ether, refAt(7))));
    }

    function test_reentry_payReferralBatchWhileMinting() public {
        attackDuringPayment(abi.encodeCall(rewards.payReferralBatch, (batchOf(3))));
    }

    function test_reentry_recoverTokensWhileMinting() public {
        attackDuringPayment(abi.encodeCall(rewards.recoverTokens, (address(hostile), STRANGER, 1 ether)));
    }

    function test_reentry_payReferralSameReferenceWhileTransferring() public {
        switchToTransfer();
        attackDuringPayment(abi.encodeCall(rewards.payReferral, (STRANGER, 1 ether, refAt(0))));
    }

    function test_reentry_payReferralBatchWhileTransferring() public {
        switchToTransfer();
        attackDuringPayment(abi.encodeCall(rewards.payReferralBatch, (batchOf(3))));
    }

    function test_reentry_payReferralBatchDuringBatch() public {
        switchToTransfer();
        arm(abi.encodeCall(rewards.payReferral, (STRANGER, 1 ether, refAt(2))));
        payBatch(batchOf(3));
        theAttackFailed();
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(hostile.balanceOf(walletAt(i)), (i + 1) * 1 ether, "each once");
        }
    }

    function test_reentry_payReferralBatchDuringRecovery() public {
        arm(abi.encodeCall(rewards.payReferralBatch, (batchOf(3))));
        vm.prank(address(hostile));
        rewards.recoverTokens(address(hostile), STRANGER, 1 ether);
        theAttackFailed();
    }

    /// With the admin role it can pause, which does not affect the payment in progress.
    function test_pause_duringBatchAffectsLaterCallsOnly() public {
        arm(abi.encodeCall(rewards.pause, ()));
        payBatch(batchOf(2));
        vm.assertTrue(hostile.succeeded(), "paused");
        vm.assertTrue(rewards.paidOrders(refAt(1)), "the batch is complete");
        vm.expectRevert(IRewardsProxy.EnforcedPause.selector);
        pay(REFERRER, 1 ether, refAt(5));
    }

    /// A batch finishes with the token and mode it started with.
    function test_setRewardToken_duringBatchAffectsLaterCallsOnly() public {
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(rewards.pause, ());
        calls[1] = abi.encodeCall(rewards.setRewardToken, (address(token)));
        calls[2] = abi.encodeCall(rewards.setRewardMode, (TRANSFER));
        hostile.arm(address(rewards), calls);
        payBatch(batchOf(3));
        vm.assertTrue(hostile.succeeded(), "changed");
        vm.assertEq(hostile.balanceOf(walletAt(2)), 3 ether, "all in one token");
    }

    function attackDuringPayment(bytes memory attack) private {
        arm(attack);
        vm.expectEmit(address(rewards));
        emit IReferralRewards.ReferralPaid(REFERRER, 5 ether, refAt(0));
        pay(REFERRER, 5 ether, refAt(0));
        theAttackFailed();
        vm.assertEq(hostile.balanceOf(REFERRER), 5 ether, "paid once");
        vm.assertEq(hostile.balanceOf(STRANGER), 0, "nothing gained");
    }

    function arm(bytes memory attack) private {
        bytes[] memory calls = new bytes[](1);
        calls[0] = attack;
        hostile.arm(address(rewards), calls);
    }

    function theAttackFailed() private view {
        vm.assertFalse(hostile.succeeded(), "refused");
        vm.assertEq(
            keccak256(hostile.answer()),
            keccak256(abi.encodeWithSelector(IRewardsProxy.ReentrancyGuardReentrantCall.selector)),
            "by the guard"
        );
    }

    function switchToTransfer() private {
        vm.startPrank(address(hostile));
        rewards.pause();
        rewards.setRewardMode(TRANSFER);
        rewards.unpause();
        vm.stopPrank();
    }
}
