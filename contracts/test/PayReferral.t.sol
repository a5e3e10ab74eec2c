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

        uint256 hash = uint256(keccak256(abi.encode(REFERRER, 5 ether)));
        vm.assertEq(uint256(rewards.paymentProof(ORDER)) >> 32, hash >> 32, "proof");
        vm.assertTrue(rewards.isPaidAs(ORDER, REFERRER, 5 ether), "this payment");
        vm.assertFalse(rewards.isPaidAs(ORDER, STRANGER, 5 ether), "another wallet");
        vm.assertFalse(rewards.isPaidAs(ORDER, REFERRER, 5 ether + 1), "another amount");
        vm.assertFalse(rewards.isPaidAs(keccak256("other"), REFERRER, 5 ether), "another reference");
    }

    function test_paidAtBlock_returnsPayingBlock() public {
        vm.assertEq(rewards.paidAtBlock(ORDER), 0, "unpaid");
        vm.roll(71_234_567);
        pay(REFERRER, 5 ether, ORDER);
        vm.roll(71_234_999);
        payBatch(batchOf(2));
        vm.assertEq(rewards.paidAtBlock(ORDER), 71_234_567, "single");
        vm.assertEq(rewards.paidAtBlock(refAt(0)), 71_234_999, "batch");
        vm.assertTrue(rewards.isPaidAs(ORDER, REFERRER, 5 ether), "the block is no part of what was paid");
    }

    /// Every block number leaves what was paid readable, also one that differs from the hash in every bit.
    function test_isPaidAs_holdsInAnyBlock() public {
        uint256 low = uint256(keccak256(abi.encode(REFERRER, 5 ether))) & type(uint32).max;
        uint256[4] memory blocks = [low, low ^ type(uint32).max, type(uint32).max, 2 ** 48 - 2];
        for (uint256 i = 0; i < blocks.length; ++i) {
            vm.roll(blocks[i]);
            pay(REFERRER, 5 ether, refAt(i));
            vm.assertTrue(rewards.isPaidAs(refAt(i), REFERRER, 5 ether), "this payment");
            vm.assertFalse(rewards.isPaidAs(refAt(i), REFERRER, 5 ether + 1), "no other");
            vm.assertEq(uint256(rewards.paymentProof(refAt(i))) & type(uint32).max, blocks[i] % 2 ** 32, "block");
        }
    }

    function test_payReferral_paysSmallestAmount() public {
        pay(REFERRER, 1, refAt(0));
        vm.assertEq(token.balanceOf(REFERRER), 1, "paid");
    }

    function test_paidMany_answersInOrder() public {
        pay(REFERRER, 5 ether, refAt(1));
        bytes32[] memory refs = new bytes32[](3);
        (refs[0], refs[1], refs[2]) = (refAt(0), refAt(1), refAt(2));
        bool[] memory paid = rewards.paidMany(refs);
        vm.assertEq(paid.length, 3, "one each");
        vm.assertTrue(!paid[0] && paid[1] && !paid[2], "the second only");
        (refs[0], refs[1]) = (refAt(1), refAt(0));
        paid = rewards.paidMany(refs);
        vm.assertTrue(paid[0] && !paid[1] && !paid[2], "the first only");
        vm.assertEq(rewards.paidMany(new bytes32[](0)).length, 0, "none");
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
