// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {
    AnsweringToken,
    BonusToken,
    BoolToken,
    FallbackToken,
    FeeToken,
    InexactToken,
    OwnableToken,
    SilentToken,
    StrictToken,
    UnreadableToken,
    UnsteadyToken,
    WrappingToken
} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @title MINT and TRANSFER mode with different kinds of tokens
contract ModesTest is RewardsTest {
    function test_mint_ownableToken() public {
        OwnableToken owned = new OwnableToken(ADMIN);
        rewards = deploy(address(owned), MINT);
        bytes memory reason = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", address(rewards));
        vm.expectRevert(paymentFailed(refAt(0), reason));
        pay(REFERRER, 1 ether, refAt(0));

        vm.prank(ADMIN);
        owned.transferOwnership(address(rewards));
        pay(REFERRER, 1 ether, refAt(0));
        payBatch(batchOf(3));
        vm.assertEq(owned.totalSupply(), 6 ether, "minted");
    }

    function test_mint_tokenReturningTrue() public {
        BoolToken spoken = new BoolToken();
        rewards = deploy(address(spoken), MINT);
        pay(REFERRER, 1 ether, refAt(0));
        vm.assertEq(spoken.balanceOf(REFERRER), 1 ether, "minted");
    }

    function test_mint_revertsOnFalse() public {
        BoolToken spoken = new BoolToken();
        spoken.mint(address(this), 10 ether);
        spoken.transfer(address(rewards), 10 ether);
        spoken.setAnswer(false);
        setToken(address(spoken));

        bytes memory refusal = paymentFailed(refAt(0), abi.encode(false));
        vm.expectRevert(refusal);
        pay(REFERRER, 1 ether, refAt(0));

        setMode(TRANSFER);
        vm.expectRevert(refusal);
        pay(REFERRER, 1 ether, refAt(0));
        vm.assertFalse(rewards.paidOrders(refAt(0)), "unpaid");
    }

    function test_mint_requiresTrueOrNothing() public {
        AnsweringToken answering = new AnsweringToken();
        rewards = deploy(address(answering), MINT);
        bytes[4] memory refusals =
            [abi.encode(uint256(2)), abi.encode(type(uint256).max), bytes(hex"01"), new bytes(31)];
        for (uint256 i = 0; i < refusals.length; ++i) {
            answering.setAnswer(refusals[i]);
            vm.expectRevert(paymentFailed(refAt(0), refusals[i]));
            pay(REFERRER, 1 ether, refAt(0));
        }
        bytes[3] memory successes = [bytes(""), abi.encode(true), abi.encode(true, "and more")];
        for (uint256 i = 0; i < successes.length; ++i) {
            answering.setAnswer(successes[i]);
            pay(REFERRER, 1 ether, refAt(i));
        }
        vm.assertEq(answering.balanceOf(REFERRER), 3 ether, "minted");
    }

    /// A short answer leaves the end of the word as it was: here it is a byte of the wallet, and says true.
    function test_mint_revertsOnShortAnswer() public {
        AnsweringToken answering = new AnsweringToken();
        rewards = deploy(address(answering), MINT);
        answering.setAnswer(new bytes(31));
        vm.expectRevert(paymentFailed(refAt(0), new bytes(31)));
        pay(address(uint160(1) << 32), 1 ether, refAt(0));
    }

    /// Whatever a call that reverts answers, it is a refusal.
    function test_mint_revertsOnRevert() public {
        AnsweringToken answering = new AnsweringToken();
        rewards = deploy(address(answering), MINT);
        pay(REFERRER, 1 ether, refAt(9)); // the supply is not checked any more
        answering.setReverts(true);
        bytes[3] memory answers = [bytes(""), abi.encode(true), abi.encode(false)];
        for (uint256 i = 0; i < answers.length; ++i) {
            answering.setAnswer(answers[i]);
            vm.expectRevert(paymentFailed(refAt(0), answers[i]));
            pay(REFERRER, 1 ether, refAt(0));
        }
        vm.assertFalse(rewards.paidOrders(refAt(0)), "unpaid");
    }

    function test_mint_sendsExactCalldata() public {
        rewards = deploy(address(new StrictToken()), MINT);
        pay(REFERRER, 1 ether, refAt(9));
        vm.assertEq(payBatch(batchOf(3)), 3, "paid");
    }

    function test_mint_singleDoesNotReadSupplyLater() public {
        UnreadableToken unreadable = new UnreadableToken();
        rewards = deploy(address(unreadable), MINT);
        pay(REFERRER, 1 ether, refAt(0));
        unreadable.setUnreadable();
        pay(REFERRER, 1 ether, refAt(1));
        vm.assertEq(unreadable.balanceOf(REFERRER), 2 ether, "paid");
    }

    function test_mint_revertsOnOverflowingSupply() public {
        WrappingToken wrapping = new WrappingToken();
        rewards = deploy(address(wrapping), MINT);
        wrapping.mint(STRANGER, type(uint256).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        pay(REFERRER, 1, refAt(0));
    }

    function test_mint_skippedBatchDoesNotProveToken() public {
        payBatch(batchOf(3));
        InexactToken inexact = new InexactToken();
        setToken(address(inexact));
        payBatch(batchOf(3)); // all paid before
        inexact.setDifference(-1);
        vm.expectRevert(notMinted(1 ether, 1 ether - 1));
        pay(REFERRER, 1 ether, refAt(9));
    }

    /// What counts is the supply: a batch passes when the differences of its mints cancel out.
    function testFuzz_mint_batchMatchesSupply(int8[4] memory differences, bool even) public {
        if (even) differences[3] = int8(-(int256(differences[0]) + differences[1] + differences[2]) % 128);
        UnsteadyToken unsteady = new UnsteadyToken();
        rewards = deploy(address(unsteady), MINT);
        unsteady.setDifferences(differences);
        int256 sum;
        for (uint256 i = 0; i < 4; ++i) {
            sum += differences[i];
        }
        if (sum != 0) vm.expectRevert(notMinted(10 ether, uint256(10 ether + sum)));
        payBatch(batchOf(4));
        vm.assertTrue(rewards.paidOrders(refAt(3)) == (sum == 0), "paid only with the right supply");
        vm.assertEq(unsteady.totalSupply(), sum == 0 ? 10 ether : 0, "supply");
    }

    function test_mint_revertsWhenNothingIsMinted() public {
        FallbackToken empty = new FallbackToken();
        rewards = deploy(address(empty), MINT);
        vm.expectRevert(notMinted(6 ether, 5 ether));
        pay(REFERRER, 1 ether, refAt(0));
        vm.expectRevert(notMinted(11 ether, 5 ether));
        payBatch(batchOf(3));
        vm.assertFalse(rewards.paidOrders(refAt(0)), "unpaid");
    }

    function test_mint_checksSupplyInEveryBatch() public {
        InexactToken inexact = new InexactToken();
        rewards = deploy(address(inexact), MINT);
        pay(REFERRER, 1 ether, refAt(9));
        int256[2] memory differences = [int256(1), -1];
        for (uint256 i = 0; i < 2; ++i) {
            inexact.setDifference(differences[i]);
            vm.expectRevert(notMinted(7 ether, uint256(7 ether + 3 * differences[i])));
            payBatch(batchOf(3));
        }
        inexact.setDifference(0);
        vm.assertEq(payBatch(batchOf(3)), 3, "paid");
    }

    function test_mint_checksSupplyInFirstPayment() public {
        InexactToken inexact = new InexactToken();
        setToken(address(inexact));
        inexact.setDifference(-1);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(notMinted(1 ether, 1 ether - 1));
            pay(REFERRER, 1 ether, refAt(0));
        }
        inexact.setDifference(0);
        pay(REFERRER, 1 ether, refAt(0));
        inexact.setDifference(-1);
        pay(REFERRER, 1 ether, refAt(1)); // later single payments are not checked

        setToken(address(inexact));
        vm.expectRevert(notMinted(3 ether - 1, 3 ether - 2));
        pay(REFERRER, 1 ether, refAt(2));
    }

    function test_mint_batchProvesToken() public {
        InexactToken inexact = new InexactToken();
        setToken(address(inexact));
        payBatch(batchOf(1));
        inexact.setDifference(-1);
        pay(REFERRER, 1 ether, refAt(8));
        vm.assertTrue(rewards.paidOrders(refAt(8)), "the batch was the first payment");
    }

    function test_transfer_doesNotCheckSupply() public {
        FeeToken fee = new FeeToken();
        rewards = deploy(address(fee), TRANSFER);
        fee.mint(address(rewards), 1_000 ether);
        pay(REFERRER, 99, refAt(0)); // too small for a fee
        vm.assertEq(fee.balanceOf(REFERRER), 99, "paid");
    }

    function test_transfer_revertsOnBonus() public {
        BonusToken bonus = new BonusToken();
        rewards = deploy(address(bonus), TRANSFER);
        bonus.mint(address(rewards), 1_000 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReferralRewards.ReferralRewards__FeeOnTransfer.selector, refAt(0), 100 ether, 101 ether
            )
        );
        pay(REFERRER, 100 ether, refAt(0));
    }

    function test_transfer_revertsOnOverflowingBalance() public {
        WrappingToken wrapping = new WrappingToken();
        rewards = deploy(address(wrapping), TRANSFER);
        wrapping.mint(address(rewards), 1 ether);
        wrapping.mint(REFERRER, type(uint256).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        pay(REFERRER, 1 ether, refAt(0));
    }

    function test_transfer_paysFromBalance() public {
        fundInTransferMode(10 ether);
        pay(REFERRER, 4 ether, refAt(9));
        payBatch(batchOf(3));
        vm.assertEq(token.balanceOf(REFERRER), 4 ether, "single");
        vm.assertEq(token.balanceOf(walletAt(2)), 3 ether, "batch");
        vm.assertEq(token.balanceOf(address(rewards)), 0, "spent to the last unit");
        vm.assertEq(token.totalSupply(), 10 ether, "nothing minted");
    }

    function test_transfer_tokenReturningNothing() public {
        SilentToken silent = new SilentToken();
        rewards = deploy(address(silent), TRANSFER);
        silent.mint(address(rewards), 10 ether);
        payBatch(batchOf(3));
        vm.assertEq(silent.balanceOf(walletAt(2)), 3 ether, "paid");
    }

    function test_transfer_revertsOnInsufficientBalance() public {
        fundInTransferMode(5 ether);
        vm.expectRevert(insufficient(5 ether, 6 ether));
        payBatch(batchOf(3));
        vm.expectRevert(insufficient(5 ether, 5 ether + 1));
        pay(REFERRER, 5 ether + 1, refAt(0));
        vm.assertFalse(rewards.paidOrders(refAt(0)), "nobody is blamed or paid");
    }

    function test_transfer_batchPaysSameWalletTwice() public {
        fundInTransferMode(10 ether);
        IReferralRewards.Payment[] memory payments = batchOf(3);
        payments[2].refWallet = payments[0].refWallet;
        payBatch(payments);
        vm.assertEq(token.balanceOf(walletAt(0)), 4 ether, "both");
    }

    function test_transfer_revertsOnFee() public {
        FeeToken fee = new FeeToken();
        rewards = deploy(address(fee), TRANSFER);
        fee.mint(address(rewards), 1_000 ether);
        bytes memory refusal = abi.encodeWithSelector(
            IReferralRewards.ReferralRewards__FeeOnTransfer.selector, refAt(0), 100 ether, 99 ether
        );
        vm.expectRevert(refusal);
        pay(REFERRER, 100 ether, refAt(0));

        IReferralRewards.Payment[] memory payments = batchOf(2);
        payments[0].amount = 100 ether;
        vm.expectRevert(refusal);
        payBatch(payments);
        vm.assertFalse(rewards.paidOrders(refAt(0)), "unpaid");
    }

    /// A transfer to itself moves nothing, so it must not count as paid.
    function test_transfer_revertsToItself() public {
        fundInTransferMode(10 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReferralRewards.ReferralRewards__FeeOnTransfer.selector, refAt(0), 11 ether, 10 ether
            )
        );
        pay(address(rewards), 1 ether, refAt(0));
    }

    function test_paidOrders_survivesModeAndTokenChange() public {
        pay(REFERRER, 1 ether, refAt(0));
        fundInTransferMode(10 ether);
        vm.expectRevert(abi.encodeWithSelector(IReferralRewards.ReferralRewards__AlreadyPaid.selector, refAt(0)));
        pay(REFERRER, 1 ether, refAt(0));
    }

    function testFuzz_transfer_exactAmount(uint256 funds, uint256 amount) public {
        amount = bound(amount, 1, type(uint256).max);
        fundInTransferMode(funds);
        if (amount > funds) vm.expectRevert(insufficient(funds, amount));
        pay(REFERRER, amount, refAt(0));
        uint256 paid = amount > funds ? 0 : amount;
        vm.assertEq(token.balanceOf(REFERRER), paid, "received");
        vm.assertEq(token.balanceOf(address(rewards)), funds - paid, "kept");
    }

    function fundInTransferMode(uint256 amount) private {
        vm.prank(address(rewards));
        token.mint(address(rewards), amount);
        setMode(TRANSFER);
    }

    function paymentFailed(bytes32 orderRef, bytes memory reason) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReferralRewards.ReferralRewards__PaymentFailed.selector, orderRef, reason);
    }

    function notMinted(uint256 expected, uint256 actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReferralRewards.ReferralRewards__NotMinted.selector, expected, actual);
    }

    function insufficient(uint256 balance, uint256 needed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReferralRewards.ReferralRewards__InsufficientBalance.selector, balance, needed);
    }
}
