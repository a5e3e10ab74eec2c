// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IReferralRewards} from "../src/interfaces/IReferralRewards.sol";
import {RewardsTest} from "./support/RewardsTest.sol";
import {vm} from "./support/Vm.sol";

/// @title Gas of whole transactions through the proxy, both caps on
/// @dev Isolated calls are separate transactions: intrinsic gas and calldata are included, every slot starts cold.
/// forge-config: default.isolate = true
contract GasTest is RewardsTest {
    uint256 internal constant BATCH = 25;

    function setUp() public override {
        super.setUp();
        setCaps(1_000 ether, 1_000_000 ether);
        pay(REFERRER, 1 ether, keccak256("the first payment creates the supply"));
    }

    function test_single_newWallet() public {
        vm.assertLe(measure("single, new wallet", encodeSingle()), 97_000, "target");
    }

    function test_single_repeatedWallet() public {
        giveEveryWalletABalance();
        vm.assertLe(measure("single, repeated wallet", encodeSingle()), 80_000, "target");
    }

    function test_batch_newWallets() public {
        vm.assertLe(measure("batch of 25, new wallets", encodeBatch()), 53_000 * BATCH, "target");
    }

    function test_batch_repeatedWallets() public {
        giveEveryWalletABalance();
        vm.assertLe(measure("batch of 25, repeated wallets", encodeBatch()), 36_000 * BATCH, "target");
    }

    function test_batch_alreadyPaid() public {
        payAs(OPERATOR, encodeBatch());
        measure("batch of 25, already paid", encodeBatch());
    }

    function test_single_transferMode() public {
        switchToTransfer();
        measure("single, new wallet, TRANSFER", encodeSingle());
    }

    function test_batch_transferMode() public {
        switchToTransfer();
        vm.assertLe(measure("batch of 25, new wallets, TRANSFER", encodeBatch()), 56_000 * BATCH, "target");
    }

    /// Pay, and compare the gas of the transaction with the committed snapshot.
    function measure(string memory name, bytes memory data) private returns (uint256) {
        payAs(OPERATOR, data);
        return vm.snapshotGasLastCall("ReferralRewards", name);
    }

    function payAs(address sender, bytes memory data) private {
        vm.prank(sender);
        (bool success,) = address(rewards).call(data);
        vm.assertTrue(success, "paid");
    }

    function switchToTransfer() private {
        vm.prank(address(rewards));
        token.mint(address(rewards), 1_000_000 ether);
        setMode(TRANSFER);
    }

    function giveEveryWalletABalance() private {
        vm.startPrank(address(rewards));
        for (uint256 i = 0; i < BATCH; ++i) {
            token.mint(walletAt(i), 1);
        }
        vm.stopPrank();
    }

    function encodeSingle() private view returns (bytes memory) {
        IReferralRewards.Payment memory one = lifelike(0);
        return abi.encodeCall(rewards.payReferral, (one.refWallet, one.amount, one.orderRef));
    }

    function encodeBatch() private view returns (bytes memory) {
        IReferralRewards.Payment[] memory payments = new IReferralRewards.Payment[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            payments[i] = lifelike(i);
        }
        return abi.encodeCall(rewards.payReferralBatch, (payments));
    }

    /// An amount as percentages produce it, without zero bytes that would make calldata cheaper.
    function lifelike(uint256 i) private pure returns (IReferralRewards.Payment memory one) {
        one = payment(i);
        one.amount = 12.345678912345678912 ether + i;
    }
}
