// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {vm} from "./support/Vm.sol";

/// @title payReferral
contract PayReferralTest is RewardsTest {
    bytes32 internal constant ORDER = keccak256("store_order_1_1795262400000");

    function test_payReferral_mintsAndMarksPaid() public {
        vm.expectEmit(address(rewards));
        emit IReferralRewards.ReferralPaid(REFERRER, 5 ether, ORDER);
        pay(REFERRER, 5 ether, ORDER);

        vm.assertEq(token.balanceOf(REFERRER), 5 ether, "balance");
        vm.assertEq(token.totalSupply(), 5 ether, "supply");
        vm.assertTrue(rewards.paidOrders(ORDER), "paid");
    }

    function test_payReferral_storesProof() public {
        vm.assertEq(rewards.paymentProof(ORDER), 0, "no proof before");
        pay(REFERRER, 5 ether, ORDER);

        vm.assertEq(rewards.paymentProof(ORDER), keccak256(abi.encode(REFERRER, 5 ether)), "proof");
        vm.assertTrue(rewards.isPaidAs(ORDER, REFERRER, 5 ether), "this payment");
        vm.assertFalse(rewards.isPaidAs(ORDER, STRANGER, 5 ether), "another wallet");
        vm.assertFalse(rewards.isPaidAs(ORDER, REFERRER, 5 ether + 1), "another amount");
        vm.assertFalse(rewards.isPaidAs(keccak256("other"), REFERRER, 5 ether), "another reference");
    }

    function test_payReferral_revertsWhenAlreadyPaid() public {
        pay(REFERRER, 5 ether, ORDER);
        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__AlreadyPaid.selector, ORDER));
        pay(STRANGER, 1 ether, ORDER);
        vm.assertEq(token.totalSupply(), 5 ether, "nothing more");
    }

    function test_payReferral_revertsOnZeroWallet() public {
        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAddress.selector);
        pay(address(0), 5 ether, ORDER);
    }

    function test_payReferral_revertsOnZeroAmount() public {
        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAmount.selector);
        pay(REFERRER, 0, ORDER);
    }

    function test_payReferral_revertsForOtherAccounts() public {
        bytes32 role = rewards.OPERATOR_ROLE();
        address[2] memory others = [ADMIN, STRANGER];
        for (uint256 i = 0; i < others.length; ++i) {
            expectDenied(others[i], role);
            vm.prank(others[i]);
            rewards.payReferral(REFERRER, 5 ether, ORDER);
        }
    }

    function test_payReferral_revertsWhilePaused() public {
        vm.prank(ADMIN);
        rewards.pause();
        vm.expectRevert(IRewardsProxy.EnforcedPause.selector);
        pay(REFERRER, 5 ether, ORDER);

        vm.prank(ADMIN);
        rewards.unpause();
        pay(REFERRER, 5 ether, ORDER);
        vm.assertTrue(rewards.paidOrders(ORDER), "paid after the pause");
    }

    function test_payReferral_revertNamesReferenceAndReason() public {
        bytes32 minter = token.MINTER_ROLE();
        vm.prank(ADMIN);
        token.revokeRole(minter, address(rewards));

        bytes memory reason =
            abi.encodeWithSignature("AccessControlUnauthorizedAccount(address,bytes32)", address(rewards), minter);
        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__PaymentFailed.selector, ORDER, reason));
        pay(REFERRER, 5 ether, ORDER);
        vm.assertFalse(rewards.paidOrders(ORDER), "still unpaid");
    }

    function testFuzz_payReferral_anyWalletAndAmount(address wallet, uint256 amount, bytes32 orderRef) public {
        vm.assume(wallet != address(0) && amount != 0);
        pay(wallet, amount, orderRef);

        vm.assertEq(token.balanceOf(wallet), amount, "balance");
        vm.assertTrue(rewards.isPaidAs(orderRef, wallet, amount), "proof");
        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__AlreadyPaid.selector, orderRef));
        pay(wallet, amount, orderRef);
    }

    function testFuzz_views_returnFalseWhenUnpaid(bytes32 orderRef, address wallet, uint256 amount) public {
        vm.assume(orderRef != ORDER);
        pay(REFERRER, 5 ether, ORDER);
        vm.assertFalse(rewards.paidOrders(orderRef), "unpaid");
        vm.assertFalse(rewards.isPaidAs(orderRef, wallet, amount), "no proof");
    }
}
