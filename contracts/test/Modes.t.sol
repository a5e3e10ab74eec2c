// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {BoolToken, FeeToken, OwnableToken, SilentToken} from "./support/Tokens.sol";
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
        vm.prank(ADMIN);
        rewards.setRewardToken(address(spoken));

        bytes memory refusal = paymentFailed(refAt(0), abi.encode(false));
        vm.expectRevert(refusal);
        pay(REFERRER, 1 ether, refAt(0));

        vm.prank(ADMIN);
        rewards.setRewardMode(TRANSFER);
        vm.expectRevert(refusal);
        pay(REFERRER, 1 ether, refAt(0));
        vm.assertFalse(rewards.paidOrders(refAt(0)), "unpaid");
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
        vm.prank(ADMIN);
        rewards.setRewardMode(TRANSFER);
    }

    function paymentFailed(bytes32 orderRef, bytes memory reason) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReferralRewards.ReferralRewards__PaymentFailed.selector, orderRef, reason);
    }

    function insufficient(uint256 balance, uint256 needed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReferralRewards.ReferralRewards__InsufficientBalance.selector, balance, needed);
    }
}
