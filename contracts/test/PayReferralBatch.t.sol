// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {IRewardsProxy} from "./support/Interfaces.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {BlocklistToken, WrappingToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @title payReferralBatch
contract PayReferralBatchTest is RewardsTest {
    function test_payReferralBatch_paysEveryReward() public {
        IReferralRewards.Payment[] memory payments = batchOf(3);
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectEmit(address(rewards));
            emit IReferralRewards.ReferralPaid(walletAt(i), (i + 1) * 1 ether, refAt(i));
        }
        vm.assertEq(payBatch(payments), 3, "paid by this call");

        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(token.balanceOf(walletAt(i)), (i + 1) * 1 ether, "balance");
            vm.assertTrue(rewards.isPaidAs(refAt(i), walletAt(i), (i + 1) * 1 ether), "proof");
        }
        vm.assertEq(token.totalSupply(), 6 ether, "supply");
    }

    function test_payReferralBatch_paysSmallestAmount() public {
        IReferralRewards.Payment[] memory payments = batchOf(1);
        payments[0].amount = 1;
        vm.assertEq(payBatch(payments), 1, "paid by this call");
        vm.assertEq(token.balanceOf(walletAt(0)), 1, "balance");
    }

    function test_payReferralBatch_skipsPaidWithEvent() public {
        pay(walletAt(1), 2 ether, refAt(1));

        vm.expectEmit(address(rewards));
        emit IReferralRewards.ReferralSkipped(walletAt(1), 2 ether, refAt(1));
        vm.assertEq(payBatch(batchOf(3)), 2, "paid by this call");
        vm.assertEq(token.balanceOf(walletAt(1)), 2 ether, "once");
        vm.assertEq(token.totalSupply(), 6 ether, "supply");
    }

    function test_payReferralBatch_paysDuplicateReferenceOnce() public {
        IReferralRewards.Payment[] memory payments = batchOf(3);
        payments[2] = IReferralRewards.Payment(STRANGER, 7 ether, refAt(0));

        vm.expectEmit(address(rewards));
        emit IReferralRewards.ReferralSkipped(STRANGER, 7 ether, refAt(0));
        vm.assertEq(payBatch(payments), 2, "paid by this call");
        vm.assertEq(token.balanceOf(STRANGER), 0, "the first one counts");
        vm.assertTrue(rewards.isPaidAs(refAt(0), walletAt(0), 1 ether), "proof of the first");
    }

    function test_payReferralBatch_sentTwicePaysOnce() public {
        payBatch(batchOf(3));
        vm.assertEq(payBatch(batchOf(3)), 0, "nothing left to pay");
        vm.assertEq(token.totalSupply(), 6 ether, "supply");
    }

    function test_payReferralBatch_revertsOnZeroWallet() public {
        IReferralRewards.Payment[] memory payments = batchOf(3);
        payments[2].refWallet = address(0);
        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAddress.selector);
        payBatch(payments);
        nothingWasPaid();
    }

    function test_payReferralBatch_revertsOnZeroAmount() public {
        IReferralRewards.Payment[] memory payments = batchOf(3);
        payments[2].amount = 0;
        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAmount.selector);
        payBatch(payments);
        nothingWasPaid();
    }

    function test_payReferralBatch_revertsOnBadItemEvenIfPaid() public {
        IReferralRewards.Payment[] memory payments = batchOf(3);
        payBatch(payments);
        payments[0].refWallet = address(0);
        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAddress.selector);
        payBatch(payments);
    }

    function test_payReferralBatch_revertsOnZeroAmountEvenIfPaid() public {
        IReferralRewards.Payment[] memory payments = batchOf(3);
        payBatch(payments);
        payments[0].amount = 0;
        vm.expectRevert(IReferralRewards.ReferralRewards__ZeroAmount.selector);
        payBatch(payments);
    }

    /// The token would not notice, so the sum must.
    function test_payReferralBatch_revertsOnOverflowingSum() public {
        setToken(address(new WrappingToken()));
        IReferralRewards.Payment[] memory payments = batchOf(2);
        payments[0].amount = payments[1].amount = 2 ** 255;
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        payBatch(payments);
        vm.assertFalse(rewards.paidOrders(refAt(0)), "unpaid");
    }

    function test_payReferralBatch_skipsPaidAboveCap() public {
        pay(walletAt(2), 3 ether, refAt(2));
        setCaps(2 ether, 0);
        vm.assertEq(payBatch(batchOf(3)), 2, "the cap is for what is paid now");
    }

    function test_payReferralBatch_revertsOnEmptyBatch() public {
        uint256 maximum = rewards.MAX_BATCH();
        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__BatchSize.selector, 0, maximum));
        payBatch(batchOf(0));
    }

    function test_payReferralBatch_revertsAboveMaxBatch() public {
        uint256 maximum = rewards.MAX_BATCH();
        vm.expectRevert(
            abi.encodeWithSelector(IReferralRewards.ReferralRewards__BatchSize.selector, maximum + 1, maximum)
        );
        payBatch(batchOf(maximum + 1));
    }

    /// Every position of the longest batch can be skipped, the last bit included.
    function test_payReferralBatch_longestBatchSkipsEnds() public {
        uint256 maximum = rewards.MAX_BATCH();
        pay(walletAt(0), 1 ether, refAt(0));
        pay(walletAt(maximum - 1), maximum * 1 ether, refAt(maximum - 1));
        vm.assertEq(payBatch(batchOf(maximum)), maximum - 2, "all but the ends");
        vm.assertEq(token.totalSupply(), (maximum * (maximum + 1) / 2) * 1 ether, "each once");
    }

    function test_payReferralBatch_revertsForOtherAccounts() public {
        expectDenied(ADMIN, rewards.OPERATOR_ROLE());
        vm.prank(ADMIN);
        rewards.payReferralBatch(batchOf(1));
    }

    function test_payReferralBatch_revertsWhilePaused() public {
        vm.prank(ADMIN);
        rewards.pause();
        vm.expectRevert(IRewardsProxy.EnforcedPause.selector);
        payBatch(batchOf(1));
    }

    /// A recipient that the token refuses reverts the batch, and the error names it. The sender leaves it out, as this
    /// test does, and the others are paid: a bad recipient costs the rest one attempt, never their reward.
    function test_payReferralBatch_badRecipientIsNamedAndDoesNotBlockOthers() public {
        BlocklistToken blocklist = new BlocklistToken();
        setToken(address(blocklist));
        blocklist.setBlocked(walletAt(1), true);
        IReferralRewards.Payment[] memory payments = batchOf(4);

        vm.prank(OPERATOR);
        (bool success, bytes memory answer) =
            address(rewards).call(abi.encodeCall(rewards.payReferralBatch, (payments)));
        vm.assertFalse(success, "the batch is refused");
        (bytes32 culprit, bytes memory reason) = decodePaymentFailed(answer);
        vm.assertEq(culprit, refAt(1), "culprit");
        vm.assertEq(
            keccak256(reason),
            keccak256(abi.encodeWithSelector(BlocklistToken.Blocked.selector, walletAt(1))),
            "the token's own reason"
        );

        vm.assertEq(payBatch(without(payments, culprit)), 3, "the others are paid");
        vm.assertFalse(rewards.paidOrders(culprit), "the culprit stays unpaid");

        blocklist.setBlocked(walletAt(1), false);
        vm.assertEq(payBatch(payments), 1, "and is paid once it is welcome again");
        vm.assertEq(blocklist.totalSupply(), 10 ether, "each once");
    }

    /// Whatever the number of bad recipients, removing the named one each time ends with all others paid.
    function testFuzz_payReferralBatch_badRecipientsOnlyDelay(uint16 badOnes) public {
        BlocklistToken blocklist = new BlocklistToken();
        setToken(address(blocklist));
        for (uint256 i = 0; i < 12; ++i) {
            blocklist.setBlocked(walletAt(i), isBad(badOnes, i));
        }

        IReferralRewards.Payment[] memory payments = batchOf(12);
        while (payments.length != 0) {
            vm.prank(OPERATOR);
            (bool success, bytes memory answer) =
                address(rewards).call(abi.encodeCall(rewards.payReferralBatch, (payments)));
            if (success) break;
            (bytes32 culprit,) = decodePaymentFailed(answer);
            payments = without(payments, culprit);
        }
        for (uint256 i = 0; i < 12; ++i) {
            vm.assertTrue(rewards.paidOrders(refAt(i)) != isBad(badOnes, i), "good is paid, bad is not");
        }
    }

    function testFuzz_payReferralBatch_neverPaysTwice(uint8[12] memory picks, uint8 paidBefore) public {
        pay(walletAt(paidBefore % 8), (paidBefore % 8 + 1) * 1 ether, refAt(paidBefore % 8));
        IReferralRewards.Payment[] memory payments = new IReferralRewards.Payment[](picks.length);
        for (uint256 i = 0; i < picks.length; ++i) {
            payments[i] = payment(picks[i] % 8);
        }
        payBatch(payments);

        uint256 sum;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 due = rewards.paidOrders(refAt(i)) ? (i + 1) * 1 ether : 0;
            vm.assertEq(token.balanceOf(walletAt(i)), due, "each at most once");
            sum += due;
        }
        vm.assertEq(token.totalSupply(), sum, "supply");
    }

    function nothingWasPaid() private view {
        vm.assertEq(token.totalSupply(), 0, "no supply");
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertFalse(rewards.paidOrders(refAt(i)), "unpaid");
        }
    }

    function isBad(uint16 badOnes, uint256 i) private pure returns (bool) {
        return (badOnes >> i) & 1 == 1;
    }

    function decodePaymentFailed(bytes memory answer) private pure returns (bytes32 orderRef, bytes memory reason) {
        bytes32 expected = bytes32(IReferralRewards.ReferralRewards__PaymentFailed.selector);
        vm.assertEq(bytes32(bytes4(answer)), expected, "error");
        bytes memory arguments = new bytes(answer.length - 4);
        for (uint256 i = 0; i < arguments.length; ++i) {
            arguments[i] = answer[i + 4];
        }
        return abi.decode(arguments, (bytes32, bytes));
    }

    function without(IReferralRewards.Payment[] memory payments, bytes32 orderRef)
        private
        pure
        returns (IReferralRewards.Payment[] memory kept)
    {
        kept = new IReferralRewards.Payment[](payments.length - 1);
        uint256 count;
        for (uint256 i = 0; i < payments.length; ++i) {
            if (payments[i].orderRef != orderRef) kept[count++] = payments[i];
        }
    }
}
